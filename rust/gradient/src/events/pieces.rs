//! The adjoint of one neuron, piece by piece between its spikes.
//!
//! With lambda = dL/dV and mu = dL/dI, backwards from the end of a piece, `age` before it: lambda(age) = P(age)
//! lambda(0), mu(age) = K(age) lambda(0) + S(age) mu(0). While the potential is held lambda is 0.

use crate::events::membrane::Membrane;

/// From `start` to `end`; the values at the end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    pub start: f64,
    pub end: f64,
    pub of_potential: f64,
    pub of_current: f64,
    pub held: bool,
    /// Delta synapses: dL/dT of the spike at the end, for each of the arrivals that cause it.
    pub of_cause: f64,
}

/// What an arrival means to the loss.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Influence {
    /// dL/dw of its weight.
    pub weight: f64,
    /// dL/da of its time.
    pub time: f64,
    /// dL/d`leak`, dL/d`rate` through its response.
    pub leak: f64,
    pub rate: f64,
}

impl Piece {
    /// (lambda, mu) so long before the end.
    pub(crate) fn before(&self, membrane: &Membrane, age: f64) -> (f64, f64) {
        let decay = membrane.decay(age);
        if self.held {
            (0.0, decay.synapse * self.of_current)
        } else {
            (
                decay.membrane * self.of_potential,
                decay.response * self.of_potential + decay.synapse * self.of_current,
            )
        }
    }

    /// Of an arrival of weight `weight` at `time` within the piece.
    pub(crate) fn influence<const CONSTANTS: bool>(
        &self,
        membrane: &Membrane,
        time: f64,
        weight: f64,
    ) -> Influence {
        let age = self.end - time;
        let (lambda, mu) = self.before(membrane, age);
        let (leak, rate) = if CONSTANTS { self.constants(membrane, age, 0.0, weight) } else { (0.0, 0.0) };
        if membrane.is_delta() {
            let cause = if age == 0.0 && weight != 0.0 { self.of_cause } else { 0.0 };
            let time = if self.held { 0.0 } else { weight * membrane.leak * lambda + cause };
            return Influence { weight: lambda, time, leak, rate };
        }
        Influence { weight: mu, time: weight * membrane.rate * (mu - lambda), leak, rate }
    }

    /// dL/d`leak` and dL/d`rate` through what a potential and a current so long before the end become.
    pub(crate) fn constants(
        &self,
        membrane: &Membrane,
        age: f64,
        potential: f64,
        current: f64,
    ) -> (f64, f64) {
        let decay = membrane.decay(age);
        if membrane.is_delta() {
            let lambda = if self.held { 0.0 } else { decay.membrane * self.of_potential };
            return (-age * lambda * (potential + current), 0.0);
        }
        let of_synapse = -age * decay.synapse * current * self.of_current;
        if self.held {
            return (0.0, of_synapse);
        }
        let (of_leak, of_rate) = membrane.response_derivatives(age, decay);
        (
            self.of_potential * (of_leak * current - age * decay.membrane * potential),
            self.of_potential * of_rate * current + of_synapse,
        )
    }
}

/// The pieces of a neuron, the latest first.
pub(crate) type Pieces = Vec<Piece>;

/// The piece in which something arrives at `time`; none after the last spike. An arrival at the very time of a spike
/// comes after it, but with delta synapses it belongs to what caused the spike.
pub(crate) fn find(pieces: &[Piece], time: f64, is_delta: bool) -> Option<&Piece> {
    let count = if is_delta {
        pieces.partition_point(|piece| piece.end >= time)
    } else {
        pieces.partition_point(|piece| piece.end > time)
    };
    // The earliest of those that end later: pieces follow each other without gaps.
    pieces[..count].last()
}
