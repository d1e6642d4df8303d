//! The membrane between two events: dV/dt = -V/`tau_mem` + I/`tau_syn`, dI/dt = -I/`tau_syn`, solved.

use crate::events::error::Error;

/// Time constants, and what follows from them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Membrane {
    /// 1/`tau_mem`; 0 without leak.
    pub(crate) leak: f64,
    /// 1/`tau_syn`; infinite for delta synapses.
    pub(crate) rate: f64,
    /// `rate` - `leak`.
    pub(crate) gap: f64,
    /// Largest potential that a current of 1 brings about.
    pub(crate) highest: f64,
}

/// What is left of V and of I after a while, and what I has added to V meanwhile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Decay {
    pub membrane: f64,
    pub synapse: f64,
    pub response: f64,
}

impl Membrane {
    /// Time constants in seconds; `tau_mem` may be infinite, `tau_syn` 0 (delta synapses).
    ///
    /// # Errors
    /// [`Error::Parameter`] for anything else.
    pub fn new(tau_mem: f64, tau_syn: f64) -> Result<Self, Error> {
        if tau_mem.is_nan() || tau_mem <= 0.0 {
            let range = "positive seconds, or inf for no leak";
            return Err(Error::Parameter { name: "tau_mem", value: tau_mem, range });
        }
        if !(tau_syn >= 0.0 && tau_syn.is_finite()) {
            let range = "positive seconds and finite, or 0 for delta synapses";
            return Err(Error::Parameter { name: "tau_syn", value: tau_syn, range });
        }
        let (leak, rate) = (1.0 / tau_mem, 1.0 / tau_syn);
        let mut membrane = Self { leak, rate, gap: rate - leak, highest: 1.0 };
        if leak > 0.0 && rate.is_finite() {
            membrane.highest = membrane.decay(membrane.peak(0.0, 1.0)).response;
        }
        Ok(membrane)
    }

    /// No current: arrivals change V at once.
    pub(crate) fn is_delta(&self) -> bool {
        self.rate == f64::INFINITY
    }

    /// After `age` seconds, at least 0. For any ratio of the time constants, equal or nearly equal ones too.
    #[inline]
    pub(crate) fn decay(&self, age: f64) -> Decay {
        let membrane = (-age * self.leak).exp();
        if self.is_delta() {
            return Decay { membrane, synapse: 0.0, response: membrane };
        }
        let synapse = (-age * self.rate).exp();
        let x = age * self.gap;
        let response = if self.gap == 0.0 {
            age * self.rate * membrane
        } else if x.abs() > 0.5 {
            (membrane - synapse) * (self.rate / self.gap)
        } else {
            // The difference of two exponentials without cancellation.
            synapse * x.exp_m1() * (self.rate / self.gap)
        };
        Decay { membrane, synapse, response }
    }

    /// Largest potential within `length` that a current of 1 brings about.
    pub(crate) fn highest_within(&self, length: f64) -> f64 {
        self.decay(self.peak(0.0, 1.0).min(length)).response
    }

    /// Derivatives of `decay(age).response` with respect to `leak` and `rate`.
    pub(crate) fn response_derivatives(&self, age: f64, decay: Decay) -> (f64, f64) {
        if self.is_delta() {
            return (-age * decay.membrane, 0.0);
        }
        let x = age * self.gap;
        if x.abs() > 1.0 {
            let of_leak = (decay.response - self.rate * age * decay.membrane) / self.gap;
            let of_rate =
                (self.rate * age * decay.synapse - self.leak / self.rate * decay.response) / self.gap;
            return (of_leak, of_rate);
        }
        let square = self.rate * age * age;
        let of_rate = decay.response / self.rate - square * decay.synapse * second_difference(x);
        (-square * decay.membrane * second_difference(-x), of_rate)
    }

    /// When V is largest from a state in which it rises; infinite without leak.
    fn peak(&self, potential: f64, current: f64) -> f64 {
        let shape = self.leak * (current + potential * (self.gap / self.rate));
        let q = (current - potential * (self.leak / self.rate)) / shape;
        if self.leak == 0.0 {
            f64::INFINITY
        } else if self.gap == 0.0 {
            q
        } else {
            (self.gap * q).ln_1p() / self.gap
        }
    }

    /// The extremum of V within `length` from a state, if it lies inside: (age, V).
    pub(crate) fn maximum(&self, potential: f64, current: f64, length: f64) -> Option<(f64, f64)> {
        let shape = current + potential * (self.gap / self.rate);
        if self.rate * current <= self.leak * potential || shape <= 0.0 {
            return None; // V does not rise, or rises from below towards 0
        }
        let age = self.peak(potential, current);
        (age < length).then(|| {
            let decay = self.decay(age);
            (age, decay.membrane * potential + decay.response * current)
        })
    }

    /// How long until V, now below the threshold, first reaches it, if within `length`; V may touch it only.
    ///
    /// While V rises it is concave: each of Newton's steps, from the left, stays before the crossing.
    pub(crate) fn crossing(&self, potential: f64, current: f64, threshold: f64, length: f64) -> Option<f64> {
        let bound = potential.max(0.0) + current * self.highest;
        if current <= 0.0 || bound < threshold * (1.0 - 1e-14) || self.rate * current <= self.leak * potential
        {
            return None;
        }
        if current + potential * (self.gap / self.rate) <= 0.0 {
            return None; // V rises from below towards 0
        }
        let end = length.min(self.peak(potential, current));
        if end == f64::INFINITY {
            if potential + current <= threshold {
                return None;
            }
        } else {
            let decay = self.decay(end);
            if decay.membrane * potential + decay.response * current < threshold {
                return None;
            }
        }
        let mut age = 0.0;
        for _ in 0..100 {
            let decay = self.decay(age);
            let v = decay.membrane * potential + decay.response * current;
            let slope = self.rate * decay.synapse * current - self.leak * v;
            let next = age + (threshold - v) / slope;
            if !(v < threshold && slope > 0.0 && next > age) {
                break;
            }
            age = next.min(end);
        }
        Some(age)
    }
}

/// ((e^x - 1)/x - 1)/x = 1/2 + x/6 + x^2/24 + .. for |x| <= 1.
fn second_difference(x: f64) -> f64 {
    let mut sum = 0.0;
    for n in (2..20).rev() {
        sum = (1.0 + sum * x) / f64::from(n);
    }
    sum
}
