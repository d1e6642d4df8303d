//! The clocked rules, one neuron and one tick at a time (`docs/semantics.md`, clocked rules).

use crate::program::{Kind, Reset};
use core::ops::Range;

/// A state word is kept within ± this by `delta` and `shift`.
pub(crate) const LIMIT: i64 = i32::MAX as i64;
/// Loihi's membrane is clipped to ± this.
const LOIHI_LIMIT: i64 = (1 << 23) - 1;

/// What the neurons of a clocked population share.
#[allow(clippy::struct_excessive_bools, reason = "independent properties, each of its own name")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Clocked {
    pub(crate) kind: Kind,
    pub(crate) reset: Reset,
    /// Neurons are tested.
    pub(crate) spikes: bool,
    pub(crate) adapts: bool,
    pub(crate) refractory: u32,
    /// Decay of the adaptation, 15 fractional bits.
    pub(crate) rho: u32,
    /// First word of the parameters, and which of them has a word per neuron.
    pub(crate) first_parameter: u32,
    pub(crate) per_neuron: u32,
    /// What the compiler says that the sum of a tick and the bias never exceed.
    pub(crate) input_bound: u32,
    /// First word of the states.
    pub(crate) first_state: u32,
    /// `delta` alone: no state can reach its limit.
    pub(crate) is_bounded: bool,
    /// Every neuron has a bias of 0, so a population at rest stays there.
    pub(crate) is_unbiased: bool,
    /// The parameters of the first neuron, of all where none has its own.
    pub(crate) shared: Parameters,
}

/// The parameters of one neuron.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parameters {
    /// `delta`: beta with 15 fractional bits. `loihi`: delta v. `shift`: k of the membrane.
    pub(crate) decay: i32,
    /// `loihi`: delta u. `shift`: k of the synapse, -1 where the current is the sum of the tick alone.
    pub(crate) synapse_decay: i32,
    /// Threshold; of `loihi` its mantissa.
    pub(crate) threshold: i32,
    pub(crate) bias: i32,
    /// What a spike adds to the adaptation.
    pub(crate) increment: i32,
}

/// How many parameters there are, in the order of [`Parameters`].
pub(crate) const PARAMETERS: usize = 5;

/// The state of one neuron, as its rule needs it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// The membrane: `u` of `delta`, `v` of the others.
    pub(crate) membrane: i32,
    /// The current: `u` of `loihi`, `i` of `shift`.
    pub(crate) current: i32,
    /// What is added to the threshold.
    pub(crate) adaptation: i32,
    /// Ticks of the refractory period that are left.
    pub(crate) wait: i32,
}

impl Clocked {
    /// State words that count for the digest, per neuron.
    pub(crate) const fn state_words(&self) -> u32 {
        let own = if matches!(self.kind, Kind::Delta) { 1 } else { 2 };
        own + self.adapts as u32
    }

    /// State words in memory, per neuron.
    pub(crate) const fn planes(&self) -> u32 {
        self.state_words() + (self.refractory > 0) as u32
    }

    /// The parameters of a neuron of a population of `size`, out of those of all populations.
    pub(crate) fn parameters(&self, words: &[[u8; 4]], size: usize, neuron: usize) -> Parameters {
        let [decay, synapse_decay, threshold, bias, increment] = self.parameter_places(size).map(|place| {
            let at = place.start + if place.len() > 1 { neuron } else { 0 };
            words.get(at).map_or(0, |&bytes| i32::from_le_bytes(bytes))
        });
        Parameters { decay, synapse_decay, threshold, bias, increment }
    }

    /// Where the words of each parameter lie: one for all neurons of a population of `size`, or one each.
    pub(crate) fn parameter_places(&self, size: usize) -> [Range<usize>; PARAMETERS] {
        let mut next = self.first_parameter as usize;
        core::array::from_fn(|index| {
            let first = next;
            next += if self.per_neuron >> index & 1 == 0 { 1 } else { size };
            first..next
        })
    }

    /// One tick of one neuron: what it takes in, whether it spikes.
    #[inline(always)]
    pub(crate) fn step(&self, p: &Parameters, state: &mut State, input: i64, saturations: &mut u64) -> bool {
        let waits = state.wait > 0;
        if waits {
            state.wait -= 1;
        }
        let membrane = i64::from(state.membrane);
        let membrane = match self.kind {
            Kind::Loihi => {
                let current = fraction(state.current.into(), 4096 - (i64::from(p.synapse_decay) + 1), 12);
                let current = wrapped(current.wrapping_add(input << 6));
                state.current = current as i32;
                let next = fraction(membrane, 4096 - i64::from(p.decay), 12) + current + i64::from(p.bias);
                if waits { membrane } else { limited(next, LOIHI_LIMIT, saturations) }
            }
            Kind::Shift => {
                let kept =
                    if p.synapse_decay < 0 { 0 } else { shifted(state.current.into(), p.synapse_decay) };
                let current = limited(kept + input, LIMIT, saturations);
                state.current = current as i32;
                let next = shifted(membrane, p.decay) + current + i64::from(p.bias);
                if waits { membrane } else { limited(next, LIMIT, saturations) }
            }
            _ => {
                let next = fraction(membrane, p.decay.into(), 15) + input + i64::from(p.bias);
                if waits { membrane } else { limited(next, LIMIT, saturations) }
            }
        };
        if self.adapts {
            state.adaptation = fraction(state.adaptation.into(), self.rho.into(), 15) as i32;
        }
        let threshold = i64::from(p.threshold);
        let fires = self.spikes
            && !waits
            && match self.kind {
                Kind::Loihi => membrane > threshold << 6,
                _ => membrane >= threshold + i64::from(state.adaptation),
            };
        let after = match (fires, self.reset) {
            (false, _) => membrane,
            (true, Reset::BySubtraction) => membrane - threshold,
            (true, _) => 0,
        };
        state.membrane = after as i32;
        if fires {
            state.wait = self.refractory as i32;
            if self.adapts {
                let raised = i64::from(state.adaptation) + i64::from(p.increment);
                state.adaptation = limited(raised.max(0), LIMIT, saturations) as i32;
            }
        }
        fires
    }
}

/// `sgn(x) ((abs(x) factor) >> bits)`.
#[inline(always)]
const fn fraction(x: i64, factor: i64, bits: u32) -> i64 {
    let size = (x.wrapping_abs().wrapping_mul(factor)) >> bits;
    if x < 0 { -size } else { size }
}

/// `x − sgn(x) max(abs(x) >> k, 1)`, 0 for 0.
#[inline(always)]
fn shifted(x: i64, k: i32) -> i64 {
    let size = x.wrapping_abs();
    let lost = (size >> (k & 63)).max(1).min(size);
    if x < 0 { x + lost } else { x - lost }
}

/// Loihi's 24-bit current, wrapped once.
#[inline(always)]
const fn wrapped(u: i64) -> i64 {
    if u > 1 << 23 {
        u - (1 << 24)
    } else if u <= -(1 << 23) {
        u + (1 << 24)
    } else {
        u
    }
}

#[inline(always)]
fn limited(value: i64, limit: i64, saturations: &mut u64) -> i64 {
    let kept = value.clamp(-limit, limit);
    *saturations += u64::from(kept != value);
    kept
}

/// Whether `delta` neurons with at most this decay and input can never reach the limit of a state: the largest state is
/// below `bound / (1 - beta)`.
pub(crate) fn delta_is_bounded(largest_decay: i32, input_bound: u32) -> bool {
    let lost = (1 << 15) - i64::from(largest_decay);
    lost > 0 && (i64::from(input_bound) << 15) / lost < LIMIT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(kind: Kind) -> Clocked {
        Clocked { kind, spikes: true, ..Clocked::default() }
    }

    /// One tick from a state; the neuron after it, whether it fired, and how often it was cut.
    fn stepped(
        rule: &Clocked,
        p: &Parameters,
        membrane: i32,
        current: i32,
        input: i64,
    ) -> (State, bool, u64) {
        let (mut state, mut saturations) = (State { membrane, current, ..State::default() }, 0);
        let fires = rule.step(p, &mut state, input, &mut saturations);
        (state, fires, saturations)
    }

    /// v > vth 2^6, not at equality; without decay the input is the current, shifted by 6.
    #[test]
    fn loihi_fires_above_its_threshold() {
        let p = Parameters { synapse_decay: 4095, threshold: 5, ..Parameters::default() };
        for (membrane, input, expected) in [(0, 5, 320), (1, 5, 0), (319, 0, 319), (320, 0, 320), (321, 0, 0)]
        {
            let (state, fires, _) = stepped(&rule(Kind::Loihi), &p, membrane, 0, input);
            assert_eq!((state.membrane, fires), (expected, expected == 0), "{membrane} {input}");
        }
    }

    /// `u > 2^23` and `u <= -2^23` are wrapped, once and uncounted; `v` is clipped and counted.
    #[test]
    fn the_current_of_loihi_wraps_and_its_membrane_clips() {
        let p = Parameters { synapse_decay: 4095, threshold: 1 << 16, ..Parameters::default() };
        let silent = Clocked { spikes: false, ..rule(Kind::Loihi) };
        for (input, current) in [
            (1 << 17, 1 << 23),
            ((1 << 17) + 1, 64 - (1 << 23)),
            (-(1 << 17), 1 << 23),
            (1 - (1 << 17), 64 - (1 << 23)),
            (3 << 17, 1 << 23),
        ] {
            let (state, _, saturations) = stepped(&silent, &p, 0, 0, input);
            let clipped = current.clamp(-LOIHI_LIMIT as i32, LOIHI_LIMIT as i32);
            assert_eq!((state.current, state.membrane), (current, clipped), "{input}");
            assert_eq!(saturations, u64::from(clipped != current));
        }
    }

    /// A spike at equality; what is cut is counted; `x - sgn(x) max(abs(x) >> k, 1)`.
    #[test]
    fn delta_and_shift_at_their_limits() {
        let limit = LIMIT as i32;
        let p = Parameters { decay: 1 << 15, threshold: 7, ..Parameters::default() };
        assert!(!stepped(&rule(Kind::Delta), &p, 0, 0, 6).1 && stepped(&rule(Kind::Delta), &p, 0, 0, 7).1);
        for (input, cut) in [(0, 0), (1, 1), (-2 * LIMIT, 0), (-2 * LIMIT - 1, 1)] {
            let silent = Clocked { spikes: false, ..rule(Kind::Delta) };
            let (state, _, saturations) = stepped(&silent, &p, limit, 0, input);
            assert_eq!((i64::from(state.membrane), saturations), ((LIMIT + input).clamp(-LIMIT, LIMIT), cut));
        }
        let silent = Clocked { spikes: false, ..rule(Kind::Shift) };
        for (k, before, after) in
            [(0, 9, 0), (1, 9, 5), (1, -9, -5), (4, 9, 8), (4, -1, 0), (31, 1, 0), (31, limit, limit - 1)]
        {
            let p = Parameters { decay: k, synapse_decay: -1, ..Parameters::default() };
            assert_eq!(stepped(&silent, &p, before, 0, 0).0.membrane, after, "{k} {before}");
        }
    }

    /// Where the compiler's bound says so, the largest input in every tick is never cut.
    #[test]
    fn bounded_states_are_never_cut() {
        let silent = Clocked { spikes: false, ..rule(Kind::Delta) };
        for decay in [0, 1, 100, 16_384, 30_000, 32_000, 32_700] {
            // The largest input that states below the limit can take in every tick.
            let most = (LIMIT * ((1 << 15) - i64::from(decay))) >> 15;
            for bound in [0, 1, 1000, most - 1, most, most + 2] {
                let (mut state, mut saturations) = (State::default(), 0);
                let p = Parameters { decay, ..Parameters::default() };
                for _ in 0..20_000 {
                    silent.step(&p, &mut state, bound, &mut saturations);
                }
                let is_bounded = delta_is_bounded(decay, bound as u32);
                assert!(saturations == 0 || !is_bounded, "{decay} {bound}");
                assert!(is_bounded || bound >= most - 1, "{decay} {bound}");
            }
        }
        assert!(!delta_is_bounded(1 << 15, 1));
    }
}
