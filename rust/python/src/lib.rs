//! The Python face of the Rust crates: names, defaults, arrays ↔ slices, errors ↔ exceptions. No logic of its own.
#![allow(clippy::needless_pass_by_value, reason = "arguments of Python functions arrive by value")]

use pyo3::prelude::*;

mod convert;
mod error;
mod events;
mod gradient;
mod partition;
mod processor;
mod program;
mod simulate;
mod stack;

#[pymodule]
mod _core {
    #[pymodule_export]
    use super::events::{read_out_backward, read_out_forward, spiking_backward, spiking_forward};
    #[pymodule_export]
    use super::gradient::{
        first_spike_backward, first_spike_constants_backward, first_spike_forward, shift_invariant_mse,
        time_to_first_spike_cross_entropy,
    };
    #[pymodule_export]
    use super::partition::PyPartitionedProcessor;
    #[pymodule_export]
    use super::processor::{PyProcessor, PySnapshot, run_recordings};
    #[pymodule_export]
    use super::program::PyProgram;
    #[pymodule_export]
    use super::simulate::{platform_json, platform_names, platform_obstacles, simulate_json};
    #[pymodule_export]
    use super::stack::first_spike_loss;
}
