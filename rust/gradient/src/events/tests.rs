//! The fast ways against the slow ones, on generated layers.

use crate::Delays;
use crate::events::adjoint::{self, Sums};
use crate::events::collect::Table;
use crate::events::forward::Room;
use crate::events::grid::{Dealt, Grid};
use crate::events::{Layer, Membrane, Options, Reset, Spikes, Synapses, backward, forward};
use crate::random::Random;

/// A generated feed-forward layer and batch, owned.
struct Case {
    membrane: Membrane,
    reset: Reset,
    refractory: f64,
    pre: usize,
    post: usize,
    kind: usize,
    weights: Vec<f64>,
    delays: Vec<f64>,
    thresholds: Vec<f64>,
    times: Vec<f64>,
    channels: Vec<i64>,
    offsets: Vec<i64>,
}

impl Case {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let (pre, post) = (1 + random.below(20), 1 + random.below(4));
        let ratio = [1.0, 2.0, 4.3, 0.5, 1.0 + 1e-9, f64::INFINITY][random.below(6)];
        let kind = random.below(5);
        let count = [0, 1, pre, post, pre * post][kind];
        let strength = 0.05 + random.uniform();
        let mut times = Vec::new();
        let mut offsets = vec![0];
        for _ in 0..3 {
            let spikes = 60 + random.below(400);
            let span = 0.02 + 0.2 * random.uniform();
            let mut sample = random.between(-0.05, span, spikes);
            sample.sort_by(f64::total_cmp);
            times.extend(sample);
            offsets.push(times.len() as i64);
        }
        Self {
            membrane: Membrane::new(1e-3 * ratio, 1e-3).expect("positive"),
            reset: [Reset::ToZero, Reset::BySubtraction, Reset::Once][random.below(3)],
            refractory: [0.0, 2e-3 * random.uniform()][random.below(2)],
            weights: random.between(-0.7 * strength, strength, pre * post),
            delays: random.between(0.0, 0.02, count),
            thresholds: random.between(0.5, 1.5, post),
            channels: times.iter().map(|_| random.below(pre) as i64).collect(),
            pre,
            post,
            kind,
            times,
            offsets,
        }
    }

    fn run<T>(&self, work: impl FnOnce(&Layer, &Spikes) -> T) -> T {
        let delays = match self.kind {
            0 => Delays::None,
            1 => Delays::Scalar(self.delays[0]),
            2 => Delays::Axonal(&self.delays),
            3 => Delays::Dendritic(&self.delays),
            _ => Delays::Synaptic(&self.delays),
        };
        let feed = Synapses::new(self.pre, self.post, &self.weights, delays).expect("finite");
        let layer = Layer::new(self.membrane, &self.thresholds, self.reset, self.refractory, feed, None)
            .expect("a layer");
        let spikes = Spikes::new(&self.times, &self.channels, &self.offsets, self.pre).expect("in order");
        work(&layer, &spikes)
    }
}

#[test]
fn bins_give_the_spikes_of_the_sorted_arrivals() {
    let (mut spikes, mut grids) = (0, 0);
    for seed in 0..400 {
        Case::new(seed).run(|layer, inputs| {
            let Some(grid) = Grid::new(layer, inputs) else { return };
            for sample in 0..inputs.batch() {
                let (mut fast, mut slow) = (Room::default(), Room::default());
                assert!(fast.run(layer, Some(&grid), inputs, sample, f64::INFINITY, 10_000).is_ok());
                assert!(slow.run(layer, None, inputs, sample, f64::INFINITY, 10_000).is_ok());
                assert_eq!(fast.emitted.len(), slow.emitted.len(), "seed {seed}");
                for (a, b) in fast.emitted.iter().zip(&slow.emitted) {
                    assert_eq!(a.neuron, b.neuron, "seed {seed}");
                    let steep = 1e-13 * (1.0 + 1e3 / b.slope.max(1e-3));
                    assert!((a.time - b.time).abs() < steep, "seed {seed}: {a:?} {b:?}");
                    assert!(
                        (a.rise - b.rise).abs() < 1e-6 * (1.0 + b.rise.abs()),
                        "seed {seed}: {a:?} {b:?}"
                    );
                }
                spikes += fast.emitted.len();
                grids += 1;
            }
        });
    }
    assert!(spikes > 10_000 && grids > 500, "{spikes} spikes, {grids} samples");
}

/// Derivatives with and without bins; a sample alone with its sums.
#[test]
fn bins_give_the_derivatives_of_the_single_arrivals() {
    let mut spikes = 0;
    for seed in 0..400 {
        Case::new(seed).run(|layer, inputs| {
            let output = forward(layer, inputs, f64::INFINITY, 10_000, 1).expect("spikes");
            let outputs = Spikes::new(&output.times, &output.channels, &output.offsets, layer.size())
                .expect("in order");
            let gradient = Random(seed + 1).between(-1.0, 1.0, output.times.len());
            let options = |constants| Options { constants, times: true, slope_floor: 0.0, threads: 1 };
            let run = |constants| {
                backward(layer, inputs, &outputs, &output.trace, &gradient, options(constants))
                    .expect("slopes")
            };
            // Derivatives with respect to time constants are taken arrival by arrival.
            let (fast, slow) = (run(false), run(true));
            let pairs = [
                (&fast.weights, &slow.weights),
                (&fast.delays, &slow.delays),
                (&fast.times, &slow.times),
                (&fast.thresholds, &slow.thresholds),
            ];
            for (fast, slow) in pairs {
                let scale = slow.iter().fold(1e-3, |scale: f64, value| scale.max(value.abs()));
                for (a, b) in fast.iter().zip(slow) {
                    assert!((a - b).abs() < 1e-10 * scale, "seed {seed}: {a} {b} of {scale}");
                }
            }
            spikes += output.times.len();
        });
    }
    assert!(spikes > 10_000, "{spikes} spikes");
}

/// Forward and backward of a sample, for the second time in the same room.
#[test]
fn nothing_is_allocated_within_a_sample_once_rooms_are_warm() {
    for seed in 0..40 {
        Case::new(seed).run(|layer, inputs| {
            let grid = Grid::new(layer, inputs);
            for grid in [None, grid.as_ref()] {
                let (mut room, mut back, mut dealt, mut table) =
                    (Room::default(), adjoint::Room::default(), Dealt::default(), Table::default());
                let mut sums = Sums::new(layer);
                let mut of_inputs = vec![0.0; inputs.range(0).len()];
                let mut both = || {
                    let run = room.run(layer, grid, inputs, 0, f64::INFINITY, 10_000);
                    assert!(run.is_ok());
                    let spikes = room.emitted.iter().map(|&spike| (spike, 1.0));
                    assert!(back.trace_back::<false>(layer, spikes, 0.0, &mut sums).is_ok());
                    if let Some(grid) = grid
                        && dealt.deal(grid, &layer.membrane, inputs, 0)
                    {
                        let of_inputs = Some(of_inputs.as_mut_slice());
                        table.run(layer, grid, &dealt, &back.pieces, &mut sums.feed, of_inputs);
                    }
                };
                both();
                let again = allocation_counter::measure(both);
                assert_eq!(again.count_total, 0, "seed {seed}");
            }
        });
    }
}
