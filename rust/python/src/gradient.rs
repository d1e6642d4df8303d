//! `tarry-gradient` for numpy arrays.

use pyo3::prelude::*;

#[pyfunction]
pub(crate) fn first_spike_forward() {}
