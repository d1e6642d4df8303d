//! A program: bytes that were checked completely, and typed access to them.

mod check;
mod check_clocked;
mod header;
mod places;
mod population;
mod projection;
mod record;
mod synapses;

pub use crate::clock::readout::Readout;
pub use check::ProgramError;
pub(crate) use header::PREAMBLE;
pub use header::{Field, Section};
pub(crate) use places::Places;
pub use population::{Constants, Kind, Population, Reset};
pub use projection::{Accumulator, Layout, Projection};
pub use synapses::Synapse;

use crate::memory::Plan;
use crate::table::Words;

/// Synapses with one source and one delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Delay in ticks.
    pub delay: u32,
    /// Its first synapse; it ends where the next run begins.
    pub first_synapse: u32,
}

/// A checked program over bytes that it borrows or owns.
#[derive(Clone, Debug)]
pub struct Program<B> {
    bytes: B,
    layout: header::Layout,
    plan: Plan,
}

impl<B: AsRef<[u8]>> Program<B> {
    /// Checks the bytes completely; afterwards no index in them can go out of range.
    ///
    /// # Errors
    /// [`ProgramError`] says what is wrong and where.
    pub fn parse(bytes: B) -> Result<Self, ProgramError> {
        let layout = header::Layout::read(bytes.as_ref())?;
        let plan = check::check(&View::new(bytes.as_ref(), &layout), &layout, bytes.as_ref())?;
        Ok(Self { bytes, layout, plan })
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.as_ref()
    }

    /// The memory that a processor of this program needs.
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The bits of the IEEE 754 double that is the length of a tick in seconds.
    pub const fn tick_seconds_bits(&self) -> u64 {
        self.layout.tick_seconds_bits
    }

    /// The width of the weights in bits.
    pub const fn weight_bits(&self) -> u8 {
        self.layout.weight_bits
    }

    /// The notes of the compiler: JSON, for people and tools; nothing here depends on it.
    pub fn notes(&self) -> &str {
        core::str::from_utf8(self.layout.section(self.bytes.as_ref(), Section::Notes)).unwrap_or_default()
    }

    /// How many populations there are.
    pub const fn populations(&self) -> usize {
        self.plan.populations
    }

    /// A population, in order of declaration.
    pub fn population(&self, index: usize) -> Option<Population> {
        self.view().populations().nth(index)
    }

    /// The runs of one source: `unit` counts inputs and neurons in order of declaration.
    pub fn runs(&self, unit: usize) -> impl Iterator<Item = Run> + '_ {
        let view = self.view();
        let (first, end) = view.runs_of(unit);
        (first..end).filter_map(move |run| view.run(run))
    }

    /// How many synapses each run of a source has.
    pub fn run_lengths(&self, unit: usize) -> impl Iterator<Item = u32> + '_ {
        let view = self.view();
        let (first, end) = view.runs_of(unit);
        let length = move |run| Some(view.run(run + 1)?.first_synapse - view.run(run)?.first_synapse);
        (first..end).filter_map(length)
    }

    /// How many synapses of event-driven neurons there are.
    pub fn synapses(&self) -> usize {
        self.view().synapses.len()
    }

    /// Target, among all event-driven neurons, and weight of one of them.
    pub fn synapse(&self, index: usize) -> Option<(u32, i32)> {
        let (target, weight) = match self.view().synapses {
            Synapses::Narrow(synapses) => narrow(*synapses.get(index)?),
            Synapses::Wide(synapses) => wide(*synapses.get(index)?),
        };
        Some((target as u32, weight as i32))
    }

    /// What the membrane and the synapse of a population of neurons decay to in `ticks`, with 30 fractional bits.
    pub fn decay(&self, population: usize, ticks: u64) -> Option<(i64, i64)> {
        let population = self.population(population).filter(|population| population.kind == Kind::Lif)?;
        Some(population.lif.factors(self.view().tables, ticks))
    }

    #[inline]
    pub(crate) fn view(&self) -> View<'_> {
        View::new(self.bytes.as_ref(), &self.layout)
    }
}

/// Synapses as they are stored: narrow ones take two bytes, wide ones four.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Synapses<'p> {
    /// Target `u8`, weight `i8`.
    Narrow(&'p [[u8; 2]]),
    /// Target `u16`, weight `i16`.
    Wide(&'p [[u8; 4]]),
}

impl Default for Synapses<'_> {
    fn default() -> Self {
        Self::Narrow(&[])
    }
}

impl Synapses<'_> {
    pub(crate) const fn len(&self) -> usize {
        match self {
            Self::Narrow(synapses) => synapses.len(),
            Self::Wide(synapses) => synapses.len(),
        }
    }
}

#[inline]
pub(crate) const fn narrow([target, weight]: [u8; 2]) -> (usize, i64) {
    (target as usize, weight as i8 as i64)
}

#[inline]
pub(crate) const fn wide([t0, t1, w0, w1]: [u8; 4]) -> (usize, i64) {
    (u16::from_le_bytes([t0, t1]) as usize, i16::from_le_bytes([w0, w1]) as i64)
}

/// The sections as slices, for the time of one call.
#[derive(Clone, Copy, Default)]
pub(crate) struct View<'p> {
    records: &'p [[u8; record::RECORD]],
    pub(crate) thresholds: &'p [[u8; 4]],
    pub(crate) tables: Words<'p>,
    pub(crate) sources: &'p [[u8; 4]],
    pub(crate) runs: &'p [[u8; 8]],
    pub(crate) synapses: Synapses<'p>,
    pub(crate) parameters: &'p [[u8; 4]],
    projections: &'p [[u8; projection::RECORD]],
    rows: &'p [[u8; 4]],
    pub(crate) weights: &'p [u8],
}

impl<'p> View<'p> {
    #[inline]
    fn new(bytes: &'p [u8], layout: &header::Layout) -> Self {
        let section = |kind| layout.section(bytes, kind);
        let synapses = section(Section::Synapses);
        Self {
            records: section(Section::Populations).as_chunks().0,
            thresholds: section(Section::Thresholds).as_chunks().0,
            tables: section(Section::Tables).as_chunks().0,
            sources: section(Section::Sources).as_chunks().0,
            runs: section(Section::Runs).as_chunks().0,
            synapses: if layout.synapse_bytes == 2 {
                Synapses::Narrow(synapses.as_chunks().0)
            } else {
                Synapses::Wide(synapses.as_chunks().0)
            },
            parameters: section(Section::Parameters).as_chunks().0,
            projections: section(Section::Projections).as_chunks().0,
            rows: section(Section::Rows).as_chunks().0,
            weights: section(Section::Weights),
        }
    }

    /// The clocked projections, sorted by target, each with its places in the arenas worked out.
    pub(crate) fn projections(self) -> impl Iterator<Item = Projection> {
        let mut places = Places::after(&self);
        self.projections.iter().map(move |record| {
            let mut projection = Projection::decode(record);
            places.place(&mut projection, &self);
            projection
        })
    }

    /// A word of the section of rows.
    #[inline]
    pub(crate) fn row(&self, index: u32) -> u32 {
        self.rows.get(index as usize).map_or(0, |&bytes| u32::from_le_bytes(bytes))
    }

    /// A word of the section of rows, and the one after it.
    #[inline]
    pub(crate) fn row_pair(&self, index: u32) -> (u32, u32) {
        let pair = self.rows.get(index as usize..index as usize + 2).unwrap_or_default();
        if let [first, end] = *pair { (u32::from_le_bytes(first), u32::from_le_bytes(end)) } else { (0, 0) }
    }

    /// Words of the section of rows.
    pub(crate) const fn row_words(&self) -> usize {
        self.rows.len()
    }

    /// The populations, each with the places of its units, neurons, channels and history worked out.
    pub(crate) fn populations(self) -> impl Iterator<Item = Population> {
        self.records.iter().scan(record::Offsets::default(), |offsets, record| Some(offsets.place(record)))
    }

    /// What the record of a population says by itself: its places among the others are not worked out.
    pub(crate) fn population(&self, index: u16) -> Option<Population> {
        let record = self.records.get(usize::from(index))?;
        Some(record::Offsets::default().place(record))
    }

    #[inline]
    pub(crate) fn threshold(&self, neuron: usize) -> i32 {
        self.thresholds.get(neuron).map_or(i32::MAX, |&bytes| i32::from_le_bytes(bytes))
    }

    #[inline]
    pub(crate) fn runs_of(&self, unit: usize) -> (u32, u32) {
        let at = |index: usize| self.sources.get(index).map_or(0, |&bytes| u32::from_le_bytes(bytes));
        (at(unit), at(unit + 1))
    }

    /// Where the runs of the source end that a run belongs to; up to there, their delays increase.
    pub(crate) fn end_of_source(&self, run: u32) -> u32 {
        let first = |bytes: [u8; 4]| u32::from_le_bytes(bytes);
        let next = self.sources.partition_point(|&bytes| first(bytes) <= run);
        self.sources.get(next).map_or(0, |&bytes| first(bytes))
    }

    /// When the next run of a spike in flight is due, if any is left.
    pub(crate) fn next_delivery(&self, entry: &crate::history::Entry) -> Option<u64> {
        let run = self.run(entry.run).filter(|_| entry.run < entry.end)?;
        entry.tick.checked_add(run.delay.into())
    }

    #[inline]
    pub(crate) fn run(&self, index: u32) -> Option<Run> {
        let [d0, d1, d2, d3, s0, s1, s2, s3] = *self.runs.get(index as usize)?;
        Some(Run {
            delay: u32::from_le_bytes([d0, d1, d2, d3]),
            first_synapse: u32::from_le_bytes([s0, s1, s2, s3]),
        })
    }
}
