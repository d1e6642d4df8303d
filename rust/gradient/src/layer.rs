//! A layer's parameters, checked once and laid out for the loops over its neurons.

use crate::error::{check_elements, check_length};
use crate::lanes::{LANES, Lanes, Mask};
use crate::potential::{Moments, Potential, with_potential};
use crate::{Error, Neuron};

/// Delays of a projection in seconds, finite and at least 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Delays<'a> {
    /// All inputs arrive at once.
    None,
    /// One delay for all synapses.
    Scalar(f64),
    /// One per input: shape (1, pre).
    Axonal(&'a [f64]),
    /// One per neuron: shape (post, 1).
    Dendritic(&'a [f64]),
    /// One per synapse: shape (post, pre).
    Synaptic(&'a [f64]),
}

/// What the delays belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    None,
    Scalar,
    Axonal,
    Dendritic,
    Synaptic,
}

impl Kind {
    /// (pre, post) of the table that [`pack`] lays the delays out as.
    fn table(self, pre: usize, post: usize) -> (usize, usize) {
        match self {
            Self::None => (1, 0),
            Self::Scalar => (1, 1),
            Self::Axonal => (1, pre),
            Self::Dendritic => (1, post),
            Self::Synaptic => (pre, post),
        }
    }
}

/// In units of the threshold; sums of squares of larger ones could overflow.
const LARGEST_WEIGHT: f64 = 1e60;

/// A layer of first-spike neurons and the projection into it.
#[derive(Clone, Debug)]
pub struct Layer {
    pub(crate) pre: usize,
    pub(crate) post: usize,
    pub(crate) neuron: Neuron,
    pub(crate) weights: Vec<Lanes>,
    pub(crate) kind: Kind,
    /// In units of `tau_syn`.
    pub(crate) delays: Vec<Lanes>,
}

impl Layer {
    /// Takes `weights` of shape (post, pre), row by row, dimensionless.
    ///
    /// # Errors
    /// [`Error::Empty`] without inputs or neurons, [`Error::Length`] where an array does not fit, [`Error::Element`] for
    /// weights that are not finite and delays that are negative or not finite.
    pub fn new(
        pre: usize,
        post: usize,
        neuron: Neuron,
        weights: &[f64],
        delays: Delays<'_>,
    ) -> Result<Self, Error> {
        if pre == 0 || post == 0 {
            return Err(Error::Empty { name: if pre == 0 { "the input of the layer" } else { "the layer" } });
        }
        check_length("weights", weights.len(), pre * post)?;
        let largest = LARGEST_WEIGHT * neuron.threshold();
        check_elements("weights", weights, "finite and at most 1e60 thresholds", |w| w.abs() <= largest)?;
        let (kind, values) = match &delays {
            Delays::None => (Kind::None, &[][..]),
            Delays::Scalar(delay) => (Kind::Scalar, std::slice::from_ref(delay)),
            Delays::Axonal(values) => (Kind::Axonal, *values),
            Delays::Dendritic(values) => (Kind::Dendritic, *values),
            Delays::Synaptic(values) => (Kind::Synaptic, *values),
        };
        let table = kind.table(pre, post);
        check_length("delays", values.len(), table.0 * table.1)?;
        check_elements("delays", values, "finite and at least 0 s", |d| d >= 0.0 && d.is_finite())?;
        let values: Vec<f64> = values.iter().map(|d| d / neuron.tau_syn()).collect();
        let delays = pack(&values, table.0, table.1);
        Ok(Self { pre, post, neuron, weights: pack(weights, pre, post), kind, delays })
    }

    /// Number of inputs.
    #[must_use]
    pub fn pre(&self) -> usize {
        self.pre
    }

    /// Number of neurons.
    #[must_use]
    pub fn post(&self) -> usize {
        self.post
    }

    /// Weights of shape (post, pre), row by row.
    #[must_use]
    pub fn weights(&self) -> Vec<f64> {
        unpack(&self.weights, self.pre, self.post)
    }

    /// Delays in seconds, in the shape in which they were given; empty without delays.
    #[must_use]
    pub fn delays(&self) -> Vec<f64> {
        self.unpack_delays(&self.delays).into_iter().map(|delay| delay * self.neuron.tau_syn()).collect()
    }

    /// What is laid out like the delays, in the shape in which these were given.
    pub(crate) fn unpack_delays(&self, packed: &[Lanes]) -> Vec<f64> {
        let (pre, post) = self.kind.table(self.pre, self.post);
        unpack(packed, pre, post)
    }

    /// The same layer with other weights and delays, in the shapes of [`Layer::weights`] and [`Layer::delays`].
    ///
    /// # Errors
    /// As [`Layer::new`].
    pub fn with(&self, weights: &[f64], delays: &[f64]) -> Result<Self, Error> {
        let delays = match self.kind {
            Kind::None => Delays::None,
            Kind::Scalar => Delays::Scalar(delays.iter().sum()),
            Kind::Axonal => Delays::Axonal(delays),
            Kind::Dendritic => Delays::Dendritic(delays),
            Kind::Synaptic => Delays::Synaptic(delays),
        };
        Self::new(self.pre, self.post, self.neuron, weights, delays)
    }

    /// Delays as factors of growth.
    pub(crate) fn stretch(&self) -> Stretch {
        with_potential!(self.neuron.ratio(), potential => Stretch::new(potential, self))
    }

    /// Largest delay in units of `tau_syn`.
    pub(crate) fn longest_delay(&self) -> f64 {
        self.delays.iter().flat_map(|lanes| lanes.0).fold(0.0, f64::max)
    }

    /// Delay of a synapse in units of `tau_syn`.
    pub(crate) fn delay(&self, post: usize, pre: usize) -> f64 {
        let (row, place) = match self.kind {
            Kind::None => return 0.0,
            Kind::Scalar => (0, 0),
            Kind::Axonal => (pre / LANES, pre % LANES),
            Kind::Dendritic => (post / LANES, post % LANES),
            Kind::Synaptic => (post / LANES * self.pre + pre, post % LANES),
        };
        self.delays[row].0[place]
    }

    /// Lanes of a tile that hold a neuron: all but in the last tile.
    #[inline(always)]
    pub(crate) fn present(&self, tile: usize) -> Mask {
        let count = self.post - tile * LANES;
        if count >= LANES { Mask::ALL } else { Mask::first(count) }
    }

    pub(crate) fn weight(&self, post: usize, pre: usize) -> f64 {
        self.weights[post / LANES * self.pre + pre].0[post % LANES]
    }
}

/// Delays as factors of growth beside the bent delays, computed once for a batch.
#[derive(Clone, Debug)]
pub(crate) enum Stretch {
    None,
    /// One per input.
    Inputs {
        growth: Vec<f64>,
        time: Vec<f64>,
    },
    /// One per neuron: a delay common to all inputs shifts the spike.
    Neurons(Vec<Moments>),
    /// One per synapse.
    Synapses {
        growth: Vec<Lanes>,
        time: Vec<Lanes>,
    },
}

impl Stretch {
    pub(crate) fn new<P: Potential>(potential: P, layer: &Layer) -> Self {
        let growth = |delay: f64| potential.growth(delay);
        let bend = |delay: f64| potential.bend(delay);
        let moments = |delay: &Lanes| Moments { growth: delay.map(growth), time: delay.map(bend) };
        match layer.kind {
            Kind::None => Self::None,
            Kind::Scalar => {
                let shift = moments(&Lanes::splat(layer.delays[0].0[0]));
                Self::Neurons(vec![shift; layer.post.div_ceil(LANES)])
            }
            Kind::Axonal => {
                let delays = layer.unpack_delays(&layer.delays);
                Self::Inputs {
                    growth: delays.iter().copied().map(growth).collect(),
                    time: delays.into_iter().map(bend).collect(),
                }
            }
            Kind::Dendritic => Self::Neurons(layer.delays.iter().map(moments).collect()),
            Kind::Synaptic => Self::Synapses {
                growth: layer.delays.iter().map(|delay| delay.map(growth)).collect(),
                time: layer.delays.iter().map(|delay| delay.map(bend)).collect(),
            },
        }
    }
}

/// (post, pre), row by row -> \[tile\]\[pre\]\[lane\], zero where there is no neuron.
pub(crate) fn pack(values: &[f64], pre: usize, post: usize) -> Vec<Lanes> {
    let mut packed = vec![Lanes::ZERO; post.div_ceil(LANES) * pre];
    for (j, row) in values.chunks_exact(pre).enumerate() {
        for (i, &value) in row.iter().enumerate() {
            packed[j / LANES * pre + i].0[j % LANES] = value;
        }
    }
    packed
}

/// The reverse of [`pack`].
pub(crate) fn unpack(packed: &[Lanes], pre: usize, post: usize) -> Vec<f64> {
    let mut values = Vec::with_capacity(pre * post);
    for j in 0..post {
        let tile = &packed[j / LANES * pre..][..pre];
        values.extend(tile.iter().map(|lanes| lanes.0[j % LANES]));
    }
    values
}
