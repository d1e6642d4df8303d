//! `firmware_sim` for Python: profiles, limits, reports as JSON.

use pyo3::prelude::*;

#[pyfunction]
pub(crate) fn platform_names() -> Vec<String> {
    Vec::new()
}
