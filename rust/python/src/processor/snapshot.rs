//! The whole state of a processor, as an object that can be saved.

use super::Engine;
use crate::error::Error;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use tarry_core::{Counts, SnapshotError, snapshot_notes};

/// The state of a processor between two ticks: what it was made to do before, it will do again.
#[pyclass(name = "Snapshot", module = "tarry._core", frozen)]
pub(crate) struct PySnapshot {
    bytes: Vec<u8>,
}

#[pymethods]
impl PySnapshot {
    #[new]
    #[pyo3(signature = (data, /))]
    fn new(data: &[u8]) -> Result<Self, Error> {
        snapshot_notes(data)?;
        Ok(Self { bytes: data.to_vec() })
    }

    /// The bytes of the snapshot.
    #[getter]
    fn bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.bytes)
    }

    fn __getnewargs__<'py>(&self, py: Python<'py>) -> (Bound<'py, PyBytes>,) {
        (self.bytes(py),)
    }
}

/// The state of a processor, with what it counted.
pub(crate) fn take(engine: &mut Engine) -> PySnapshot {
    let counted: Vec<u8> = words(engine.probe()).into_iter().flat_map(u64::to_le_bytes).collect();
    let mut bytes = Vec::new();
    engine.save(&counted, |piece| bytes.extend_from_slice(piece));
    PySnapshot { bytes }
}

/// Puts a processor into the state of a snapshot.
pub(crate) fn restore(engine: &mut Engine, snapshot: &PySnapshot) -> Result<(), Error> {
    let notes = engine.restore(&snapshot.bytes)?;
    let mut counted = notes.as_chunks::<8>().0.iter().map(|&bytes| u64::from_le_bytes(bytes));
    // Another host may keep other notes; what it counted is then not known.
    let mut next = || counted.next().unwrap_or_default();
    *engine.probe_mut() = Counts {
        steps: next(),
        runs: next(),
        deliveries: next(),
        updates: next(),
        spikes: next(),
        searches: next(),
        evaluations: next(),
    };
    Ok(())
}

fn words(counts: &Counts) -> [u64; 7] {
    let Counts { steps, runs, deliveries, updates, spikes, searches, evaluations } = *counts;
    [steps, runs, deliveries, updates, spikes, searches, evaluations]
}

impl From<SnapshotError> for Error {
    fn from(error: SnapshotError) -> Self {
        Self::Argument(error.to_string())
    }
}
