//! What a projection delivers in one tick: spikes of its source, read from the queue by position, onto its sums.

use super::batch::Batch;
use super::queue::{Histories, Queue};
use super::scatter::{Range, Synapses, Word, add_runs};
use crate::bitset::ones;
use crate::kernels::Kernels;
use crate::probe::Probe;
use crate::program::{Accumulator, Layout, Projection, View};

/// Runs that are collected before they are added; few, since the list is cleared every time.
const BATCH: usize = 16;
/// The end of a list of due rows.
pub(crate) const NOTHING: u16 = u16::MAX;

/// The sums of all projections.
pub(crate) struct Sums<'a> {
    pub(crate) narrow: &'a mut [i16],
    pub(crate) wide: &'a mut [i32],
}

/// Delivers what is due at `tick`.
#[inline]
pub(crate) fn hand_over<K: Kernels, P: Probe>(
    projection: &mut Projection,
    queue: &Queue,
    histories: &mut Histories,
    sums: &mut Sums,
    view: &View,
    tick: u64,
    probe: &mut P,
) {
    let first = projection.first_weight as usize;
    let weights = view.weights.get(first..first + projection.weight_bytes as usize).unwrap_or_default();
    match projection.layout {
        Layout::Packed if projection.word_bytes == 2 => {
            let words = weights.as_chunks::<2>().0;
            packed(projection, queue, histories, sums, (view, words), tick, probe);
        }
        Layout::Packed => {
            let words = weights.as_chunks::<4>().0;
            packed(projection, queue, histories, sums, (view, words), tick, probe);
        }
        Layout::Shared => {
            let mut batch = Batch::<K>::new(projection, sums, weights);
            for level in 0..projection.blocks {
                let delay = view.row(projection.first_row + level);
                let Some(spiked) = tick.checked_sub(delay.into()) else { break };
                let rows = batch.add_sources(queue, spiked, histories, level * projection.sources);
                (0..rows).for_each(|_| probe.delivered(projection.targets));
            }
            batch.flush();
        }
        Layout::Own => {
            note_due(projection, queue, histories, view, tick);
            let mut batch = Batch::<K>::new(projection, sums, weights);
            take_due(projection, queue, histories, tick, |row| {
                probe.delivered(projection.targets);
                batch.add(row);
            });
            batch.flush();
        }
    }
}

/// Blocks of delays: block `k` reads the spikes of `k B` ticks ago.
#[inline]
fn packed<W: Word, P: Probe>(
    projection: &mut Projection,
    queue: &Queue,
    histories: &Histories,
    sums: &mut Sums,
    (view, words): (&View, &[W]),
    tick: u64,
    probe: &mut P,
) {
    let mut runs: [Range; BATCH] = [[0; 2]; BATCH];
    let mut count = 0;
    let synapses =
        Synapses { words, shift: 16 - u32::from(projection.weight_bits & 15), base: projection.row_of(tick) };
    let mut spilled = false;
    // The first word of every run is read at once, so that all of them are on their way before the first is added.
    let mut ahead = 0;
    for block in 0..projection.blocks {
        let Some(spiked) = tick.checked_sub(u64::from(block << projection.block_shift)) else { break };
        queue.spikes(spiked, histories, |source| {
            let row = projection.first_row + source * projection.blocks + block;
            let (first, end) = view.row_pair(row);
            if first == end {
                return;
            }
            probe.delivered(end - first);
            if count == BATCH {
                spilled |= add(projection, sums, &synapses, &runs);
                count = 0;
            }
            ahead ^= words.get(first as usize).map_or(0, |word| word.read(0).0);
            if let Some(run) = runs.get_mut(count) {
                *run = [first, end];
                count += 1;
            }
        });
    }
    core::hint::black_box(ahead);
    spilled |= add(projection, sums, &synapses, runs.get(..count).unwrap_or_default());
    if spilled {
        projection.spilled = Some(tick + u64::from(projection.block()) - 1);
    }
}

#[inline]
fn add<W: Word>(projection: &Projection, sums: &mut Sums, synapses: &Synapses<W>, runs: &[Range]) -> bool {
    let place = |first: u32| first as usize..(first + projection.sums()) as usize;
    match projection.accumulator {
        Accumulator::Wide => {
            let ring = sums.wide.get_mut(place(projection.first_sum)).unwrap_or_default();
            add_runs::<i32, W, false>(ring, &mut [], synapses, runs)
        }
        Accumulator::Narrow => {
            let ring = sums.narrow.get_mut(place(projection.first_sum)).unwrap_or_default();
            add_runs::<i16, W, false>(ring, &mut [], synapses, runs)
        }
        Accumulator::Guarded => {
            let ring = sums.narrow.get_mut(place(projection.first_sum)).unwrap_or_default();
            let wide = sums.wide.get_mut(place(projection.first_wide)).unwrap_or_default();
            add_runs::<i16, W, true>(ring, wide, synapses, runs)
        }
    }
}

/// Notes for every spike that is handed over at `tick` when its rows are due: a bit per row in the ring of due rows, or
/// a link into the list of the tick that the row is due.
#[inline]
fn note_due(projection: &Projection, queue: &Queue, histories: &mut Histories, view: &View, tick: u64) {
    let mask = projection.due_ticks() - 1;
    let delays = projection.blocks;
    let due = |row: u32| (tick as u32).wrapping_add(view.row(projection.first_row + row)) & mask;
    if queue.is_bitmap {
        let words = (projection.sources * delays).div_ceil(64);
        for index in 0..queue.places {
            for bit in ones(queue.word(tick, index, histories.bits)) {
                let source = 64 * index + bit as u32;
                for row in source * delays..(source + 1) * delays {
                    let place = projection.first_due + due(row) * words + row / 64;
                    if let Some(word) = histories.bits.get_mut(place as usize) {
                        *word |= 1 << (row % 64);
                    }
                }
            }
        }
        return;
    }
    let (mut position, end) = queue.span(tick, histories.starts);
    while position != end {
        let (source, place) = queue.at(position, histories);
        let lists = histories.starts.get_mut(projection.first_due as usize..).unwrap_or_default();
        let Some((heads, links)) = lists.split_at_mut_checked(projection.due_ticks() as usize) else {
            return;
        };
        for level in 0..delays {
            let node = place * delays + level;
            let head = heads.get_mut(due(source * delays + level) as usize);
            if let (Some(head), Some(link)) = (head, links.get_mut(node as usize)) {
                *link = core::mem::replace(head, node as u16);
            }
        }
        position = position.wrapping_add(1);
    }
}

/// Hands out the rows that are due at `tick` and forgets them.
#[inline]
fn take_due(
    projection: &Projection,
    queue: &Queue,
    histories: &mut Histories,
    tick: u64,
    mut hand_out: impl FnMut(u32),
) {
    let slot = tick as u32 & (projection.due_ticks() - 1);
    let delays = projection.blocks;
    if queue.is_bitmap {
        let words = (projection.sources * delays).div_ceil(64);
        let first = (projection.first_due + slot * words) as usize;
        let row = histories.bits.get_mut(first..first + words as usize).unwrap_or_default();
        for (index, word) in row.iter_mut().enumerate() {
            for bit in ones(core::mem::take(word)) {
                hand_out((64 * index + bit) as u32);
            }
        }
        return;
    }
    let head = (projection.first_due + slot) as usize;
    let links = projection.first_due + projection.due_ticks();
    let mut node = histories.starts.get_mut(head).map_or(NOTHING, |head| core::mem::replace(head, NOTHING));
    // No list is longer than there are nodes; one that a hostile snapshot closed to a circle has no end.
    for _ in 0..queue.places * delays {
        if node == NOTHING {
            break;
        }
        // Most often there is one delay: a division takes longer than all the rest.
        let number = u32::from(node);
        let (place, level) = if delays < 2 { (number, 0) } else { (number / delays, number % delays) };
        hand_out(queue.source(place, histories) * delays + level);
        node = histories.starts.get((links + number) as usize).copied().unwrap_or(NOTHING);
    }
}
