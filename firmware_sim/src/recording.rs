//! From recordings to censuses: the Processor runs, and everything is counted.

use std::fmt;

use serde::{Deserialize, Serialize};
use tarry_core::{
    Counts, Kind, NEVER, Population, Probe, Processor, ProcessorError, Program, ProgramError, PushError,
};

use crate::arrivals::Arrivals;
use crate::census::{Census, Spike};
use crate::dispatch::Dispatched;
use crate::memory::HostMemory;
use crate::program::structure;
use crate::structure::Structure;

/// Input spikes of one sample.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recording {
    /// Ticks, not decreasing.
    pub ticks: Vec<u64>,
    /// Input channels, one per tick.
    pub channels: Vec<u32>,
}

/// When a recording is decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// At the first output spike.
    #[default]
    First,
    /// When every output has spiked.
    All,
}

/// Ticks after the last input in which a network must become quiet.
const PATIENCE: u64 = 1 << 20;

/// Why a recording could not be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordingError {
    /// The bytes are no program.
    Program(ProgramError),
    /// The Processor could not be built.
    Processor(ProcessorError),
    /// There is nothing to run.
    Empty,
    /// The spikes of a recording were refused.
    Push(usize, PushError),
    /// The history of an input is full.
    Full {
        /// Which recording.
        recording: usize,
        /// At which tick.
        tick: u64,
    },
    /// The network goes on by itself and never decides.
    Restless {
        /// Which recording.
        recording: usize,
    },
}

impl fmt::Display for RecordingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program(error) => write!(f, "{error}"),
            Self::Processor(error) => write!(f, "{error}"),
            Self::Empty => write!(f, "there are no recordings; give at least one pair of times and channels"),
            Self::Push(recording, error) => write!(f, "recording {recording}: {error}"),
            Self::Full { recording, tick } => write!(
                f,
                "recording {recording}: the history of an input is full at tick {tick}; compile with a larger input_capacity"
            ),
            Self::Restless { recording } => write!(
                f,
                "recording {recording}: the network is neither decided nor quiet {PATIENCE} ticks after its last input"
            ),
        }
    }
}

impl std::error::Error for RecordingError {}

/// Runs every recording from rest until it is decided; the structure of the program and a census of each.
///
/// A recording without a decision runs until the network is quiet. Spikes that a full history dropped are counted as if
/// they had been delivered.
///
/// # Errors
/// If the program is damaged, there are no recordings, or a recording cannot be pushed or never ends.
pub fn record(
    program: &[u8],
    recordings: &[Recording],
    decision: Decision,
) -> Result<(Structure, Vec<Census>), RecordingError> {
    let program = Program::parse(program).map_err(RecordingError::Program)?;
    if recordings.is_empty() {
        return Err(RecordingError::Empty);
    }
    let parts: Vec<Population> = (0..program.populations()).filter_map(|at| program.population(at)).collect();
    let censuses = recordings.iter().enumerate();
    let censuses = censuses.map(|(index, recording)| run(&program, &parts, index, recording, decision));
    Ok((structure(&program), censuses.collect::<Result<_, _>>()?))
}

/// Counts like [`Counts`] and remembers who was updated and who fired.
#[derive(Default)]
struct Recorder {
    counts: Counts,
    visited: usize,
    touched: Vec<u64>,
    fired: Vec<(usize, u32)>,
}

impl Probe for Recorder {
    fn visited(&mut self, population: usize) {
        self.visited = population;
    }
    fn updated(&mut self) {
        self.counts.updated();
        self.touched[self.visited] += 1;
    }
    fn fired(&mut self, population: usize, index: u32) {
        self.counts.fired(population, index);
        self.fired.push((population, index));
    }
    fn searched(&mut self, evaluations: u32) {
        self.counts.searched(evaluations);
    }
}

fn run(
    program: &Program<&[u8]>,
    populations: &[Population],
    number: usize,
    recording: &Recording,
    decision: Decision,
) -> Result<Census, RecordingError> {
    let memory = HostMemory::new(program.plan(), 0);
    let recorder = Recorder { touched: vec![0; populations.len()], ..Recorder::default() };
    let mut processor = Processor::with_kernels(program.clone(), memory, recorder, Dispatched)
        .map_err(RecordingError::Processor)?;
    // What is wrong with a recording is found before any of it runs.
    processor
        .check(&recording.ticks, &recording.channels)
        .map_err(|error| RecordingError::Push(number, error))?;
    let mut undecided = match decision {
        Decision::First => 1,
        Decision::All => program.plan().outputs,
    };
    let mut decided = vec![false; program.plan().outputs];
    let mut census = Census::default();
    let mut arrivals = Arrivals::new(program);
    let mut active = vec![0; populations.len()];
    let last_input = recording.ticks.last().copied().unwrap_or(0);
    let mut pushed = 0;
    while undecided > 0 {
        let input = recording.ticks.get(pushed).copied().unwrap_or(NEVER);
        let tick = processor.next_deadline().min(input);
        if tick == NEVER {
            break;
        }
        if tick > last_input.saturating_add(PATIENCE) {
            return Err(RecordingError::Restless { recording: number });
        }
        if input == tick {
            let end = pushed + recording.ticks[pushed..].iter().take_while(|at| **at == tick).count();
            let channels = &recording.channels[pushed..end];
            // The network sleeps until then; inputs of clocked neurons take spikes only so far ahead.
            processor.run_until(tick);
            let taken = processor.push(&recording.ticks[pushed..end], channels);
            if taken.map_err(|error| RecordingError::Push(number, error))? < channels.len() {
                return Err(RecordingError::Full { recording: number, tick });
            }
            let first = census.spikes.len();
            census.spikes.extend(channels.iter().map(|channel| input_spike(populations, tick, *channel)));
            once_per_tick(populations, &mut census.spikes, first);
            for spike in &census.spikes[first..] {
                arrivals.spike(tick, spike.population, spike.index);
            }
            pushed = end;
        }
        processor.run_until(tick + 1);
        arrivals.take(tick, &mut active);
        let fired = std::mem::take(&mut processor.probe_mut().fired);
        for &(population, index) in &fired {
            arrivals.spike(tick, population, index);
        }
        census.spikes.extend(fired.into_iter().map(|(population, index)| Spike { tick, population, index }));
        while let Some(spike) = processor.pop() {
            let decided = &mut decided[spike.channel as usize];
            undecided = if *decided { undecided } else { undecided.saturating_sub(1) };
            *decided = true;
        }
        census.ticks = tick + 1;
    }
    let Recorder { counts: Counts { searches, evaluations, .. }, touched: updated, .. } = processor.probe();
    (census.predictions, census.evaluations) = (*searches, *evaluations);
    for ((population, updated), active) in populations.iter().zip(updated).zip(active) {
        let is_clocked = population.kind.is_clocked();
        *(if is_clocked { &mut census.clocked_updates } else { &mut census.arrivals }) += updated;
        // The engine updates every clocked neuron that is awake; event-driven ones where something arrives.
        census.touched.push(if is_clocked { active } else { *updated });
    }
    census.queue_peak =
        processor.populations().iter().map(|population| u64::from(population.tally().peak)).sum();
    Ok(census)
}

fn input_spike(populations: &[Population], tick: u64, channel: u32) -> Spike {
    let holds = |population: &Population| {
        population.kind == Kind::Input && channel.wrapping_sub(population.first_channel) < population.size
    };
    let population = populations.iter().position(holds).unwrap_or(0);
    Spike { tick, population, index: channel - populations[population].first_channel }
}

/// Of the spikes from `first` on, all of one tick, forgets those that a binary input drops.
fn once_per_tick(populations: &[Population], spikes: &mut Vec<Spike>, first: usize) {
    for at in (first..spikes.len()).rev() {
        if populations[spikes[at].population].is_binary && spikes[first..at].contains(&spikes[at]) {
            spikes.remove(at);
        }
    }
}
