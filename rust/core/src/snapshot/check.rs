//! Whether a processor can be in a state: every position in its queue, no tick in the past that is still to come, every
//! list with an end. After that no state, however it was made, can lead out of the memory or into an endless loop.
//! Values of sums and membranes are taken as they are: arithmetic holds whatever they are.

use super::state::State;
use crate::clock::hand_over::NOTHING;
use crate::clock::queue::Histories;
use crate::fixed::STATE_LIMIT;
use crate::history::{Entry, Tally};
use crate::lif::{Neuron, Phase};
use crate::program::{Layout, Population, Projection};
use crate::spike::{NEVER, TICK_LIMIT};

/// Ticks that something may lie ahead of the present: no delay and no refractory period is longer.
const AHEAD: u64 = 1 << 33;

impl State<'_> {
    /// Whether a processor of this program can be in it.
    pub(crate) fn is_possible(&self) -> bool {
        let Self { scalars, tick, .. } = self;
        let now = scalars.now;
        now <= TICK_LIMIT
            && scalars.pushed < TICK_LIMIT
            && tick.populations.iter().all(|population| {
                history_is_possible(population)
                    && population.history.taken().all(|place| {
                        tick.entries.get(place).is_some_and(|entry| self.entry_is_possible(entry))
                    })
                    && queue_is_possible(population, &tick.histories, now)
                    && population.readout.is_possible(now)
            })
            && tick.neurons.iter().all(|neuron| {
                let population = tick.populations.get(usize::from(neuron.population));
                population.is_some_and(|population| neuron_is_possible(neuron, population, now))
            })
            && tick.clock.projections.iter().all(|projection| {
                let source = tick.populations.get(usize::from(projection.source));
                let last = now + AHEAD;
                projection.reach.is_none_or(|reach| reach <= last)
                    && projection.spilled.is_none_or(|spilled| spilled <= last)
                    && source.is_some_and(|source| due_is_possible(projection, source, &tick.histories))
            })
    }

    fn entry_is_possible(&self, entry: &Entry) -> bool {
        let next = self.tick.view.next_delivery(entry);
        entry.tick < TICK_LIMIT
            && (entry.run == entry.end
                || entry.run < entry.end
                    && entry.end <= self.tick.view.end_of_source(entry.run)
                    && next.is_some_and(|tick| tick >= self.scalars.now))
    }
}

fn history_is_possible(population: &Population) -> bool {
    let (history, Tally { offered, accepted, rejected, dropped, .. }) =
        (&population.history, *population.tally());
    let known = accepted.checked_add(rejected).and_then(|sum| sum.checked_add(dropped));
    known == Some(offered)
        && offered < 1 << 63
        && population.saturations < 1 << 63
        && history.len <= history.capacity
        && history.head < history.capacity.max(1)
}

fn neuron_is_possible(neuron: &Neuron, population: &Population, now: u64) -> bool {
    // A held potential is the difference of two states.
    let limit = 2 * STATE_LIMIT;
    let is_silent = neuron.phase == Phase::Spent || !population.spikes();
    i64::from(neuron.a).abs() <= limit
        && i64::from(neuron.b).abs() <= limit
        && neuron.anchor <= now
        && (neuron.next == NEVER || (!is_silent && (now..=now + AHEAD).contains(&neuron.next)))
}

fn queue_is_possible(population: &Population, histories: &Histories, now: u64) -> bool {
    let queue = &population.queue;
    let (kept, places) = (u64::from(queue.kept), queue.places as usize);
    if kept == 0 {
        return true;
    }
    let upcoming = queue.upcoming.is_none_or(|tick| (now..queue.next).contains(&tick));
    if !(upcoming && queue.next <= now + kept + 1) {
        return false;
    }
    let first = queue.first as usize;
    if queue.is_bitmap {
        let rows = histories.bits.get(first..first + queue.kept as usize * places).unwrap_or_default();
        return rows.chunks(places.max(1)).all(|row| ends_with(row, population.size));
    }
    let size = population.size;
    let own = first..first + places;
    let indices_are_right = if queue.is_narrow {
        histories.narrow.get(own).unwrap_or_default().iter().all(|&index| u32::from(index) < size)
    } else {
        histories.wide.get(own).unwrap_or_default().iter().all(|&index| u32::from(index) < size)
    };
    // From the oldest tick that is read on, every tick begins where the one before it ends, or later.
    let oldest = now.saturating_sub(population.longest_hand_over().into());
    let mut left = queue.places;
    indices_are_right
        && (oldest..queue.next).all(|tick| {
            let more = queue.since(tick, histories.starts);
            core::mem::replace(&mut left, more) >= more
        })
}

/// Rows that are due: bits of rows that there are, or lists that end.
fn due_is_possible(projection: &Projection, source: &Population, histories: &Histories) -> bool {
    if projection.layout != Layout::Own || source.queue.kept == 0 {
        return true;
    }
    let (first, ticks) = (projection.first_due as usize, projection.due_ticks() as usize);
    if source.queue.is_bitmap {
        let rows = projection.sources.saturating_mul(projection.blocks);
        let words = rows.div_ceil(64) as usize;
        let ring = histories.bits.get(first..first + ticks * words).unwrap_or_default();
        return ring.chunks(words.max(1)).all(|row| ends_with(row, rows));
    }
    let nodes = source.queue.places.saturating_mul(projection.blocks) as usize;
    let links = histories.starts.get(first + ticks..first + ticks + nodes).unwrap_or_default();
    let heads = histories.starts.get(first..first + ticks).unwrap_or_default();
    // A node is in one list at most, so all lists together are no longer than there are nodes.
    let mut left = nodes;
    heads.iter().all(|&head| {
        let mut node = head;
        while node != NOTHING {
            let Some(&next) = links.get(usize::from(node)) else { return false };
            let Some(fewer) = left.checked_sub(1) else { return false };
            (node, left) = (next, fewer);
        }
        true
    })
}

/// Whether only the first `members` bits of a row are set.
fn ends_with(row: &[u64], members: u32) -> bool {
    let last = row.last().copied().unwrap_or_default();
    members.is_multiple_of(64) || last >> (members % 64) == 0
}
