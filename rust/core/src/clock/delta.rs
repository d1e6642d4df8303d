//! The rule `delta` over whole populations, for states that cannot reach their limit: 32-bit lanes that the compiler
//! vectorises. Equal to [`super::rules::Clocked::step`], neuron by neuron.

use super::rules::Parameters;
use crate::program::Reset;

/// Neurons that are updated together; a word of spikes.
pub(crate) const LANES: usize = 64;

/// Updates up to 64 neurons that share their parameters; returns who spikes, one bit each, and whether any state is
/// not zero.
#[inline(always)]
pub(crate) fn update<const TESTED: bool>(
    states: &mut [i32],
    input: &[i32; LANES],
    p: &Parameters,
    reset: Reset,
) -> (u64, bool) {
    let mut fired = [0_u8; LANES];
    // A block of constant length keeps every lane in registers.
    let (spiked, any) = if let Some(states) = states.first_chunk_mut::<LANES>() {
        lanes::<TESTED>(states, input, &mut fired, p, reset)
    } else {
        let mut padded = [0; LANES];
        for (padded, state) in padded.iter_mut().zip(states.iter()) {
            *padded = *state;
        }
        // Lanes beyond the population are updated too; what they do is forgotten.
        let live = states.len();
        let seen = lanes::<TESTED>(&mut padded, input, &mut fired, p, reset);
        for (state, padded) in states.iter_mut().zip(&padded) {
            *state = *padded;
        }
        for fired in fired.iter_mut().skip(live) {
            *fired = 0;
        }
        seen
    };
    (if TESTED && spiked { mask(&fired) } else { 0 }, any)
}

/// Says whether any lane spikes, and whether any state is left that is not zero.
#[inline(always)]
fn lanes<const TESTED: bool>(
    states: &mut [i32; LANES],
    input: &[i32; LANES],
    fired: &mut [u8; LANES],
    p: &Parameters,
    reset: Reset,
) -> (bool, bool) {
    let beta = p.decay as u32;
    let threshold = p.threshold;
    let kept = if matches!(reset, Reset::BySubtraction) { -1 } else { 0 };
    let (mut spiked, mut any) = (0, 0);
    for ((state, &input), fired) in states.iter_mut().zip(input).zip(fired) {
        let negative = *state >> 31;
        let size = (*state ^ negative).wrapping_sub(negative) as u32;
        // The 64-bit product, split at bit 15 so that its parts fit 32-bit lanes.
        let high = beta.wrapping_mul(size >> 15);
        let low = beta.wrapping_mul(size & 0x7FFF) >> 15;
        let left = high.wrapping_add(low) as i32;
        let value = ((left ^ negative).wrapping_sub(negative)).wrapping_add(input).wrapping_add(p.bias);
        let spikes = if TESTED && value >= threshold { -1 } else { 0 };
        // To zero: the value itself is taken away.
        let taken = spikes & ((threshold & kept) | (value & !kept));
        spiked |= spikes;
        *fired = (spikes & 1) as u8;
        *state = value.wrapping_sub(taken);
        any |= *state;
    }
    (spiked != 0, any != 0)
}

/// One bit per lane that is 1.
#[inline(always)]
fn mask(fired: &[u8; LANES]) -> u64 {
    let mut mask = 0;
    for (index, eight) in fired.as_chunks::<8>().0.iter().enumerate() {
        // Every byte is 0 or 1; the product brings byte i to bit 56 + i.
        let bits = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        mask |= bits << (8 * index);
    }
    mask
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::clock::rules::{Clocked, LIMIT, State};
    use crate::program::Kind;
    use std::vec::Vec;

    fn clocked(reset: Reset, spikes: bool) -> Clocked {
        Clocked { kind: Kind::Delta, reset, spikes, is_bounded: true, ..Clocked::default() }
    }

    /// Compares with the rule, neuron by neuron.
    fn check(states: &[i32], input: &[i32; LANES], p: &Parameters, reset: Reset, spikes: bool) {
        let mut fast = states.to_vec();
        let (fired, any) = if spikes {
            update::<true>(&mut fast, input, p, reset)
        } else {
            update::<false>(&mut fast, input, p, reset)
        };
        let mut saturations = 0;
        let rule = clocked(reset, spikes);
        let (mut expected, mut expected_any) = (0, false);
        for (lane, &membrane) in states.iter().enumerate() {
            let mut state = State { membrane, ..State::default() };
            let fires = rule.step(p, &mut state, input[lane].into(), &mut saturations);
            expected |= u64::from(fires) << lane;
            expected_any |= state.membrane != 0;
            let case = (membrane, input[lane], p, reset, spikes);
            assert_eq!(fast[lane], state.membrane, "{case:?}");
            assert_eq!(fired >> lane & 1 != 0, fires, "{case:?}");
        }
        assert_eq!((fired, saturations), (expected, 0));
        // Lanes beyond the population may say that there is something: then one more tick is done.
        assert!(any || !expected_any);
        assert!(any == expected_any || states.len() < LANES);
    }

    /// Zero, the borders of the two parts of the product, the limits, and what lies beside.
    fn corners() -> Vec<i32> {
        let borders = [1, 1 << 14, 1 << 15, 1 << 16, 1 << 29, 1 << 30, LIMIT as i32 - 3];
        let sizes = borders.into_iter().flat_map(|size| [size - 1, size, size + 1, size + 2]);
        sizes.flat_map(|size| [size, -size]).chain([LIMIT as i32, -LIMIT as i32]).take(LANES).collect()
    }

    #[test]
    fn every_decay_of_states_at_corners() {
        let (states, input) = (corners(), [0; LANES]);
        for decay in 0..=1 << 15 {
            let p = Parameters { decay, threshold: 1 << 15, ..Parameters::default() };
            let reset = if decay % 2 == 0 { Reset::ToZero } else { Reset::BySubtraction };
            check(&states, &input, &p, reset, decay % 3 > 0);
        }
    }

    #[test]
    fn random_populations_step_as_the_rule_does() {
        let mut random = 5_u64;
        let mut bits = move || {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            random >> 33
        };
        // A number of either sign of at most so many bits.
        let mut within = |most: u64| {
            let size = (bits() & ((1 << (bits() % (most + 1))) - 1)) as i32;
            if bits() % 2 == 0 { size } else { -size }
        };
        for case in 0..6_000 {
            // The parts of a sum that stays within its limit, by the most that it can be.
            let states: Vec<i32> =
                (0..=within(7).unsigned_abs() as usize % LANES).map(|_| within(30)).collect();
            let input: [i32; LANES] = core::array::from_fn(|_| within(29));
            let mut p = Parameters {
                decay: within(15).abs() + i32::from(case % 2 == 0),
                bias: within(28),
                threshold: within(30).abs().max(1),
                ..Parameters::default()
            };
            if case % 3 > 0 {
                // The threshold is what the first neuron comes to, or one more.
                let mut state = State { membrane: states[0], ..State::default() };
                clocked(Reset::ToZero, false).step(&p, &mut state, input[0].into(), &mut 0);
                p.threshold = state.membrane.saturating_add(case % 3 - 1).max(1);
            }
            let reset = if case % 4 < 2 { Reset::ToZero } else { Reset::BySubtraction };
            check(&states, &input, &p, reset, case % 5 > 0);
        }
    }
}
