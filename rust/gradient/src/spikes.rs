//! Spikes of one sample on their way from layer to layer.

use crate::lanes::{LANES, Lanes};
use crate::layer::Layer;
use crate::potential::{Moments, Potential};
use crate::search::Found;

/// Input times of one sample as growths (and times, where the potential needs them), relative to a common origin.
#[derive(Clone, Copy)]
pub(crate) struct Inputs<'a> {
    pub growth: &'a [f64],
    pub time: &'a [f64],
}

/// First spikes of a layer, \[tile\], relative to the same origin; growth `+inf` where a neuron stays silent.
pub(crate) struct Spikes {
    pub growth: Vec<[f64; LANES]>,
    pub time: Vec<[f64; LANES]>,
    /// What [`Potential::slope`] needs.
    pub steepness: Vec<[f64; LANES]>,
}

impl Spikes {
    pub(crate) fn new(layer: &Layer) -> Self {
        let tiles = layer.post.div_ceil(LANES);
        Self {
            growth: vec![[f64::INFINITY; LANES]; tiles],
            time: vec![[f64::INFINITY; LANES]; tiles],
            steepness: vec![[0.0; LANES]; tiles],
        }
    }

    /// As input of the next layer.
    pub(crate) fn inputs(&self, post: usize) -> Inputs<'_> {
        Inputs { growth: &self.growth.as_flattened()[..post], time: &self.time.as_flattened()[..post] }
    }

    /// Time of a spike in units of `tau_syn`, from the origin.
    pub(crate) fn time<P: Potential>(&self, potential: P, neuron: usize) -> f64 {
        let growth = self.growth.as_flattened()[neuron];
        if growth == f64::INFINITY {
            return f64::INFINITY;
        }
        potential.time(growth, self.time.as_flattened()[neuron])
    }

    #[inline(always)]
    pub(crate) fn set<P: Potential>(&mut self, potential: P, tile: usize, found: &Found, shift: Moments) {
        let (moment, steepness) = potential.crossing(found.sums);
        let silent = Lanes::splat(f64::INFINITY);
        self.growth[tile] = found.waiting.select(silent, moment.growth * shift.growth).0;
        self.steepness[tile] = steepness.0;
        if P::NEEDS_TIME {
            self.time[tile] = found.waiting.select(silent, potential.later(moment.time, shift.time)).0;
        }
    }
}
