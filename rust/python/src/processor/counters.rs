//! What a processor counted, as dictionaries.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use tarry_core::{Counts, Population, Tally};

/// Totals of operations by name.
pub(crate) fn entries<'py>(py: Python<'py>, counts: &Counts) -> PyResult<Bound<'py, PyDict>> {
    let Counts { steps, runs, deliveries, updates, spikes, searches, evaluations } = *counts;
    let entry = PyDict::new(py);
    for (name, value) in [
        ("steps", steps),
        ("runs", runs),
        ("deliveries", deliveries),
        ("updates", updates),
        ("spikes", spikes),
        ("searches", searches),
        ("evaluations", evaluations),
    ] {
        entry.set_item(name, value)?;
    }
    Ok(entry)
}

/// Adds the totals of another processor.
pub(crate) fn add_counts(totals: &mut Counts, more: &Counts) {
    let Counts { steps, runs, deliveries, updates, spikes, searches, evaluations } = *more;
    totals.steps += steps;
    totals.runs += runs;
    totals.deliveries += deliveries;
    totals.updates += updates;
    totals.spikes += spikes;
    totals.searches += searches;
    totals.evaluations += evaluations;
}

/// What became of the spikes of one population.
pub(crate) struct Account {
    tally: Tally,
    capacity: u32,
    saturations: u64,
}

impl Account {
    pub(crate) fn of(population: &Population) -> Self {
        let Population { saturations, .. } = *population;
        Self { tally: *population.tally(), capacity: population.capacity(), saturations }
    }

    /// Adds that of another processor; the peak becomes the higher one.
    pub(crate) fn add(&mut self, more: &Self) {
        let Tally { offered, accepted, rejected, dropped, peak } = more.tally;
        self.tally.offered += offered;
        self.tally.accepted += accepted;
        self.tally.rejected += rejected;
        self.tally.dropped += dropped;
        self.tally.peak = self.tally.peak.max(peak);
        self.saturations += more.saturations;
    }

    pub(crate) fn entry<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let Tally { offered, accepted, rejected, dropped, peak } = self.tally;
        let entry = PyDict::new(py);
        entry.set_item("offered", offered)?;
        entry.set_item("accepted", accepted)?;
        entry.set_item("rejected", rejected)?;
        entry.set_item("dropped", dropped)?;
        entry.set_item("peak", peak)?;
        entry.set_item("capacity", self.capacity)?;
        entry.set_item("saturations", self.saturations)?;
        Ok(entry)
    }
}
