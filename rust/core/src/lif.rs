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

use crate::fixed::{clamped, increment, rounded};
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
    /// Neurons are tested; others only integrate.
    pub(crate) spikes: bool,
    /// The input of an arrival is its weight, shifted left by this.
    pub(crate) weight_shift: u8,
    /// Ticks after a spike in which the potential is held.
    pub(crate) refractory: u32,
    pub(crate) membrane: Table,
    pub(crate) synapse: Table,
    /// Factors from here on are zero.
    pub(crate) horizon: u32,
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
    /// From the program, where the neuron is at hand anyway.
    pub(crate) threshold: i32,
    pub(crate) population: u16,
    /// What it is doing.
    pub phase: Phase,
}

impl Neuron {
    /// The state before the first tick.
    pub const REST: Self = Self {
        a: 0,
        b: 0,
        anchor: 0,
        next: NEVER,
        sum: 0,
        threshold: i32::MAX,
        population: 0,
        phase: Phase::Active,
    };

    /// The same neuron before the first tick.
    #[inline]
    pub(crate) const fn at_rest(self) -> Self {
        Self { threshold: self.threshold, population: self.population, ..Self::REST }
    }
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
        if n >= u64::from(self.horizon) {
            return (0, 0);
        }
        let n = n as u32;
        let membrane = self.membrane.factor(words, n);
        let synapse = match self.constants {
            Constants::DeltaSynapse => 0,
            Constants::Equal if self.synapse_ticks > 0 => {
                let ticks = i64::from(self.synapse_ticks);
                (i64::from(n) * membrane + ticks / 2).checked_div(ticks).unwrap_or(0)
            }
            _ => self.synapse.factor(words, n),
        };
        (membrane, synapse)
    }

    /// V, of A and B now.
    #[inline]
    pub(crate) const fn potential(&self, a: i64, b: i64) -> i64 {
        match self.constants {
            Constants::SlowMembrane => a - b,
            Constants::SlowSynapse => b - a,
            Constants::Equal | Constants::DeltaSynapse => a,
        }
    }

    /// The potential at `tick`, rounded.
    pub(crate) fn value(&self, words: Words, neuron: &Neuron, tick: u64) -> i64 {
        if neuron.phase == Phase::Refractory {
            return neuron.a.into();
        }
        let (a, b) = self.modes(words, neuron.a.into(), neuron.b.into(), tick.saturating_sub(neuron.anchor));
        rounded(self.potential(a, b))
    }

    /// Does the work of one neuron at `tick`: end of the refractory period, arrivals, test, reset, prediction.
    /// Takes the sum of what arrived, says whether it fired; `neuron.next` is its next own event.
    #[inline]
    pub(crate) fn step<P: Probe>(
        &self,
        words: Words,
        neuron: &mut Neuron,
        tick: u64,
        saturations: &mut u64,
        probe: &mut P,
    ) -> bool {
        let sum = core::mem::take(&mut neuron.sum);
        let phase = neuron.phase;
        let fires = match phase {
            Phase::Spent => return false,
            Phase::Refractory => {
                self.hold(words, neuron, sum, tick, saturations);
                if neuron.next != tick {
                    return false;
                }
                probe.updated();
                self.release(neuron, saturations);
                false
            }
            Phase::Active if sum == 0 => {
                if neuron.next != tick {
                    return false;
                }
                true
            }
            Phase::Active => {
                probe.updated();
                self.arrive(words, neuron, sum, tick, saturations);
                if !self.spikes {
                    return false;
                }
                self.potential(neuron.a.into(), neuron.b.into()) >= i64::from(neuron.threshold)
            }
        };
        if fires {
            self.fire(words, neuron, tick, saturations);
            if neuron.phase != Phase::Active {
                return true;
            }
        }
        let tested = phase == Phase::Active && !fires;
        neuron.next = next_crossing(self, words, neuron, tested, probe);
        fires
    }

    /// A and B after `n` ticks without an arrival, times 2^Q, unrounded.
    #[inline]
    pub(crate) fn modes(&self, words: Words, a: i64, b: i64, n: u64) -> (i64, i64) {
        let (membrane, synapse) = self.factors(words, n);
        match self.constants {
            Constants::Equal => (a * membrane + b * synapse, b * membrane),
            _ => (a * membrane, b * synapse),
        }
    }

    /// A and B, decayed to `tick`.
    #[inline]
    fn decayed(&self, words: Words, neuron: &Neuron, tick: u64) -> (i64, i64) {
        let (a, b) = self.modes(words, neuron.a.into(), neuron.b.into(), tick - neuron.anchor);
        (rounded(a), rounded(b))
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

    fn fire(&self, words: Words, neuron: &mut Neuron, tick: u64, saturations: &mut u64) {
        let (a, b) = self.decayed(words, neuron, tick);
        let threshold = i64::from(neuron.threshold);
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
