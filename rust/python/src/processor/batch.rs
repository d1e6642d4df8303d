//! Many recordings at once: each worker has a processor of its own, and the results come in order.

use super::arrays::Incoming;
use super::counters::{Account, add_counts, entries};
use super::recordings::{build, feed};
use super::{Engine, matrix};
use crate::convert::Until;
use crate::error::Error;
use crate::program::PyProgram;
use numpy::{IntoPyArray, PyArray1, PyArray2};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::sync::Arc;
use tarry_core::{Counts, Kind, Program, Spike};

/// Pieces of work per thread, so that none waits long for the last.
const PIECES: usize = 4;

type Array<'py, T> = Bound<'py, PyArray1<T>>;
/// Times, channels, offsets, digests, values by population that is read, tallies, counts.
type Arrays<'py> = (
    Array<'py, i64>,
    Array<'py, i64>,
    Array<'py, i64>,
    Array<'py, u64>,
    Vec<(usize, Bound<'py, PyArray2<i64>>)>,
    Vec<Bound<'py, PyDict>>,
    Bound<'py, PyDict>,
);

/// One recording: ticks, channels, and the tick before which it ends.
struct Recording {
    ticks: Vec<u64>,
    channels: Vec<u32>,
    until: u64,
}

/// What came of one recording.
struct Outcome {
    spikes: Vec<Spike>,
    digest: u64,
    /// By population that is read.
    values: Vec<Vec<i64>>,
}

/// What came of a piece of the work.
struct Piece {
    outcomes: Vec<Result<Outcome, Error>>,
    accounts: Vec<Account>,
    counts: Counts,
}

/// Runs recordings, each from rest, on `threads` threads (0: as many as there are cores); the same results for any number.
#[pyfunction]
pub(crate) fn run_recordings<'py>(
    py: Python<'py>,
    program: &PyProgram,
    recordings: Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)>,
    until: Vec<Until>,
    threads: usize,
) -> Result<Arrays<'py>, Error> {
    let program = &program.program;
    let count = recordings.len();
    if until.len() != 1 && until.len() != count {
        let message = format!(
            "there are {} ends and {count} recordings; give one end for all, or one each",
            until.len()
        );
        return Err(Error::Argument(message));
    }
    let threads =
        if threads > 0 { threads } else { std::thread::available_parallelism().map_or(1, usize::from) };
    let read = |(index, (times, channels)): (usize, &(Bound<'py, PyAny>, Bound<'py, PyAny>))| {
        let (ticks, channels) = Incoming::new(times, channels)
            .and_then(|spikes| spikes.owned())
            .map_err(|error| of("recording", index, error))?;
        Ok(Recording { ticks, channels, until: until[if until.len() == 1 { 0 } else { index }].0 })
    };
    let recordings = recordings.iter().enumerate().map(read).collect::<Result<Vec<_>, Error>>()?;
    let read: Vec<usize> = is_read(program);
    let length = if threads == 1 { count } else { count.div_ceil(threads * PIECES) };
    let pieces = py.detach(|| {
        let pieces = recordings.chunks(length.max(1)).collect();
        tarry_gradient::threads::map_in_order(threads, pieces, |piece| run_piece(program, piece, &read))
    })?;

    let mut counts = Counts::default();
    let mut accounts: Vec<Account> = Vec::new();
    let (mut times, mut channels, mut offsets, mut digests) = (vec![], vec![], vec![0], vec![]);
    let mut values = vec![Vec::new(); read.len()];
    for piece in pieces {
        let piece = piece?;
        add_counts(&mut counts, &piece.counts);
        if accounts.is_empty() {
            accounts = piece.accounts;
        } else {
            accounts.iter_mut().zip(&piece.accounts).for_each(|(total, more)| total.add(more));
        }
        for outcome in piece.outcomes {
            let outcome = outcome.map_err(|error| of("recording", digests.len(), error))?;
            times.extend(outcome.spikes.iter().map(|spike| spike.tick as i64));
            channels.extend(outcome.spikes.iter().map(|spike| i64::from(spike.channel)));
            offsets.push(times.len() as i64);
            digests.push(outcome.digest);
            values.iter_mut().zip(outcome.values).for_each(|(all, one)| all.extend(one));
        }
    }
    let matrix = |(index, values): (usize, Vec<i64>)| {
        let size = program.population(index).map_or(0, |population| population.size as usize);
        Ok((index, matrix(py, values, [count, size])?))
    };
    let values = read.into_iter().zip(values).map(matrix).collect::<Result<Vec<_>, Error>>()?;
    let tallies = accounts.iter().map(|account| account.entry(py)).collect::<PyResult<_>>()?;
    Ok((
        times.into_pyarray(py),
        channels.into_pyarray(py),
        offsets.into_pyarray(py),
        digests.into_pyarray(py),
        values,
        tallies,
        entries(py, &counts)?,
    ))
}

/// The populations that are read rather than heard: their neurons send no spikes.
fn is_read(program: &Program<Arc<[u8]>>) -> Vec<usize> {
    let population = |index| program.population(index).unwrap_or_default();
    (0..program.populations())
        .filter(|&index| population(index).kind != Kind::Input && !population(index).spikes())
        .collect()
}

fn run_piece(program: &Program<Arc<[u8]>>, recordings: &[Recording], read: &[usize]) -> Result<Piece, Error> {
    let mut engine = build(program)?;
    let outcomes = recordings.iter().map(|recording| outcome(&mut engine, recording, read)).collect();
    let accounts = engine.populations().iter().map(Account::of).collect();
    Ok(Piece { outcomes, accounts, counts: *engine.probe() })
}

fn outcome(engine: &mut Engine, recording: &Recording, read: &[usize]) -> Result<Outcome, Error> {
    engine.reset();
    let spikes = feed(engine, &recording.ticks, &recording.channels, recording.until)?;
    let values = read.iter().map(|&population| engine.values(population).collect()).collect();
    Ok(Outcome { spikes, digest: engine.digest(), values })
}

/// Says which recording or sample an error is about.
pub(crate) fn of(what: &str, index: usize, error: Error) -> Error {
    match error {
        Error::Argument(problem) => Error::Argument(format!("{what} {index}: {problem}")),
        Error::Type(problem) => Error::Type(format!("{what} {index}: {problem}")),
        Error::Push(problem) => Error::Argument(format!("{what} {index}: {problem}")),
        other => other,
    }
}
