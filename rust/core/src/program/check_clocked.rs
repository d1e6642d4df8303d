//! What clocked populations and projections must satisfy: afterwards no index can go out of range.
//!
//! That sums stay within their widths is the compiler's proof; a program that breaks it computes wrapped sums, and
//! nothing else.

use super::check::{Check, LONGEST_TIME, ProgramError, require};
use super::header::{Section, u32_at};
use super::projection::codes_are_right;
use super::record::RECORD;
use super::{Accumulator, Kind, Layout, Population, Projection, Reset, View};
use crate::clock::readout::Readout;
use crate::clock::rules::PARAMETERS;

/// Ticks that a queue keeps, at most.
const MOST_KEPT: u32 = 1 << 22;
/// Places of a list: positions are counted modulo 2^16, and no list is ever ambiguous.
const MOST_LIST: u32 = 1 << 15;
/// Elements of an arena.
const MOST_ELEMENTS: u32 = 1 << 28;
const MOST_BLOCKS: u32 = 1 << 16;

/// The record of a clocked population: all but its history.
pub(super) fn record_is_right(record: &[u8; RECORD], population: &Population, view: &View) -> bool {
    let clocked = &population.clocked;
    let [_, _, readout, ..] = *record;
    let size = u64::from(population.size);
    let words: u64 = (0..PARAMETERS).map(|at| if clocked.per_neuron >> at & 1 == 0 { 1 } else { size }).sum();
    let end = u64::from(clocked.first_parameter) + words;
    let adapts = clocked.rho <= 1 << 15 && population.kind != Kind::Loihi;
    end <= view.parameters.len() as u64
        && clocked.per_neuron >> PARAMETERS == 0
        && clocked.reset != Reset::Once
        && (population.kind != Kind::Loihi || clocked.reset == Reset::ToZero)
        && clocked.refractory <= LONGEST_TIME
        && if clocked.adapts { adapts } else { clocked.rho == 0 }
        && clocked.input_bound < 1 << 31
        && readout <= 4
        && population.readout.gamma <= 1 << 30
        && (population.readout.kind == Readout::Weighted || population.readout.gamma == 0)
        && record.get(40..48).into_iter().flatten().all(|&byte| byte == 0)
        && parameters_are_right(population, view)
}

fn parameters_are_right(population: &Population, view: &View) -> bool {
    let clocked = &population.clocked;
    let places = clocked.parameter_places(population.size as usize);
    places.into_iter().enumerate().all(|(parameter, place)| {
        let words = view.parameters.get(place).unwrap_or_default();
        words.iter().all(|&bytes| {
            let value = i32::from_le_bytes(bytes);
            match (parameter, population.kind) {
                (0, Kind::Delta) => (0..=1 << 15).contains(&value),
                (0 | 1, Kind::Loihi) => (0..1 << 12).contains(&value),
                (0, _) => (0..32).contains(&value),
                (1, Kind::Shift) => (-1..32).contains(&value),
                (1, _) => value == 0,
                (2, Kind::Loihi) => (0..1 << 17).contains(&value),
                (2, _) => value >= i32::from(clocked.spikes),
                (4, _) => value >= 0 && (clocked.adapts || value == 0),
                _ => value > i32::MIN,
            }
        })
    })
}

/// What of a record says how long its history is kept.
pub(super) fn queue_is_right(population: &Population) -> bool {
    let queue = &population.queue;
    if queue.kept == 0 {
        return !queue.is_bitmap && (population.history.capacity == population.capacity);
    }
    let kept = queue.kept.is_power_of_two() && queue.kept <= MOST_KEPT;
    let longest = population.longest_hand_over();
    kept && if queue.is_bitmap {
        population.kind != Kind::Input || population.is_binary
    } else {
        (1..=MOST_LIST).contains(&population.capacity)
            && longest < queue.kept - 1
            && population.size <= 1 << 16
    }
}

/// Every projection, and that together they need no more memory than can be addressed.
pub(super) fn check_projections(view: &View) -> Check {
    let mut last_target = 0;
    let (mut row, mut weight) = (0, 0);
    for (index, (record, projection)) in view.projections.iter().zip(view.projections()).enumerate() {
        let wrong = ProgramError::Item(Section::Projections, index as u32);
        let ends = view.population(projection.source).zip(view.population(projection.target));
        let (source, target) = ends.ok_or(wrong)?;
        let holds = codes_are_right(record)
            && target.kind.is_clocked()
            && projection.target >= last_target
            && source.queue.kept > 0
            && projection.first_row == row
            && projection.first_weight == weight
            && u64::from(projection.first_weight) + u64::from(projection.weight_bytes)
                <= view.weights.len() as u64
            && (-31..=31).contains(&projection.exponent)
            && (1..=MOST_BLOCKS).contains(&projection.blocks)
            && projection.longest <= source.longest_hand_over()
            && history_is_long_enough(&projection, &source)
            && (projection.exponent == 0 || target.kind == Kind::Loihi);
        require(holds, wrong)?;
        let rows = match projection.layout {
            Layout::Packed => check_packed(view, &projection, wrong)?,
            Layout::Shared | Layout::Own => check_dense(view, &projection, &source, wrong)?,
        };
        last_target = projection.target;
        row += rows;
        weight += projection.weight_bytes.next_multiple_of(4);
        let ends = [projection.first_sum, projection.first_wide, projection.first_due];
        require(ends.iter().all(|&end| end <= MOST_ELEMENTS), ProgramError::TooLarge)?;
    }
    require(row as usize == view.row_words(), ProgramError::Length(Section::Rows))?;
    require(weight as usize == view.weights.len().next_multiple_of(4), ProgramError::Length(Section::Weights))
}

fn history_is_long_enough(projection: &Projection, source: &Population) -> bool {
    let ticks = projection.history_ticks();
    // A list keeps its longest delay and two more ticks in any case.
    ticks <= source.longest_hand_over() && (!source.queue.is_bitmap || ticks < source.queue.kept)
}

/// Returns how many words of the section of rows it takes.
fn check_packed(view: &View, projection: &Projection, wrong: ProgramError) -> Result<u32, ProgramError> {
    let [stride, block] = [projection.stride_shift, projection.block_shift].map(u32::from);
    let blocks_cover = u64::from(projection.blocks) << block.min(31) > u64::from(projection.longest)
        && u64::from(projection.blocks - 1) << block.min(31) <= u64::from(projection.longest);
    let offset_bits = match projection.word_bytes {
        2 if (2..=8).contains(&projection.weight_bits) => 16 - u32::from(projection.weight_bits),
        4 if projection.weight_bits == 16 => 16,
        _ => return Err(wrong),
    };
    let fits = stride + block <= offset_bits && projection.targets <= 1 << stride && blocks_cover;
    require(fits, wrong)?;
    let rows = projection.sources.checked_mul(projection.blocks).and_then(|rows| rows.checked_add(1));
    let rows =
        rows.filter(|&rows| u64::from(projection.first_row) + u64::from(rows) <= view.row_words() as u64);
    let rows = rows.ok_or(wrong)?;
    let bytes = u32::from(projection.word_bytes);
    require(projection.weight_bytes.is_multiple_of(bytes), wrong)?;
    let first = projection.first_weight as usize;
    let weights = view.weights.get(first..first + projection.weight_bytes as usize).ok_or(wrong)?;
    let mut last = 0;
    for row in 0..rows {
        let begin = view.row(projection.first_row + row);
        require(begin >= last && (row > 0 || begin == 0), wrong)?;
        let run = weights
            .get((last * bytes) as usize..(begin as usize).saturating_mul(bytes as usize))
            .ok_or(wrong)?;
        require(run_is_right(run, projection, offset_bits), wrong)?;
        last = begin;
    }
    require(last * bytes == projection.weight_bytes, wrong)?;
    Ok(rows)
}

/// Offsets ascend, name neurons, and carry weights other than 0; guarded ones leave room for one more weight.
fn run_is_right(run: &[u8], projection: &Projection, offset_bits: u32) -> bool {
    let mut least = 0;
    run.chunks_exact(projection.word_bytes.into()).all(|word| {
        let word = match *word {
            [b0, b1] => u32::from(u16::from_le_bytes([b0, b1])),
            [b0, b1, b2, b3] => u32::from_le_bytes([b0, b1, b2, b3]),
            _ => return false,
        };
        let (offset, weight) = (word & ((1 << offset_bits) - 1), word >> offset_bits);
        let holds = offset >= least
            && offset < projection.sums()
            && offset & ((1 << projection.stride_shift) - 1) < projection.targets
            && weight != 0
            && (projection.accumulator != Accumulator::Guarded || in_guard(weight, projection.word_bytes));
        least = offset + 1;
        holds
    })
}

const fn in_guard(weight: u32, word_bytes: u8) -> bool {
    let weight = weight as u16 as i16;
    word_bytes == 2 || (weight > -(1 << 14) && weight < 1 << 14)
}

fn check_dense(
    view: &View,
    projection: &Projection,
    source: &Population,
    wrong: ProgramError,
) -> Result<u32, ProgramError> {
    let weight_bits = matches!(projection.weight_bits, 1 | 2 | 4 | 8 | 16);
    let plain = projection.word_bytes == 0
        && projection.accumulator == Accumulator::Wide
        && projection.block_shift == 0
        && projection.stride_shift == 0;
    let rows = projection.sources.checked_mul(projection.blocks).ok_or(wrong)?;
    let bytes = u64::from(rows) * projection.row_bytes() as u64;
    require(weight_bits && plain && bytes == u64::from(projection.weight_bytes), wrong)?;
    let (delays, ascending) = match projection.layout {
        Layout::Own => (rows, projection.blocks),
        _ => (projection.blocks, projection.blocks),
    };
    let is_within = u64::from(projection.first_row) + u64::from(delays) <= view.row_words() as u64;
    require(is_within, wrong)?;
    let delay = |at: u32| view.row(projection.first_row + at);
    let mut longest = 0;
    for at in 0..delays {
        let follows = at % ascending == 0 || delay(at) > delay(at - 1);
        require(follows && delay(at) <= projection.longest, wrong)?;
        longest = longest.max(delay(at));
    }
    // A list of due rows names a row by a place in the history and a delay.
    let names = u64::from(source.queue.places) * u64::from(projection.blocks);
    let fits = projection.layout == Layout::Shared || source.queue.is_bitmap || names < 1 << 16;
    require(fits && longest == projection.longest && longest < MOST_KEPT, wrong)?;
    Ok(delays)
}

/// The longest delay of the clocked projections of a population, in ticks from the spike on.
pub(super) fn longest_of(view: &View, index: usize, kind: Kind) -> Option<u32> {
    let projections = view.projections.iter().map(Projection::decode);
    let own = projections.filter(|projection| usize::from(projection.source) == index);
    own.map(|projection| projection.longest.saturating_add(u32::from(kind != Kind::Input))).max()
}

/// Fields of a record that only inputs and event-driven neurons leave at zero.
pub(super) fn rest_is_zero(record: &[u8; RECORD]) -> bool {
    u32_at(record, 52) == 0 && record.get(56..).into_iter().flatten().all(|&byte| byte == 0)
}
