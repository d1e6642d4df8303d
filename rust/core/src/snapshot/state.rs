//! What a snapshot holds, in order. The agendas are not kept: what they hold follows from the spikes in flight and from
//! the neurons.

use super::walk::{Walk, Word};
use crate::clock::queue::Queue;
use crate::clock::readout::Reading;
use crate::digest::Digest;
use crate::history::{Entry, History, Tally};
use crate::lif::{Neuron, Phase};
use crate::memory::Plan;
use crate::program::{Population, Projection};
use crate::spike::Spike;
use crate::tick::Tick;

/// The state of a processor, for the time of one call.
pub(crate) struct State<'a> {
    pub(crate) plan: Plan,
    pub(crate) scalars: Scalars,
    pub(crate) tick: Tick<'a>,
    pub(crate) seen: &'a mut [u64],
    pub(crate) outputs: &'a mut [Spike],
}

/// What a processor keeps beside its arenas.
#[derive(Clone, Copy)]
pub(crate) struct Scalars {
    pub(crate) now: u64,
    pub(crate) pushed: u64,
    pub(crate) output_head: usize,
    pub(crate) output_len: usize,
    pub(crate) digest: Digest,
}

impl State<'_> {
    pub(crate) fn walk<W: Walk>(&mut self, walk: &mut W) -> bool {
        let Self { plan, scalars, tick, seen, outputs } = self;
        let mut went = outputs_walk(scalars, outputs, walk);
        went &= scalars.now.walk(walk) && scalars.pushed.walk(walk) && scalars.digest.0.walk(walk);
        for population in tick.populations.iter_mut() {
            went &= population_walk(population, walk);
            for place in population.history.taken() {
                went &= tick.entries.get_mut(place).is_some_and(|entry| entry_walk(entry, walk));
            }
        }
        went &= tick.neurons.iter_mut().all(|neuron| neuron_walk(neuron, walk));
        went &= tick.clock.projections.iter_mut().all(|Projection { reach, spilled, .. }| {
            reach.walk(walk) && spilled.walk(walk)
        });
        let (histories, clock) = (&mut tick.histories, &mut tick.clock);
        went && first(seen, plan.seen).walk(walk)
            && first(histories.narrow, plan.narrow_sources).walk(walk)
            && first(histories.wide, plan.wide_sources).walk(walk)
            && first(histories.starts, plan.starts).walk(walk)
            && first(histories.bits, plan.bits).walk(walk)
            && first(clock.sums.narrow, plan.narrow_sums).walk(walk)
            && first(clock.sums.wide, plan.wide_sums).walk(walk)
            && first(clock.states, plan.states).walk(walk)
            && first(clock.readouts, plan.readouts).walk(walk)
    }

    /// Puts into the agendas when each spike in flight is delivered next, and each neuron crosses its threshold.
    pub(crate) fn rebuild(&mut self) {
        let Tick { view, populations, neurons, entries, deliveries, crossings, .. } = &mut self.tick;
        for population in populations.iter() {
            for place in population.history.taken() {
                if let Some(tick) = entries.get(place).and_then(|entry| view.next_delivery(entry)) {
                    deliveries.set(place, tick);
                }
            }
        }
        for (index, neuron) in neurons.iter().enumerate() {
            crossings.set(index, neuron.next);
        }
    }
}

fn first<T>(arena: &mut [T], planned: usize) -> &mut [T] {
    arena.get_mut(..planned).unwrap_or_default()
}

/// The spikes that wait; those that are read lie at the beginning of the buffer.
fn outputs_walk<W: Walk>(scalars: &mut Scalars, outputs: &mut [Spike], walk: &mut W) -> bool {
    let mut waiting = scalars.output_len as u32;
    if !waiting.walk(walk) {
        return false;
    }
    scalars.output_len = waiting as usize;
    let (before, from) = outputs.split_at_mut_checked(scalars.output_head).unwrap_or_default();
    let mut spikes = from.iter_mut().chain(before).take(scalars.output_len);
    spikes.all(|Spike { tick, channel }| tick.walk(walk) && channel.walk(walk))
}

fn population_walk<W: Walk>(population: &mut Population, walk: &mut W) -> bool {
    let History { head, len, tally, .. } = &mut population.history;
    let Tally { offered, accepted, rejected, dropped, peak } = tally;
    let Queue { next, end, upcoming, .. } = &mut population.queue;
    let Reading { gain, tick, .. } = &mut population.readout;
    population.saturations.walk(walk)
        && population.is_active.walk(walk)
        && head.walk(walk)
        && len.walk(walk)
        && [offered, accepted, rejected, dropped].into_iter().all(|count| count.walk(walk))
        && peak.walk(walk)
        && next.walk(walk)
        && end.walk(walk)
        && upcoming.walk(walk)
        && gain.walk(walk)
        && tick.walk(walk)
}

fn entry_walk<W: Walk>(entry: &mut Entry, walk: &mut W) -> bool {
    let Entry { tick, run, end } = entry;
    tick.walk(walk) && run.walk(walk) && end.walk(walk)
}

/// The sum of what arrived is zero between ticks; threshold and population are the program's.
fn neuron_walk<W: Walk>(neuron: &mut Neuron, walk: &mut W) -> bool {
    let Neuron { a, b, anchor, next, sum: _, threshold: _, population: _, phase } = neuron;
    let phases = [Phase::Active, Phase::Refractory, Phase::Spent];
    let mut code = phases.iter().position(|known| known == phase).unwrap_or_default() as u8;
    let went = a.walk(walk) && b.walk(walk) && anchor.walk(walk) && next.walk(walk) && code.walk(walk);
    let known = phases.get(usize::from(code));
    *phase = known.copied().unwrap_or_default();
    went && known.is_some()
}
