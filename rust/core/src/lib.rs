//! Spiking networks with delays, in integers: event-driven and clocked neurons in one engine.
//!
//! A [`Program`] is a checked view of the bytes that the compiler wrote; a [`Processor`] runs it in memory that the
//! caller gives. Spikes go in with [`Processor::push`], the due work is done by [`Processor::run_until`], spikes come
//! out of [`Processor::pop`], and [`Processor::next_deadline`] says when there is work again. Time is a `u64` count
//! of ticks that the caller passes in; nothing here reads a clock.
//!
//! Invariants: no heap, no float, no `unsafe`, no panic on any bytes or any stream of spikes. The result depends on
//! the spikes alone, never on how the stream was split or in which order the deliveries of one tick were summed.
//! `docs/semantics.md` says what every number means, `docs/format.md` what every byte means.

#![no_std]
#![deny(
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

mod agenda;
mod bitset;
#[allow(
    clippy::inline_always,
    reason = "kernels become part of callers that are compiled for other instruction sets"
)]
mod clock;
mod crc;
mod digest;
mod error;
mod fixed;
mod history;
pub mod kernels;
mod lif;
mod memory;
mod prediction;
mod probe;
mod processor;
mod program;
mod push;
mod snapshot;
mod spike;
mod start;
mod table;
mod tick;

pub use bitset::Bitset;
pub use crc::crc32;
pub use digest::Digest;
pub use error::{ProcessorError, PushError};
pub use history::{Entry, Tally};
pub use kernels::{Kernels, Portable};
pub use lif::{Neuron, Phase};
pub use memory::{Arenas, Memory, Plan};
pub use probe::{Counts, Probe};
pub use processor::Processor;
pub use program::{
    Accumulator, Constants, Field, Kind, Layout, Population, Program, ProgramError, Projection, Readout,
    Reset, Run, Section, Synapse,
};
pub use snapshot::{SnapshotError, snapshot_notes};
pub use spike::{NEVER, Spike, TICK_LIMIT};
