//! The derivatives of one sample, in slope form.
//!
//! A spike at T of a neuron with potential V(t) = `sum_i w_i` K(t - `t_i`) obeys V(T) = threshold, hence
//! `dT/dw_i` = -K(T - `t_i`)/V'(T) and `dT/dt_i` = `w_i` K'(T - `t_i`)/V'(T), over the inputs that arrive before T.
//! Only the spike times enter, so times that were measured elsewhere may be put in.

use crate::layer::{LANES, Lanes, Layer, PackedDelays, Stretch};
use crate::potential::Potential;
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

impl DelaySums {
    /// All of them, in the order of [`PackedDelays::values_mut`].
    pub(crate) fn values_mut(&mut self) -> &mut [f64] {
        match self {
            Self::None => &mut [],
            Self::Scalar(sum) => std::slice::from_mut(sum),
            Self::Axonal(sums) => sums,
            Self::Dendritic(sums) | Self::Synaptic(sums) => sums.as_flattened_mut(),
        }
    }
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

    /// Back to zero.
    pub(crate) fn clear(&mut self) {
        self.weights.fill([0.0; LANES]);
        self.delays.values_mut().fill(0.0);
    }

    /// Adds one sample's dL/dt of the inputs, by lane, which is what a delay common to all neurons changes.
    pub(crate) fn add_input_lanes(&mut self, at_inputs: &[Lanes]) {
        match &mut self.delays {
            DelaySums::Axonal(delays) => {
                delays.iter_mut().zip(at_inputs).for_each(|(delay, lanes)| *delay += sum(lanes));
            }
            DelaySums::Scalar(delay) => *delay += at_inputs.iter().map(sum).sum::<f64>(),
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

/// Sum of the lanes.
pub(crate) fn sum(lanes: &Lanes) -> f64 {
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3])
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

/// Where the inputs of a tile of neurons stand at its spikes.
pub(crate) struct Tile<'a> {
    pre: usize,
    row: usize,
    index: usize,
    weights: &'a [Lanes],
    stretch: &'a Stretch,
    input: Moments<'a>,
    /// 1 / growth of the spikes and their times, less the neurons' own delays.
    inverse: Lanes,
    time: Lanes,
}

impl<'a> Tile<'a> {
    #[inline(always)]
    pub(crate) fn new(
        layer: &'a Layer,
        stretch: &'a Stretch,
        index: usize,
        input: Moments<'a>,
        growth: Lanes,
        time: Lanes,
    ) -> Self {
        let (pre, row) = (layer.pre, index * layer.pre);
        let (mut inverse, mut time) = (growth.map(|growth| 1.0 / growth), time);
        if let Stretch::Neurons(shifts) = stretch {
            for l in 0..LANES {
                inverse[l] *= shifts[index][l].growth;
                time[l] -= shifts[index][l].time;
            }
        }
        Self { pre, row, index, weights: &layer.weights[row..row + pre], stretch, input, inverse, time }
    }

    /// (ratio of growths, age) of input i at each spike; the ratio is 0 where the input is not causal.
    #[inline(always)]
    fn ages<P: Potential>(&self, i: usize) -> (Lanes, Lanes) {
        let (mut ratio, mut age) = ([0.0; LANES], [0.0; LANES]);
        for l in 0..LANES {
            let (growth, arrival) = match self.stretch {
                Stretch::None | Stretch::Neurons(_) => (self.input.growth[i], self.input.time[i]),
                Stretch::Inputs(delays) => {
                    (self.input.growth[i] * delays[i].growth, self.input.time[i] + delays[i].time)
                }
                Stretch::Synapses { growth, time } => (
                    self.input.growth[i] * growth[self.row + i][l],
                    self.input.time[i] + time[self.row + i][l],
                ),
            };
            let r = growth * self.inverse[l];
            let causal = r < 1.0 - TIE;
            ratio[l] = if causal { r } else { 0.0 };
            age[l] = if causal & P::NEEDS_TIME { self.time[l] - arrival } else { 0.0 };
        }
        (ratio, age)
    }

    /// V' at each spike, from the causal inputs.
    #[inline(always)]
    pub(crate) fn slopes<P: Potential>(&self) -> Lanes {
        let mut slope = [0.0; LANES];
        for i in 0..self.pre {
            let (ratio, age) = self.ages::<P>(i);
            for l in 0..LANES {
                let rise = P::response(ratio[l], age[l]).1;
                slope[l] += if ratio[l] > 0.0 { self.weights[i][l] * rise } else { 0.0 };
            }
        }
        slope
    }

    /// Adds the derivatives through this tile to `sums` and `at_inputs`, \[pre\]\[lane\]. `gradient` is dL/dT, 0 where
    /// it does not matter; `floor` bounds the slope from below.
    #[inline(always)]
    pub(crate) fn differentiate<P: Potential>(
        &self,
        gradient: Lanes,
        slope: Lanes,
        floor: f64,
        sums: &mut Sums,
        at_inputs: &mut [Lanes],
    ) -> Result<(), Flat> {
        let mut scale = [0.0; LANES];
        for l in 0..LANES {
            if gradient[l] != 0.0 {
                let bounded = slope[l].max(floor);
                if bounded <= 0.0 {
                    return Err(Flat { neuron: self.index * LANES + l, slope: slope[l] });
                }
                scale[l] = gradient[l] / bounded;
            }
        }
        for i in 0..self.pre {
            let (ratio, age) = self.ages::<P>(i);
            for l in 0..LANES {
                let (response, rise) = P::response(ratio[l], age[l]);
                let causal = if ratio[l] > 0.0 { scale[l] } else { 0.0 };
                let at_arrival = causal * self.weights[i][l] * rise;
                sums.weights[self.row + i][l] -= causal * response;
                at_inputs[i][l] += at_arrival;
                if let DelaySums::Synaptic(delays) = &mut sums.delays {
                    delays[self.row + i][l] += at_arrival;
                }
            }
        }
        if let DelaySums::Dendritic(delays) = &mut sums.delays {
            for l in 0..LANES {
                delays[self.index][l] += scale[l] * slope[l];
            }
        }
        Ok(())
    }
}
