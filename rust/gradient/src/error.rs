//! What can be wrong with the arguments.

use std::fmt;

/// Why a computation was refused. The text says what is wrong, where, and what is allowed.
#[derive(Clone, Debug, PartialEq)]
pub enum Error {
    /// A time constant is not a positive finite number (`tau_mem` may be infinite).
    TimeConstant {
        /// The argument's name.
        name: &'static str,
        /// What was given, in seconds.
        value: f64,
    },
    /// The time constants are too far apart.
    Ratio {
        /// Membrane time constant in seconds.
        tau_mem: f64,
        /// Synaptic time constant in seconds.
        tau_syn: f64,
    },
    /// A parameter is outside its range.
    Parameter {
        /// The argument's name.
        name: &'static str,
        /// What was given.
        value: f64,
        /// What is allowed.
        range: &'static str,
    },
    /// An array has the wrong number of elements.
    Length {
        /// The argument's name.
        name: &'static str,
        /// Number of elements given.
        found: usize,
        /// Number of elements needed.
        expected: usize,
    },
    /// A batch or layer without elements.
    Empty {
        /// What has no elements.
        name: &'static str,
    },
    /// An element of an array is outside its range.
    Element {
        /// The argument's name.
        name: &'static str,
        /// Position in the flattened array.
        index: usize,
        /// What was given.
        value: f64,
        /// What is allowed.
        range: &'static str,
    },
    /// A label names no class.
    Label {
        /// Sample of the batch.
        sample: usize,
        /// What was given.
        label: i64,
        /// Number of classes.
        classes: usize,
    },
    /// No pool of so many threads.
    Threads {
        /// Number of threads asked for.
        threads: usize,
    },
    /// The potential does not rise at a spike time, so the derivative there does not exist.
    Slope {
        /// Sample of the batch.
        sample: usize,
        /// Neuron of the layer.
        neuron: usize,
        /// dV/dt there, in units of threshold / `tau_syn`.
        slope: f64,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimeConstant { name, value } => {
                write!(f, "{name} is {value} s; it must be positive and finite (tau_mem may also be inf)")
            }
            Self::Ratio { tau_mem, tau_syn } => write!(
                f,
                "tau_mem = {tau_mem} s and tau_syn = {tau_syn} s are too far apart; tau_mem must be 1e-3 to 1e6 tau_syn, \
                 or inf for a neuron without leak"
            ),
            Self::Parameter { name, value, range } => {
                write!(f, "{name} is {value}; it must be {range}")
            }
            Self::Length { name, found, expected } => {
                write!(f, "{name} has {found} elements; the other arguments need {expected}")
            }
            Self::Empty { name } => write!(f, "{name} is empty; at least one is needed"),
            Self::Element { name, index, value, range } => {
                write!(f, "{name} holds {value} at flat index {index}; every element must be {range}")
            }
            Self::Label { sample, label, classes } => {
                write!(f, "the label of sample {sample} is {label}; it must lie in 0..{}", classes - 1)
            }
            Self::Threads { threads } => {
                write!(f, "threads is {threads}; it must be 1 to 1024, and no more than the system can start")
            }
            Self::Slope { sample, neuron, slope } => write!(
                f,
                "the potential of neuron {neuron} does not rise at its spike in sample {sample} (slope {slope} \
                 threshold/tau_syn), so no derivative exists there; pass a slope_floor above 0"
            ),
        }
    }
}

impl std::error::Error for Error {}

/// Refuses the first element of `values` that fails `allowed`.
pub(crate) fn check_elements(
    name: &'static str,
    values: &[f64],
    range: &'static str,
    allowed: impl Fn(f64) -> bool,
) -> Result<(), Error> {
    match values.iter().position(|&value| !allowed(value)) {
        Some(index) => Err(Error::Element { name, index, value: values[index], range }),
        None => Ok(()),
    }
}

/// Refuses an array whose length is not `expected`.
pub(crate) fn check_length(name: &'static str, found: usize, expected: usize) -> Result<(), Error> {
    if found == expected { Ok(()) } else { Err(Error::Length { name, found, expected }) }
}

/// Spike times: finite, or `+inf` for silence.
pub(crate) fn check_times(name: &'static str, times: &[f64]) -> Result<(), Error> {
    check_elements(name, times, "finite, or +inf for silence", |t| t > f64::NEG_INFINITY)
}
