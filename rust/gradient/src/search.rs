//! The first crossing of every neuron of a layer, for one sample.

use crate::layer::{LANES, Lanes, Layer, Stretch};
use crate::order::{sort_indices, sort_lanes};
use crate::potential::{Moment, Potential};

/// An arrival within this fraction of a growth of the spike does not count as earlier: it cannot have moved the
/// potential, and rounding may have put it on either side.
pub(crate) const TIE: f64 = 2.8e-14;

/// Spike times of one sample as growths (and times, where the potential needs them), relative to a common origin.
#[derive(Clone, Copy)]
pub(crate) struct Moments<'a> {
    pub growth: &'a [f64],
    pub time: &'a [f64],
}

/// What the search writes to; allocated once for many samples.
pub(crate) struct Workspace {
    growth: Vec<f64>,
    time: Vec<f64>,
    order: Vec<u32>,
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
            order: Vec::with_capacity(pre),
            arrivals: Vec::with_capacity(pre),
            keys: vec![[0.0; LANES]; pre],
            times: vec![[0.0; LANES]; pre],
            weights: vec![[0.0; LANES]; pre],
        }
    }
}

/// Writes the first spikes into `growth` and `time`, \[tile\]\[lane\]; `+inf` where a neuron stays silent.
pub(crate) fn first_spikes<P: Potential>(
    layer: &Layer,
    stretch: &Stretch,
    input: Moments<'_>,
    work: &mut Workspace,
    growth: &mut [Lanes],
    time: &mut [Lanes],
) {
    if let Stretch::Synapses { growth: factors, time: delays } = stretch {
        for tile in 0..growth.len() {
            let row = tile * layer.pre..(tile + 1) * layer.pre;
            own_order::<P>(
                &layer.weights[row.clone()],
                &factors[row.clone()],
                &delays[row],
                layer.neuron.threshold(),
                input,
                work,
                &mut growth[tile],
                &mut time[tile],
            );
        }
        return;
    }
    collect_arrivals::<P>(stretch, input, work);
    for tile in 0..growth.len() {
        let weights = &layer.weights[tile * layer.pre..(tile + 1) * layer.pre];
        common_order::<P>(
            weights,
            &work.arrivals,
            layer.neuron.threshold(),
            &mut growth[tile],
            &mut time[tile],
        );
        if let Stretch::Neurons(shifts) = stretch {
            for (lane, shift) in shifts[tile].iter().enumerate() {
                growth[tile][lane] *= shift.growth;
                time[tile][lane] += shift.time;
            }
        }
    }
}

/// Arrivals in order of time, where all neurons share them.
fn collect_arrivals<P: Potential>(stretch: &Stretch, input: Moments<'_>, work: &mut Workspace) {
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
    sort_indices(&work.growth, &mut work.order);
    work.arrivals.clear();
    for &i in &work.order {
        let input = i as usize;
        let start = Moment { growth: work.growth[input], time: work.time[input] };
        if let Some(last) = work.arrivals.last_mut() {
            last.end = just_after(start);
        }
        work.arrivals.push(Arrival { input, basis: P::basis(start), start, end: Moment::NEVER });
    }
}

fn just_after(moment: Moment) -> Moment {
    Moment { growth: moment.growth * (1.0 + TIE), time: moment.time + TIE }
}

/// Sums up the arrivals and keeps the sums of the first segment that holds a crossing.
#[inline(always)]
fn common_order<P: Potential>(
    weights: &[Lanes],
    arrivals: &[Arrival],
    threshold: f64,
    growth: &mut Lanes,
    time: &mut Lanes,
) {
    let mut sums = [[0.0; 2]; LANES];
    let mut found = [[0.0; 2]; LANES];
    let mut fired = [false; LANES];
    for arrival in arrivals {
        let w = &weights[arrival.input];
        for l in 0..LANES {
            sums[l][0] += w[l] * arrival.basis[0];
            sums[l][1] += w[l] * arrival.basis[1];
            let first = !fired[l] & P::crosses(sums[l], arrival.start, arrival.end, threshold);
            found[l] = if first { sums[l] } else { found[l] };
            fired[l] |= first;
        }
        if fired == [true; LANES] {
            break;
        }
    }
    for l in 0..LANES {
        let spike = if fired[l] { P::crossing(found[l], threshold) } else { Moment::NEVER };
        growth[l] = spike.growth;
        time[l] = spike.time;
    }
}

/// The same where every neuron has delays, and so an order, of its own.
#[allow(clippy::too_many_arguments)]
#[inline(always)]
fn own_order<P: Potential>(
    weights: &[Lanes],
    factors: &[Lanes],
    delays: &[Lanes],
    threshold: f64,
    input: Moments<'_>,
    work: &mut Workspace,
    growth: &mut Lanes,
    time: &mut Lanes,
) {
    let pre = weights.len();
    let (keys, times) = (&mut work.keys[..pre], &mut work.times[..if P::NEEDS_TIME { pre } else { 0 }]);
    work.weights.copy_from_slice(weights);
    for i in 0..pre {
        keys[i] = factors[i].map(|factor| input.growth[i] * factor);
        if P::NEEDS_TIME {
            times[i] = delays[i].map(|delay| input.time[i] + delay);
        }
    }
    sort_lanes(keys, &mut work.weights, times);
    let at = |i: usize, l: usize| {
        if i == pre {
            return Moment::NEVER;
        }
        Moment { growth: keys[i][l], time: if P::NEEDS_TIME { times[i][l] } else { 0.0 } }
    };
    let mut sums = [[0.0; 2]; LANES];
    let mut found = [[0.0; 2]; LANES];
    let mut fired = [false; LANES];
    for i in 0..pre {
        for l in 0..LANES {
            let start = at(i, l);
            let silent = start.growth == f64::INFINITY;
            let basis = P::basis(if silent { Moment::ORIGIN } else { start });
            let w = if silent { 0.0 } else { work.weights[i][l] };
            sums[l][0] += w * basis[0];
            sums[l][1] += w * basis[1];
            let first = !fired[l] & !silent & P::crosses(sums[l], start, just_after(at(i + 1, l)), threshold);
            found[l] = if first { sums[l] } else { found[l] };
            fired[l] |= first;
        }
    }
    for l in 0..LANES {
        let spike = if fired[l] { P::crossing(found[l], threshold) } else { Moment::NEVER };
        growth[l] = spike.growth;
        time[l] = spike.time;
    }
}
