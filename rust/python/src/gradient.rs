//! `tarry-gradient` for numpy arrays.

// What numpy and the error conversion hand over is a value, needed or not.
#![allow(clippy::needless_pass_by_value)]

use numpy::ndarray::Dimension;
use numpy::{
    Element, IntoPyArray, PyArray2, PyArrayMethods, PyReadonlyArray, PyReadonlyArray1, PyReadonlyArray2,
    PyUntypedArrayMethods,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use tarry_gradient::{Delays, Error, Layer, Neuron};

type Matrix<'py> = Bound<'py, PyArray2<f64>>;

/// First spike times of a layer, `[batch, post]` in seconds, silent = inf.
#[pyfunction]
#[allow(clippy::too_many_arguments)]
#[pyo3(signature = (times, weights, delays, tau_mem, tau_syn, threshold, threads))]
pub(crate) fn first_spike_forward<'py>(
    py: Python<'py>,
    times: PyReadonlyArray2<'py, f64>,
    weights: PyReadonlyArray2<'py, f64>,
    delays: Option<PyReadonlyArray2<'py, f64>>,
    tau_mem: f64,
    tau_syn: f64,
    threshold: f64,
    threads: usize,
) -> PyResult<Matrix<'py>> {
    let layer = layer(&weights, delays.as_ref(), Neuron::new(tau_mem, tau_syn, threshold).map_err(refused)?)?;
    let (batch, times) = matrix("times", &times, layer.pre())?;
    let spikes = py.detach(|| tarry_gradient::forward(&layer, times, threads)).map_err(refused)?;
    spikes.into_pyarray(py).reshape([batch, layer.post()])
}

/// Derivatives of a loss with respect to input times, weights and delays, given dL/dT of the spikes.
#[pyfunction]
#[allow(clippy::too_many_arguments, clippy::type_complexity)]
#[pyo3(signature = (times, weights, delays, spike_times, gradient, tau_mem, tau_syn, threshold, slope_floor, threads))]
pub(crate) fn first_spike_backward<'py>(
    py: Python<'py>,
    times: PyReadonlyArray2<'py, f64>,
    weights: PyReadonlyArray2<'py, f64>,
    delays: Option<PyReadonlyArray2<'py, f64>>,
    spike_times: PyReadonlyArray2<'py, f64>,
    gradient: PyReadonlyArray2<'py, f64>,
    tau_mem: f64,
    tau_syn: f64,
    threshold: f64,
    slope_floor: f64,
    threads: usize,
) -> PyResult<(Matrix<'py>, Matrix<'py>, Option<Matrix<'py>>)> {
    let layer = layer(&weights, delays.as_ref(), Neuron::new(tau_mem, tau_syn, threshold).map_err(refused)?)?;
    let (batch, times) = matrix("times", &times, layer.pre())?;
    let (_, spikes) = batched("spike_times", &spike_times, batch, layer.post())?;
    let (_, gradient) = batched("gradient", &gradient, batch, layer.post())?;
    let gradients = py
        .detach(|| tarry_gradient::backward(&layer, times, spikes, gradient, slope_floor, threads))
        .map_err(refused)?;
    let delays = delays.map(|delays| {
        let shape = delays.shape();
        gradients.delays.into_pyarray(py).reshape([shape[0], shape[1]])
    });
    Ok((
        gradients.times.into_pyarray(py).reshape([batch, layer.pre()])?,
        gradients.weights.into_pyarray(py).reshape([layer.post(), layer.pre()])?,
        delays.transpose()?,
    ))
}

/// Derivatives of a loss with respect to `tau_mem`, `tau_syn` and threshold, given dL/dT of the spikes.
#[pyfunction]
#[allow(clippy::too_many_arguments)]
#[pyo3(signature = (times, weights, delays, spike_times, gradient, tau_mem, tau_syn, threshold, slope_floor, threads))]
pub(crate) fn first_spike_constants_backward(
    py: Python<'_>,
    times: PyReadonlyArray2<'_, f64>,
    weights: PyReadonlyArray2<'_, f64>,
    delays: Option<PyReadonlyArray2<'_, f64>>,
    spike_times: PyReadonlyArray2<'_, f64>,
    gradient: PyReadonlyArray2<'_, f64>,
    tau_mem: f64,
    tau_syn: f64,
    threshold: f64,
    slope_floor: f64,
    threads: usize,
) -> PyResult<(f64, f64, f64)> {
    let layer = layer(&weights, delays.as_ref(), Neuron::new(tau_mem, tau_syn, threshold).map_err(refused)?)?;
    let (batch, times) = matrix("times", &times, layer.pre())?;
    let (_, spikes) = batched("spike_times", &spike_times, batch, layer.post())?;
    let (_, gradient) = batched("gradient", &gradient, batch, layer.post())?;
    let of = py
        .detach(|| tarry_gradient::constant_gradients(&layer, times, spikes, gradient, slope_floor, threads))
        .map_err(refused)?;
    Ok((of.tau_mem, of.tau_syn, of.threshold))
}

/// Mean shift-invariant square loss of a batch and its derivative with respect to `times`.
#[pyfunction]
#[pyo3(signature = (times, labels, margin, tau_syn))]
pub(crate) fn shift_invariant_mse<'py>(
    py: Python<'py>,
    times: PyReadonlyArray2<'py, f64>,
    labels: PyReadonlyArray1<'py, i64>,
    margin: f64,
    tau_syn: f64,
) -> PyResult<(f64, Matrix<'py>)> {
    loss(py, &times, &labels, |times, labels| {
        tarry_gradient::loss::shift_invariant_mse(times, labels, margin, tau_syn)
    })
}

/// Mean cross-entropy of softmax(-times / (xi `tau_syn`)) of a batch and its derivative with respect to `times`.
#[pyfunction]
#[pyo3(signature = (times, labels, xi, alpha, beta, tau_syn))]
pub(crate) fn time_to_first_spike_cross_entropy<'py>(
    py: Python<'py>,
    times: PyReadonlyArray2<'py, f64>,
    labels: PyReadonlyArray1<'py, i64>,
    xi: f64,
    alpha: f64,
    beta: f64,
    tau_syn: f64,
) -> PyResult<(f64, Matrix<'py>)> {
    loss(py, &times, &labels, |times, labels| {
        tarry_gradient::loss::time_to_first_spike_cross_entropy(times, labels, xi, alpha, beta, tau_syn)
    })
}

pub(crate) fn refused(error: Error) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// The elements row by row. (`as_slice` alone would also take arrays in Fortran order.)
pub(crate) fn elements<'a, T: Element, D: Dimension>(
    name: &str,
    array: &'a PyReadonlyArray<'_, T, D>,
) -> PyResult<&'a [T]> {
    array.as_slice().ok().filter(|_| array.is_c_contiguous()).ok_or_else(|| {
        PyValueError::new_err(format!("{name} is not C-contiguous; pass numpy.ascontiguousarray({name})"))
    })
}

pub(crate) fn layer(
    weights: &PyReadonlyArray2<'_, f64>,
    delays: Option<&PyReadonlyArray2<'_, f64>>,
    neuron: Neuron,
) -> PyResult<Layer> {
    let (post, pre) = (weights.shape()[0], weights.shape()[1]);
    let weights = elements("weights", weights)?;
    let kind = match delays {
        None => Delays::None,
        Some(array) => {
            let delays = elements("delays", array)?;
            match array.shape() {
                [1, 1] => Delays::Scalar(delays[0]),
                &[1, n] if n == pre => Delays::Axonal(delays),
                &[n, 1] if n == post => Delays::Dendritic(delays),
                &[m, n] if m == post && n == pre => Delays::Synaptic(delays),
                shape => {
                    return Err(PyValueError::new_err(format!(
                        "delays have shape {shape:?}; with weights of shape [{post}, {pre}] they must have shape \
                         [1, 1], [1, {pre}], [{post}, 1] or [{post}, {pre}]"
                    )));
                }
            }
        }
    };
    Layer::new(pre, post, neuron, weights, kind).map_err(refused)
}

/// Batch size and elements of an array of shape [batch, columns].
pub(crate) fn matrix<'a>(
    name: &str,
    array: &'a PyReadonlyArray2<'_, f64>,
    columns: usize,
) -> PyResult<(usize, &'a [f64])> {
    let shape = array.shape();
    if shape[1] != columns {
        return Err(PyValueError::new_err(format!(
            "{name} has shape {shape:?}; with these weights it must be [batch, {columns}]"
        )));
    }
    Ok((shape[0], elements(name, array)?))
}

fn batched<'a>(
    name: &str,
    array: &'a PyReadonlyArray2<'_, f64>,
    batch: usize,
    columns: usize,
) -> PyResult<(usize, &'a [f64])> {
    if array.shape() != [batch, columns] {
        return Err(PyValueError::new_err(format!(
            "{name} has shape {:?}; with these times and weights it must be [{batch}, {columns}]",
            array.shape()
        )));
    }
    matrix(name, array, columns)
}

fn loss<'py>(
    py: Python<'py>,
    times: &PyReadonlyArray2<'py, f64>,
    labels: &PyReadonlyArray1<'py, i64>,
    compute: impl Fn(&[f64], &[i64]) -> Result<(f64, Vec<f64>), Error> + Sync,
) -> PyResult<(f64, Matrix<'py>)> {
    let [batch, classes] = [times.shape()[0], times.shape()[1]];
    if labels.len() != batch {
        return Err(PyValueError::new_err(format!(
            "labels have shape [{}]; with these times it must be [{batch}]",
            labels.len()
        )));
    }
    let times = elements("times", times)?;
    let labels = elements("labels", labels)?;
    let (loss, gradient) = py.detach(|| compute(times, labels)).map_err(refused)?;
    Ok((loss, gradient.into_pyarray(py).reshape([batch, classes])?))
}
