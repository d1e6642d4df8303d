//! The processor for Python: arrays of ticks and channels in and out.

use crate::convert;
use crate::error::Error;
use crate::program::PyProgram;
use firmware_sim::{Dispatched, HostMemory};
use numpy::{IntoPyArray, PyArray1, PyArray2, PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::sync::Arc;
use tarry_core::{Counts, NEVER, Processor, Reset, TICK_LIMIT};

type Engine = Processor<Arc<[u8]>, HostMemory, Counts, Dispatched>;
pub(crate) type Spikes<'py> = (Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<i64>>);
type States<'py> = (Bound<'py, PyArray1<i32>>, Bound<'py, PyArray1<i32>>, Bound<'py, PyArray1<i64>>);

/// Output spikes that wait; a run goes on by itself when it is full.
const OUTPUTS: usize = 4096;

/// Runs a program: push spikes in, run, pop spikes out.
#[pyclass(name = "Processor", module = "tarry._core")]
pub(crate) struct PyProcessor {
    engine: Engine,
}

#[pymethods]
impl PyProcessor {
    #[new]
    fn new(program: &PyProgram) -> Result<Self, Error> {
        let memory = HostMemory::new(program.program.plan(), OUTPUTS);
        Ok(Self { engine: Processor::with_kernels(program.program.clone(), memory, Counts::default(), Dispatched)? })
    }

    /// Back to rest before tick 0.
    fn reset(&mut self) {
        self.engine.reset();
    }

    /// Takes spikes; returns how many it took.
    fn push(&mut self, times: &Bound<'_, PyAny>, channels: &Bound<'_, PyAny>) -> PyResult<usize> {
        let (ticks, channels) = (convert::ticks(times)?, convert::channels(channels)?);
        Ok(self.engine.push(&ticks, &channels).map_err(Error::from)?)
    }

    /// Does all ticks before `until`, or stops after the tick in which `stop_after` outputs wait; returns the
    /// first tick that is still to be done.
    #[pyo3(signature = (until, stop_after=None))]
    fn run_until(&mut self, py: Python<'_>, until: u64, stop_after: Option<usize>) -> u64 {
        py.detach(|| self.engine.run_until_outputs(until, stop_after.unwrap_or(usize::MAX)))
    }

    /// The output spikes that wait: ticks and channels.
    fn pop<'py>(&mut self, py: Python<'py>) -> Spikes<'py> {
        let (times, channels) = self.drain();
        (times.into_pyarray(py), channels.into_pyarray(py))
    }

    /// Resets, runs a whole recording up to `until`, returns its output spikes.
    fn run<'py>(
        &mut self,
        py: Python<'py>,
        times: &Bound<'_, PyAny>,
        channels: &Bound<'_, PyAny>,
        until: u64,
    ) -> PyResult<Spikes<'py>> {
        let (ticks, channels) = (convert::ticks(times)?, convert::channels(channels)?);
        let (times, channels) = py.detach(|| self.record(&ticks, &channels, until))?;
        Ok((times.into_pyarray(py), channels.into_pyarray(py)))
    }

    /// For networks whose neurons fire once: first spikes in, first spikes out, -1 where there is none.
    /// `ticks` is (samples, input channels); returns (samples, output channels).
    fn first_spikes<'py>(
        &mut self,
        py: Python<'py>,
        ticks: PyReadonlyArray2<'_, i64>,
    ) -> PyResult<Bound<'py, PyArray2<i64>>> {
        let [samples, inputs] = [ticks.shape()[0], ticks.shape()[1]];
        let populations = self.engine.populations();
        let endless =
            populations.iter().any(|p| p.kind != tarry_core::Kind::Input && p.reset() != Reset::Once);
        let outputs: u32 = populations.iter().filter(|p| p.is_output).map(|p| p.size).sum();
        let channels: u32 =
            populations.iter().filter(|p| p.kind == tarry_core::Kind::Input).map(|p| p.size).sum();
        if endless {
            let message =
                "first_spikes needs a network whose neurons all reset \"once\"; use run(..., until)";
            return Err(Error::Argument(message.into()).into());
        }
        if inputs != channels as usize {
            let message = format!("ticks have {inputs} columns; the program has {channels} input channels");
            return Err(Error::Argument(message).into());
        }
        let outputs = outputs as usize;
        let ticks = convert::contiguous(&ticks, "ticks")?;
        let first = py.detach(|| {
            let mut first = vec![-1; samples * outputs];
            for (sample, first) in ticks.chunks_exact(inputs.max(1)).zip(first.chunks_exact_mut(outputs)) {
                self.first_spikes_of(sample, first)?;
            }
            Ok::<_, Error>(first)
        })?;
        let first = numpy::ndarray::Array2::from_shape_vec((samples, outputs), first);
        Ok(first.map_err(|error| Error::Argument(error.to_string()))?.into_pyarray(py))
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
    fn values<'py>(&mut self, py: Python<'py>, population: usize) -> Result<Bound<'py, PyArray1<i64>>, Error> {
        self.check_population(population)?;
        Ok(self.engine.values(population).collect::<Vec<_>>().into_pyarray(py))
    }

    /// The state words of every neuron of a clocked population, in the order of the digest.
    fn words<'py>(&mut self, py: Python<'py>, population: usize) -> Result<Bound<'py, PyArray2<i32>>, Error> {
        let words = self.check_population(population)?.state_words() as usize;
        let states: Vec<i32> = self.engine.states(population).collect();
        let shape = (states.len().checked_div(words).unwrap_or(0), words);
        let states = numpy::ndarray::Array2::from_shape_vec(shape, states);
        Ok(states.map_err(|error| Error::Argument(error.to_string()))?.into_pyarray(py))
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
        let Counts { steps, runs, deliveries, updates, spikes, searches, evaluations } = *self.engine.probe();
        let counts = PyDict::new(py);
        for (name, value) in [
            ("steps", steps),
            ("runs", runs),
            ("deliveries", deliveries),
            ("updates", updates),
            ("spikes", spikes),
            ("searches", searches),
            ("evaluations", evaluations),
        ] {
            counts.set_item(name, value)?;
        }
        Ok(counts)
    }

    /// What became of the spikes of each population since the processor was built.
    fn tallies<'py>(&mut self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        self.engine
            .populations()
            .iter()
            .map(|population| {
                let entry = PyDict::new(py);
                let tally = population.tally();
                entry.set_item("offered", tally.offered)?;
                entry.set_item("accepted", tally.accepted)?;
                entry.set_item("rejected", tally.rejected)?;
                entry.set_item("dropped", tally.dropped)?;
                entry.set_item("peak", tally.peak)?;
                entry.set_item("capacity", population.capacity())?;
                entry.set_item("saturations", population.saturations)?;
                Ok(entry)
            })
            .collect()
    }
}

impl PyProcessor {
    fn check_population(&mut self, index: usize) -> Result<tarry_core::Population, Error> {
        let populations = self.engine.populations();
        let count = populations.len();
        let message = || format!("there is no population {index}; there are {count}, counted from 0");
        populations.get(index).copied().ok_or_else(|| Error::Argument(message()))
    }

    fn drain(&mut self) -> (Vec<i64>, Vec<i64>) {
        std::iter::from_fn(|| self.engine.pop())
            .map(|spike| (spike.tick as i64, i64::from(spike.channel)))
            .unzip()
    }

    fn record(&mut self, ticks: &[u64], channels: &[u32], until: u64) -> Result<(Vec<i64>, Vec<i64>), Error> {
        self.engine.reset();
        self.engine.check(ticks, channels)?;
        let (mut times, mut outputs) = (Vec::new(), Vec::new());
        let mut taken = 0;
        // Tick by tick, so that the history of an input is as full as it would be in real time, and no fuller.
        for group in ticks.chunk_by(|a, b| a == b) {
            self.advance(group[0].min(until), &mut times, &mut outputs);
            if group[0] >= until {
                return Err(Error::Argument(format!(
                    "spike {taken} has tick {}; the run ends before tick {until}",
                    group[0]
                )));
            }
            let next = taken + group.len();
            let fits = self.engine.push(group, &channels[taken..next])?;
            if fits < group.len() {
                return Err(Error::Argument(format!(
                    "spike {} at tick {} does not fit: the history of its input is full; compile with larger capacities= or input_spikes=",
                    taken + fits,
                    group[0]
                )));
            }
            taken = next;
        }
        self.advance(until, &mut times, &mut outputs);
        Ok((times, outputs))
    }

    fn advance(&mut self, until: u64, times: &mut Vec<i64>, outputs: &mut Vec<i64>) {
        let until = until.min(TICK_LIMIT);
        loop {
            let reached = self.engine.run_until(until);
            let (new_times, new_outputs) = self.drain();
            times.extend(new_times);
            outputs.extend(new_outputs);
            if reached >= until {
                return;
            }
        }
    }

    fn first_spikes_of(&mut self, sample: &[i64], first: &mut [i64]) -> Result<(), Error> {
        let mut spikes: Vec<(u64, u32)> = sample
            .iter()
            .zip(0..)
            .filter_map(|(&tick, channel)| u64::try_from(tick).ok().map(|tick| (tick, channel)))
            .collect();
        spikes.sort_unstable();
        let (ticks, channels): (Vec<u64>, Vec<u32>) = spikes.into_iter().unzip();
        self.engine.reset();
        let taken = self.engine.push(&ticks, &channels)?;
        if taken < ticks.len() {
            return Err(Error::Argument(format!(
                "a sample has {} spikes and the history of its input took {taken}; compile with larger capacities= or input_spikes=",
                ticks.len()
            )));
        }
        // A run stops where the output buffer might lack room; it goes on once the spikes are taken.
        loop {
            let reached = self.engine.run_until(TICK_LIMIT);
            while let Some(spike) = self.engine.pop() {
                first[spike.channel as usize] = spike.tick as i64;
            }
            if reached >= TICK_LIMIT {
                return Ok(());
            }
        }
    }
}
