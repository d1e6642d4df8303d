//! The one table from errors of the crates to Python exceptions.

use pyo3::PyErr;
use pyo3::exceptions::{PyMemoryError, PyTypeError, PyValueError};
use tarry_core::{ProcessorError, ProgramError, PushError};
use tarry_gradient::Error as GradientError;

/// An error of a crate, on its way to Python.
pub(crate) enum Error {
    Program(ProgramError),
    Processor(ProcessorError),
    Push(PushError),
    Gradient(GradientError),
    /// A bad argument that only exists on this side of the binding.
    Argument(String),
    /// An argument of the wrong type.
    Type(String),
    /// What Python itself raised.
    Python(PyErr),
}

impl From<PyErr> for Error {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

impl From<ProgramError> for Error {
    fn from(error: ProgramError) -> Self {
        Self::Program(error)
    }
}

impl From<ProcessorError> for Error {
    fn from(error: ProcessorError) -> Self {
        Self::Processor(error)
    }
}

impl From<PushError> for Error {
    fn from(error: PushError) -> Self {
        Self::Push(error)
    }
}

impl From<GradientError> for Error {
    fn from(error: GradientError) -> Self {
        Self::Gradient(error)
    }
}

impl From<Error> for PyErr {
    fn from(error: Error) -> Self {
        match error {
            Error::Program(error) => PyValueError::new_err(error.to_string()),
            Error::Processor(error) => PyMemoryError::new_err(error.to_string()),
            Error::Push(error) => PyValueError::new_err(error.to_string()),
            Error::Gradient(error) => PyValueError::new_err(error.to_string()),
            Error::Argument(message) => PyValueError::new_err(message),
            Error::Type(message) => PyTypeError::new_err(message),
            Error::Python(error) => error,
        }
    }
}
