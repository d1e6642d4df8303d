//! numpy arrays ↔ slices: dtypes and signs, each with one clear sentence.

use crate::error::Error;
use numpy::{PyArrayLike1, PyUntypedArrayMethods, TypeMustMatch};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

/// The ticks of an array of int64.
pub(crate) fn ticks(times: &Bound<'_, PyAny>) -> Result<Vec<u64>, Error> {
    let convert = |(index, &tick): (usize, &i64)| {
        u64::try_from(tick)
            .map_err(|_| Error::Argument(format!("spike {index} has tick {tick}; ticks start at 0")))
    };
    integers(times, "times")?.as_array().iter().enumerate().map(convert).collect()
}

/// The channels of an array of int64.
pub(crate) fn channels(channels: &Bound<'_, PyAny>) -> Result<Vec<u32>, Error> {
    let convert = |(index, &channel): (usize, &i64)| {
        u32::try_from(channel).map_err(|_| {
            Error::Argument(format!("spike {index} has channel {channel}; channels are 0 to 2^32 - 1"))
        })
    };
    integers(channels, "channels")?.as_array().iter().enumerate().map(convert).collect()
}

fn integers<'py>(
    array: &Bound<'py, PyAny>,
    name: &str,
) -> Result<PyArrayLike1<'py, i64, TypeMustMatch>, Error> {
    array.extract().map_err(|_| {
        let given =
            array.getattr("dtype").map_or_else(|_| array.get_type().to_string(), |dtype| dtype.to_string());
        let shape =
            array.getattr("shape").map_or_else(|_| String::new(), |shape| format!(" of shape {shape}"));
        Error::Type(format!("{name} must be a one-dimensional array of int64, not {given}{shape}"))
    })
}

/// A tick that a run ends before.
#[derive(Clone, Copy)]
pub(crate) struct Until(pub(crate) u64);

impl<'py> FromPyObject<'_, 'py> for Until {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        object.extract().map(Self).map_err(|_| match object.extract::<i128>() {
            Ok(tick) => {
                PyValueError::new_err(format!("until is {tick}; it must be a tick from 0 to 2^64 - 1"))
            }
            Err(_) => PyTypeError::new_err(format!("until must be an integer, not {}", object.get_type())),
        })
    }
}

/// A slice of a C-contiguous array.
pub(crate) fn contiguous<'a, T: numpy::Element, D: numpy::ndarray::Dimension>(
    array: &'a numpy::PyReadonlyArray<'_, T, D>,
    name: &str,
) -> Result<&'a [T], Error> {
    let shape = array.shape().to_vec();
    // A Fortran-ordered array is contiguous too, but its columns would be read as rows.
    let rows = array.as_slice().ok().filter(|_| array.is_c_contiguous());
    rows.ok_or_else(|| Error::Argument(format!("{name} of shape {shape:?} must be C-contiguous")))
}
