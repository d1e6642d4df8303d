//! `tarry-gradient`'s stacks of layers for numpy arrays.

use numpy::{
    IntoPyArray, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2,
    PyUntypedArrayMethods,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use tarry_gradient::Neuron;
use tarry_gradient::loss::Loss;
use tarry_gradient::stack::differentiate;

use crate::gradient::{elements, layer, matrix, refused};

type Matrix<'py> = Bound<'py, PyArray2<f64>>;
type Derivatives<'py> =
    (f64, Matrix<'py>, Vec<Bound<'py, PyArray1<i64>>>, Vec<Matrix<'py>>, Vec<Option<Matrix<'py>>>);

/// Mean loss of a batch, output times, silent samples per neuron, and the derivatives of the loss by layer.
#[pyfunction]
#[allow(clippy::too_many_arguments)]
#[pyo3(signature = (times, labels, weights, delays, tau_mem, tau_syn, thresholds, loss, constants, slope_floor, threads))]
pub(crate) fn first_spike_loss<'py>(
    py: Python<'py>,
    times: PyReadonlyArray2<'py, f64>,
    labels: PyReadonlyArray1<'py, i64>,
    weights: Vec<PyReadonlyArray2<'py, f64>>,
    delays: Vec<Option<PyReadonlyArray2<'py, f64>>>,
    tau_mem: f64,
    tau_syn: f64,
    thresholds: Vec<f64>,
    loss: &str,
    constants: Vec<f64>,
    slope_floor: f64,
    threads: usize,
) -> PyResult<Derivatives<'py>> {
    let loss = match (loss, &constants[..]) {
        ("shift_invariant_mse", &[margin]) => Loss::ShiftInvariantMse { margin },
        ("time_to_first_spike_cross_entropy", &[xi, alpha, beta]) => Loss::CrossEntropy { xi, alpha, beta },
        _ => {
            return Err(PyValueError::new_err(format!(
                "loss is {loss:?} with {} constants; it must be shift_invariant_mse with 1 or \
                 time_to_first_spike_cross_entropy with 3",
                constants.len()
            )));
        }
    };
    if weights.len() != delays.len() || weights.len() != thresholds.len() {
        return Err(PyValueError::new_err(format!(
            "there are {} weights, {} delays and {} thresholds; give one of each per layer",
            weights.len(),
            delays.len(),
            thresholds.len()
        )));
    }
    let mut layers = Vec::with_capacity(weights.len());
    for ((weights, delays), &threshold) in weights.iter().zip(&delays).zip(&thresholds) {
        let neuron = Neuron::new(tau_mem, tau_syn, threshold).map_err(refused)?;
        layers.push(layer(weights, delays.as_ref(), neuron)?);
    }
    let shapes: Vec<[usize; 2]> = layers.iter().map(|layer| [layer.post(), layer.pre()]).collect();
    let (batch, times) = matrix("times", &times, shapes.first().map_or(0, |shape| shape[1]))?;
    let labels = elements("labels", &labels)?;
    let found =
        py.detach(|| differentiate(layers, times, labels, loss, slope_floor, threads)).map_err(refused)?;
    let classes = shapes.last().map_or(0, |shape| shape[0]);
    let mut weight_gradients = Vec::with_capacity(shapes.len());
    for (values, shape) in found.weights.into_iter().zip(&shapes) {
        weight_gradients.push(values.into_pyarray(py).reshape(*shape)?);
    }
    let mut delay_gradients = Vec::with_capacity(shapes.len());
    for (values, delays) in found.delays.into_iter().zip(&delays) {
        let shape = delays.as_ref().map(|delays| [delays.shape()[0], delays.shape()[1]]);
        delay_gradients.push(shape.map(|shape| values.into_pyarray(py).reshape(shape)).transpose()?);
    }
    let silent = found
        .silent
        .into_iter()
        .map(|counts| counts.into_iter().map(i64::from).collect::<Vec<_>>().into_pyarray(py));
    let silent = silent.collect();
    let outputs = found.outputs.into_pyarray(py).reshape([batch, classes])?;
    Ok((found.loss, outputs, silent, weight_gradients, delay_gradients))
}
