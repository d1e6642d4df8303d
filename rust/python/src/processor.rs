//! The processor for Python: arrays of ticks and channels in and out.

mod arrays;
mod batch;
mod counters;
mod recordings;
mod snapshot;
mod streaming;

use crate::convert::{self, Until};
use crate::error::Error;
use crate::program::PyProgram;
use arrays::{Buffers, Outgoing};
use counters::Account;
use firmware_sim::{Dispatched, HostMemory};
use numpy::{IntoPyArray, PyArray1, PyArray2, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use recordings::{build, drain, feed, first_spikes};
use std::sync::Arc;
use streaming::Pace;
use tarry_core::{Counts, Kind, NEVER, Processor, Spike};

pub(crate) use arrays::Incoming;
use batch::of;
pub(crate) use batch::run_recordings;
pub(crate) use snapshot::PySnapshot;

type Engine = Processor<Arc<[u8]>, HostMemory, Counts, Dispatched>;
pub(crate) type Spikes<'py> = (Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<i64>>);
type States<'py> = (Bound<'py, PyArray1<i32>>, Bound<'py, PyArray1<i32>>, Bound<'py, PyArray1<i64>>);

/// Output spikes that wait; a run goes on by itself when it is full.
const OUTPUTS: usize = 4096;

/// Pushes of more spikes let other threads of Python run meanwhile.
const LONG_PUSH: usize = 8192;

/// Runs a program: push spikes in, run, pop spikes out.
#[pyclass(name = "Processor", module = "tarry._core", subclass)]
pub(crate) struct PyProcessor {
    engine: Engine,
    buffers: Buffers,
    pace: Pace,
}

#[pymethods]
impl PyProcessor {
    #[new]
    fn new(program: &PyProgram) -> Result<Self, Error> {
        let engine = build(&program.program)?;
        Ok(Self { engine, buffers: Buffers::default(), pace: Pace::default() })
    }

    /// Back to rest before tick 0.
    fn reset(&mut self) {
        self.engine.reset();
    }

    /// Takes spikes; returns how many it took.
    fn push(
        &mut self,
        py: Python<'_>,
        times: &Bound<'_, PyAny>,
        channels: &Bound<'_, PyAny>,
    ) -> Result<usize, Error> {
        let Self { engine, buffers, .. } = self;
        let incoming = Incoming::new(times, channels)?;
        let (ticks, channels) = incoming.spikes(buffers)?;
        Ok(if ticks.len() > LONG_PUSH {
            py.detach(|| engine.push(ticks, channels))
        } else {
            engine.push(ticks, channels)
        }?)
    }

    /// Does all ticks before `until`, or stops after the tick in which `stop_after` outputs wait; returns the
    /// first tick that is still to be done.
    #[pyo3(signature = (until, stop_after=None))]
    fn run_until(&mut self, py: Python<'_>, until: Until, stop_after: Option<usize>) -> u64 {
        let count = stop_after.unwrap_or(usize::MAX);
        let detach = |engine: &mut Engine| py.detach(|| engine.run_until_outputs(until.0, count));
        self.pace.run(&mut self.engine, until.0, count, detach)
    }

    /// The output spikes that wait: ticks and channels.
    fn pop<'py>(&mut self, py: Python<'py>) -> Spikes<'py> {
        spikes(py, drain(&mut self.engine))
    }

    /// Writes the output spikes that wait into arrays of the caller's, as many as there is room for; returns how many.
    fn pop_into(&mut self, times: &Bound<'_, PyAny>, channels: &Bound<'_, PyAny>) -> Result<usize, Error> {
        let Self { engine, buffers, .. } = self;
        Outgoing::new(times, channels)?.fill(buffers, engine.waiting(), || engine.pop())
    }

    /// How many output spikes wait to be popped.
    #[getter]
    fn waiting(&self) -> usize {
        self.engine.waiting()
    }

    /// Resets, runs a whole recording up to `until`, returns its output spikes.
    fn run<'py>(
        &mut self,
        py: Python<'py>,
        times: &Bound<'_, PyAny>,
        channels: &Bound<'_, PyAny>,
        until: Until,
    ) -> Result<Spikes<'py>, Error> {
        let incoming = Incoming::new(times, channels)?;
        self.engine.reset();
        self.go_on(py, &incoming, until)
    }

    /// As `run`, but goes on from where the processor is.
    fn feed<'py>(
        &mut self,
        py: Python<'py>,
        times: &Bound<'_, PyAny>,
        channels: &Bound<'_, PyAny>,
        until: Until,
    ) -> Result<Spikes<'py>, Error> {
        self.go_on(py, &Incoming::new(times, channels)?, until)
    }

    /// First spikes in, first spikes out, -1 where there is none; every sample runs from a reset until all outputs, or
    /// `stop_after` of them, have spiked or the network is quiet. `ticks` is (samples, input channels); returns
    /// (samples, output channels).
    #[pyo3(signature = (ticks, stop_after=None))]
    fn first_spikes<'py>(
        &mut self,
        py: Python<'py>,
        ticks: PyReadonlyArray2<'_, i64>,
        stop_after: Option<usize>,
    ) -> Result<Bound<'py, PyArray2<i64>>, Error> {
        let [samples, inputs] = [ticks.shape()[0], ticks.shape()[1]];
        let populations = self.engine.populations();
        let is_read = populations.iter().any(|p| p.is_output && !p.spikes());
        let outputs: u32 = populations.iter().filter(|p| p.is_output).map(|p| p.size).sum();
        let channels: u32 = populations.iter().filter(|p| p.kind == Kind::Input).map(|p| p.size).sum();
        if is_read {
            let message = "first_spikes needs outputs that spike, and some only integrate; use run(..., until) and values(...)";
            return Err(Error::Argument(message.into()));
        }
        if inputs != channels as usize {
            let message = format!("ticks have {inputs} columns; the program has {channels} input channels");
            return Err(Error::Argument(message));
        }
        let outputs = outputs as usize;
        let wanted = stop_after.map_or(outputs, |count| count.min(outputs));
        let ticks = convert::contiguous(&ticks, "ticks")?;
        let first = py.detach(|| {
            let mut first = vec![-1; samples * outputs];
            let samples = ticks.chunks_exact(inputs.max(1)).zip(first.chunks_exact_mut(outputs));
            for (index, (sample, first)) in samples.enumerate() {
                first_spikes(&mut self.engine, sample, first, wanted)
                    .map_err(|error| of("sample", index, error))?;
            }
            Ok::<_, Error>(first)
        })?;
        matrix(py, first, [samples, outputs])
    }

    /// The whole state: of neurons, queues and counters, and the outputs that wait.
    fn snapshot(&mut self) -> PySnapshot {
        snapshot::take(&mut self.engine)
    }

    /// Back to the state of a snapshot of the same program.
    fn restore(&mut self, snapshot: &PySnapshot) -> Result<(), Error> {
        snapshot::restore(&mut self.engine, snapshot)
    }

    /// The tick at which there is work next, or None.
    fn next_deadline(&mut self) -> Option<u64> {
        Some(self.engine.next_deadline()).filter(|&tick| tick != NEVER)
    }

    /// The first tick that is still to be done.
    #[getter]
    fn now(&self) -> u64 {
        self.engine.now()
    }

    /// FNV-1a over the output spikes since the reset and the state of every neuron.
    fn digest(&mut self) -> u64 {
        self.engine.digest()
    }

    /// What is read from the neurons of a population: read-outs, or potentials where it has none; after the last tick.
    fn values<'py>(
        &mut self,
        py: Python<'py>,
        population: usize,
    ) -> Result<Bound<'py, PyArray1<i64>>, Error> {
        self.check_population(population)?;
        Ok(self.engine.values(population).collect::<Vec<_>>().into_pyarray(py))
    }

    /// The state words of every neuron of a clocked population, in the order of the digest.
    fn words<'py>(&mut self, py: Python<'py>, population: usize) -> Result<Bound<'py, PyArray2<i32>>, Error> {
        let words = self.check_population(population)?.state_words() as usize;
        let states: Vec<i32> = self.engine.states(population).collect();
        let shape = [states.len().checked_div(words).unwrap_or(0), words];
        matrix(py, states, shape)
    }

    /// The state words A and B of every event-driven neuron, and their anchor ticks.
    fn states<'py>(&mut self, py: Python<'py>) -> States<'py> {
        let neurons = self.engine.neurons();
        let a: Vec<i32> = neurons.iter().map(|neuron| neuron.a).collect();
        let b: Vec<i32> = neurons.iter().map(|neuron| neuron.b).collect();
        let anchors: Vec<i64> = neurons.iter().map(|neuron| neuron.anchor as i64).collect();
        (a.into_pyarray(py), b.into_pyarray(py), anchors.into_pyarray(py))
    }

    /// Totals of all operations since the processor was built.
    fn counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        counters::entries(py, self.engine.probe())
    }

    /// What became of the spikes of each population since the processor was built.
    fn tallies<'py>(&mut self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        self.engine.populations().iter().map(|population| Account::of(population).entry(py)).collect()
    }
}

impl PyProcessor {
    fn check_population(&mut self, index: usize) -> Result<tarry_core::Population, Error> {
        let populations = self.engine.populations();
        let count = populations.len();
        let message = || format!("there is no population {index}; there are {count}, counted from 0");
        populations.get(index).copied().ok_or_else(|| Error::Argument(message()))
    }

    fn go_on<'py>(
        &mut self,
        py: Python<'py>,
        incoming: &Incoming,
        until: Until,
    ) -> Result<Spikes<'py>, Error> {
        let Self { engine, buffers, .. } = self;
        let (ticks, channels) = incoming.spikes(buffers)?;
        let outputs = py.detach(|| feed(engine, ticks, channels, until.0))?;
        Ok(spikes(py, outputs.into_iter()))
    }
}

pub(crate) fn spikes(py: Python<'_>, spikes: impl Iterator<Item = Spike>) -> Spikes<'_> {
    let (times, channels): (Vec<i64>, Vec<i64>) =
        spikes.map(|spike| (spike.tick as i64, i64::from(spike.channel))).unzip();
    (times.into_pyarray(py), channels.into_pyarray(py))
}

fn matrix<T: numpy::Element>(
    py: Python<'_>,
    values: Vec<T>,
    shape: [usize; 2],
) -> Result<Bound<'_, PyArray2<T>>, Error> {
    let array = numpy::ndarray::Array2::from_shape_vec(shape, values);
    Ok(array.map_err(|error| Error::Argument(error.to_string()))?.into_pyarray(py))
}
