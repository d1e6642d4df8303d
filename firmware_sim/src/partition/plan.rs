//! The whole network that a partition was made of: which units there are, and which of them leave it.

use std::fmt;
use std::sync::Arc;

use tarry_core::{Kind, ProcessorError, Program, PushError};

/// No channel.
pub(super) const NOBODY: u32 = u32::MAX;

/// A population of the whole network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole {
    /// Neurons or input channels.
    pub size: u32,
    /// Its spikes come from outside.
    pub is_input: bool,
    /// Its spikes leave the network.
    pub is_output: bool,
}

/// A part of the network as it is given.
#[derive(Clone, Debug)]
pub struct Slices {
    /// Its inputs are the populations that it hears, its neurons slices of populations; all of those are outputs.
    pub program: Program<Arc<[u8]>>,
    /// The first unit of each of its populations in the whole network, where units count inputs and neurons in order
    /// of declaration.
    pub units: Vec<u32>,
}

/// Why a network cannot be run in parts, or a recording not through it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartitionError {
    /// The parts are not those of one network.
    Parts(String),
    /// There are fewer threads than one, or more than parts.
    Threads {
        /// How many threads.
        threads: usize,
        /// How many parts.
        parts: usize,
    },
    /// A processor cannot be built.
    Processor(ProcessorError),
    /// The spikes of a recording cannot be taken.
    Push(PushError),
    /// A recording goes on after its end.
    Late {
        /// Which spike.
        index: usize,
        /// Its tick.
        tick: u64,
        /// Where the run ends.
        until: u64,
    },
    /// The history of an input is full.
    Full {
        /// A tick at which it took no more.
        tick: u64,
        /// The channel that it took no more from.
        channel: u32,
    },
}

impl fmt::Display for PartitionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parts(problem) => f.write_str(problem),
            Self::Threads { threads, parts } => {
                write!(f, "threads is {threads}; there are {parts} parts: use 1 to {parts} threads")
            }
            Self::Processor(error) => error.fmt(f),
            Self::Push(error) => error.fmt(f),
            Self::Late { index, tick, until } => {
                write!(f, "spike {index} has tick {tick}; the run ends before tick {until}")
            }
            Self::Full { tick, channel } => write!(
                f,
                "a spike of channel {channel} at tick {tick} does not fit: the history of its input is full; partition with larger capacities="
            ),
        }
    }
}

impl std::error::Error for PartitionError {}

/// Units count inputs and neurons in order of declaration.
#[derive(Debug)]
pub(super) struct Plan {
    /// First unit of every population, and the population.
    pub(super) populations: Vec<(u32, Whole)>,
    /// Unit by input channel.
    pub(super) inputs: Vec<u32>,
    /// Output channel by unit, or [`NOBODY`].
    outputs: Vec<u32>,
}

impl Plan {
    pub(super) fn new(populations: &[Whole]) -> Self {
        let mut plan = Self { populations: Vec::new(), inputs: Vec::new(), outputs: Vec::new() };
        let mut channel = 0;
        for &population in populations {
            let first = plan.outputs.len() as u32;
            plan.populations.push((first, population));
            for unit in first..first + population.size {
                if population.is_input {
                    plan.inputs.push(unit);
                }
                plan.outputs.push(if population.is_output { channel } else { NOBODY });
                channel += u32::from(population.is_output);
            }
        }
        plan
    }

    /// How many units there are.
    pub(super) fn units(&self) -> usize {
        self.outputs.len()
    }

    pub(super) fn output_channel(&self, unit: u32) -> u32 {
        self.outputs[unit as usize]
    }

    /// Refuses parts that do not hold every neuron once, in order, or hear what there is not.
    pub(super) fn check(&self, parts: &[Slices]) -> Result<(), PartitionError> {
        let problem = |text: String| Err(PartitionError::Parts(text));
        let mut held = vec![false; self.units()];
        for (part, Slices { program, units: firsts }) in parts.iter().enumerate() {
            if firsts.len() != program.populations() {
                let (firsts, populations) = (firsts.len(), program.populations());
                return problem(format!(
                    "part {part} has {populations} populations and {firsts} first units"
                ));
            }
            let mut next = 0;
            for (index, &first) in firsts.iter().enumerate() {
                let Some(population) = program.population(index) else { continue };
                let units = u64::from(first)..u64::from(first) + u64::from(population.size);
                let within = |(start, whole): &&(u32, Whole)| {
                    u64::from(*start) <= units.start && units.end <= u64::from(*start) + u64::from(whole.size)
                };
                let Some((_, whole)) = self.populations.iter().find(within) else {
                    return problem(format!("part {part}: units {units:?} are no population of the network"));
                };
                if population.kind == Kind::Input {
                    continue;
                }
                if whole.is_input
                    || !population.is_output
                    || population.kind == Kind::Lif
                    || units.start < next
                {
                    return problem(format!(
                        "part {part}: units {units:?} are no clocked neurons, no outputs, or not in order"
                    ));
                }
                next = units.end;
                for unit in units {
                    if std::mem::replace(&mut held[unit as usize], true) {
                        return problem(format!("part {part}: neuron {unit} belongs to another part, too"));
                    }
                }
            }
        }
        let neurons = self.populations.iter().filter(|(_, whole)| !whole.is_input);
        for unit in neurons.flat_map(|&(first, whole)| first..first + whole.size) {
            if !held[unit as usize] {
                return problem(format!("neuron {unit} belongs to no part"));
            }
        }
        Ok(())
    }
}
