//! What a compiled spiking network costs on each platform: latency, energy, memory.
//!
//! A [`Structure`] says what a program is made of, a [`Census`] what one recording made it do, a [`Profile`] what a
//! platform can hold and what its operations cost. [`price`](price::price) puts the three together: counts follow from
//! spikes and delays under the time model of the profile, constants are intervals with a source, and whatever is unsourced
//! is named and left out of every total. docs/platforms.md has the formulas.

mod arrivals;
pub mod barrier;
pub mod bill;
pub mod census;
mod constant;
pub mod continuous;
pub mod cpu;
mod dispatch;
pub mod interval;
pub mod json;
pub mod load;
pub mod mapping;
mod memory;
pub mod partition;
pub mod price;
pub mod profile;
pub mod program;
pub mod queue;
pub mod recording;
pub mod report;
mod rule;
pub mod simulate;
pub mod structure;
pub mod units;

pub use bill::{Bill, Count, Group, MemoryLine, Term};
pub use census::{Census, Spike};
pub use dispatch::Dispatched;
pub use interval::Interval;
pub use load::ProfileError;
pub use memory::HostMemory;
pub use partition::{PartitionError, PartitionedProcessor};
pub use price::{Estimate, Line, Quantity, price};
pub use profile::{Constant, Profile, TimeModel};
pub use recording::{Decision, Recording, RecordingError, record};
pub use report::{Report, report};
pub use rule::Rule;
pub use simulate::{Simulation, obstacles, simulate};
pub use structure::{Axon, Population, Run, Structure};
