//! What the processor is compared with: the same integers, one layer after the other, the whole sample known.
//!
//! For neurons that fire once, tau_mem > tau_syn. The arrivals of a neuron are sorted, then walked until it fires;
//! a crossing is searched only up to the next arrival. Nothing is streamed, cancelled or queued.

use tarry_core::{NEVER, Program, Spike};

struct Layer {
    pre: usize,
    post: usize,
    weights: Vec<i64>,
    delays: Vec<u64>,
    thresholds: Vec<i64>,
    shift: u32,
}

/// A two-layer network, unpacked.
pub(crate) struct Network {
    layers: [Layer; 2],
    membrane: Vec<i64>,
    synapse: Vec<i64>,
    split: u32,
    fast_ticks: i64,
    fast_over_slow: i64,
    horizon: u64,
    /// Begin a search where the processor does, by a closed form, rather than at the anchor.
    pub(crate) closed_form_start: bool,
}

const HEADER: usize = 40;

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn section(bytes: &[u8], kind: usize) -> &[u8] {
    let (offset, length) = (u32_at(bytes, HEADER + 16 * kind + 4), u32_at(bytes, HEADER + 16 * kind + 8));
    &bytes[offset as usize..(offset + length) as usize]
}

impl Network {
    /// Unpacks a program with one hidden layer, by docs/format.md alone.
    pub(crate) fn new<B: AsRef<[u8]>>(program: &Program<B>) -> Self {
        let bytes = program.bytes();
        let (records, tables) = (section(bytes, 0), section(bytes, 2));
        let words: Vec<i64> = (0..tables.len() / 4).map(|i| i64::from(u32_at(tables, 4 * i))).collect();
        let size = |population: usize| u32_at(records, 64 * population + 4) as usize;
        let (input, hidden) = (size(0), size(1));
        let mut first_threshold = 0;
        let mut layer = |population: usize, first_source: usize, pre: usize, first_target: usize| {
            let post = size(population);
            let thresholds = section(bytes, 1);
            let mut layer = Layer {
                pre,
                post,
                weights: vec![0; pre * post],
                delays: vec![0; pre * post],
                thresholds: (0..post)
                    .map(|i| i64::from(u32_at(thresholds, 4 * (first_threshold + i))) << 30)
                    .collect(),
                shift: u32::from(records[64 * population + 34]),
            };
            first_threshold += post;
            for source in 0..pre {
                let first = u32_at(section(bytes, 3), 4 * (first_source + source)) as usize;
                let end = u32_at(section(bytes, 3), 4 * (first_source + source + 1)) as usize;
                for run in first..end {
                    let runs = section(bytes, 4);
                    let synapses = u32_at(runs, 8 * run + 4)..u32_at(runs, 8 * run + 12);
                    for synapse in synapses {
                        let at = 2 * synapse as usize;
                        let [target, weight] = [section(bytes, 5)[at], section(bytes, 5)[at + 1]];
                        let index = (usize::from(target) - first_target) * pre + source;
                        layer.weights[index] = i64::from(weight as i8);
                        layer.delays[index] = u64::from(u32_at(runs, 8 * run));
                    }
                }
            }
            layer
        };
        let layers = [layer(1, 0, input, 0), layer(2, input, hidden, hidden)];
        let record = &records[64..128];
        Self {
            layers,
            membrane: words[u32_at(record, 24) as usize..].to_vec(),
            synapse: words[u32_at(record, 28) as usize..].to_vec(),
            split: u32::from(record[32]),
            fast_ticks: i64::from(u32_at(record, 40)),
            fast_over_slow: i64::from(u32_at(record, 36)),
            horizon: u64::from(u32_at(record, 20)),
            closed_form_start: false,
        }
    }

    /// First output ticks for first input ticks, [`NEVER`] where there is none.
    pub(crate) fn run(
        &self,
        inputs: &[Spike],
        hidden: &mut Vec<u64>,
        outputs: &mut Vec<u64>,
        arrivals: &mut Vec<(u64, i64)>,
    ) {
        let mut first = [NEVER; 16];
        for spike in inputs {
            first[spike.channel as usize] = spike.tick;
        }
        self.layer(&self.layers[0], &first, hidden, arrivals);
        self.layer(&self.layers[1], hidden, outputs, arrivals);
    }

    fn layer(&self, layer: &Layer, inputs: &[u64], outputs: &mut Vec<u64>, arrivals: &mut Vec<(u64, i64)>) {
        outputs.clear();
        for post in 0..layer.post {
            arrivals.clear();
            let row = post * layer.pre..(post + 1) * layer.pre;
            let synapses = layer.weights[row.clone()].iter().zip(&layer.delays[row]);
            arrivals.extend(
                inputs
                    .iter()
                    .zip(synapses)
                    .filter(|&(&tick, (&weight, _))| tick != NEVER && weight != 0)
                    .map(|(&tick, (&weight, &delay))| (tick + delay, weight)),
            );
            arrivals.sort_unstable_by_key(|&(tick, _)| tick);
            outputs.push(self.first_spike(layer.thresholds[post], layer.shift, arrivals));
        }
    }

    fn factors(&self, n: u64) -> (i64, i64) {
        if n >= self.horizon {
            return (0, 0);
        }
        let (n, fine) = (n as usize, 1 << self.split);
        let factor =
            |table: &[i64]| (table[fine + (n >> self.split)] * table[n & (fine - 1)] + (1 << 29)) >> 30;
        (factor(&self.membrane), factor(&self.synapse))
    }

    fn first_spike(&self, threshold: i64, shift: u32, arrivals: &[(u64, i64)]) -> u64 {
        let (mut a, mut b, mut anchor) = (0_i64, 0_i64, 0_u64);
        let mut index = 0;
        while index < arrivals.len() {
            let tick = arrivals[index].0;
            let mut sum = 0;
            while index < arrivals.len() && arrivals[index].0 == tick {
                sum += arrivals[index].1;
                index += 1;
            }
            if sum == 0 {
                continue;
            }
            let (membrane, synapse) = self.factors(tick - anchor);
            let rounded = |value: i64| (value + (1 << 29)) >> 30;
            (a, b, anchor) =
                (rounded(a * membrane) + (sum << shift), rounded(b * synapse) + (sum << shift), tick);
            if (a - b) << 30 >= threshold {
                return tick;
            }
            let next = arrivals.get(index).map_or(NEVER, |arrival| arrival.0);
            let crossing = self.crossing(a, b, threshold, next - anchor);
            if anchor.saturating_add(crossing) < next {
                return anchor + crossing;
            }
        }
        NEVER
    }

    /// Newton's steps on the rising flank, up to `end` ticks after the anchor.
    fn crossing(&self, a: i64, b: i64, threshold: i64, end: u64) -> u64 {
        if a <= 0 || b <= 0 {
            return NEVER;
        }
        let band = 4 * (a + b);
        let Some(mut n) = self.first_possible(a, b, (threshold >> 30) - 8) else { return NEVER };
        while n < end && n < self.horizon {
            let (membrane, synapse) = self.factors(n);
            let (slow, fast) = (a * membrane, b * synapse);
            if slow - fast >= threshold {
                return n;
            }
            let slope = fast - (slow >> 24) * self.fast_over_slow;
            let doubt = 2 * (a + b) + (1 << 25) + (slow >> 25);
            let missing = threshold - band - (slow - fast);
            if missing > 0 && slope < -doubt {
                return NEVER;
            }
            let step = if missing > 0 && slope > doubt {
                (missing >> 30) * self.fast_ticks / (((slope + doubt) >> 30) + 1)
            } else {
                1
            };
            n += step.max(1) as u64;
        }
        NEVER
    }

    /// A tick before which V cannot reach `level`, for a ratio of the time constants of 2: as in the processor.
    fn first_possible(&self, a: i64, b: i64, level: i64) -> Option<u64> {
        if !self.closed_form_start || self.fast_over_slow != 1 << 23 || a - b >= level {
            return Some(1);
        }
        let square = a * a - 4 * b * level;
        if ((2 * b - a - 1) | square) < 0 {
            return None;
        }
        let square = square.unsigned_abs();
        let mut root = 1_u64 << ((u64::BITS - square.leading_zeros()) / 2);
        for _ in 0..2 {
            root = root.midpoint(square / root) + 1;
        }
        let sum = a + root as i64;
        let z = ((2 * b - sum).max(0) << 24) / (2 * b + sum);
        let cube = (((z * z) >> 24) * z) >> 24;
        let ticks = 4 * self.fast_ticks * (z + cube / 3);
        Some(ticks.unsigned_abs().div_ceil(1 << 24).max(1))
    }
}
