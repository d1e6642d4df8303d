//! Weights and delays from the spikes of one population to a layer.

use crate::Delays;
use crate::events::error::{Error, check_elements, check_length};

/// Weights (post, pre) and delays in seconds, checked.
#[derive(Clone, Copy, Debug)]
pub struct Synapses<'a> {
    pub(crate) pre: usize,
    pub(crate) post: usize,
    pub(crate) weights: &'a [f64],
    pub(crate) delays: Delays<'a>,
}

impl<'a> Synapses<'a> {
    /// Weights, \[post\]\[pre\], and delays in seconds.
    ///
    /// # Errors
    /// [`Error::Parameter`] for no neurons or no inputs, [`Error::Length`], [`Error::Element`] for weights that are not finite
    /// and delays that are negative or not finite.
    pub fn new(pre: usize, post: usize, weights: &'a [f64], delays: Delays<'a>) -> Result<Self, Error> {
        for (name, count) in [("the number of inputs", pre), ("the number of neurons", post)] {
            if count == 0 || count > u32::MAX as usize {
                return Err(Error::Parameter { name, value: count as f64, range: "at least 1" });
            }
        }
        check_length("weights", weights.len(), post * pre)?;
        check_elements("weights", weights, "finite", f64::is_finite)?;
        let synapses = Self { pre, post, weights, delays };
        let (values, expected) = match delays {
            Delays::None => (&[][..], 0),
            Delays::Scalar(ref delay) => (std::slice::from_ref(delay), 1),
            Delays::Axonal(values) => (values, pre),
            Delays::Dendritic(values) => (values, post),
            Delays::Synaptic(values) => (values, pre * post),
        };
        check_length("delays", values.len(), expected)?;
        check_elements("delays", values, "finite and at least 0 s", |d| d >= 0.0 && d.is_finite())?;
        Ok(synapses)
    }

    /// Where the delay of a synapse stands; none without delays.
    #[inline]
    pub(crate) fn place(&self, post: usize, pre: usize) -> Option<usize> {
        match self.delays {
            Delays::None => None,
            Delays::Scalar(_) => Some(0),
            Delays::Axonal(_) => Some(pre),
            Delays::Dendritic(_) => Some(post),
            Delays::Synaptic(_) => Some(post * self.pre + pre),
        }
    }

    /// In seconds.
    #[inline]
    pub(crate) fn delay(&self, post: usize, pre: usize) -> f64 {
        match self.delays {
            Delays::None => 0.0,
            Delays::Scalar(delay) => delay,
            Delays::Axonal(delays) => delays[pre],
            Delays::Dendritic(delays) => delays[post],
            Delays::Synaptic(delays) => delays[post * self.pre + pre],
        }
    }

    #[inline]
    pub(crate) fn weight(&self, post: usize, pre: usize) -> f64 {
        self.weights[post * self.pre + pre]
    }

    /// All different delays in seconds; one of 0 without delays.
    pub(crate) fn delay_values(&self) -> &[f64] {
        match &self.delays {
            Delays::None => &[0.0],
            Delays::Scalar(delay) => std::slice::from_ref(delay),
            Delays::Axonal(values) | Delays::Dendritic(values) | Delays::Synaptic(values) => values,
        }
    }

    /// Number of derivatives with respect to delays.
    pub(crate) fn delay_count(&self) -> usize {
        if matches!(self.delays, Delays::None) { 0 } else { self.delay_values().len() }
    }

    /// In seconds; 0 without delays.
    pub(crate) fn shortest_delay(&self) -> f64 {
        self.delay_values().iter().copied().fold(f64::INFINITY, f64::min)
    }
}
