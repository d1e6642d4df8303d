//! The event-driven leaky integrate-and-fire neuron: two decaying modes A and B, held at the last event.
//!
//! With P the decay of the membrane and S that of the synapse, n ticks after the anchor,
//!
//! | time constants     | potential V(n)      | an arrival adds to |
//! |--------------------|---------------------|--------------------|
//! | tau_mem > tau_syn  | A P(n) − B S(n)     | A and B            |
//! | tau_mem = tau_syn  | A P(n) + B S(n)     | B                  |
//! | tau_mem < tau_syn  | B S(n) − A P(n)     | A and B            |
//! | tau_syn = 0        | A P(n)              | A                  |
//!
//! (for equal constants S(n) = n/N P(n) and the current B itself decays with P). `docs/semantics.md` §3.

use crate::fixed::{ONE, clamped, increment, rounded};
use crate::prediction::next_crossing;
use crate::probe::Probe;
use crate::program::{Constants, Reset};
use crate::spike::NEVER;
use crate::table::{Table, Words};

/// The parameters that the neurons of one population share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lif {
    pub(crate) constants: Constants,
    pub(crate) reset: Reset,
    /// The input of an arrival is its weight, shifted left by this.
    pub(crate) weight_shift: u8,
    /// Ticks after a spike in which the potential is held.
    pub(crate) refractory: u32,
    pub(crate) membrane: Table,
    pub(crate) synapse: Table,
    /// tau_syn in ticks where S of equal constants is to be computed from P; 0 where it has a table.
    pub(crate) synapse_ticks: u32,
    /// The faster time constant in whole ticks, rounded down: the unit of the slope.
    pub(crate) fast_ticks: u32,
    /// faster / slower time constant, 24 fractional bits.
    pub(crate) fast_over_slow: u32,
}

/// What a neuron is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// It integrates and is tested.
    #[default]
    Active,
    /// Its potential is held, in A, until [`Neuron::next`].
    Refractory,
    /// It has fired its one spike.
    Spent,
}

/// The state of one neuron.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neuron {
    /// First state word; the held potential while refractory.
    pub a: i32,
    /// Second state word.
    pub b: i32,
    /// The tick at which A and B hold.
    pub anchor: u64,
    /// The tick of its next own event: predicted crossing, or end of the refractory period.
    pub next: u64,
    /// What arrived in the tick under way.
    pub sum: i64,
    /// What it is doing.
    pub phase: Phase,
}

impl Neuron {
    /// The state before the first tick.
    pub const REST: Self = Self { a: 0, b: 0, anchor: 0, next: NEVER, sum: 0, phase: Phase::Active };
}

impl Default for Neuron {
    fn default() -> Self {
        Self::REST
    }
}

impl Lif {
    /// P(n) and S(n).
    #[inline]
    pub(crate) fn factors(&self, words: Words, n: u64) -> (i64, i64) {
        let membrane = self.membrane.factor(words, n);
        let synapse = match self.constants {
            Constants::DeltaSynapse => 0,
            Constants::Equal if self.synapse_ticks > 0 => {
                let ticks = i64::from(self.synapse_ticks);
                // Factors beyond the horizon are zero, so n fits.
                if membrane == 0 {
                    0
                } else {
                    (n as i64 * membrane + ticks / 2).checked_div(ticks).unwrap_or(0)
                }
            }
            _ => self.synapse.factor(words, n),
        };
        (membrane, synapse)
    }

    /// The potential at the anchor.
    #[inline]
    pub(crate) const fn potential(&self, a: i64, b: i64) -> i64 {
        match self.constants {
            Constants::SlowMembrane => a - b,
            Constants::SlowSynapse => b - a,
            Constants::Equal | Constants::DeltaSynapse => a,
        }
    }

    /// Does the work of one neuron at `tick`: end of the refractory period, arrivals, test, reset, prediction.
    /// Takes the sum of what arrived, says whether it fired; `neuron.next` is its next own event.
    #[inline]
    pub(crate) fn step<P: Probe>(
        &self,
        words: Words,
        neuron: &mut Neuron,
        threshold: i32,
        tick: u64,
        saturations: &mut u64,
        probe: &mut P,
    ) -> bool {
        let sum = core::mem::take(&mut neuron.sum);
        match neuron.phase {
            Phase::Spent => false,
            Phase::Refractory => {
                self.hold(words, neuron, sum, tick, saturations);
                if neuron.next == tick {
                    self.release(neuron, saturations);
                    probe.updated();
                    neuron.next = next_crossing(self, words, neuron, threshold, true, probe);
                }
                false
            }
            Phase::Active => {
                let fires = if sum != 0 {
                    probe.updated();
                    self.arrive(words, neuron, sum, tick, saturations);
                    self.potential(neuron.a.into(), neuron.b.into()) >= i64::from(threshold)
                } else {
                    neuron.next == tick
                };
                if fires {
                    self.fire(words, neuron, threshold, tick, saturations);
                }
                if neuron.phase == Phase::Active && (fires || sum != 0) {
                    neuron.next = next_crossing(self, words, neuron, threshold, fires, probe);
                }
                fires
            }
        }
    }

    /// A and B, decayed to `tick`.
    #[inline]
    fn decayed(&self, words: Words, neuron: &Neuron, tick: u64) -> (i64, i64) {
        let n = tick - neuron.anchor;
        let (a, b) = (i64::from(neuron.a), i64::from(neuron.b));
        if n == 0 {
            return (a, b);
        }
        let (membrane, synapse) = self.factors(words, n);
        match self.constants {
            Constants::Equal => (rounded(a * membrane + b * synapse), rounded(b * membrane)),
            _ => (rounded(a * membrane), rounded(b * synapse)),
        }
    }

    #[inline]
    fn arrive(&self, words: Words, neuron: &mut Neuron, sum: i64, tick: u64, saturations: &mut u64) {
        let (mut a, mut b) = self.decayed(words, neuron, tick);
        let increment = increment(sum, self.weight_shift.into());
        match self.constants {
            Constants::SlowMembrane | Constants::SlowSynapse => {
                a += increment;
                b += increment;
            }
            Constants::Equal => b += increment,
            Constants::DeltaSynapse => a += increment,
        }
        neuron.a = clamped(a, saturations);
        neuron.b = clamped(b, saturations);
        neuron.anchor = tick;
    }

    fn fire(&self, words: Words, neuron: &mut Neuron, threshold: i32, tick: u64, saturations: &mut u64) {
        let (a, b) = self.decayed(words, neuron, tick);
        let threshold = i64::from(threshold);
        let (a, b) = match (self.reset, self.constants) {
            (Reset::Once, _) => (0, 0),
            (Reset::ToZero, Constants::SlowMembrane | Constants::SlowSynapse) => (b, b),
            (Reset::ToZero, Constants::Equal | Constants::DeltaSynapse) => (0, b),
            (Reset::BySubtraction, Constants::SlowSynapse) => (a + threshold, b),
            (Reset::BySubtraction, _) => (a - threshold, b),
        };
        neuron.a = clamped(a, saturations);
        neuron.b = clamped(b, saturations);
        neuron.anchor = tick;
        if self.reset == Reset::Once {
            neuron.phase = Phase::Spent;
            neuron.next = NEVER;
        } else if self.refractory > 0 {
            neuron.a = self.potential(neuron.a.into(), neuron.b.into()) as i32;
            neuron.phase = Phase::Refractory;
            neuron.next = tick + u64::from(self.refractory);
        }
    }

    /// While refractory: the current decays and takes arrivals, the potential stays.
    fn hold(&self, words: Words, neuron: &mut Neuron, sum: i64, tick: u64, saturations: &mut u64) {
        if self.constants == Constants::DeltaSynapse || (sum == 0 && neuron.next != tick) {
            return;
        }
        let n = tick - neuron.anchor;
        if n > 0 {
            let (membrane, synapse) = self.factors(words, n);
            let factor = if self.constants == Constants::Equal { membrane } else { synapse };
            neuron.b = rounded(i64::from(neuron.b) * factor) as i32;
        }
        let b = i64::from(neuron.b) + increment(sum, self.weight_shift.into());
        neuron.b = clamped(b, saturations);
        neuron.anchor = tick;
    }

    /// The end of the refractory period: A is put so that the potential is the held one.
    fn release(&self, neuron: &mut Neuron, saturations: &mut u64) {
        let (held, b) = (i64::from(neuron.a), i64::from(neuron.b));
        let a = match self.constants {
            Constants::SlowMembrane => b + held,
            Constants::SlowSynapse => b - held,
            Constants::Equal | Constants::DeltaSynapse => held,
        };
        neuron.a = clamped(a, saturations);
        neuron.anchor = neuron.next;
        neuron.phase = Phase::Active;
    }
}

/// V, the slope of V (per fast time constant), from P and S, and how far that slope may be off; all times 2^Q.
#[inline]
pub(crate) fn potential_and_slope(lif: &Lif, a: i64, b: i64, factors: (i64, i64)) -> (i64, i64, i64) {
    let (membrane, synapse) = factors;
    let magnitude = a.abs() + b.abs();
    match lif.constants {
        Constants::DeltaSynapse => (a * membrane, -1, 0),
        Constants::Equal => {
            (a * membrane + b * synapse, b * (membrane - synapse) - a * membrane, 10 * magnitude)
        }
        Constants::SlowMembrane | Constants::SlowSynapse => {
            let (slow, fast) = match lif.constants {
                Constants::SlowMembrane => (a * membrane, b * synapse),
                _ => (b * synapse, a * membrane),
            };
            let slope = fast - (slow >> 24) * i64::from(lif.fast_over_slow);
            // Errors of the factors, of the shift above and of the rounded ratio.
            (slow - fast, slope, 2 * magnitude + (1 << 25) + (slow.abs() >> 25))
        }
    }
}

/// The threshold as [`potential_and_slope`] scales it.
#[inline]
pub(crate) const fn scaled_threshold(threshold: i32) -> i64 {
    threshold as i64 * ONE
}
