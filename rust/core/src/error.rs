//! What a processor refuses, and why.

use core::fmt;

/// Why a processor cannot be built: an arena is shorter than the plan says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessorError {
    /// Which arena of [`crate::Memory`].
    pub arena: &'static str,
    /// Elements it must have.
    pub needed: usize,
    /// Elements it has.
    pub given: usize,
}

impl fmt::Display for ProcessorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { arena, needed, given } = self;
        write!(f, "arena `{arena}` has {given} elements; the program needs {needed}")
    }
}

impl core::error::Error for ProcessorError {}

/// Why spikes were refused; none of the call was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushError {
    /// There are more ticks than channels, or fewer.
    Lengths {
        /// How many ticks.
        ticks: usize,
        /// How many channels.
        channels: usize,
    },
    /// A spike lies before one that was pushed earlier, or before the present.
    Late {
        /// Its position in the call.
        index: usize,
        /// Its tick.
        tick: u64,
        /// The earliest tick that could be taken.
        earliest: u64,
    },
    /// A tick lies beyond [`crate::TICK_LIMIT`].
    TooFar {
        /// Its position in the call.
        index: usize,
    },
    /// There is no such channel.
    Channel {
        /// Its position in the call.
        index: usize,
        /// The channel.
        channel: u32,
        /// How many channels there are.
        channels: u32,
    },
}

impl fmt::Display for PushError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lengths { ticks, channels } => {
                write!(f, "there are {ticks} times and {channels} channels; every spike needs one of each")
            }
            Self::Late { index, tick, earliest } => {
                write!(
                    f,
                    "spike {index} has tick {tick}; times must not decrease, and the next may be {earliest}"
                )
            }
            Self::TooFar { index } => write!(f, "spike {index} lies beyond the last tick, 2^62"),
            Self::Channel { index, channel, channels } => {
                write!(f, "spike {index} has channel {channel}; the program has {channels}, counted from 0")
            }
        }
    }
}

impl core::error::Error for PushError {}
