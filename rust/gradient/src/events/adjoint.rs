//! The adjoint of one sample, backwards in time as the forward went.

use crate::events::layer::{Layer, Reset};
use crate::events::pieces::{Influence, Piece, Pieces, find};
use crate::events::spikes::Emitted;
use crate::events::synapses::Synapses;

/// Derivatives with respect to weights and delays, laid out like them.
#[derive(Clone, Debug)]
pub(crate) struct SynapseSums {
    pub weights: Vec<f64>,
    pub delays: Vec<f64>,
}

impl SynapseSums {
    pub(crate) fn new(synapses: &Synapses) -> Self {
        Self { weights: vec![0.0; synapses.weights.len()], delays: vec![0.0; synapses.delay_count()] }
    }

    /// Adds other sums.
    pub(crate) fn add(&mut self, other: &Self) {
        add(&mut self.weights, &other.weights);
        add(&mut self.delays, &other.delays);
    }
}

/// Derivatives summed over samples.
#[derive(Clone, Debug)]
pub(crate) struct Sums {
    pub feed: SynapseSums,
    pub recurrent: Option<SynapseSums>,
    pub thresholds: Vec<f64>,
    pub of_leak: f64,
    pub of_rate: f64,
}

impl Sums {
    pub(crate) fn new(layer: &Layer) -> Self {
        Self {
            feed: SynapseSums::new(&layer.feed),
            recurrent: layer.recurrent.as_ref().map(SynapseSums::new),
            thresholds: vec![0.0; layer.size()],
            of_leak: 0.0,
            of_rate: 0.0,
        }
    }

    /// Adds the sums of later samples.
    pub(crate) fn add(&mut self, other: &Self) {
        self.feed.add(&other.feed);
        if let (Some(sums), Some(other)) = (&mut self.recurrent, &other.recurrent) {
            sums.add(other);
        }
        add(&mut self.thresholds, &other.thresholds);
        self.of_leak += other.of_leak;
        self.of_rate += other.of_rate;
    }
}

fn add(sums: &mut [f64], others: &[f64]) {
    sums.iter_mut().zip(others).for_each(|(sum, other)| *sum += other);
}

/// A spike at whose time the potential does not rise.
pub(crate) struct Flat {
    pub neuron: usize,
    pub time: f64,
}

/// A spike of the output, dL/dT of it, and when the refractory period before it ended.
#[derive(Clone, Copy, Debug)]
struct Known {
    spike: Emitted,
    gradient: f64,
    released: f64,
}

/// What one sample needs, kept from sample to sample.
#[derive(Debug, Default)]
pub(crate) struct Room {
    pub pieces: Vec<Pieces>,
    spikes: Vec<Known>,
    /// By neuron: first the last release, then dL/dT handed from a spike to the one before, from which it follows.
    carried: Vec<f64>,
}

impl Room {
    /// Pieces of all neurons from `spikes`, the sample's output in order and their dL/dT. What recurrent synapses,
    /// thresholds and time constants have to do with it is added to `sums`.
    pub(crate) fn trace_back<const CONSTANTS: bool>(
        &mut self,
        layer: &Layer,
        spikes: impl Iterator<Item = (Emitted, f64)>,
        slope_floor: f64,
        sums: &mut Sums,
    ) -> Result<(), Flat> {
        self.pieces.resize_with(layer.size(), Pieces::new);
        self.pieces.iter_mut().for_each(Pieces::clear);
        self.carried.clear();
        self.carried.resize(layer.size(), f64::NEG_INFINITY);
        self.spikes.clear();
        for (spike, gradient) in spikes {
            let released = &mut self.carried[spike.neuron as usize];
            self.spikes.push(Known { spike, gradient, released: *released });
            *released = spike.time + layer.refractory;
        }
        self.carried.fill(0.0);
        while let Some(known) = self.spikes.pop() {
            let neuron = known.spike.neuron as usize;
            let mut of_time = known.gradient + std::mem::take(&mut self.carried[neuron]);
            if let (Some(synapses), Some(recurrent)) = (&layer.recurrent, &mut sums.recurrent) {
                let mut constants = (0.0, 0.0);
                let source = (known.spike.time, neuron);
                of_time +=
                    receive::<CONSTANTS>(layer, synapses, &self.pieces, source, recurrent, &mut constants);
                sums.of_leak += constants.0;
                sums.of_rate += constants.1;
            }
            self.pass::<CONSTANTS>(layer, known, of_time, slope_floor, sums)?;
        }
        Ok(())
    }

    /// Through the reset of a spike, from what follows to what came before.
    fn pass<const CONSTANTS: bool>(
        &mut self,
        layer: &Layer,
        Known { spike, released, .. }: Known,
        mut of_time: f64,
        slope_floor: f64,
        sums: &mut Sums,
    ) -> Result<(), Flat> {
        let membrane = &layer.membrane;
        let neuron = spike.neuron as usize;
        let threshold = layer.thresholds[neuron];
        let pieces = &mut self.pieces[neuron];
        // The latest pieces are those that this spike starts: the held one, if any, lies on top.
        let held = pieces.last().copied().filter(|piece| piece.held);
        let free = pieces.iter().rev().find(|piece| !piece.held).copied();
        let (mut lambda, mut mu) = (0.0, 0.0);
        if let Some(next) = free {
            let age = next.end - next.start;
            (lambda, mu) = next.before(membrane, age);
            if CONSTANTS {
                let current = if membrane.is_delta() { 0.0 } else { spike.rise / membrane.rate };
                let (of_leak, of_rate) = next.constants(membrane, age, spike.left, current);
                sums.of_leak += of_leak;
                sums.of_rate += of_rate;
            }
        }
        if let Some(held) = held {
            mu *= membrane.decay(layer.refractory).synapse;
            if CONSTANTS && !membrane.is_delta() {
                let current = (spike.slope + membrane.leak * threshold) / membrane.rate;
                sums.of_rate += held.constants(membrane, layer.refractory, 0.0, current).1;
            }
        }
        let mut piece = Piece {
            start: released,
            end: spike.time,
            of_potential: 0.0,
            of_current: mu,
            held: false,
            of_cause: 0.0,
        };
        if membrane.is_delta() {
            of_time += lambda * membrane.leak * spike.rise;
            if spike.slope > 0.0 {
                piece.of_cause = of_time / spike.slope;
            } else {
                self.carried[neuron] += of_time;
            }
            if layer.reset == Reset::BySubtraction {
                piece.of_potential = lambda;
                sums.thresholds[neuron] -= lambda;
            }
        } else {
            of_time -= lambda * spike.rise;
            let slope = spike.slope.max(slope_floor);
            if slope <= 0.0 && of_time != 0.0 {
                return Err(Flat { neuron, time: spike.time });
            }
            if of_time != 0.0 {
                piece.of_potential = -of_time / slope;
                sums.thresholds[neuron] += of_time / slope;
            }
        }
        pieces.push(piece);
        if layer.refractory > 0.0 && released > f64::NEG_INFINITY {
            let (_, of_current) = piece.before(membrane, piece.end - released);
            let start = released - layer.refractory;
            pieces.push(Piece { start, end: released, of_potential: 0.0, of_current, held: true, ..piece });
        }
        Ok(())
    }
}

/// dL/dt of one spike through all that it sends; what its synapses have to do with it is added to `sums`.
pub(crate) fn receive<const CONSTANTS: bool>(
    layer: &Layer,
    synapses: &Synapses,
    pieces: &[Pieces],
    (time, source): (f64, usize),
    sums: &mut SynapseSums,
    constants: &mut (f64, f64),
) -> f64 {
    let membrane = &layer.membrane;
    let mut of_time = 0.0;
    for (target, pieces) in pieces.iter().enumerate() {
        let arrival = time + synapses.delay(target, source);
        let Some(piece) = find(pieces, arrival, membrane.is_delta()) else { continue };
        let weight = synapses.weight(target, source);
        let influence: Influence = piece.influence::<CONSTANTS>(membrane, arrival, weight);
        sums.weights[target * synapses.pre + source] += influence.weight;
        if let Some(place) = synapses.place(target, source) {
            sums.delays[place] += influence.time;
        }
        of_time += influence.time;
        if CONSTANTS {
            constants.0 += influence.leak;
            constants.1 += influence.rate;
        }
    }
    of_time
}
