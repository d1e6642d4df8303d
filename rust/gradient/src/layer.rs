//! A layer's parameters, checked once and laid out for the loops over its neurons.

use crate::error::{check_elements, check_length};
use crate::potential::{Double, Equal, Moment, NonLeaky, Potential};
use crate::{Error, Neuron, Ratio};

/// Neurons that are computed side by side. Their parameters lie next to each other: \[tile\]\[pre\]\[lane\].
pub(crate) const LANES: usize = 4;
pub(crate) type Lanes = [f64; LANES];

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

/// Delays in units of `tau_syn`, where the loops want them.
#[derive(Clone, Debug)]
pub(crate) enum PackedDelays {
    None,
    Scalar(f64),
    Axonal(Vec<f64>),
    Dendritic(Vec<Lanes>),
    Synaptic(Vec<Lanes>),
}

impl PackedDelays {
    /// All of them, in the shape in which they were given.
    pub(crate) fn unpacked(&self, pre: usize, post: usize) -> Vec<f64> {
        match self {
            Self::None => Vec::new(),
            Self::Scalar(delay) => vec![*delay],
            Self::Axonal(delays) => delays.clone(),
            Self::Dendritic(delays) => unpack(delays, 1, post),
            Self::Synaptic(delays) => unpack(delays, pre, post),
        }
    }

    /// All of them, in the order in which they lie.
    pub(crate) fn values_mut(&mut self) -> &mut [f64] {
        match self {
            Self::None => &mut [],
            Self::Scalar(delay) => std::slice::from_mut(delay),
            Self::Axonal(delays) => delays,
            Self::Dendritic(delays) | Self::Synaptic(delays) => delays.as_flattened_mut(),
        }
    }
}

/// A layer of first-spike neurons and the projection into it.
#[derive(Clone, Debug)]
pub struct Layer {
    pub(crate) pre: usize,
    pub(crate) post: usize,
    pub(crate) neuron: Neuron,
    pub(crate) weights: Vec<Lanes>,
    pub(crate) delays: PackedDelays,
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
        check_elements("weights", weights, "finite", f64::is_finite)?;
        let check = |values: &[f64], expected| {
            check_length("delays", values.len(), expected)?;
            check_elements("delays", values, "finite and at least 0 s", |d| d >= 0.0 && d.is_finite())
        };
        let unit = neuron.tau_syn();
        let in_units = |values: &[f64]| values.iter().map(|d| d / unit).collect::<Vec<f64>>();
        let delays = match delays {
            Delays::None => PackedDelays::None,
            Delays::Scalar(delay) => {
                check(&[delay], 1)?;
                PackedDelays::Scalar(delay / unit)
            }
            Delays::Axonal(values) => {
                check(values, pre)?;
                PackedDelays::Axonal(in_units(values))
            }
            Delays::Dendritic(values) => {
                check(values, post)?;
                PackedDelays::Dendritic(pack(&in_units(values), 1, post))
            }
            Delays::Synaptic(values) => {
                check(values, pre * post)?;
                PackedDelays::Synaptic(pack(&in_units(values), pre, post))
            }
        };
        Ok(Self { pre, post, neuron, weights: pack(weights, pre, post), delays })
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
        let mut delays = self.delays.unpacked(self.pre, self.post);
        delays.iter_mut().for_each(|d| *d *= self.neuron.tau_syn());
        delays
    }

    /// The same layer with other weights and delays, in the shapes of [`Layer::weights`] and [`Layer::delays`].
    ///
    /// # Errors
    /// As [`Layer::new`].
    pub fn with(&self, weights: &[f64], delays: &[f64]) -> Result<Self, Error> {
        let delays = match &self.delays {
            PackedDelays::None => Delays::None,
            PackedDelays::Scalar(_) => {
                check_length("delays", delays.len(), 1)?;
                Delays::Scalar(delays[0])
            }
            PackedDelays::Axonal(_) => Delays::Axonal(delays),
            PackedDelays::Dendritic(_) => Delays::Dendritic(delays),
            PackedDelays::Synaptic(_) => Delays::Synaptic(delays),
        };
        Self::new(self.pre, self.post, self.neuron, weights, delays)
    }

    /// Delays as factors of growth.
    pub(crate) fn stretch(&self) -> Stretch {
        match self.neuron.ratio() {
            Ratio::Double => Stretch::new::<Double>(self),
            Ratio::Equal => Stretch::new::<Equal>(self),
            Ratio::NonLeaky => Stretch::new::<NonLeaky>(self),
        }
    }

    /// Largest delay in units of `tau_syn`.
    pub(crate) fn longest_delay(&self) -> f64 {
        match &self.delays {
            PackedDelays::None => 0.0,
            PackedDelays::Scalar(delay) => *delay,
            PackedDelays::Axonal(delays) => delays.iter().copied().fold(0.0, f64::max),
            PackedDelays::Dendritic(delays) | PackedDelays::Synaptic(delays) => {
                delays.iter().flatten().copied().fold(0.0, f64::max)
            }
        }
    }

    /// Delay of a synapse in units of `tau_syn`.
    pub(crate) fn delay(&self, post: usize, pre: usize) -> f64 {
        match &self.delays {
            PackedDelays::None => 0.0,
            PackedDelays::Scalar(delay) => *delay,
            PackedDelays::Axonal(delays) => delays[pre],
            PackedDelays::Dendritic(delays) => delays[post / LANES][post % LANES],
            PackedDelays::Synaptic(delays) => delays[post / LANES * self.pre + pre][post % LANES],
        }
    }

    pub(crate) fn weight(&self, post: usize, pre: usize) -> f64 {
        self.weights[post / LANES * self.pre + pre][post % LANES]
    }
}

/// Delays as factors of growth beside the delays themselves, computed once for a batch.
#[derive(Clone, Debug)]
pub(crate) enum Stretch {
    None,
    /// One per input.
    Inputs(Vec<Moment>),
    /// One per neuron: a delay common to all inputs shifts the spike.
    Neurons(Vec<[Moment; LANES]>),
    /// One per synapse.
    Synapses { growth: Vec<Lanes>, time: Vec<Lanes> },
}

impl Stretch {
    pub(crate) fn new<P: Potential>(layer: &Layer) -> Self {
        let moment = |time: f64| Moment { growth: P::growth(time), time };
        match &layer.delays {
            PackedDelays::None => Self::None,
            PackedDelays::Scalar(delay) => {
                Self::Neurons(vec![[moment(*delay); LANES]; layer.post.div_ceil(LANES)])
            }
            PackedDelays::Axonal(delays) => Self::Inputs(delays.iter().map(|&d| moment(d)).collect()),
            PackedDelays::Dendritic(delays) => {
                Self::Neurons(delays.iter().map(|lanes| lanes.map(moment)).collect())
            }
            PackedDelays::Synaptic(delays) => Self::Synapses {
                growth: delays.iter().map(|lanes| lanes.map(P::growth)).collect(),
                time: delays.clone(),
            },
        }
    }
}

/// (post, pre), row by row -> \[tile\]\[pre\]\[lane\], zero where there is no neuron.
pub(crate) fn pack(values: &[f64], pre: usize, post: usize) -> Vec<Lanes> {
    let mut packed = vec![[0.0; LANES]; post.div_ceil(LANES) * pre];
    for (j, row) in values.chunks_exact(pre).enumerate() {
        for (i, &value) in row.iter().enumerate() {
            packed[j / LANES * pre + i][j % LANES] = value;
        }
    }
    packed
}

/// The reverse of [`pack`].
pub(crate) fn unpack(packed: &[Lanes], pre: usize, post: usize) -> Vec<f64> {
    (0..pre * post).map(|k| packed[k / pre / LANES * pre + k % pre][k / pre % LANES]).collect()
}
