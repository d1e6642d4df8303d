//! The first crossing of every neuron of a layer, for one sample.

use crate::lanes::{Lanes, Mask, NullaryFnOnce};
use crate::layer::{Kind, Layer, Stretch};
use crate::order::{Network, Order};
use crate::potential::{Moments, Potential, Segment};
use crate::spikes::{Inputs, Spikes};

/// An arrival within this fraction of a growth of the spike does not count as earlier: it cannot have moved the
/// potential, and rounding may have put it on either side.
pub(crate) const TIE: f64 = 2.8e-14;

/// Scratch of the search; allocated once for many samples.
pub(crate) struct Workspace {
    growth: Vec<f64>,
    time: Vec<f64>,
    order: Order,
    /// Those sorted so far that have a successor, or none to come.
    arrivals: Vec<Arrival>,
    /// The inputs that they come from; with delays per synapse all inputs.
    inputs: Vec<usize>,
    last: Option<Open>,
    network: Network,
    keys: Vec<Lanes>,
    times: Vec<Lanes>,
    weights: Vec<Lanes>,
}

/// An arrival that is common to all neurons, in units of the threshold, and the time up to the next.
#[derive(Clone, Copy)]
struct Arrival {
    basis: [Lanes; 2],
    segment: Segment,
}

/// An arrival whose successor is not known yet: when, and the input.
type Open = (Moments, usize);

impl Workspace {
    /// The inputs that can be causal for any neuron in the sample searched last.
    pub(crate) fn inputs(&self) -> &[usize] {
        &self.inputs
    }

    /// The arrival before `end` is complete.
    #[inline(always)]
    fn close<P: Potential>(&mut self, potential: P, end: Moments, unit: Lanes) {
        if let Some((start, input)) = self.last.take() {
            let [first, second] = potential.basis(start);
            let basis = [first * unit, second * unit];
            self.arrivals.push(Arrival { basis, segment: potential.segment(start, end) });
            self.inputs.push(input);
        }
    }

    pub(crate) fn new(layer: &Layer) -> Self {
        let pre = layer.pre;
        Self {
            growth: vec![0.0; pre],
            time: vec![0.0; pre],
            order: Order::new(pre),
            arrivals: Vec::with_capacity(pre),
            inputs: (0..pre).collect(),
            last: None,
            network: Network::new(if layer.kind == Kind::Synaptic { pre } else { 0 }),
            keys: vec![Lanes::ZERO; pre],
            times: vec![Lanes::ZERO; pre],
            weights: vec![Lanes::ZERO; pre],
        }
    }
}

/// Writes the first spikes of all neurons, for one sample.
pub(crate) struct FirstSpikes<'a, P> {
    pub potential: P,
    pub layer: &'a Layer,
    pub stretch: &'a Stretch,
    pub input: Inputs<'a>,
    pub work: &'a mut Workspace,
    pub spikes: &'a mut Spikes,
}

impl<P: Potential> NullaryFnOnce for FirstSpikes<'_, P> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { potential, layer, stretch, input, work, spikes } = self;
        let unit = Lanes::splat(1.0 / layer.neuron.threshold());
        let rows = layer.weights.chunks_exact(layer.pre);
        if let Stretch::Synapses { growth, time } = stretch {
            let delays = growth.chunks_exact(layer.pre).zip(time.chunks_exact(layer.pre));
            for (tile, (weights, (growth, time))) in rows.zip(delays).enumerate() {
                collect_own(potential, weights, growth, time, input, work);
                let found = search_own(potential, work, unit, layer.present(tile));
                spikes.set(potential, tile, &found, Moments::ORIGIN);
            }
            return;
        }
        deal_common(potential, stretch, input, work);
        for (tile, weights) in rows.enumerate() {
            let found = search_common(potential, weights, work, unit, layer.present(tile));
            let shift = if let Stretch::Neurons(shifts) = stretch { shifts[tile] } else { Moments::ORIGIN };
            spikes.set(potential, tile, &found, shift);
        }
    }
}

/// Makes the arrivals of all neurons ready to be sorted, where they share them.
fn deal_common<P: Potential>(potential: P, stretch: &Stretch, input: Inputs<'_>, work: &mut Workspace) {
    let Workspace { growth, time, .. } = work;
    growth.copy_from_slice(input.growth);
    if P::NEEDS_TIME {
        time.copy_from_slice(input.time);
    }
    if let Stretch::Inputs { growth: factors, time: delays } = stretch {
        for i in 0..factors.len() {
            growth[i] *= factors[i];
            time[i] = potential.later(Lanes::splat(time[i]), Lanes::splat(delays[i])).0[0];
        }
    }
    work.arrivals.clear();
    work.inputs.clear();
    work.last = None;
    work.order.deal(&work.growth);
}

/// Sorts some more arrivals; false if there are no more. The last one waits for its successor.
#[inline(never)]
fn sort_more<P: Potential>(potential: P, work: &mut Workspace, unit: Lanes) -> bool {
    let sorted = work.arrivals.len();
    while work.arrivals.len() == sorted {
        let next = work.order.next();
        if next.is_empty() {
            work.close(potential, potential.never(), unit);
            break;
        }
        for k in next {
            let (growth, index) = work.order.key(k);
            let input = index as usize;
            let start = Moments::splat(growth, if P::NEEDS_TIME { work.time[input] } else { 0.0 });
            work.close(potential, potential.just_after(start), unit);
            work.last = Some((start, input));
        }
    }
    work.arrivals.len() > sorted
}

/// Sums over the causal inputs of the neurons that have fired, and which have not.
pub(crate) struct Found {
    pub sums: [Lanes; 2],
    pub waiting: Mask,
}

impl Found {
    #[inline(always)]
    fn nothing(waiting: Mask) -> Self {
        Self { sums: [Lanes::ZERO; 2], waiting }
    }

    /// Keeps `sums` where the neuron fires in this segment and has not yet.
    #[inline(always)]
    fn update<P: Potential>(&mut self, potential: P, sums: [Lanes; 2], segment: &Segment) {
        let first = potential.crosses(sums, segment) & self.waiting;
        self.sums = [first.select(sums[0], self.sums[0]), first.select(sums[1], self.sums[1])];
        self.waiting = self.waiting & !first;
    }
}

/// Arrivals between two looks at whether all neurons have fired.
const STRIDE: usize = 4;

#[inline(always)]
fn search_common<P: Potential>(
    potential: P,
    weights: &[Lanes],
    work: &mut Workspace,
    unit: Lanes,
    waiting: Mask,
) -> Found {
    let mut found = Found::nothing(waiting);
    let mut sums = [Lanes::ZERO; 2];
    let mut done = 0;
    while found.waiting.any() && (done < work.arrivals.len() || sort_more(potential, work, unit)) {
        let end = work.arrivals.len().min(done + STRIDE);
        for (arrival, &input) in work.arrivals[done..end].iter().zip(&work.inputs[done..end]) {
            sums[0] += weights[input] * arrival.basis[0];
            sums[1] += weights[input] * arrival.basis[1];
            found.update(potential, sums, &arrival.segment);
        }
        done = end;
    }
    found
}

/// Arrivals in order of time, lane by lane, where every neuron has delays of its own.
#[inline(always)]
fn collect_own<P: Potential>(
    potential: P,
    weights: &[Lanes],
    factors: &[Lanes],
    delays: &[Lanes],
    input: Inputs<'_>,
    work: &mut Workspace,
) {
    let never = potential.never();
    for i in 0..weights.len() {
        let growth = Lanes::splat(input.growth[i]) * factors[i];
        let arrives = growth.less(never.growth);
        work.keys[i] = arrives.select(growth, never.growth);
        work.weights[i] = arrives.keep(weights[i]);
        if P::NEEDS_TIME {
            let time = potential.later(Lanes::splat(input.time[i]), delays[i]);
            work.times[i] = arrives.select(time, never.time);
        }
    }
    let times = if P::NEEDS_TIME { &mut work.times[..] } else { &mut [] };
    work.network.sort(&mut work.keys, &mut work.weights, times);
}

#[inline(always)]
fn search_own<P: Potential>(potential: P, work: &Workspace, unit: Lanes, waiting: Mask) -> Found {
    let mut found = Found::nothing(waiting);
    let mut sums = [Lanes::ZERO; 2];
    let pre = work.keys.len();
    let at = |i: usize| Moments { growth: work.keys[i], time: work.times[i] };
    for i in 0..pre {
        let start = at(i);
        let end = if i + 1 < pre { potential.just_after(at(i + 1)) } else { potential.never() };
        let [first, second] = potential.basis(start);
        let weight = work.weights[i] * unit;
        sums[0] += weight * first;
        sums[1] += weight * second;
        found.update(potential, sums, &potential.segment(start, end));
        if i % STRIDE == STRIDE - 1 && !found.waiting.any() {
            break;
        }
    }
    found
}
