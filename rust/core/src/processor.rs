//! Push in, step, pop out: the one engine that runs a program.

use crate::agenda::Agenda;
use crate::bitset::Bitset;
use crate::clock::Clock;
use crate::clock::hand_over::Sums;
use crate::clock::queue::Histories;
use crate::digest::Digest;
use crate::error::ProcessorError;
use crate::kernels::{Kernels, Portable};
use crate::lif::Neuron;
use crate::memory::{Arenas, Memory};
use crate::probe::Probe;
use crate::program::{Kind, Population, Program, Readout, View};
use crate::spike::{Spike, TICK_LIMIT};
use crate::start::start;
use crate::tick::{Outputs, Tick};
use core::marker::PhantomData;

/// A program, its memory, and the present.
///
/// `P` is told of every operation, `K` are the kernels that clocked populations run on.
#[derive(Clone, Debug)]
pub struct Processor<B, M, P = (), K = Portable> {
    pub(crate) program: Program<B>,
    pub(crate) memory: M,
    probe: P,
    kernels: PhantomData<K>,
    pub(crate) input_channels: u32,
    output_neurons: usize,
    /// The first tick that is still to be done.
    pub(crate) now: u64,
    /// The tick of the last spike that was pushed.
    pub(crate) pushed: u64,
    pub(crate) output_head: usize,
    pub(crate) output_len: usize,
    pub(crate) digest: Digest,
}

impl<B: AsRef<[u8]>, M: Arenas, P: Probe> Processor<B, M, P> {
    /// A processor at rest before tick 0.
    ///
    /// # Errors
    /// [`ProcessorError`] if an arena is shorter than [`Program::plan`] says.
    pub fn new(program: Program<B>, memory: M, probe: P) -> Result<Self, ProcessorError> {
        Self::with_kernels(program, memory, probe, Portable)
    }
}

impl<B: AsRef<[u8]>, M: Arenas, P: Probe, K: Kernels> Processor<B, M, P, K> {
    /// As [`Processor::new`], on kernels of the caller's choice.
    ///
    /// # Errors
    /// As of [`Processor::new`].
    pub fn with_kernels(
        program: Program<B>,
        mut memory: M,
        probe: P,
        _kernels: K,
    ) -> Result<Self, ProcessorError> {
        let plan = *program.plan();
        let mut arenas = memory.memory();
        for ((arena, needed, _), given) in plan.arenas().zip(arenas.lengths()) {
            if given < needed {
                return Err(ProcessorError { arena, needed, given });
            }
        }
        start(&program.view(), &plan, &mut arenas);
        let input_channels =
            program.view().populations().filter(|p| p.kind == Kind::Input).map(|p| p.size).sum();
        let mut processor = Self {
            program,
            memory,
            probe,
            kernels: PhantomData,
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
        let memory = self.memory.memory();
        let mut tick = tick_of(self.program.view(), self.program.plan(), memory).0;
        tick.clear();
        if !self.memory.memory().seen.is_empty() {
            self.memory.memory().seen.fill(0);
        }
        (self.now, self.pushed) = (0, 0);
        (self.output_head, self.output_len) = (0, 0);
        self.digest = Digest::EMPTY;
    }

    /// Does all ticks before `until`. Stops earlier, before a tick for which the output buffer might lack room;
    /// returns the first tick that is still to be done. Idle ticks cost nothing.
    pub fn run_until(&mut self, until: u64) -> u64 {
        self.run_until_outputs(until, usize::MAX)
    }

    /// As [`Processor::run_until`], but stops also after the tick in which the waiting outputs reach `count`.
    pub fn run_until_outputs(&mut self, until: u64, count: usize) -> u64 {
        let until = until.min(TICK_LIMIT);
        let (mut step, spikes) = tick_of(self.program.view(), self.program.plan(), self.memory.memory());
        let mut outputs =
            Outputs { spikes, head: self.output_head, len: self.output_len, digest: self.digest };
        while outputs.len < count {
            let tick = step.deadline(self.now);
            if tick >= until {
                self.now = self.now.max(until);
                break;
            }
            if outputs.spikes.len() - outputs.len < self.output_neurons {
                self.now = tick;
                break;
            }
            step.deliver::<K, P>(tick, &mut self.probe);
            step.update::<K, P>(tick, &mut outputs, &mut self.probe);
            self.probe.stepped();
            self.now = tick + 1;
        }
        (self.output_len, self.digest) = (outputs.len, outputs.digest);
        self.now
    }

    /// The tick at which there is work next, or [`crate::NEVER`]. Before it, nothing can happen without another push.
    pub fn next_deadline(&mut self) -> u64 {
        let now = self.now;
        tick_of(self.program.view(), self.program.plan(), self.memory.memory()).0.deadline(now)
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
        let memory = self.memory.memory();
        let mut digest = self.digest;
        for population in memory.populations.iter().take(self.program.plan().populations) {
            let own = population.first_neuron as usize..population.end_neuron();
            for neuron in memory.neurons.get(own).unwrap_or_default() {
                digest = digest.bytes(&neuron.a.to_le_bytes()).bytes(&neuron.b.to_le_bytes());
                digest = digest.bytes(&neuron.anchor.to_le_bytes());
            }
            for place in population.state_places() {
                let word = memory.states.get(place).copied().unwrap_or_default();
                digest = digest.bytes(&word.to_le_bytes());
            }
        }
        digest.value()
    }

    /// What is read from a population: of clocked neurons their read-outs, or their membranes where they have none; of
    /// event-driven neurons V at the last tick that was done. 0 before tick 0.
    pub fn values(&mut self, population: usize) -> impl Iterator<Item = i64> {
        let Memory { populations, neurons, states, readouts, .. } = self.memory.memory();
        let view = self.program.view();
        let last = self.now.checked_sub(1);
        let population = populations.get(population).copied().unwrap_or_default();
        let size = population.size as usize;
        let first = population.first_neuron as usize;
        (0..if population.kind == Kind::Input { 0 } else { size }).map(move |index| {
            let value = match (last, population.kind, population.readout.kind) {
                (None, ..) => None,
                (Some(last), Kind::Lif, _) => {
                    neurons.get(first + index).map(|neuron| population.lif.value(view.tables, neuron, last))
                }
                (_, _, Readout::None) => {
                    states.get(population.clocked.first_state as usize + index).copied().map(i64::from)
                }
                _ => readouts.get(population.readout.first as usize + index).copied(),
            };
            value.unwrap_or_default()
        })
    }

    /// States of the clocked neurons of a population, as the digest takes them: neuron by neuron.
    pub fn states(&mut self, population: usize) -> impl Iterator<Item = i32> {
        let memory = self.memory.memory();
        let population = memory.populations.get(population).copied().unwrap_or_default();
        let states = memory.states;
        population.state_places().map(move |place| states.get(place).copied().unwrap_or_default())
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

/// The arenas as one tick uses them, and the output buffer.
#[inline]
#[allow(clippy::needless_pass_by_value, reason = "the slices move into the tick")]
pub(crate) fn tick_of<'a>(
    view: View<'a>,
    plan: &crate::memory::Plan,
    memory: Memory<'a>,
) -> (Tick<'a>, &'a mut [Spike]) {
    let tick = Tick {
        view,
        populations: memory.populations.get_mut(..plan.populations).unwrap_or_default(),
        neurons: memory.neurons.get_mut(..plan.neurons).unwrap_or_default(),
        entries: memory.entries,
        deliveries: Agenda::new(memory.deliveries, plan.entries),
        crossings: Agenda::new(memory.crossings, plan.neurons),
        work: Bitset::new(memory.work, plan.neurons),
        histories: Histories {
            narrow: memory.narrow_sources,
            wide: memory.wide_sources,
            starts: memory.starts,
            bits: memory.bits,
        },
        clock: Clock {
            projections: memory.projections.get_mut(..plan.projections).unwrap_or_default(),
            sums: Sums { narrow: memory.narrow_sums, wide: memory.wide_sums },
            states: memory.states,
            readouts: memory.readouts,
            fired: memory.fired,
            is_absent: plan.states == 0,
        },
    };
    (tick, memory.outputs)
}
