//! The derivatives of one sample, in slope form.
//!
//! A spike at T of a neuron with potential V(t) = `sum_i w_i` K(t - `t_i`) obeys V(T) = threshold, hence
//! `dT/dw_i` = -K(T - `t_i`)/V'(T) and `dT/dt_i` = `w_i` K'(T - `t_i`)/V'(T), over the inputs that arrive before T.
//! Only the spike times enter, so times that were measured elsewhere may be put in.

use crate::layer::{LANES, Lanes, Layer, PackedDelays, Stretch};
use crate::potential::{Moment, Potential};
use crate::search::{Moments, TIE};

/// Derivatives summed over samples, in units of `tau_syn`.
#[derive(Clone, Debug)]
pub(crate) struct Sums {
    pub weights: Vec<Lanes>,
    pub delays: DelaySums,
}

/// Derivatives with respect to delays, laid out like [`PackedDelays`].
#[derive(Clone, Debug)]
pub(crate) enum DelaySums {
    None,
    Scalar(f64),
    Axonal(Vec<f64>),
    Dendritic(Vec<Lanes>),
    Synaptic(Vec<Lanes>),
}

impl Sums {
    pub(crate) fn new(layer: &Layer) -> Self {
        let delays = match &layer.delays {
            PackedDelays::None => DelaySums::None,
            PackedDelays::Scalar(_) => DelaySums::Scalar(0.0),
            PackedDelays::Axonal(delays) => DelaySums::Axonal(vec![0.0; delays.len()]),
            PackedDelays::Dendritic(delays) => DelaySums::Dendritic(vec![[0.0; LANES]; delays.len()]),
            PackedDelays::Synaptic(delays) => DelaySums::Synaptic(vec![[0.0; LANES]; delays.len()]),
        };
        Self { weights: vec![[0.0; LANES]; layer.weights.len()], delays }
    }

    /// Adds one sample's dL/dt of the inputs, which is what a delay common to all neurons changes.
    pub(crate) fn add_inputs(&mut self, at_inputs: &[f64]) {
        match &mut self.delays {
            DelaySums::Axonal(delays) => {
                delays.iter_mut().zip(at_inputs).for_each(|(delay, at_input)| *delay += at_input);
            }
            DelaySums::Scalar(delay) => *delay += at_inputs.iter().sum::<f64>(),
            _ => {}
        }
    }

    /// Adds the sums of a later chunk.
    pub(crate) fn add(&mut self, other: &Self) {
        add_lanes(&mut self.weights, &other.weights);
        match (&mut self.delays, &other.delays) {
            (DelaySums::Scalar(sum), DelaySums::Scalar(other)) => *sum += other,
            (DelaySums::Axonal(sum), DelaySums::Axonal(other)) => {
                sum.iter_mut().zip(other).for_each(|(sum, other)| *sum += other);
            }
            (DelaySums::Dendritic(sum), DelaySums::Dendritic(other))
            | (DelaySums::Synaptic(sum), DelaySums::Synaptic(other)) => add_lanes(sum, other),
            _ => {}
        }
    }
}

fn add_lanes(sum: &mut [Lanes], other: &[Lanes]) {
    for (sum, other) in sum.iter_mut().zip(other) {
        for l in 0..LANES {
            sum[l] += other[l];
        }
    }
}

/// The potential does not rise at the spike of this neuron.
pub(crate) struct Flat {
    pub neuron: usize,
    pub slope: f64,
}

/// Spikes of the tile of neurons being differentiated, and dL/dT of each: 0 where it does not matter.
#[derive(Clone, Copy)]
pub(crate) struct Spikes {
    pub growth: Lanes,
    pub time: Lanes,
    pub gradient: Lanes,
}

impl Spikes {
    pub(crate) const SILENT: Self =
        Self { growth: [f64::INFINITY; LANES], time: [0.0; LANES], gradient: [0.0; LANES] };

    pub(crate) fn set(&mut self, lane: usize, spike: Moment, gradient: f64) {
        self.growth[lane] = spike.growth;
        self.time[lane] = spike.time;
        self.gradient[lane] = gradient;
    }
}

/// Adds the derivatives through one tile of neurons to `sums` and `at_inputs`, \[pre\]\[lane\].
/// `floor` bounds V' from below, in units of 1/`tau_syn`.
#[inline(always)]
pub(crate) fn differentiate<P: Potential>(
    layer: &Layer,
    stretch: &Stretch,
    tile: usize,
    input: Moments<'_>,
    spikes: Spikes,
    floor: f64,
    sums: &mut Sums,
    at_inputs: &mut [Lanes],
) -> Result<(), Flat> {
    let row = tile * layer.pre;
    let weights = &layer.weights[row..row + layer.pre];
    let mut inverse = spikes.growth.map(|growth| 1.0 / growth);
    let mut time = spikes.time;
    if let Stretch::Neurons(shifts) = stretch {
        for l in 0..LANES {
            inverse[l] *= shifts[tile][l].growth;
            time[l] -= shifts[tile][l].time;
        }
    }
    // (growth ratio, age) of input i at the spikes; a ratio of 0 where the input is not causal.
    let age = |i: usize| -> (Lanes, Lanes) {
        let (mut ratio, mut age) = ([0.0; LANES], [0.0; LANES]);
        for l in 0..LANES {
            let (growth, arrival) = match stretch {
                Stretch::None | Stretch::Neurons(_) => (input.growth[i], input.time[i]),
                Stretch::Inputs(delays) => {
                    (input.growth[i] * delays[i].growth, input.time[i] + delays[i].time)
                }
                Stretch::Synapses { growth, time } => {
                    (input.growth[i] * growth[row + i][l], input.time[i] + time[row + i][l])
                }
            };
            let r = growth * inverse[l];
            let causal = r < 1.0 - TIE;
            ratio[l] = if causal { r } else { 0.0 };
            age[l] = if causal & P::NEEDS_TIME { time[l] - arrival } else { 0.0 };
        }
        (ratio, age)
    };
    let mut slope = [0.0; LANES];
    for i in 0..layer.pre {
        let (ratio, age) = age(i);
        for l in 0..LANES {
            let rise = P::response(ratio[l], age[l]).1;
            slope[l] += if ratio[l] > 0.0 { weights[i][l] * rise } else { 0.0 };
        }
    }
    let mut scale = [0.0; LANES];
    for l in 0..LANES {
        if spikes.gradient[l] != 0.0 {
            let bounded = slope[l].max(floor);
            if bounded <= 0.0 {
                return Err(Flat { neuron: tile * LANES + l, slope: slope[l] });
            }
            scale[l] = spikes.gradient[l] / bounded;
        }
    }
    for i in 0..layer.pre {
        let (ratio, age) = age(i);
        for l in 0..LANES {
            let (response, rise) = P::response(ratio[l], age[l]);
            let causal = if ratio[l] > 0.0 { scale[l] } else { 0.0 };
            let at_arrival = causal * weights[i][l] * rise;
            sums.weights[row + i][l] -= causal * response;
            at_inputs[i][l] += at_arrival;
            if let DelaySums::Synaptic(delays) = &mut sums.delays {
                delays[row + i][l] += at_arrival;
            }
        }
    }
    if let DelaySums::Dendritic(delays) = &mut sums.delays {
        for l in 0..LANES {
            delays[tile][l] += scale[l] * slope[l];
        }
    }
    Ok(())
}
