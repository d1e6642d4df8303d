//! Layers of neurons that spike many times, for numpy arrays.

use numpy::{
    IntoPyArray, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2,
    PyUntypedArrayMethods,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use tarry_gradient::Delays;
use tarry_gradient::events::{
    self, Error, Integrator, Layer, Membrane, Options, Reading, Reset, Spikes, Synapses, TRACE,
};

use crate::gradient::elements;

type Vector<'py> = Bound<'py, PyArray1<f64>>;
type Integers<'py> = Bound<'py, PyArray1<i64>>;
type Matrix<'py> = Bound<'py, PyArray2<f64>>;

/// Spikes of a layer: times in seconds, channels, offsets, and what the adjoint wants to know of each, [spikes, 3].
#[pyfunction]
#[allow(clippy::too_many_arguments, clippy::type_complexity)]
#[pyo3(signature = (times, channels, offsets, weights, delays, recurrent_weights, recurrent_delays, thresholds, tau_mem,
    tau_syn, reset, refractory, until, most_spikes, threads))]
pub(crate) fn spiking_forward<'py>(
    py: Python<'py>,
    times: PyReadonlyArray1<'py, f64>,
    channels: PyReadonlyArray1<'py, i64>,
    offsets: PyReadonlyArray1<'py, i64>,
    weights: PyReadonlyArray2<'py, f64>,
    delays: Option<PyReadonlyArray2<'py, f64>>,
    recurrent_weights: Option<PyReadonlyArray2<'py, f64>>,
    recurrent_delays: Option<PyReadonlyArray2<'py, f64>>,
    thresholds: PyReadonlyArray1<'py, f64>,
    tau_mem: f64,
    tau_syn: f64,
    reset: &str,
    refractory: f64,
    until: f64,
    most_spikes: usize,
    threads: usize,
) -> PyResult<(Vector<'py>, Integers<'py>, Integers<'py>, Matrix<'py>)> {
    let inputs = spikes(&times, &channels, &offsets, weights.shape()[1])?;
    let feed = synapses("delays", &weights, delays.as_ref())?;
    let recurrent = between("recurrent_delays", recurrent_weights.as_ref(), recurrent_delays.as_ref())?;
    let thresholds = elements("thresholds", &thresholds)?;
    let membrane = Membrane::new(tau_mem, tau_syn).map_err(refused)?;
    let layer = Layer::new(membrane, thresholds, reset_named(reset)?, refractory, feed, recurrent)
        .map_err(refused)?;
    let output =
        py.detach(|| events::forward(&layer, &inputs, until, most_spikes, threads)).map_err(refused)?;
    let count = output.times.len();
    Ok((
        output.times.into_pyarray(py),
        output.channels.into_pyarray(py),
        output.offsets.into_pyarray(py),
        output.trace.into_pyarray(py).reshape([count, TRACE])?,
    ))
}

/// Derivatives of a loss with respect to input times, weights, delays, recurrent weights and delays, thresholds,
/// `tau_mem` and `tau_syn`, given dL/dT of the output spikes.
#[pyfunction]
#[allow(clippy::too_many_arguments, clippy::type_complexity)]
#[pyo3(signature = (times, channels, offsets, weights, delays, recurrent_weights, recurrent_delays, thresholds, tau_mem,
    tau_syn, reset, refractory, spike_times, spike_channels, spike_offsets, trace, gradient, constants, of_times,
    slope_floor, threads))]
pub(crate) fn spiking_backward<'py>(
    py: Python<'py>,
    times: PyReadonlyArray1<'py, f64>,
    channels: PyReadonlyArray1<'py, i64>,
    offsets: PyReadonlyArray1<'py, i64>,
    weights: PyReadonlyArray2<'py, f64>,
    delays: Option<PyReadonlyArray2<'py, f64>>,
    recurrent_weights: Option<PyReadonlyArray2<'py, f64>>,
    recurrent_delays: Option<PyReadonlyArray2<'py, f64>>,
    thresholds: PyReadonlyArray1<'py, f64>,
    tau_mem: f64,
    tau_syn: f64,
    reset: &str,
    refractory: f64,
    spike_times: PyReadonlyArray1<'py, f64>,
    spike_channels: PyReadonlyArray1<'py, i64>,
    spike_offsets: PyReadonlyArray1<'py, i64>,
    trace: PyReadonlyArray2<'py, f64>,
    gradient: PyReadonlyArray1<'py, f64>,
    constants: bool,
    of_times: bool,
    slope_floor: f64,
    threads: usize,
) -> PyResult<(
    Vector<'py>,
    Matrix<'py>,
    Option<Matrix<'py>>,
    Option<Matrix<'py>>,
    Option<Matrix<'py>>,
    Vector<'py>,
    f64,
    f64,
)> {
    let inputs = spikes(&times, &channels, &offsets, weights.shape()[1])?;
    let outputs = spikes(&spike_times, &spike_channels, &spike_offsets, weights.shape()[0])?;
    let feed = synapses("delays", &weights, delays.as_ref())?;
    let recurrent = between("recurrent_delays", recurrent_weights.as_ref(), recurrent_delays.as_ref())?;
    let thresholds = elements("thresholds", &thresholds)?;
    let (trace, gradient) = (elements("trace", &trace)?, elements("gradient", &gradient)?);
    let membrane = Membrane::new(tau_mem, tau_syn).map_err(refused)?;
    let layer = Layer::new(membrane, thresholds, reset_named(reset)?, refractory, feed, recurrent)
        .map_err(refused)?;
    let options = Options { constants, times: of_times, slope_floor, threads };
    let gradients = py
        .detach(|| events::backward(&layer, &inputs, &outputs, trace, gradient, options))
        .map_err(refused)?;
    let shaped = |values: Vec<f64>, like: Option<&PyReadonlyArray2<'py, f64>>| {
        like.map(|like| values.into_pyarray(py).reshape([like.shape()[0], like.shape()[1]])).transpose()
    };
    Ok((
        gradients.times.into_pyarray(py),
        gradients.weights.into_pyarray(py).reshape([weights.shape()[0], weights.shape()[1]])?,
        shaped(gradients.delays, delays.as_ref())?,
        shaped(gradients.recurrent_weights, recurrent_weights.as_ref())?,
        shaped(gradients.recurrent_delays, recurrent_delays.as_ref())?,
        gradients.thresholds.into_pyarray(py),
        gradients.tau_mem,
        gradients.tau_syn,
    ))
}

/// What is read from neurons without a threshold, [batch, post], and for the maximum when it was reached.
#[pyfunction]
#[allow(clippy::too_many_arguments)]
#[pyo3(signature = (times, channels, offsets, weights, delays, tau_mem, tau_syn, reading, rate, duration, threads))]
pub(crate) fn read_out_forward<'py>(
    py: Python<'py>,
    times: PyReadonlyArray1<'py, f64>,
    channels: PyReadonlyArray1<'py, i64>,
    offsets: PyReadonlyArray1<'py, i64>,
    weights: PyReadonlyArray2<'py, f64>,
    delays: Option<PyReadonlyArray2<'py, f64>>,
    tau_mem: f64,
    tau_syn: f64,
    reading: &str,
    rate: f64,
    duration: f64,
    threads: usize,
) -> PyResult<(Matrix<'py>, Vector<'py>)> {
    let inputs = spikes(&times, &channels, &offsets, weights.shape()[1])?;
    let feed = synapses("delays", &weights, delays.as_ref())?;
    let membrane = Membrane::new(tau_mem, tau_syn).map_err(refused)?;
    let layer = Integrator::new(membrane, feed, reading_named(reading, rate)?, duration).map_err(refused)?;
    let values = py.detach(|| events::read_out(&layer, &inputs, threads)).map_err(refused)?;
    let shape = [inputs.batch(), weights.shape()[0]];
    Ok((values.values.into_pyarray(py).reshape(shape)?, values.times.into_pyarray(py)))
}

/// Derivatives of a loss with respect to input times, weights and delays, given those with respect to what is read.
#[pyfunction]
#[allow(clippy::too_many_arguments, clippy::type_complexity)]
#[pyo3(signature = (times, channels, offsets, weights, delays, tau_mem, tau_syn, reading, rate, duration, when, gradient,
    threads))]
pub(crate) fn read_out_backward<'py>(
    py: Python<'py>,
    times: PyReadonlyArray1<'py, f64>,
    channels: PyReadonlyArray1<'py, i64>,
    offsets: PyReadonlyArray1<'py, i64>,
    weights: PyReadonlyArray2<'py, f64>,
    delays: Option<PyReadonlyArray2<'py, f64>>,
    tau_mem: f64,
    tau_syn: f64,
    reading: &str,
    rate: f64,
    duration: f64,
    when: PyReadonlyArray1<'py, f64>,
    gradient: PyReadonlyArray2<'py, f64>,
    threads: usize,
) -> PyResult<(Vector<'py>, Matrix<'py>, Option<Matrix<'py>>)> {
    let inputs = spikes(&times, &channels, &offsets, weights.shape()[1])?;
    let feed = synapses("delays", &weights, delays.as_ref())?;
    let membrane = Membrane::new(tau_mem, tau_syn).map_err(refused)?;
    let layer = Integrator::new(membrane, feed, reading_named(reading, rate)?, duration).map_err(refused)?;
    let (when, gradient) = (elements("when", &when)?, elements("gradient", &gradient)?);
    let gradients =
        py.detach(|| events::read_out_backward(&layer, &inputs, when, gradient, threads)).map_err(refused)?;
    let of_delays = delays.map(|delays| {
        let shape = [delays.shape()[0], delays.shape()[1]];
        gradients.delays.into_pyarray(py).reshape(shape)
    });
    Ok((
        gradients.times.into_pyarray(py),
        gradients.weights.into_pyarray(py).reshape([weights.shape()[0], weights.shape()[1]])?,
        of_delays.transpose()?,
    ))
}

fn reading_named(name: &str, rate: f64) -> PyResult<Reading> {
    match name {
        "mean" => Ok(Reading::Mean { rate }),
        "last" => Ok(Reading::Last),
        "max" => Ok(Reading::Largest),
        _ => {
            Err(PyValueError::new_err(format!("the reading is {name:?}; it must be 'mean', 'last' or 'max'")))
        }
    }
}

#[allow(clippy::needless_pass_by_value, reason = "what map_err hands over")]
fn refused(error: Error) -> PyErr {
    PyValueError::new_err(error.to_string())
}

fn reset_named(name: &str) -> PyResult<Reset> {
    match name {
        "to_zero" => Ok(Reset::ToZero),
        "by_subtraction" => Ok(Reset::BySubtraction),
        "once" => Ok(Reset::Once),
        _ => Err(PyValueError::new_err(format!(
            "reset is {name:?}; it must be 'to_zero', 'by_subtraction' or 'once'"
        ))),
    }
}

fn spikes<'a>(
    times: &'a PyReadonlyArray1<'_, f64>,
    channels: &'a PyReadonlyArray1<'_, i64>,
    offsets: &'a PyReadonlyArray1<'_, i64>,
    size: usize,
) -> PyResult<Spikes<'a>> {
    let (times, channels) = (elements("times", times)?, elements("channels", channels)?);
    Spikes::new(times, channels, elements("offsets", offsets)?, size).map_err(refused)
}

fn synapses<'a>(
    name: &'static str,
    weights: &'a PyReadonlyArray2<'_, f64>,
    delays: Option<&'a PyReadonlyArray2<'_, f64>>,
) -> PyResult<Synapses<'a>> {
    let (post, pre) = (weights.shape()[0], weights.shape()[1]);
    let kind = match delays {
        None => Delays::None,
        Some(array) => {
            let values = elements(name, array)?;
            match array.shape() {
                [1, 1] => Delays::Scalar(values[0]),
                &[1, n] if n == pre => Delays::Axonal(values),
                &[n, 1] if n == post => Delays::Dendritic(values),
                &[m, n] if m == post && n == pre => Delays::Synaptic(values),
                shape => {
                    return Err(PyValueError::new_err(format!(
                        "{name} have shape {shape:?}; with weights of shape [{post}, {pre}] they must have shape \
                         [1, 1], [1, {pre}], [{post}, 1] or [{post}, {pre}]"
                    )));
                }
            }
        }
    };
    Synapses::new(pre, post, elements("weights", weights)?, kind).map_err(refused)
}

fn between<'a>(
    name: &'static str,
    weights: Option<&'a PyReadonlyArray2<'_, f64>>,
    delays: Option<&'a PyReadonlyArray2<'_, f64>>,
) -> PyResult<Option<Synapses<'a>>> {
    weights.map(|weights| synapses(name, weights, delays)).transpose()
}
