//! One part: a processor of its own program, and what its channels are in the whole network.

use std::ops::Range;
use std::sync::Arc;

use tarry_core::{Kind, Processor, ProcessorError, Spike};

use super::exchange::{Letter, STOP};
use super::plan::{NOBODY, Plan, Slices};
use crate::{Dispatched, HostMemory};

/// A part of the network.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) engine: Processor<Arc<[u8]>, HostMemory, (), Dispatched>,
    /// Own input channel by unit of the whole; [`NOBODY`] where nothing here hears it.
    hears: Vec<u32>,
    /// Unit of the whole by own output channel.
    says: Vec<u32>,
    /// First unit and index of its populations of neurons.
    slices: Vec<(u32, usize)>,
    /// Its output spikes of the run under way, as channels of the whole.
    pub(super) outputs: Vec<Spike>,
    ticks: Vec<u64>,
    channels: Vec<u32>,
}

/// The history of an input is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full {
    pub(super) tick: u64,
    /// The unit whose spike found no place.
    pub(super) unit: u32,
}

impl Part {
    pub(super) fn new(slices: &Slices, plan: &Plan) -> Result<Self, ProcessorError> {
        let Slices { program, units } = slices;
        let mut hears = vec![NOBODY; plan.units()];
        let (mut says, mut slices) = (Vec::new(), Vec::new());
        let mut channel = 0;
        let populations = (0..program.populations()).filter_map(|index| program.population(index));
        for (index, (population, &first)) in populations.zip(units).enumerate() {
            let units = first..first + population.size;
            if population.kind == Kind::Input {
                for unit in units {
                    hears[unit as usize] = channel;
                    channel += 1;
                }
            } else {
                says.extend(units);
                slices.push((first, index));
            }
        }
        let memory = HostMemory::new(program.plan(), 0);
        let engine = Processor::with_kernels(program.clone(), memory, (), Dispatched)?;
        Ok(Self { engine, hears, says, slices, outputs: Vec::new(), ticks: Vec::new(), channels: Vec::new() })
    }

    /// How many neurons are its own.
    pub(super) fn neurons(&self) -> usize {
        self.says.len()
    }

    /// First unit and index of its populations of neurons whose units begin in a range.
    pub(super) fn slices(&self, units: Range<u32>) -> impl Iterator<Item = (u32, usize)> + '_ {
        self.slices.iter().copied().filter(move |(first, _)| units.contains(first))
    }

    /// Back to before tick 0.
    pub(super) fn reset(&mut self) {
        self.engine.reset();
        self.outputs.clear();
    }

    /// Does `tick`, with the input spikes of it and what all parts wrote last, and writes its own letter.
    ///
    /// A spike of a neuron in the tick before enters as an input spike of this tick: its delays are one tick shorter here.
    pub(super) fn step(
        &mut self,
        tick: u64,
        inputs: impl Iterator<Item = u32>,
        read: &[Letter],
        written: &Letter,
        plan: &Plan,
    ) -> Result<(), Full> {
        self.engine.run_until(tick);
        self.channels.clear();
        let spikes = read.iter().flat_map(Letter::units).chain(inputs);
        self.channels
            .extend(spikes.map(|unit| self.hears[unit as usize]).filter(|&channel| channel != NOBODY));
        self.ticks.clear();
        self.ticks.resize(self.channels.len(), tick);
        // Ticks and channels are right by construction, so that the push takes a number of them.
        let taken = self.engine.push(&self.ticks, &self.channels).unwrap_or_default();
        if let Some(channel) = self.channels.get(taken) {
            written.wake_at(STOP);
            let unit = self.hears.iter().position(|own| own == channel).unwrap_or_default() as u32;
            return Err(Full { tick, unit });
        }
        self.engine.run_until(tick + 1);
        let (engine, outputs, says) = (&mut self.engine, &mut self.outputs, &self.says);
        let mut any = false;
        written.write(std::iter::from_fn(|| engine.pop()).map(|spike| {
            let unit = says[spike.channel as usize];
            let channel = plan.output_channel(unit);
            if channel != NOBODY {
                outputs.push(Spike { tick, channel });
            }
            any = true;
            unit
        }));
        written.wake_at(if any { tick + 1 } else { self.engine.next_deadline() });
        Ok(())
    }
}
