//! Where the queues, sums and states of clocked populations and projections lie in the arenas.

use super::View;
use super::projection::{Accumulator, Layout, Projection};
use super::record::Offsets;

/// Running totals of the arenas that projections use, after those of the populations.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Places {
    pub(crate) narrow_sources: u32,
    pub(crate) wide_sources: u32,
    pub(crate) starts: u32,
    pub(crate) bits: u32,
    pub(crate) narrow_sums: u32,
    pub(crate) wide_sums: u32,
    pub(crate) states: u32,
    pub(crate) readouts: u32,
    pub(crate) fired: u32,
}

impl Places {
    /// The totals after the populations.
    pub(crate) fn after(view: &View) -> Self {
        let mut offsets = Offsets::default();
        for record in view.records {
            offsets.place(record);
        }
        Self {
            narrow_sources: offsets.narrow,
            wide_sources: offsets.wide,
            starts: offsets.starts,
            bits: offsets.bits,
            states: offsets.states,
            readouts: offsets.readouts,
            fired: offsets.fired,
            ..Self::default()
        }
    }

    /// Completes a projection with its sizes and places, and advances past it.
    pub(crate) fn place(&mut self, projection: &mut Projection, view: &View) {
        let source = view.population(projection.source).unwrap_or_default();
        let target = view.population(projection.target).unwrap_or_default();
        (projection.sources, projection.targets) = (source.size, target.size);
        let add = |total: &mut u32, more: u32| *total = total.saturating_add(more);
        (projection.first_sum, projection.first_wide) = (self.wide_sums, self.wide_sums);
        match (projection.layout, projection.accumulator) {
            (Layout::Packed, Accumulator::Narrow) => {
                projection.first_sum = self.narrow_sums;
                add(&mut self.narrow_sums, projection.sums());
            }
            (Layout::Packed, Accumulator::Guarded) => {
                projection.first_sum = self.narrow_sums;
                add(&mut self.narrow_sums, projection.sums());
                add(&mut self.wide_sums, projection.sums());
            }
            _ => add(&mut self.wide_sums, projection.sums()),
        }
        if projection.layout == Layout::Own {
            let ticks =
                (projection.longest.saturating_add(1)).checked_next_power_of_two().unwrap_or_default();
            projection.due_shift = ticks.trailing_zeros() as u8;
            let rows = projection.sources.saturating_mul(projection.blocks);
            if source.queue.is_bitmap {
                projection.first_due = self.bits;
                add(&mut self.bits, ticks.saturating_mul(rows.div_ceil(64)));
            } else {
                projection.first_due = self.starts;
                let links = source.queue.places.saturating_mul(projection.blocks);
                add(&mut self.starts, ticks.saturating_add(links));
            }
        }
    }
}
