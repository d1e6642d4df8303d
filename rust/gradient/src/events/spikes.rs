//! Batches of spikes.

use std::cmp::Ordering;
use std::ops::Range;

use crate::events::error::{Error, check_elements};

/// The spikes of a batch of samples, each sample in order of time.
#[derive(Clone, Copy, Debug)]
pub struct Spikes<'a> {
    /// In seconds.
    pub(crate) times: &'a [f64],
    pub(crate) channels: &'a [i64],
    offsets: &'a [i64],
    pub(crate) size: usize,
}

impl<'a> Spikes<'a> {
    /// Times in seconds and channels of all spikes; sample k holds those from `offsets[k]` to `offsets[k + 1]`.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::Offsets`], [`Error::Element`] for times that are not finite, [`Error::Unsorted`],
    /// [`Error::Channel`] for channels outside of `0..size`.
    pub fn new(
        times: &'a [f64],
        channels: &'a [i64],
        offsets: &'a [i64],
        size: usize,
    ) -> Result<Self, Error> {
        let count = times.len();
        super::error::check_length("channels", channels.len(), count)?;
        let in_order = offsets.windows(2).all(|pair| pair[0] <= pair[1]);
        if offsets.first() != Some(&0) || offsets.last() != Some(&(count as i64)) || !in_order {
            return Err(Error::Offsets { spikes: count });
        }
        check_elements("times", times, "finite", f64::is_finite)?;
        for (sample, ends) in offsets.windows(2).enumerate() {
            let range = ends[0] as usize..ends[1] as usize;
            if let Some(k) = times[range.clone()].windows(2).position(|pair| pair[0] > pair[1]) {
                return Err(Error::Unsorted { sample, spike: range.start + k + 1 });
            }
        }
        match channels.iter().position(|&c| c < 0 || c >= size as i64) {
            Some(spike) => Err(Error::Channel { spike, channel: channels[spike], size }),
            None => Ok(Self { times, channels, offsets, size }),
        }
    }

    /// Number of samples.
    #[must_use]
    pub fn batch(&self) -> usize {
        self.offsets.len() - 1
    }

    /// The spikes of a sample, as places in the batch.
    pub(crate) fn range(&self, sample: usize) -> Range<usize> {
        self.offsets[sample] as usize..self.offsets[sample + 1] as usize
    }

    /// Times and channels of a sample.
    pub(crate) fn sample(&self, sample: usize) -> (&'a [f64], &'a [i64]) {
        (&self.times[self.range(sample)], &self.channels[self.range(sample)])
    }
}

/// The spikes of a layer, and what the adjoint wants to know of each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Output {
    /// In seconds.
    pub times: Vec<f64>,
    /// Neurons.
    pub channels: Vec<i64>,
    /// Where each sample starts, and the end.
    pub offsets: Vec<i64>,
    /// [`TRACE`] numbers per spike: `slope`, `rise` and `left` of [`Emitted`].
    pub trace: Vec<f64>,
}

/// Numbers that the adjoint keeps of each spike, besides time and neuron.
pub const TRACE: usize = 3;

/// One spike of a neuron.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Emitted {
    pub time: f64,
    pub neuron: u32,
    /// dV/dt just before the spike. Delta synapses: how many arrivals caused it together, 0 where it follows at once
    /// from the spike before.
    pub slope: f64,
    /// dV/dt just after the release from the refractory period. Delta synapses: what moves the potential after the
    /// reset when the spike moves, times `tau_mem`.
    pub rise: f64,
    /// V just after the spike.
    pub left: f64,
}

impl Emitted {
    /// By time, then neuron, then as they came.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        let place = self.time.total_cmp(&other.time).then(self.neuron.cmp(&other.neuron));
        // Spikes of one neuron at one instant: the first has a cause, each leaves less than the one before.
        place.then(other.slope.total_cmp(&self.slope)).then(other.left.total_cmp(&self.left))
    }
}
