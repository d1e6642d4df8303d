//! What can be wrong with a batch of spikes or a layer of neurons that spike many times.

use std::fmt;

/// Why a computation was refused. The text says what is wrong, where, and what to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Error {
    /// A parameter is outside its range.
    Parameter {
        /// The argument's name.
        name: &'static str,
        /// What was given.
        value: f64,
        /// What is allowed.
        range: &'static str,
    },
    /// An element of an array is outside its range.
    Element {
        /// The argument's name.
        name: &'static str,
        /// Position in the flattened array.
        index: usize,
        /// What was given.
        value: f64,
        /// What is allowed.
        range: &'static str,
    },
    /// An array has the wrong number of elements.
    Length {
        /// The argument's name.
        name: &'static str,
        /// Number of elements given.
        found: usize,
        /// Number of elements needed.
        expected: usize,
    },
    /// The offsets do not cut the spikes into samples.
    Offsets {
        /// Number of spikes.
        spikes: usize,
    },
    /// Spikes of a sample are not in order of time.
    Unsorted {
        /// Sample of the batch.
        sample: usize,
        /// Spike of the batch, earlier than the one before it.
        spike: usize,
    },
    /// A spike of a channel that does not exist.
    Channel {
        /// Spike of the batch.
        spike: usize,
        /// What was given.
        channel: i64,
        /// Number of channels.
        size: usize,
    },
    /// A neuron fired more often than allowed.
    Storm {
        /// Sample of the batch.
        sample: usize,
        /// Neuron of the layer.
        neuron: usize,
        /// The limit.
        most: usize,
        /// When it was passed, in seconds.
        time: f64,
    },
    /// The potential does not rise at a spike, so the derivative there does not exist.
    Slope {
        /// Sample of the batch.
        sample: usize,
        /// Neuron of the layer.
        neuron: usize,
        /// When, in seconds.
        time: f64,
    },
    /// No pool of so many threads.
    Threads(crate::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parameter { name, value, range } => write!(f, "{name} is {value}; it must be {range}"),
            Self::Element { name, index, value, range } => {
                write!(f, "{name} holds {value} at flat index {index}; every element must be {range}")
            }
            Self::Length { name, found, expected } => {
                write!(f, "{name} has {found} elements; the other arguments need {expected}")
            }
            Self::Offsets { spikes } => write!(
                f,
                "offsets must start at 0, never decrease and end at {spikes}, the number of spikes: \
                 sample k holds the spikes offsets[k]..offsets[k + 1]"
            ),
            Self::Unsorted { sample, spike } => write!(
                f,
                "sample {sample} is not in order of time: spike {spike} of the batch is earlier than the one \
                 before it; sort the spikes of each sample by time"
            ),
            Self::Channel { spike, channel, size } => write!(
                f,
                "spike {spike} of the batch has channel {channel}; channels must lie in 0..{}",
                size.saturating_sub(1)
            ),
            Self::Storm { sample, neuron, most, time } => write!(
                f,
                "a spike storm: neuron {neuron} fires more than {most} times in sample {sample}, the last at \
                 {time} s; lower the weights, set a refractory period or until, or raise most_spikes"
            ),
            Self::Slope { sample, neuron, time } => write!(
                f,
                "the potential of neuron {neuron} only touches the threshold at {time} s in sample {sample}, so no \
                 derivative exists there; pass a slope_floor above 0"
            ),
            Self::Threads(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

pub(crate) fn check_elements(
    name: &'static str,
    values: &[f64],
    range: &'static str,
    allowed: impl Fn(f64) -> bool,
) -> Result<(), Error> {
    match values.iter().position(|&value| !allowed(value)) {
        Some(index) => Err(Error::Element { name, index, value: values[index], range }),
        None => Ok(()),
    }
}

pub(crate) fn check_length(name: &'static str, found: usize, expected: usize) -> Result<(), Error> {
    if found == expected { Ok(()) } else { Err(Error::Length { name, found, expected }) }
}
