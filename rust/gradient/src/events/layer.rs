//! A layer of neurons that spike many times.

use crate::events::error::{Error, check_elements, check_length};
use crate::events::membrane::Membrane;
use crate::events::synapses::Synapses;

/// What happens to the potential at a spike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// V becomes 0.
    ToZero,
    /// The threshold is subtracted from V. With currents (`tau_syn` > 0) V stands at the threshold then, and this is
    /// the same as [`Reset::ToZero`].
    BySubtraction,
    /// V becomes 0 and stays there: one spike at most.
    Once,
}

/// Neurons, the synapses that feed them, and those between them.
#[derive(Clone, Copy, Debug)]
pub struct Layer<'a> {
    pub(crate) membrane: Membrane,
    pub(crate) thresholds: &'a [f64],
    pub(crate) reset: Reset,
    /// In seconds; infinite for [`Reset::Once`].
    pub(crate) refractory: f64,
    pub(crate) feed: Synapses<'a>,
    pub(crate) recurrent: Option<Synapses<'a>>,
}

impl<'a> Layer<'a> {
    /// One threshold per neuron; the refractory period in seconds. Delays between the neurons must be positive.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::Element`] for thresholds and recurrent delays that are not positive,
    /// [`Error::Parameter`] for the refractory period.
    pub fn new(
        membrane: Membrane,
        thresholds: &'a [f64],
        reset: Reset,
        refractory: f64,
        feed: Synapses<'a>,
        recurrent: Option<Synapses<'a>>,
    ) -> Result<Self, Error> {
        check_length("threshold", thresholds.len(), feed.post)?;
        check_elements("threshold", thresholds, "positive and finite", |v| v > 0.0 && v.is_finite())?;
        if !(refractory >= 0.0 && refractory.is_finite()) {
            let range = "at least 0 s and finite";
            return Err(Error::Parameter { name: "refractory", value: refractory, range });
        }
        if let Some(synapses) = recurrent {
            check_length("recurrent weights", synapses.weights.len(), feed.post * feed.post)?;
            let shortest = synapses.shortest_delay();
            if shortest <= 0.0 {
                return Err(Error::Parameter {
                    name: "the shortest recurrent delay",
                    value: shortest,
                    range: "positive: a spike reaches other neurons later than it leaves",
                });
            }
        }
        let refractory = if reset == Reset::Once { f64::INFINITY } else { refractory };
        Ok(Self { membrane, thresholds, reset, refractory, feed, recurrent })
    }

    /// Number of neurons.
    #[must_use]
    pub fn size(&self) -> usize {
        self.feed.post
    }
}
