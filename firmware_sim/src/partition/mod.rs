//! A network in parts, each with a processor of its own on a thread, that meet after every tick.
//!
//! A spike between neurons is due one tick later at the earliest, so within a tick the parts need nothing of each other. Each
//! part holds slices of the populations and hears, as inputs, the inputs of the network and the populations that project
//! into its slices; the spikes of a tick enter there in the next one, with delays that are one tick shorter. Spikes,
//! states, read-outs and digest are those of the network in one piece, for any number of parts and threads.

mod exchange;
mod part;
mod plan;
mod rendezvous;

use std::thread;

use tarry_core::{Digest, PushError, Spike, TICK_LIMIT};

use exchange::Exchange;
use part::{Full, Part};
use plan::Plan;
pub use plan::{PartitionError, Slices, Whole};
use rendezvous::{Broken, Rendezvous};

/// Runs the parts of a network.
#[derive(Debug)]
pub struct PartitionedProcessor {
    plan: Plan,
    parts: Vec<Part>,
    threads: usize,
    exchange: Exchange,
    digest: Digest,
}

impl PartitionedProcessor {
    /// Parts at rest before tick 0.
    ///
    /// # Errors
    /// [`PartitionError`] if the parts do not make up the network, or a number of threads that is not 1 to their number.
    pub fn new(populations: &[Whole], parts: &[Slices], threads: usize) -> Result<Self, PartitionError> {
        if threads < 1 || threads > parts.len() {
            return Err(PartitionError::Threads { threads, parts: parts.len() });
        }
        let plan = Plan::new(populations);
        plan.check(parts)?;
        let parts = parts.iter().map(|slices| Part::new(slices, &plan));
        let parts = parts.collect::<Result<Vec<_>, _>>().map_err(PartitionError::Processor)?;
        let exchange = Exchange::new(&parts.iter().map(Part::neurons).collect::<Vec<_>>());
        Ok(Self { plan, parts, threads, exchange, digest: Digest::EMPTY })
    }

    /// Resets, runs a whole recording up to `until`, returns its output spikes by tick, then by channel.
    ///
    /// # Errors
    /// [`PartitionError`] for spikes that a processor would not take either.
    pub fn run(&mut self, ticks: &[u64], channels: &[u32], until: u64) -> Result<Vec<Spike>, PartitionError> {
        self.run_watched(ticks, channels, until, || ())
    }

    /// As [`PartitionedProcessor::run`], and calls `watch` after every tick with work, when all parts have done it.
    ///
    /// # Errors
    /// As of [`PartitionedProcessor::run`].
    pub fn run_watched(
        &mut self,
        ticks: &[u64],
        channels: &[u32],
        until: u64,
        watch: impl FnMut(),
    ) -> Result<Vec<Spike>, PartitionError> {
        let until = until.min(TICK_LIMIT);
        self.check(ticks, channels, until)?;
        self.digest = Digest::EMPTY;
        self.exchange.clear();
        for part in &mut self.parts {
            part.reset();
        }
        let units: Vec<u32> = channels.iter().map(|&channel| self.plan.inputs[channel as usize]).collect();
        let per_thread = self.parts.len().div_ceil(self.threads);
        let groups = self.parts.chunks_mut(per_thread);
        let run = Run {
            plan: &self.plan,
            exchange: &self.exchange,
            rendezvous: Rendezvous::new(groups.len()),
            ticks,
            units: &units,
            until,
        };
        let failed = thread::scope(|scope| {
            let run = &run;
            let mut numbered = groups.enumerate().map(|(index, parts)| (index * per_thread, parts));
            let own = numbered.next();
            let others = numbered.map(|(first, parts)| scope.spawn(move || run.go(first, parts, || ())));
            let others: Vec<_> = others.collect();
            let own = own.and_then(|(first, parts)| run.go(first, parts, watch));
            let others = others.into_iter().map(|other| match other.join() {
                Ok(failed) => failed,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            others.fold(own, Option::or)
        });
        if let Some(Full { tick, unit }) = failed {
            let channel = self.plan.inputs.iter().position(|&input| input == unit).unwrap_or_default() as u32;
            return Err(PartitionError::Full { tick, channel });
        }
        let mut spikes: Vec<Spike> = self.parts.iter().flat_map(|part| &part.outputs).copied().collect();
        // The sort finds the ordered runs and merges them.
        spikes.sort_by_key(|spike| (spike.tick, spike.channel));
        self.digest = spikes.iter().fold(self.digest, |digest, &spike| digest.spike(spike));
        Ok(spikes)
    }

    /// One number over all output spikes of the last run and the state of every neuron.
    pub fn digest(&mut self) -> u64 {
        let mut digest = self.digest;
        for population in 0..self.plan.populations.len() {
            self.each_slice(population, |part, index| {
                digest =
                    part.engine.states(index).fold(digest, |digest, word| digest.bytes(&word.to_le_bytes()));
            });
        }
        digest.value()
    }

    /// What is read from a population of the whole network, as of [`tarry_core::Processor::values`].
    pub fn values(&mut self, population: usize) -> Vec<i64> {
        let mut values = Vec::new();
        self.each_slice(population, |part, index| values.extend(part.engine.values(index)));
        values
    }

    /// How many populations the whole network has.
    #[must_use]
    pub fn populations(&self) -> usize {
        self.plan.populations.len()
    }

    /// Hands out the parts of a population of neurons in order, and which population of the part it is.
    fn each_slice(&mut self, population: usize, mut visit: impl FnMut(&mut Part, usize)) {
        let Some(&(first, whole)) = self.plan.populations.get(population) else { return };
        if whole.is_input {
            return;
        }
        let mut slices: Vec<(u32, usize, usize)> = Vec::new();
        for (number, part) in self.parts.iter().enumerate() {
            slices.extend(part.slices(first..first + whole.size).map(|(unit, index)| (unit, number, index)));
        }
        slices.sort_unstable();
        for (_, number, index) in slices {
            visit(&mut self.parts[number], index);
        }
    }

    fn check(&self, ticks: &[u64], channels: &[u32], until: u64) -> Result<(), PartitionError> {
        let refuse = |error| Err(PartitionError::Push(error));
        if ticks.len() != channels.len() {
            return refuse(PushError::Lengths { ticks: ticks.len(), channels: channels.len() });
        }
        let inputs = self.plan.inputs.len() as u32;
        let mut earliest = 0;
        for (index, (&tick, &channel)) in ticks.iter().zip(channels).enumerate() {
            if tick < earliest {
                return refuse(PushError::Late { index, tick, earliest });
            }
            if channel >= inputs {
                return refuse(PushError::Channel { index, channel, channels: inputs });
            }
            earliest = tick;
        }
        let late = ticks.partition_point(|&tick| tick < until);
        ticks.get(late).map_or(Ok(()), |&tick| Err(PartitionError::Late { index: late, tick, until }))
    }
}

/// A recording on its way through the parts, as all threads see it.
struct Run<'a> {
    plan: &'a Plan,
    exchange: &'a Exchange,
    rendezvous: Rendezvous,
    ticks: &'a [u64],
    units: &'a [u32],
    until: u64,
}

impl Run<'_> {
    /// Runs some of the parts, the first of which has number `first`, in step with the others.
    fn go(&self, first: usize, parts: &mut [Part], mut watch: impl FnMut()) -> Option<Full> {
        let _guard = self.rendezvous.guard();
        let (mut tick, mut taken) = (0, 0);
        let mut failed = None;
        for step in 0.. {
            if tick >= self.until {
                break;
            }
            let count = self.ticks[taken..].iter().take_while(|&&due| due == tick).count();
            let inputs = &self.units[taken..taken + count];
            taken += count;
            let (read, written) = self.exchange.at(step);
            for (part, letter) in parts.iter_mut().zip(&written[first..]) {
                failed = failed.or(part.step(tick, inputs.iter().copied(), read, letter, self.plan).err());
            }
            if self.rendezvous.meet() == Err(Broken) {
                return None;
            }
            watch();
            // All threads see the same letters, and so do the same next.
            let wakes = written.iter().map(exchange::Letter::wakes).min().unwrap_or(exchange::STOP);
            if wakes == exchange::STOP {
                return failed;
            }
            tick = self.ticks.get(taken).map_or(wakes, |&due| wakes.min(due));
        }
        for part in parts {
            part.engine.run_until(self.until);
        }
        None
    }
}
