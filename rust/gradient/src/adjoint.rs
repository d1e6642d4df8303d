//! The derivatives of one sample, in slope form.
//!
//! A spike at T of a neuron with potential V(t) = `sum_i w_i` K(t - `t_i`) obeys V(T) = threshold, hence
//! `dT/dw_i` = -K(T - `t_i`)/V'(T) and `dT/dt_i` = `w_i` K'(T - `t_i`)/V'(T), over the inputs that arrive before T.
//! Only the spike times enter, so times that were measured elsewhere may be put in.

use crate::lanes::{LANES, Lanes, Mask, NullaryFnOnce};
use crate::layer::{Kind, Layer, Stretch};
use crate::potential::{Moments, Potential};
use crate::search::TIE;
use crate::spikes::{Inputs, Spikes};

/// Derivatives summed over samples, in units of `tau_syn`, laid out like the weights and delays of the layer.
#[derive(Clone, Debug)]
pub(crate) struct Sums {
    kind: Kind,
    pub weights: Vec<Lanes>,
    pub delays: Vec<Lanes>,
}

impl Sums {
    pub(crate) fn new(layer: &Layer) -> Self {
        let zeros = |like: &[Lanes]| vec![Lanes::ZERO; like.len()];
        Self { kind: layer.kind, weights: zeros(&layer.weights), delays: zeros(&layer.delays) }
    }

    /// Back to zero.
    pub(crate) fn clear(&mut self) {
        self.weights.fill(Lanes::ZERO);
        self.delays.fill(Lanes::ZERO);
    }

    /// Adds the sums of a later chunk.
    pub(crate) fn add(&mut self, other: &Self) {
        self.weights.iter_mut().zip(&other.weights).for_each(|(sum, other)| *sum += *other);
        self.delays.iter_mut().zip(&other.delays).for_each(|(sum, other)| *sum += *other);
    }

    /// Adds one sample's dL/dt of the inputs, which is what delays common to all neurons change.
    pub(crate) fn add_inputs(&mut self, at_inputs: &[Lanes]) {
        match self.kind {
            Kind::Axonal => {
                for (i, lanes) in at_inputs.iter().enumerate() {
                    self.delays[i / LANES].0[i % LANES] += lanes.sum();
                }
            }
            Kind::Scalar => {
                self.delays[0].0[0] += at_inputs.iter().map(|lanes| lanes.sum()).sum::<f64>();
            }
            Kind::None | Kind::Dendritic | Kind::Synaptic => {}
        }
    }
}

/// The potential does not rise at the spike of this neuron.
pub(crate) struct Flat {
    pub neuron: usize,
    pub slope: f64,
}

/// The way back through a layer, for one sample: adds the derivatives to `sums` and `at_inputs`, \[pre\].
pub(crate) struct Adjoint<'a, P> {
    pub potential: P,
    pub layer: &'a Layer,
    pub stretch: &'a Stretch,
    pub input: Inputs<'a>,
    pub spikes: &'a Spikes,
    /// Whether the spikes are as the search left them, with what gives their slopes.
    pub found: bool,
    /// dL/dT, \[tile\], 0 where it does not matter.
    pub gradient: &'a [[f64; LANES]],
    /// Those that may be causal.
    pub inputs: &'a [usize],
    /// Bounds the slope from below, in units of 1/`tau_syn`.
    pub floor: f64,
    pub sums: &'a mut Sums,
    pub at_inputs: &'a mut [Lanes],
}

impl<P: Potential> NullaryFnOnce for Adjoint<'_, P> {
    type Output = Result<(), Flat>;

    #[inline(always)]
    fn call(self) -> Self::Output {
        for (index, gradient) in self.gradient.iter().enumerate() {
            let gradient = Lanes(*gradient);
            if !gradient.differs(Lanes::ZERO).any() {
                continue;
            }
            let Spikes { growth, time, steepness } = self.spikes;
            let at = Moments { growth: Lanes(growth[index]), time: Lanes(time[index]) };
            let tile = Tile::new(self.potential, self.layer, self.stretch, index, self.input, at);
            let slope = if self.found { tile.found_slopes(Lanes(steepness[index])) } else { tile.slopes() };
            tile.differentiate(self.inputs, gradient, slope, self.floor, self.sums, self.at_inputs)?;
        }
        Ok(())
    }
}

/// The spikes of a tile of neurons, and where the inputs stand at them.
struct Tile<'a, P> {
    index: usize,
    row: usize,
    weights: &'a [Lanes],
    stretch: &'a Stretch,
    potential: P,
    input: Inputs<'a>,
    /// 1 / growth of the spikes and their times, less the neurons' own delays.
    inverse: Lanes,
    time: Lanes,
    threshold: Lanes,
}

impl<'a, P: Potential> Tile<'a, P> {
    #[inline(always)]
    fn new(
        potential: P,
        layer: &'a Layer,
        stretch: &'a Stretch,
        index: usize,
        input: Inputs<'a>,
        spikes: Moments,
    ) -> Self {
        let row = index * layer.pre;
        let shift = if let Stretch::Neurons(shifts) = stretch { shifts[index] } else { Moments::ORIGIN };
        let inverse = shift.growth / spikes.growth;
        // So that nothing counts as earlier than a spike that never comes.
        let fired = Lanes::ZERO.less(inverse);
        Self {
            index,
            row,
            weights: &layer.weights[row..row + layer.pre],
            stretch,
            potential,
            input,
            inverse: fired.select(inverse, Lanes::splat(f64::INFINITY)),
            time: potential.between(shift.time, spikes.time),
            threshold: Lanes::splat(layer.neuron.threshold()),
        }
    }

    /// (ratio of growths, age) of input i at each spike, and whether it arrived before.
    #[inline(always)]
    fn ages(&self, i: usize) -> (Lanes, Lanes, Mask) {
        let growth = Lanes::splat(self.input.growth[i]);
        let time = if P::NEEDS_TIME { Lanes::splat(self.input.time[i]) } else { Lanes::ZERO };
        let (growth, time) = match self.stretch {
            Stretch::None | Stretch::Neurons(_) => (growth, time),
            Stretch::Inputs { growth: factors, time: delays } => {
                let delay = Lanes::splat(delays[i]);
                (growth * Lanes::splat(factors[i]), self.potential.later(time, delay))
            }
            Stretch::Synapses { growth: factors, time: delays } => {
                let delay = delays[self.row + i];
                (growth * factors[self.row + i], self.potential.later(time, delay))
            }
        };
        let ratio = growth * self.inverse;
        let causal = ratio.less(Lanes::splat(1.0 - TIE));
        (causal.keep(ratio), causal.keep(self.potential.between(time, self.time)), causal)
    }

    /// V' at each spike, as the search left it, in units of 1/`tau_syn`.
    #[inline(always)]
    fn found_slopes(&self, steepness: Lanes) -> Lanes {
        self.potential.slope(steepness, self.inverse) * self.threshold
    }

    /// V' at each spike, from the causal inputs.
    #[inline(always)]
    fn slopes(&self) -> Lanes {
        let mut slope = Lanes::ZERO;
        for (i, &weight) in self.weights.iter().enumerate() {
            let (ratio, age, causal) = self.ages(i);
            slope += causal.keep(weight * self.potential.response(ratio, age).1);
        }
        slope
    }

    /// Adds the derivatives through this tile.
    #[inline(always)]
    #[allow(clippy::too_many_arguments)]
    fn differentiate(
        &self,
        inputs: &[usize],
        gradient: Lanes,
        slope: Lanes,
        floor: f64,
        sums: &mut Sums,
        at_inputs: &mut [Lanes],
    ) -> Result<(), Flat> {
        let bounded = slope.max(Lanes::splat(floor));
        let needed = gradient.differs(Lanes::ZERO);
        let flat = needed & bounded.at_most(Lanes::ZERO);
        if flat.any() {
            let lane = flat.0.iter().position(|&flat| flat != 0).unwrap_or(0);
            return Err(Flat { neuron: self.index * LANES + lane, slope: slope.0[lane] });
        }
        let scale = needed.keep(gradient / bounded);
        let weight_sums = &mut sums.weights[self.row..self.row + self.weights.len()];
        for &i in inputs {
            let (ratio, age, causal) = self.ages(i);
            let (response, rise) = self.potential.response(ratio, age);
            let scale = causal.keep(scale);
            let at_arrival = scale * self.weights[i] * rise;
            weight_sums[i] -= scale * response;
            at_inputs[i] += at_arrival;
            if sums.kind == Kind::Synaptic {
                sums.delays[self.row + i] += at_arrival;
            }
        }
        if sums.kind == Kind::Dendritic {
            sums.delays[self.index] += needed.keep(scale * slope);
        }
        Ok(())
    }
}
