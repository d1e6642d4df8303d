//! Push in, step, pop out: the one engine that runs a program.

use crate::agenda::Agenda;
use crate::bitset::Bitset;
use crate::digest::Digest;
use crate::error::{ProcessorError, PushError};
use crate::lif::Neuron;
use crate::memory::Arenas;
use crate::probe::Probe;
use crate::program::{Kind, Population, Program};
use crate::spike::{Spike, TICK_LIMIT};
use crate::tick::{Outputs, Tick, enter};

/// A program, its memory, and the present.
#[derive(Debug)]
pub struct Processor<B, M, P = ()> {
    program: Program<B>,
    memory: M,
    probe: P,
    input_channels: u32,
    output_neurons: usize,
    /// The first tick that is still to be done.
    now: u64,
    /// The tick of the last spike that was pushed.
    pushed: u64,
    output_head: usize,
    output_len: usize,
    digest: Digest,
}

impl<B: AsRef<[u8]>, M: Arenas, P: Probe> Processor<B, M, P> {
    /// A processor at rest before tick 0.
    ///
    /// # Errors
    /// [`ProcessorError`] if an arena is shorter than [`Program::plan`] says.
    pub fn new(program: Program<B>, mut memory: M, probe: P) -> Result<Self, ProcessorError> {
        let plan = *program.plan();
        let arenas = memory.memory();
        let lengths = [
            ("populations", plan.populations, arenas.populations.len()),
            ("neurons", plan.neurons, arenas.neurons.len()),
            ("entries", plan.entries, arenas.entries.len()),
            ("deliveries", plan.deliveries, arenas.deliveries.len()),
            ("crossings", plan.crossings, arenas.crossings.len()),
            ("work", plan.work, arenas.work.len()),
            ("seen", plan.seen, arenas.seen.len()),
            ("outputs", plan.outputs, arenas.outputs.len()),
        ];
        for (arena, needed, given) in lengths {
            if given < needed {
                return Err(ProcessorError { arena, needed, given });
            }
        }
        Agenda::new(arenas.deliveries, plan.entries).build();
        Agenda::new(arenas.crossings, plan.neurons).build();
        // Every tick leaves it empty.
        arenas.work.fill(0);
        let view = program.view();
        for (index, (slot, population)) in arenas.populations.iter_mut().zip(view.populations()).enumerate() {
            *slot = population;
            let own = population.first_neuron as usize..population.end_neuron();
            for (neuron, member) in
                arenas.neurons.get_mut(own.clone()).unwrap_or_default().iter_mut().zip(own)
            {
                (neuron.population, neuron.threshold) = (index as u16, view.threshold(member));
            }
        }
        let input_channels =
            program.view().populations().filter(|p| p.kind == Kind::Input).map(|p| p.size).sum();
        let mut processor = Self {
            program,
            memory,
            probe,
            input_channels,
            output_neurons: plan.outputs,
            now: 0,
            pushed: 0,
            output_head: 0,
            output_len: 0,
            digest: Digest::EMPTY,
        };
        processor.reset();
        Ok(processor)
    }

    /// Back to rest before tick 0: states, queues and outputs are cleared; what was counted stays.
    pub fn reset(&mut self) {
        let plan = *self.program.plan();
        let memory = self.memory.memory();
        for population in memory.populations.iter_mut().take(plan.populations) {
            population.history.clear();
        }
        for neuron in memory.neurons.iter_mut().take(plan.neurons) {
            *neuron = neuron.at_rest();
        }
        Agenda::new(memory.deliveries, plan.entries).clear();
        Agenda::new(memory.crossings, plan.neurons).clear();
        if !memory.seen.is_empty() {
            memory.seen.fill(0);
        }
        (self.now, self.pushed) = (0, 0);
        (self.output_head, self.output_len) = (0, 0);
        self.digest = Digest::EMPTY;
    }

    /// Takes input spikes: ticks from [`Processor::now`] on, never decreasing, across calls too. Returns how many it
    /// took: fewer than given where the history of an input that rejects is full. Work per spike is bounded.
    ///
    /// # Errors
    /// [`PushError`]; then no spike of the call was taken.
    pub fn push(&mut self, ticks: &[u64], channels: &[u32]) -> Result<usize, PushError> {
        self.check(ticks, channels)?;
        let memory = self.memory.memory();
        let view = self.program.view();
        let mut deliveries = Agenda::new(memory.deliveries, self.program.plan().entries);
        for (index, (&tick, &channel)) in ticks.iter().zip(channels).enumerate() {
            let Some(population) = input_of(memory.populations, channel) else { continue };
            let within = channel - population.first_channel;
            population.history.tally.offered += 1;
            if tick != self.pushed {
                self.pushed = tick;
                // Most programs have no binary input, and a call that fills nothing costs, too.
                if !memory.seen.is_empty() {
                    memory.seen.fill(0);
                }
            }
            if population.is_binary && !first_in_tick(memory.seen, population.first_seen, within) {
                population.history.tally.dropped += 1;
                continue;
            }
            if enter(population, within, tick, self.now, &view, memory.entries, &mut deliveries) {
                continue;
            }
            if population.drops {
                population.history.tally.dropped += 1;
                continue;
            }
            population.history.tally.rejected += 1;
            if population.is_binary {
                forget_in_tick(memory.seen, population.first_seen, within);
            }
            // The rest was offered, too.
            for &channel in channels.iter().skip(index + 1) {
                if let Some(population) = input_of(memory.populations, channel) {
                    population.history.tally.offered += 1;
                    population.history.tally.rejected += 1;
                }
            }
            return Ok(index);
        }
        Ok(ticks.len())
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

    /// Does all ticks before `until`. Stops earlier, before a tick for which the output buffer might lack room;
    /// returns the first tick that is still to be done. Idle ticks cost nothing.
    pub fn run_until(&mut self, until: u64) -> u64 {
        self.run_until_outputs(until, usize::MAX)
    }

    /// As [`Processor::run_until`], but stops also after the tick in which the waiting outputs reach `count`.
    pub fn run_until_outputs(&mut self, until: u64, count: usize) -> u64 {
        let until = until.min(TICK_LIMIT);
        let view = self.program.view();
        let memory = self.memory.memory();
        let mut tick_memory = Tick {
            view,
            populations: memory.populations,
            neurons: memory.neurons,
            entries: memory.entries,
            deliveries: Agenda::new(memory.deliveries, self.program.plan().entries),
            crossings: Agenda::new(memory.crossings, self.program.plan().neurons),
            work: Bitset::new(memory.work, self.program.plan().neurons),
        };
        let mut outputs = Outputs {
            spikes: memory.outputs,
            head: self.output_head,
            len: self.output_len,
            digest: self.digest,
        };
        while outputs.len < count {
            let tick = tick_memory.deadline();
            if tick >= until {
                self.now = self.now.max(until);
                break;
            }
            if outputs.spikes.len() - outputs.len < self.output_neurons {
                self.now = tick;
                break;
            }
            tick_memory.deliver(tick, &mut self.probe);
            tick_memory.update(tick, &mut outputs, &mut self.probe);
            self.probe.stepped();
            self.now = tick + 1;
        }
        (self.output_len, self.digest) = (outputs.len, outputs.digest);
        self.now
    }

    /// The tick at which there is work next, or [`crate::NEVER`]. Before it, nothing can happen without another push.
    pub fn next_deadline(&mut self) -> u64 {
        let memory = self.memory.memory();
        let deliveries = Agenda::new(memory.deliveries, self.program.plan().entries).earliest();
        deliveries.min(Agenda::new(memory.crossings, self.program.plan().neurons).earliest())
    }

    /// The next output spike, by tick, then by channel.
    pub fn pop(&mut self) -> Option<Spike> {
        if self.output_len == 0 {
            return None;
        }
        let outputs = self.memory.memory().outputs;
        let spike = outputs.get(self.output_head).copied();
        self.output_head = if self.output_head + 1 >= outputs.len() { 0 } else { self.output_head + 1 };
        self.output_len -= 1;
        spike
    }

    /// How many output spikes wait to be popped.
    pub const fn waiting(&self) -> usize {
        self.output_len
    }

    /// The first tick that is still to be done.
    pub const fn now(&self) -> u64 {
        self.now
    }

    /// One number over all output spikes since the reset and over the state of every neuron.
    pub fn digest(&mut self) -> u64 {
        let neurons = self.program.plan().neurons;
        let memory = self.memory.memory();
        let add = |digest: Digest, neuron: &Neuron| {
            let digest = digest.bytes(&neuron.a.to_le_bytes()).bytes(&neuron.b.to_le_bytes());
            digest.bytes(&neuron.anchor.to_le_bytes())
        };
        memory.neurons.iter().take(neurons).fold(self.digest, add).value()
    }

    /// The program.
    pub const fn program(&self) -> &Program<B> {
        &self.program
    }

    /// Populations with their tallies.
    pub fn populations(&mut self) -> &[Population] {
        let populations = self.program.plan().populations;
        self.memory.memory().populations.get(..populations).unwrap_or_default()
    }

    /// States of the neurons.
    pub fn neurons(&mut self) -> &[Neuron] {
        let neurons = self.program.plan().neurons;
        self.memory.memory().neurons.get(..neurons).unwrap_or_default()
    }

    /// The probe.
    pub const fn probe(&self) -> &P {
        &self.probe
    }

    /// The probe, to be read and cleared.
    pub const fn probe_mut(&mut self) -> &mut P {
        &mut self.probe
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
