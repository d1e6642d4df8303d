//! Programs for Python: checked bytes.

use crate::error::Error;
use numpy::ndarray::Array2;
use numpy::{IntoPyArray, PyArray1, PyArray2};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use std::sync::Arc;
use tarry_core::{Constants, Kind, Layout, Program, Reset};

/// A checked program; immutable.
#[pyclass(name = "Program", module = "tarry._core", frozen, subclass, dict)]
pub(crate) struct PyProgram {
    pub(crate) program: Program<Arc<[u8]>>,
}

#[pymethods]
impl PyProgram {
    #[new]
    #[pyo3(signature = (data, **_kwargs), text_signature = "(data, /)")]
    fn new(data: &[u8], _kwargs: Option<&Bound<'_, PyDict>>) -> Result<Self, Error> {
        Ok(Self { program: Program::parse(Arc::from(data))? })
    }

    /// The bytes of the program.
    #[getter]
    fn bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.program.bytes())
    }

    /// The length of a tick in seconds.
    #[getter]
    fn tick_seconds(&self) -> f64 {
        f64::from_bits(self.program.tick_seconds_bits())
    }

    /// The width of the weights in bits.
    #[getter]
    fn weight_bits(&self) -> u8 {
        self.program.weight_bits()
    }

    /// The number of synapses.
    #[getter]
    fn synapses(&self) -> usize {
        let clocked = self.program.projections().map(|projection| {
            let sources = 0..projection.sources();
            sources.map(|source| self.program.projection_synapses(&projection, source).count()).sum::<usize>()
        });
        self.program.synapses() + clocked.sum::<usize>()
    }

    /// The synapses of a clocked projection, in the order of `projections`: source, delay from the spike in ticks,
    /// target, weight; (synapses, 4).
    fn projection_synapses<'py>(
        &self,
        py: Python<'py>,
        projection: usize,
    ) -> Result<Bound<'py, PyArray2<i64>>, Error> {
        let mut projections = self.program.projections();
        let found = projections.nth(projection).ok_or_else(|| {
            Error::Argument(format!("there is no clocked projection {projection}; they count from 0"))
        })?;
        let mut rows = Vec::new();
        for source in 0..found.sources() {
            for synapse in self.program.projection_synapses(&found, source) {
                let [delay, target] = [synapse.delay, synapse.target].map(i64::from);
                rows.extend([source.into(), delay, target, synapse.weight.into()]);
            }
        }
        let rows = Array2::from_shape_vec((rows.len() / 4, 4), rows);
        Ok(rows.map_err(|error| Error::Argument(error.to_string()))?.into_pyarray(py))
    }

    /// How many synapses a processor goes through where it hands over one block of delays of one source of a clocked
    /// projection, or one level; padding counts; (sources, blocks).
    fn hand_over_lengths<'py>(
        &self,
        py: Python<'py>,
        projection: usize,
    ) -> Result<Bound<'py, PyArray2<u32>>, Error> {
        let mut projections = self.program.projections();
        let found = projections.nth(projection).ok_or_else(|| {
            Error::Argument(format!("there is no clocked projection {projection}; they count from 0"))
        })?;
        let length = |source, block| self.program.hand_over_length(&found, source, block);
        let lengths =
            (0..found.sources()).flat_map(|source| (0..found.blocks).map(move |block| length(source, block)));
        let lengths =
            Array2::from_shape_vec((found.sources() as usize, found.blocks as usize), lengths.collect());
        Ok(lengths.map_err(|error| Error::Argument(error.to_string()))?.into_pyarray(py))
    }

    /// One dictionary per clocked projection, sorted by target.
    fn projections<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        self.program
            .projections()
            .map(|projection| {
                let entry = PyDict::new(py);
                entry.set_item("source", projection.source)?;
                entry.set_item("target", projection.target)?;
                entry.set_item("layout", layout_name(projection.layout))?;
                entry.set_item("block", projection.block())?;
                entry.set_item("blocks", projection.blocks)?;
                entry.set_item("exponent", projection.exponent)?;
                Ok(entry)
            })
            .collect()
    }

    /// The notes of the compiler, JSON.
    #[getter]
    fn notes(&self) -> &str {
        self.program.notes()
    }

    /// The bytes of memory that a processor needs on this machine, with an output buffer of the least length.
    #[getter]
    fn memory_bytes(&self) -> usize {
        self.program.plan().bytes()
    }

    /// Of those, the bytes that delays take: histories, lists of what is due, accumulators.
    #[getter]
    fn delay_bytes(&self) -> usize {
        self.program.plan().delay_bytes()
    }

    /// One dictionary per population, in order of declaration.
    fn populations<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        (0..self.program.populations())
            .filter_map(|index| self.program.population(index))
            .map(|population| {
                let entry = PyDict::new(py);
                entry.set_item("kind", kind_name(population.kind))?;
                entry.set_item("size", population.size)?;
                entry.set_item("is_output", population.is_output)?;
                entry.set_item("is_binary", population.is_binary)?;
                entry.set_item("drops", population.drops)?;
                entry.set_item("capacity", population.capacity())?;
                entry.set_item("longest_delay", population.longest_delay())?;
                entry.set_item("is_bitmap", population.is_bitmap())?;
                if population.kind == Kind::Lif {
                    entry.set_item("reset", reset_name(population.reset()))?;
                    entry.set_item("constants", constants_name(population.constants()))?;
                }
                Ok(entry)
            })
            .collect()
    }

    /// The number of synapses in each run of one source.
    fn run_lengths<'py>(&self, py: Python<'py>, unit: usize) -> Bound<'py, PyArray1<u32>> {
        let lengths: Vec<u32> = self.program.run_lengths(unit).collect();
        lengths.into_pyarray(py)
    }

    /// The delays of the runs of one source, in ticks; units count inputs and neurons in order of declaration.
    fn delays<'py>(&self, py: Python<'py>, unit: usize) -> Bound<'py, PyArray1<u32>> {
        let delays: Vec<u32> = self.program.runs(unit).map(|run| run.delay).collect();
        delays.into_pyarray(py)
    }
}

const fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Input => "input",
        Kind::Lif => "lif",
        Kind::Delta => "delta",
        Kind::Loihi => "loihi",
        Kind::Shift => "shift",
    }
}

const fn layout_name(layout: Layout) -> &'static str {
    match layout {
        Layout::Packed => "packed",
        Layout::Shared => "shared",
        Layout::Own => "own",
    }
}

const fn reset_name(reset: Reset) -> &'static str {
    match reset {
        Reset::ToZero => "to_zero",
        Reset::BySubtraction => "by_subtraction",
        Reset::Once => "once",
    }
}

const fn constants_name(constants: Constants) -> &'static str {
    match constants {
        Constants::DeltaSynapse => "delta_synapse",
        Constants::SlowMembrane => "slow_membrane",
        Constants::Equal => "equal",
        Constants::SlowSynapse => "slow_synapse",
    }
}
