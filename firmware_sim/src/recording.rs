//! From recordings to censuses: the Processor runs, and everything is counted.

use std::fmt;

use serde::{Deserialize, Serialize};
use tarry_core::{Counts, Kind, NEVER, Probe, Processor, ProcessorError, Program, ProgramError, PushError};

use crate::census::{Census, Spike};
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
    let censuses =
        recordings.iter().enumerate().map(|(index, recording)| run(&program, index, recording, decision));
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
    number: usize,
    recording: &Recording,
    decision: Decision,
) -> Result<Census, RecordingError> {
    check(program, number, recording)?;
    let memory = HostMemory::new(program.plan(), 0);
    let recorder = Recorder { touched: vec![0; program.populations()], ..Recorder::default() };
    let mut processor =
        Processor::new(program.clone(), memory, recorder).map_err(RecordingError::Processor)?;
    let mut undecided = match decision {
        Decision::First => 1,
        Decision::All => program.plan().outputs,
    };
    let mut decided = vec![false; program.plan().outputs];
    let mut census = Census::default();
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
            let taken = processor.push(&recording.ticks[pushed..end], channels);
            if taken.map_err(|error| RecordingError::Push(number, error))? < channels.len() {
                return Err(RecordingError::Full { recording: number, tick });
            }
            census.spikes.extend(channels.iter().map(|channel| input_spike(program, tick, *channel)));
            pushed = end;
        }
        processor.run_until(tick + 1);
        let fired = std::mem::take(&mut processor.probe_mut().fired);
        census.spikes.extend(fired.into_iter().map(|(population, index)| Spike { tick, population, index }));
        while let Some(spike) = processor.pop() {
            let decided = &mut decided[spike.channel as usize];
            undecided = if *decided { undecided } else { undecided.saturating_sub(1) };
            *decided = true;
        }
        census.ticks = tick + 1;
    }
    let Counts { updates, searches, evaluations, .. } = processor.probe().counts;
    (census.arrivals, census.predictions, census.evaluations) = (updates, searches, evaluations);
    census.touched.clone_from(&processor.probe().touched);
    census.queue_peak =
        processor.populations().iter().map(|population| u64::from(population.tally().peak)).sum();
    Ok(census)
}

/// Finds what is wrong with a recording before any of it runs.
fn check(program: &Program<&[u8]>, number: usize, recording: &Recording) -> Result<(), RecordingError> {
    let memory = HostMemory::new(program.plan(), 0);
    let mut processor = Processor::new(program.clone(), memory, ()).map_err(RecordingError::Processor)?;
    processor
        .push(&recording.ticks, &recording.channels)
        .map_err(|error| RecordingError::Push(number, error))?;
    Ok(())
}

fn input_spike(program: &Program<&[u8]>, tick: u64, channel: u32) -> Spike {
    let holds = |population: &tarry_core::Population| {
        population.kind == Kind::Input && channel.wrapping_sub(population.first_channel) < population.size
    };
    let found =
        (0..program.populations()).find_map(|index| Some((index, program.population(index).filter(holds)?)));
    let (population, first) = found.map_or((0, 0), |(index, population)| (index, population.first_channel));
    Spike { tick, population, index: channel - first }
}
