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
        if self.tick + 1 == tick {
            (self.gain, self.tick) = ((self.gain * i64::from(self.gamma)) >> 30, tick);
        }
        // A weight that is 0, or does not decay, stays as it is however long nothing happened.
        while self.tick < tick && self.gain != 0 && i64::from(self.gamma) < ONE {
            let (loss, ticks) = decline(self.gain, self.gamma.into());
            let ticks = ticks.min(tick - self.tick);
            self.gain -= loss * ticks as i64;
            self.tick += ticks;
        }
        self.tick = tick;
        self.gain
    }
}

/// What `gain ← (gain gamma) >> 30` takes away, and for how many ticks it takes away as much: a slow decay ends in many
/// ticks that lose 1 each, and a read-out that slept must not go through them one by one.
#[inline]
fn decline(gain: i64, gamma: i64) -> (i64, u64) {
    let lost = ONE - gamma;
    // (gain gamma) / 2^30, rounded down, is gain less (gain lost) / 2^30, rounded up.
    let loss = (gain * lost + (ONE - 1)) >> 30;
    // The largest gain that loses less.
    let least = ((loss - 1) << 30).checked_div(lost).unwrap_or(0);
    let ticks = (gain - least + loss - 1).checked_div(loss).unwrap_or(1);
    (loss, ticks.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_that_slept_is_the_one_that_did_not() {
        for gamma in [0, 1, 1 << 29, (1 << 30) - (1 << 20), (1 << 30) - (1 << 14), (1 << 30) - 3, 1 << 30] {
            let mut plain = ONE;
            let (mut awake, mut random) = (Reading::new(Readout::Weighted, gamma, 0), 1_u64);
            let mut sleeper = awake;
            for tick in 0..50_000 {
                assert_eq!(awake.gain_at(tick), plain, "gamma {gamma}, tick {tick}");
                random =
                    random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                if random >> 54 == 0 {
                    assert_eq!(sleeper.gain_at(tick), plain, "gamma {gamma}, tick {tick}, after sleep");
                }
                plain = (plain * i64::from(gamma)) >> 30;
            }
        }
    }

    /// However long it was and however slow the decay: else the work of a tick had no bound.
    #[test]
    fn the_longest_sleep_is_a_matter_of_few_steps() {
        for shift in 0..30 {
            let (mut gain, gamma, mut steps) = (ONE, ONE - (1 << shift), 0);
            while gain > 0 {
                let (loss, ticks) = decline(gain, gamma);
                gain -= loss * ticks as i64;
                steps += 1;
            }
            assert_eq!(gain, 0);
            assert!(steps < 1 << 18, "{shift}: {steps}");
        }
    }
}
