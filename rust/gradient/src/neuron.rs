//! Time constants and threshold of a layer's neurons.

use crate::Error;

/// How `tau_mem` relates to `tau_syn`. All but `Other` have a closed form of the spike time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ratio {
    /// `tau_mem = tau_syn`.
    Equal,
    /// `tau_mem = 2 tau_syn`.
    Double,
    /// `tau_mem = inf`: the non-leaky neuron.
    NonLeaky,
    /// Any other `tau_mem / tau_syn`.
    Other(f64),
}

impl Ratio {
    /// `tau_mem / tau_syn`.
    #[must_use]
    pub fn value(self) -> f64 {
        match self {
            Self::Equal => 1.0,
            Self::Double => 2.0,
            Self::NonLeaky => f64::INFINITY,
            Self::Other(ratio) => ratio,
        }
    }
}

/// A current-based neuron, `dV/dt = -V/tau_mem + I/tau_syn`, that spikes once, where V first reaches the threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neuron {
    ratio: Ratio,
    tau_syn: f64,
    threshold: f64,
}

/// Time constants whose ratio deviates by no more than this are taken as exactly 1 or 2: decimal fractions of a
/// second are rarely exact in binary.
const RATIO_TOLERANCE: f64 = 1e-12;

impl Neuron {
    /// Time constants in seconds, threshold dimensionless.
    ///
    /// # Errors
    /// [`Error::TimeConstant`], [`Error::Parameter`] for values that are not positive, [`Error::Ratio`] for a `tau_mem`
    /// beyond 1e-3 to 1e6 `tau_syn` that is not infinite.
    pub fn new(tau_mem: f64, tau_syn: f64, threshold: f64) -> Result<Self, Error> {
        if !(tau_syn > 0.0 && tau_syn.is_finite()) {
            return Err(Error::TimeConstant { name: "tau_syn", value: tau_syn });
        }
        if tau_mem.is_nan() || tau_mem <= 0.0 {
            return Err(Error::TimeConstant { name: "tau_mem", value: tau_mem });
        }
        if !(threshold > 0.0 && threshold.is_finite()) {
            return Err(Error::Parameter {
                name: "threshold",
                value: threshold,
                range: "positive and finite",
            });
        }
        let near = |ratio: f64| (tau_mem / tau_syn - ratio).abs() <= ratio * RATIO_TOLERANCE;
        let ratio = if tau_mem == f64::INFINITY {
            Ratio::NonLeaky
        } else if near(1.0) {
            Ratio::Equal
        } else if near(2.0) {
            Ratio::Double
        } else {
            let ratio = tau_mem / tau_syn;
            if !(1e-3..=1e6).contains(&ratio) {
                return Err(Error::Ratio { tau_mem, tau_syn });
            }
            Ratio::Other(ratio)
        };
        Ok(Self { ratio, tau_syn, threshold })
    }

    /// How the time constants relate.
    #[must_use]
    pub fn ratio(&self) -> Ratio {
        self.ratio
    }

    /// Synaptic time constant in seconds.
    #[must_use]
    pub fn tau_syn(&self) -> f64 {
        self.tau_syn
    }

    /// Potential at which the neuron spikes, dimensionless.
    #[must_use]
    pub fn threshold(&self) -> f64 {
        self.threshold
    }
}
