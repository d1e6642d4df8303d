//! Everything that the bytes of a program must satisfy beyond their checksums.

use super::check_clocked::{self, check_projections, longest_of, queue_is_right, rest_is_zero};
use super::header::{Field, Layout, Section, u32_at};
use super::places::Places;
use super::population::{Constants, Kind, Population, Reset};
use super::record::{Codes, RECORD, codes, flag};
use super::{Projection, Synapses, View, narrow, wide};
use crate::fixed::ONE;
use crate::memory::{Plan, Sizes};
use crate::table::{Words, word};
use core::fmt;

/// Why bytes are not a program, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramError {
    /// The bytes end too early.
    Truncated,
    /// A field of the header is wrong.
    Header(Field),
    /// A section does not lie where it should, or its padding is not zero.
    Misplaced(Section),
    /// The checksum of a section is wrong.
    Checksum(Section),
    /// The length of a section does not fit the others.
    Length(Section),
    /// An item of a section is out of range.
    Item(Section, u32),
    /// The program needs more memory than can be counted.
    TooLarge,
}

impl fmt::Display for ProgramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => write!(f, "the program ends too early"),
            Self::Header(field) => write!(f, "the header of the program is wrong: {field:?}"),
            Self::Misplaced(section) => {
                write!(f, "section {section:?} of the program does not lie where it should")
            }
            Self::Checksum(section) => {
                write!(f, "the checksum of section {section:?} is wrong: the program is damaged")
            }
            Self::Length(section) => {
                write!(f, "the length of section {section:?} does not fit the rest of the program")
            }
            Self::Item(section, item) => write!(f, "item {item} of section {section:?} is out of range"),
            Self::TooLarge => write!(f, "the program needs more memory than a processor can address"),
        }
    }
}

impl core::error::Error for ProgramError {}

const MOST_POPULATIONS: usize = 1 << 16;
/// Every population is compared with every projection, without memory of our own: a fraction of a second.
const MOST_PAIRS: u64 = 1 << 26;
const MOST_UNITS: u32 = 1 << 24;
const MOST_PLACES: u32 = 1 << 28;
pub(super) const LONGEST_TIME: u32 = 1 << 30;
const LARGEST_SHIFT: u8 = 27;
const LONGEST_FAST: u32 = 1 << 28;

pub(super) type Check = Result<(), ProgramError>;

pub(super) fn require(holds: bool, error: ProgramError) -> Check {
    if holds { Ok(()) } else { Err(error) }
}

/// Checks the content of every section; returns the memory plan.
pub(crate) fn check(view: &View, layout: &Layout, bytes: &[u8]) -> Result<Plan, ProgramError> {
    let pairs = view.records.len() as u64 * view.projections.len() as u64;
    require(view.records.len() <= MOST_POPULATIONS && pairs <= MOST_PAIRS, ProgramError::TooLarge)?;
    let (mut units, mut neurons, mut places, mut seen, mut outputs) = (0_u32, 0_u32, 0_u32, 0_u32, 0_u32);
    let (mut inputs, mut clocked) = (0_u32, 0_u32);
    for (index, (record, population)) in view.records.iter().zip(view.populations()).enumerate() {
        let wrong = ProgramError::Item(Section::Populations, index as u32);
        require(record_is_right(record, &population, view), wrong)?;
        units = units
            .checked_add(population.size)
            .filter(|&units| units <= MOST_UNITS)
            .ok_or(ProgramError::TooLarge)?;
        places = places
            .checked_add(population.history.capacity)
            .filter(|&places| places <= MOST_PLACES)
            .ok_or(ProgramError::TooLarge)?;
        seen += population.seen_words();
        match population.kind {
            Kind::Input => inputs += population.size,
            Kind::Lif => neurons += population.size,
            Kind::Delta | Kind::Loihi | Kind::Shift => clocked += population.size,
        }
        outputs += if population.is_output { population.size } else { 0 };
    }
    let most_neurons = if layout.synapse_bytes == 2 { 1 << 8 } else { 1 << 16 };
    require(neurons <= most_neurons, ProgramError::TooLarge)?;
    // What is read from a network: spikes of its outputs, or states of its clocked neurons.
    let is_read = outputs > 0 || clocked > 0;
    require(inputs > 0 && is_read, ProgramError::Length(Section::Populations))?;
    let totals = Places::after(view);
    let elements = [totals.narrow_sources, totals.wide_sources, totals.starts, totals.bits, totals.states];
    require(elements.iter().all(|&total| total <= MOST_PLACES), ProgramError::TooLarge)?;

    let lengths = [
        (Section::Populations, view.records.len() * RECORD),
        (Section::Thresholds, neurons as usize * 4),
        (Section::Tables, view.tables.len() * 4),
        (Section::Sources, (units as usize + 1) * 4),
        (Section::Runs, view.runs.len() * 8),
        (Section::Synapses, view.synapses.len() * usize::from(layout.synapse_bytes)),
        (Section::Parameters, view.parameters.len() * 4),
        (Section::Projections, view.projections.len() * super::projection::RECORD),
        (Section::Rows, view.row_words() * 4),
    ];
    for (section, expected) in lengths {
        require(layout.section(bytes, section).len() == expected, ProgramError::Length(section))?;
    }
    for (index, &bytes) in view.thresholds.iter().enumerate() {
        require(i32::from_le_bytes(bytes) >= 1, ProgramError::Item(Section::Thresholds, index as u32))?;
    }
    for index in 0..view.tables.len() as u32 {
        require(word(view.tables, index) <= ONE, ProgramError::Item(Section::Tables, index))?;
    }
    check_sources(view)?;
    check_projections(view)?;
    check_runs(view)?;
    check_synapses(view, neurons, layout.weight_bits)?;
    let notes = core::str::from_utf8(layout.section(bytes, Section::Notes));
    require(notes.is_ok(), ProgramError::Item(Section::Notes, 0))?;
    let mut totals = totals;
    for record in view.projections {
        totals.place(&mut Projection::decode(record), view);
    }
    let elements = [totals.starts, totals.bits, totals.narrow_sums, totals.wide_sums];
    require(elements.iter().all(|&total| total <= MOST_PLACES), ProgramError::TooLarge)?;
    let sizes = Sizes {
        populations: view.records.len(),
        projections: view.projections.len(),
        neurons: neurons as usize,
        entries: places as usize,
        seen: seen as usize,
        outputs: outputs as usize,
    };
    Ok(Plan::new(sizes, &totals))
}

fn record_is_right(record: &[u8; RECORD], population: &Population, view: &View) -> bool {
    let Codes { kind, reset, constants, flags } = codes(record);
    let allowed = match population.kind {
        Kind::Input => flag::BINARY | flag::DROPS | flag::BITMAP | flag::ENTRIES,
        Kind::Lif => flag::OUTPUT | flag::BITMAP | flag::SILENT | flag::ENTRIES,
        _ => flag::OUTPUT | flag::BITMAP | flag::SILENT | flag::ENTRIES | flag::ADAPTS,
    };
    let shared = kind.is_some()
        && flags & !allowed == 0
        && rest_is_zero(record)
        && (1..=MOST_UNITS).contains(&population.size)
        && population.longest_delay() <= LONGEST_TIME
        && queue_is_right(population);
    shared
        && match population.kind {
            Kind::Input => {
                let of_neurons = record.get(1..3).into_iter().chain(record.get(16..48)).flatten();
                population.capacity() >= 1 && of_neurons.copied().all(|byte| byte == 0)
            }
            Kind::Lif => {
                record.get(35) == Some(&0)
                    && reset.is_some()
                    && constants.is_some()
                    && neurons_are_right(population, view.tables)
            }
            _ => reset.is_some() && check_clocked::record_is_right(record, population, view),
        }
}

fn neurons_are_right(population: &Population, tables: Words) -> bool {
    let lif = &population.lif;
    let within = |table: crate::table::Table| {
        table
            .len(lif.horizon)
            .and_then(|len| table.first.checked_add(len))
            .is_some_and(|end| end as usize <= tables.len())
    };
    let has_synapse_table = match lif.constants {
        Constants::DeltaSynapse => false,
        Constants::Equal => lif.synapse_ticks == 0,
        Constants::SlowMembrane | Constants::SlowSynapse => true,
    };
    let synapse_table_is_right = if has_synapse_table {
        let start = if lif.constants == Constants::Equal { 0 } else { ONE };
        within(lif.synapse) && lif.synapse.factor(tables, 0) == start
    } else {
        lif.synapse.first == 0 && lif.synapse.shift == 0
    };
    let search_is_right = match lif.constants {
        Constants::DeltaSynapse => lif.fast_ticks == 0 && lif.fast_over_slow == 0,
        Constants::Equal => lif.fast_ticks <= LONGEST_FAST && lif.fast_over_slow == 0,
        Constants::SlowMembrane | Constants::SlowSynapse => {
            lif.fast_ticks <= LONGEST_FAST && lif.fast_over_slow <= 1 << 24
        }
    };
    (1..=LONGEST_TIME).contains(&lif.horizon)
        && within(lif.membrane)
        && lif.membrane.factor(tables, 0) == ONE
        && synapse_table_is_right
        && search_is_right
        && lif.weight_shift <= LARGEST_SHIFT
        && lif.refractory <= LONGEST_TIME
        && (lif.synapse_ticks == 0
            || (lif.constants == Constants::Equal && lif.synapse_ticks <= LONGEST_FAST))
        && (lif.reset != Reset::Once || lif.refractory == 0)
}

fn check_sources(view: &View) -> Check {
    let mut last = 0;
    for (index, &bytes) in view.sources.iter().enumerate() {
        let first = u32::from_le_bytes(bytes);
        let starts_right = index > 0 || first == 0;
        require(starts_right && first >= last, ProgramError::Item(Section::Sources, index as u32))?;
        last = first;
    }
    require(last as usize + 1 == view.runs.len(), ProgramError::Length(Section::Runs))
}

fn check_runs(view: &View) -> Check {
    let mut expected_synapse = 0;
    for (index, population) in view.populations().enumerate() {
        let mut longest = None;
        for unit in population.first_unit..population.first_unit + population.size {
            let (first, end) = view.runs_of(unit as usize);
            let mut shortest_left = u32::from(population.kind != Kind::Input);
            for at in first..end {
                let wrong = ProgramError::Item(Section::Runs, at);
                let (run, next) = view.run(at).zip(view.run(at + 1)).ok_or(wrong)?;
                let holds = run.delay >= shortest_left
                    && run.delay <= population.longest_delay()
                    && run.first_synapse == expected_synapse
                    && next.first_synapse > run.first_synapse;
                require(holds, wrong)?;
                expected_synapse = next.first_synapse;
                shortest_left = run.delay + 1;
                longest = longest.max(Some(run.delay));
            }
        }
        // A population of neurons without synapses keeps no history, and no history is longer than it must be.
        let clocked = longest_of(view, index, population.kind);
        let entries_are_right = longest.is_none() || population.history.capacity > 0;
        let queue_is_right = clocked.is_some() == (population.queue.kept > 0);
        let history_is_right = match (population.kind, longest.max(clocked)) {
            (Kind::Input, _) => true,
            (_, None) => population.capacity() == 0,
            (_, Some(_)) => population.capacity() >= 1,
        };
        let wrong = ProgramError::Item(Section::Populations, index as u32);
        let delay_is_right = population.longest_delay() == longest.max(clocked).unwrap_or(0);
        require(history_is_right && entries_are_right && queue_is_right && delay_is_right, wrong)?;
    }
    let sentinel = u32_at(view.runs.last().map_or(&[], |run| run), 0);
    let ends_right = expected_synapse as usize == view.synapses.len() && sentinel == 0;
    require(ends_right, ProgramError::Length(Section::Synapses))
}

fn check_synapses(view: &View, neurons: u32, weight_bits: u8) -> Check {
    let limit = 1_i64 << (weight_bits - 1);
    let fits = |(target, weight): (usize, i64)| {
        // One bit is -1 or +1.
        let in_range = (-limit..limit).contains(&weight) || (weight_bits == 1 && weight == 1);
        target < neurons as usize && weight != 0 && in_range
    };
    let wrong = match view.synapses {
        Synapses::Narrow(synapses) => synapses.iter().position(|&synapse| !fits(narrow(synapse))),
        Synapses::Wide(synapses) => synapses.iter().position(|&synapse| !fits(wide(synapse))),
    };
    wrong.map_or(Ok(()), |index| Err(ProgramError::Item(Section::Synapses, index as u32)))
}
