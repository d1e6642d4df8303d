//! A network in parts for Python.

use crate::convert::Until;
use crate::error::Error;
use crate::processor::{Incoming, Spikes, spikes};
use crate::program::PyProgram;
use firmware_sim::partition::{Slices, Whole};
use firmware_sim::{PartitionError, PartitionedProcessor};
use numpy::{IntoPyArray, PyArray1};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::time::Instant;

/// Runs the parts of a network on threads.
#[pyclass(name = "PartitionedProcessor", module = "tarry._core", subclass)]
pub(crate) struct PyPartitionedProcessor {
    engine: PartitionedProcessor,
}

#[pymethods]
impl PyPartitionedProcessor {
    #[new]
    #[pyo3(signature = (populations, programs, units, threads, **_kwargs), text_signature = "(populations, programs, units, threads, /)")]
    fn new(
        populations: Vec<(u32, bool, bool)>,
        programs: Vec<PyRef<'_, PyProgram>>,
        units: Vec<Vec<u32>>,
        threads: usize,
        _kwargs: Option<&Bound<'_, PyDict>>,
    ) -> Result<Self, Error> {
        let whole = |(size, is_input, is_output)| Whole { size, is_input, is_output };
        let populations: Vec<Whole> = populations.into_iter().map(whole).collect();
        if programs.len() != units.len() {
            let message = format!("there are {} programs and {} lists of units", programs.len(), units.len());
            return Err(Error::Argument(message));
        }
        let slices =
            |(program, units): (&PyRef<'_, PyProgram>, _)| Slices { program: program.program.clone(), units };
        let parts: Vec<_> = programs.iter().zip(units).map(slices).collect();
        Ok(Self { engine: PartitionedProcessor::new(&populations, &parts, threads)? })
    }

    /// Resets, runs a whole recording up to `until`, returns its output spikes.
    fn run<'py>(
        &mut self,
        py: Python<'py>,
        times: &Bound<'_, PyAny>,
        channels: &Bound<'_, PyAny>,
        until: Until,
    ) -> Result<Spikes<'py>, Error> {
        let (ticks, channels) = Incoming::new(times, channels)?.owned()?;
        let out = py.detach(|| self.engine.run(&ticks, &channels, until.0))?;
        Ok(spikes(py, out.into_iter()))
    }

    /// As `run`, but returns the nanoseconds that each tick with work took, waiting for each other included.
    fn tick_nanoseconds<'py>(
        &mut self,
        py: Python<'py>,
        times: &Bound<'_, PyAny>,
        channels: &Bound<'_, PyAny>,
        until: Until,
    ) -> Result<Bound<'py, PyArray1<i64>>, Error> {
        let (ticks, channels) = Incoming::new(times, channels)?.owned()?;
        let taken = py.detach(|| {
            let (mut taken, mut before) = (Vec::new(), Instant::now());
            let watch = || {
                let now = Instant::now();
                taken.push((now - before).as_nanos() as i64);
                before = now;
            };
            self.engine.run_watched(&ticks, &channels, until.0, watch)?;
            Ok::<_, Error>(taken)
        })?;
        Ok(taken.into_pyarray(py))
    }

    /// FNV-1a over the output spikes of the last run and the state of every neuron.
    fn digest(&mut self) -> u64 {
        self.engine.digest()
    }

    /// What is read from the neurons of a population: read-outs, or potentials where it has none; after the last tick.
    fn values<'py>(
        &mut self,
        py: Python<'py>,
        population: usize,
    ) -> Result<Bound<'py, PyArray1<i64>>, Error> {
        let count = self.engine.populations();
        if population >= count {
            let message = format!("there is no population {population}; there are {count}, counted from 0");
            return Err(Error::Argument(message));
        }
        Ok(self.engine.values(population).into_pyarray(py))
    }
}

impl From<PartitionError> for Error {
    fn from(error: PartitionError) -> Self {
        match error {
            PartitionError::Processor(error) => Self::Processor(error),
            PartitionError::Push(error) => Self::Push(error),
            other => Self::Argument(other.to_string()),
        }
    }
}
