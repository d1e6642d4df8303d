//! What is read from neurons that only integrate.

/// How the membrane of a population is read over time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Readout {
    /// Not at all; the state can be read.
    #[default]
    None,
    /// The largest value of any tick.
    Max,
    /// The sum over ticks.
    Sum,
    /// The value of the last tick.
    Last,
    /// The sum over ticks, each weighted with a factor that decays from 1.
    Weighted,
}

/// The factor 1 of a weighted read-out.
const ONE: i64 = 1 << 30;

/// The read-out of one population, and the weight of the present tick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) kind: Readout,
    /// Decay of the weight per tick, 30 fractional bits.
    pub(crate) gamma: u32,
    pub(crate) first: u32,
    pub(crate) gain: i64,
    /// The tick that the gain is for.
    pub(crate) tick: u64,
}

impl Reading {
    pub(crate) const fn new(kind: Readout, gamma: u32, first: u32) -> Self {
        Self { kind, gamma, first, gain: ONE, tick: 0 }
    }

    /// Back to before tick 0.
    pub(crate) const fn clear(&mut self) {
        (self.gain, self.tick) = (ONE, 0);
    }

    /// Whether it can be so before `now` is done.
    pub(crate) const fn is_possible(&self, now: u64) -> bool {
        0 <= self.gain && self.gain <= ONE && self.tick <= now
    }

    /// What a read-out holds before tick 0.
    pub(crate) const fn start(&self) -> i64 {
        match self.kind {
            Readout::Max => i32::MIN as i64,
            _ => 0,
        }
    }

    /// The weight of a tick; ticks never decrease.
    #[inline]
    pub(crate) fn gain_at(&mut self, tick: u64) -> i64 {
        // A weight that is 0, or does not decay, stays as it is however long nothing happened.
        while self.tick < tick && self.gain != 0 && i64::from(self.gamma) < ONE {
            self.gain = (self.gain * i64::from(self.gamma)) >> 30;
            self.tick += 1;
        }
        self.tick = tick;
        self.gain
    }
}
