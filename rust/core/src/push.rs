//! Spikes from outside: checked, then let into the histories of the inputs.

use crate::agenda::Agenda;
use crate::clock::queue::Histories;
use crate::error::PushError;
use crate::kernels::Kernels;
use crate::memory::{Arenas, Memory};
use crate::probe::Probe;
use crate::processor::Processor;
use crate::program::{Kind, Population, View};
use crate::spike::TICK_LIMIT;
use crate::tick::Readers;

impl<B: AsRef<[u8]>, M: Arenas, P: Probe, K: Kernels> Processor<B, M, P, K> {
    /// Takes input spikes: ticks from [`Processor::now`] on, never decreasing, across calls too. Returns how many it
    /// took: fewer than given where the history of an input that rejects is full. Work per spike is bounded.
    ///
    /// # Errors
    /// [`PushError`]; then no spike of the call was taken.
    pub fn push(&mut self, ticks: &[u64], channels: &[u32]) -> Result<usize, PushError> {
        self.check(ticks, channels)?;
        let plan = self.program.plan();
        // Only event-driven neurons look synapses up when a spike comes.
        let view = if plan.entries > 0 { self.program.view() } else { View::default() };
        let Memory {
            populations, entries, deliveries, seen, narrow_sources, wide_sources, starts, bits, ..
        } = self.memory.memory();
        let mut readers = Readers {
            view: &view,
            entries,
            deliveries: &mut Agenda::new(deliveries, plan.entries),
            histories: &mut Histories { narrow: narrow_sources, wide: wide_sources, starts, bits },
        };
        let mut taken = 0;
        while let Some((&tick, &channel)) = ticks.get(taken).zip(channels.get(taken)) {
            let Some(population) = input_of(populations, channel) else { break };
            if tick != self.pushed {
                self.pushed = tick;
                // To clear an empty slice takes tens of nanoseconds on some processors (a masked store to nowhere).
                if !seen.is_empty() {
                    seen.fill(0);
                }
            }
            if population.is_binary {
                let within = channel - population.first_channel;
                if !first_in_tick(seen, population.first_seen, within) {
                    population.history.tally.offered += 1;
                    population.history.tally.dropped += 1;
                } else if readers.take(population, core::iter::once(within), tick, self.now) == 0 {
                    forget_in_tick(seen, population.first_seen, within);
                    break;
                }
                taken += 1;
                continue;
            }
            // With all that follow in the same tick and population.
            let (first, size) = (population.first_channel, population.size);
            let together = ticks.iter().zip(channels).skip(taken).take_while(|&(&other, &channel)| {
                other == tick && channel.checked_sub(first).is_some_and(|within| within < size)
            });
            let spikes = together.map(|(_, &channel)| channel - first);
            match readers.take(population, spikes, tick, self.now) {
                0 => break,
                some => taken += some as usize,
            }
        }
        // The spike that was rejected was offered already; the rest was offered, too.
        for &channel in channels.iter().skip(taken + 1) {
            if let Some(population) = input_of(populations, channel) {
                population.history.tally.offered += 1;
                population.history.tally.rejected += 1;
            }
        }
        Ok(taken)
    }

    /// Whether all spikes of a stream could be pushed, as far as times and channels go.
    ///
    /// # Errors
    /// [`PushError`], as [`Processor::push`] would say.
    pub fn check(&self, ticks: &[u64], channels: &[u32]) -> Result<(), PushError> {
        if ticks.len() != channels.len() {
            return Err(PushError::Lengths { ticks: ticks.len(), channels: channels.len() });
        }
        let mut earliest = self.now.max(self.pushed);
        for (index, (&tick, &channel)) in ticks.iter().zip(channels).enumerate() {
            if tick < earliest {
                return Err(PushError::Late { index, tick, earliest });
            }
            if tick >= TICK_LIMIT {
                return Err(PushError::TooFar { index });
            }
            if channel >= self.input_channels {
                return Err(PushError::Channel { index, channel, channels: self.input_channels });
            }
            earliest = tick;
        }
        Ok(())
    }
}

impl Readers<'_, '_> {
    /// Lets spikes of one tick into an input, as many as there is room for. Where there is none, it counts what becomes
    /// of the first: one that is dropped counts as taken. Returns how many were taken, 0 if the first is rejected.
    #[inline]
    fn take(
        &mut self,
        population: &mut Population,
        spikes: impl Iterator<Item = u32>,
        tick: u64,
        now: u64,
    ) -> u32 {
        let is_too_far = population.queue.kept > 0
            && tick >= population.queue.horizon(now, population.longest_hand_over());
        let entered = if is_too_far { 0 } else { self.enter_all(population, spikes, tick, now) };
        let tally = &mut population.history.tally;
        tally.offered += u64::from(entered.max(1));
        if entered > 0 {
            return entered;
        }
        let is_dropped = population.drops && !is_too_far;
        *if is_dropped { &mut tally.dropped } else { &mut tally.rejected } += 1;
        u32::from(is_dropped)
    }
}

/// The input population of a channel.
#[inline]
fn input_of(populations: &mut [Population], channel: u32) -> Option<&mut Population> {
    populations.iter_mut().find(|population| {
        let within = channel.checked_sub(population.first_channel);
        population.kind == Kind::Input && within.is_some_and(|within| within < population.size)
    })
}

/// Marks a channel of a binary input; says whether it is its first spike in this tick.
fn first_in_tick(seen: &mut [u64], first_word: u32, within: u32) -> bool {
    let bit = 1 << (within % 64);
    let Some(word) = seen.get_mut((first_word + within / 64) as usize) else { return true };
    let first = *word & bit == 0;
    *word |= bit;
    first
}

fn forget_in_tick(seen: &mut [u64], first_word: u32, within: u32) {
    if let Some(word) = seen.get_mut((first_word + within / 64) as usize) {
        *word &= !(1 << (within % 64));
    }
}
