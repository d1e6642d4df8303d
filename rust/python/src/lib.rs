//! The Python face of the Rust crates: names, defaults, arrays ↔ slices, errors ↔ exceptions. No logic of its own.

use pyo3::prelude::*;

mod gradient;
mod simulate;

#[pymodule]
mod _core {
    #[pymodule_export]
    use super::gradient::{
        first_spike_backward, first_spike_forward, shift_invariant_mse,
        time_to_first_spike_cross_entropy,
    };
    #[pymodule_export]
    use super::simulate::platform_names;
}
