//! The first crossing of every neuron of a layer, for one sample.

use crate::layer::{LANES, Lanes, Layer, Stretch};
use crate::order::{Order, sort_lanes};
use crate::potential::{Moment, Potential};

/// An arrival within this fraction of a growth of the spike does not count as earlier: it cannot have moved the
/// potential, and rounding may have put it on either side.
pub(crate) const TIE: f64 = 2.8e-14;

/// Input times of one sample as growths (and times, where the potential needs them), relative to a common origin.
#[derive(Clone, Copy)]
pub(crate) struct Moments<'a> {
    pub growth: &'a [f64],
    pub time: &'a [f64],
}

/// First spikes of a layer, \[tile\]\[lane\], relative to the same origin; growth `+inf` where a neuron stays silent.
pub(crate) struct Spikes {
    pub growth: Vec<Lanes>,
    pub time: Vec<Lanes>,
    /// dV/dt at the spike, per `tau_syn`.
    pub slope: Vec<Lanes>,
}

impl Spikes {
    pub(crate) fn new(layer: &Layer) -> Self {
        let tiles = layer.post.div_ceil(LANES);
        Self {
            growth: vec![[f64::INFINITY; LANES]; tiles],
            time: vec![[f64::INFINITY; LANES]; tiles],
            slope: vec![[1.0; LANES]; tiles],
        }
    }

    /// As input of the next layer.
    pub(crate) fn moments(&self, post: usize) -> Moments<'_> {
        Moments { growth: &self.growth.as_flattened()[..post], time: &self.time.as_flattened()[..post] }
    }

    pub(crate) fn moment(&self, neuron: usize) -> Moment {
        Moment { growth: self.growth.as_flattened()[neuron], time: self.time.as_flattened()[neuron] }
    }
}

/// Scratch of the search; allocated once for many samples.
pub(crate) struct Workspace {
    growth: Vec<f64>,
    time: Vec<f64>,
    order: Order,
    arrivals: Vec<Arrival>,
    keys: Vec<Lanes>,
    times: Vec<Lanes>,
    weights: Vec<Lanes>,
}

/// One arrival, common to all neurons, and the segment up to the next.
#[derive(Clone, Copy)]
struct Arrival {
    input: usize,
    basis: [f64; 2],
    start: Moment,
    end: Moment,
}

impl Workspace {
    pub(crate) fn new(layer: &Layer) -> Self {
        let pre = layer.pre;
        Self {
            growth: vec![0.0; pre],
            time: vec![0.0; pre],
            order: Order::new(pre),
            arrivals: Vec::with_capacity(pre),
            keys: vec![[0.0; LANES]; pre],
            times: vec![[0.0; LANES]; pre],
            weights: vec![[0.0; LANES]; pre],
        }
    }
}

/// Writes the first spikes of all neurons.
pub(crate) fn first_spikes<P: Potential>(
    layer: &Layer,
    stretch: &Stretch,
    input: Moments<'_>,
    work: &mut Workspace,
    spikes: &mut Spikes,
) {
    let threshold = layer.neuron.threshold();
    let rows = layer.weights.chunks_exact(layer.pre);
    if let Stretch::Synapses { growth, time } = stretch {
        let delays = growth.chunks_exact(layer.pre).zip(time.chunks_exact(layer.pre));
        for (tile, (weights, (growth, time))) in rows.zip(delays).enumerate() {
            collect_own::<P>(weights, growth, time, input, work);
            search_own::<P>(work, threshold).write::<P>(threshold, spikes, tile);
        }
        return;
    }
    collect_common::<P>(stretch, input, work);
    for (tile, weights) in rows.enumerate() {
        search_common::<P>(weights, &work.arrivals, threshold).write::<P>(threshold, spikes, tile);
        if let Stretch::Neurons(shifts) = stretch {
            for (lane, shift) in shifts[tile].iter().enumerate() {
                spikes.growth[tile][lane] *= shift.growth;
                spikes.time[tile][lane] += shift.time;
            }
        }
    }
}

/// Arrivals in order of time, where all neurons share them.
fn collect_common<P: Potential>(stretch: &Stretch, input: Moments<'_>, work: &mut Workspace) {
    work.growth.copy_from_slice(input.growth);
    if P::NEEDS_TIME {
        work.time.copy_from_slice(input.time);
    }
    if let Stretch::Inputs(delays) = stretch {
        for (i, delay) in delays.iter().enumerate() {
            work.growth[i] *= delay.growth;
            work.time[i] += delay.time;
        }
    }
    work.arrivals.clear();
    for &i in work.order.sort(&work.growth) {
        let input = i as usize;
        let start = Moment { growth: work.growth[input], time: work.time[input] };
        if let Some(last) = work.arrivals.last_mut() {
            last.end = just_after(start);
        }
        work.arrivals.push(Arrival { input, basis: P::basis(start), start, end: Moment::NEVER });
    }
}

#[inline(always)]
fn just_after(moment: Moment) -> Moment {
    Moment { growth: moment.growth * (1.0 + TIE), time: moment.time + TIE }
}

/// Sums over the causal inputs of each lane: those so far, and those of the first segment that held a crossing.
struct Sums {
    now: [Lanes; 2],
    found: [Lanes; 2],
    fired: [bool; LANES],
}

impl Sums {
    const ZERO: Self =
        Self { now: [[0.0; LANES]; 2], found: [[0.0; LANES]; 2], fired: [false; LANES] };

    #[inline(always)]
    fn write<P: Potential>(&self, threshold: f64, spikes: &mut Spikes, tile: usize) {
        for l in 0..LANES {
            let (moment, slope) = P::crossing([self.found[0][l], self.found[1][l]], threshold);
            spikes.growth[tile][l] = if self.fired[l] { moment.growth } else { f64::INFINITY };
            spikes.time[tile][l] = if self.fired[l] { moment.time } else { f64::INFINITY };
            spikes.slope[tile][l] = if self.fired[l] { slope } else { 1.0 };
        }
    }
}

#[inline(always)]
fn search_common<P: Potential>(weights: &[Lanes], arrivals: &[Arrival], threshold: f64) -> Sums {
    let mut sums = Sums::ZERO;
    for arrival in arrivals {
        let w = &weights[arrival.input];
        for l in 0..LANES {
            sums.now[0][l] += w[l] * arrival.basis[0];
            sums.now[1][l] += w[l] * arrival.basis[1];
            let now = [sums.now[0][l], sums.now[1][l]];
            let first = !sums.fired[l] & P::crosses(now, arrival.start, arrival.end, threshold);
            sums.found[0][l] = if first { now[0] } else { sums.found[0][l] };
            sums.found[1][l] = if first { now[1] } else { sums.found[1][l] };
            sums.fired[l] |= first;
        }
        if sums.fired == [true; LANES] {
            break;
        }
    }
    sums
}

/// Arrivals in order of time, lane by lane, where every neuron has delays of its own.
#[inline(always)]
fn collect_own<P: Potential>(
    weights: &[Lanes],
    factors: &[Lanes],
    delays: &[Lanes],
    input: Moments<'_>,
    work: &mut Workspace,
) {
    work.weights.copy_from_slice(weights);
    for (i, key) in work.keys.iter_mut().enumerate() {
        *key = factors[i].map(|factor| input.growth[i] * factor);
        if P::NEEDS_TIME {
            work.times[i] = delays[i].map(|delay| input.time[i] + delay);
        }
    }
    let times = if P::NEEDS_TIME { &mut work.times[..] } else { &mut [] };
    sort_lanes(&mut work.keys, &mut work.weights, times);
}

#[inline(always)]
fn search_own<P: Potential>(work: &Workspace, threshold: f64) -> Sums {
    let pre = work.keys.len();
    let mut sums = Sums::ZERO;
    for i in 0..pre {
        for l in 0..LANES {
            let start = Moment { growth: work.keys[i][l], time: work.times[i][l] };
            let end = if i + 1 < pre {
                just_after(Moment { growth: work.keys[i + 1][l], time: work.times[i + 1][l] })
            } else {
                Moment::NEVER
            };
            let silent = start.growth == f64::INFINITY;
            let basis = P::basis(if silent { Moment::ORIGIN } else { start });
            let w = if silent { 0.0 } else { work.weights[i][l] };
            sums.now[0][l] += w * basis[0];
            sums.now[1][l] += w * basis[1];
            let now = [sums.now[0][l], sums.now[1][l]];
            let first = !sums.fired[l] & !silent & P::crosses(now, start, end, threshold);
            sums.found[0][l] = if first { now[0] } else { sums.found[0][l] };
            sums.found[1][l] = if first { now[1] } else { sums.found[1][l] };
            sums.fired[l] |= first;
        }
    }
    sums
}
