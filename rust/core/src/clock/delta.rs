//! The rule `delta` over whole populations, for states that cannot reach their limit: 32-bit lanes that the compiler
//! vectorises. Equal to [`super::rules::Clocked::step`], neuron by neuron.

use super::rules::{Clocked, Parameters};
use super::update::LANES;
use crate::program::Reset;

/// Lanes that are in registers at once.
const GROUP: usize = 32;

/// Parameters of up to [`LANES`] neurons that do not share them.
pub(crate) struct Own {
    pub(crate) decay: [i32; LANES],
    pub(crate) threshold: [i32; LANES],
    pub(crate) bias: [i32; LANES],
}

impl Own {
    /// Of the neurons from `first` on, in a population of `size`; `words` are the parameters of all populations.
    pub(crate) fn of(clocked: &Clocked, words: &[[u8; 4]], size: usize, first: usize) -> Self {
        let [decay, _, threshold, bias, _] = clocked.parameter_places(size).map(|place| {
            let ahead = if place.len() > 1 { first } else { 0 };
            let words = words.get(place).and_then(|words| words.get(ahead..)).unwrap_or_default();
            let mut lanes = [words.first().map_or(0, |&bytes| i32::from_le_bytes(bytes)); LANES];
            for (lane, &bytes) in lanes.iter_mut().zip(words) {
                *lane = i32::from_le_bytes(bytes);
            }
            lanes
        });
        Self { decay, threshold, bias }
    }
}

/// Updates neurons; reads and clears what they take in. Marks who spikes, one bit each, in words that were zero.
#[inline(always)]
pub(crate) fn update<A: Copy + Default + Into<i32>>(
    states: &mut [i32],
    input: &mut [A],
    fired: &mut [u64],
    clocked: &Clocked,
    parameters: &impl PerNeuron,
) {
    match (clocked.spikes, clocked.reset) {
        (false, _) => each_group::<A, false, false>(states, input, fired, parameters),
        (true, Reset::BySubtraction) => each_group::<A, true, true>(states, input, fired, parameters),
        (true, _) => each_group::<A, true, false>(states, input, fired, parameters),
    }
}

/// The parameters of neurons in order, in groups of `N`: shared by all or their own.
pub(crate) trait PerNeuron {
    fn groups<const N: usize>(&self, first: usize) -> impl Iterator<Item: Group<N>>;
}

/// Decay, threshold and bias of every neuron of a group.
pub(crate) trait Group<const N: usize> {
    fn lanes(self) -> impl Iterator<Item = (i32, i32, i32)>;
}

impl PerNeuron for Parameters {
    #[inline(always)]
    fn groups<const N: usize>(&self, _first: usize) -> impl Iterator<Item: Group<N>> {
        core::iter::repeat(*self)
    }
}

impl<const N: usize> Group<N> for Parameters {
    #[inline(always)]
    fn lanes(self) -> impl Iterator<Item = (i32, i32, i32)> {
        core::iter::repeat((self.decay, self.threshold, self.bias))
    }
}

impl PerNeuron for Own {
    #[inline(always)]
    fn groups<const N: usize>(&self, first: usize) -> impl Iterator<Item: Group<N>> {
        let [decay, threshold, bias] = [&self.decay, &self.threshold, &self.bias]
            .map(|all| all.get(first..).unwrap_or_default().as_chunks::<N>().0.iter());
        decay.zip(threshold).zip(bias)
    }
}

impl<const N: usize> Group<N> for ((&[i32; N], &[i32; N]), &[i32; N]) {
    #[inline(always)]
    fn lanes(self) -> impl Iterator<Item = (i32, i32, i32)> {
        let ((decay, threshold), bias) = self;
        decay.iter().zip(threshold).zip(bias).map(|((&decay, &threshold), &bias)| (decay, threshold, bias))
    }
}

#[inline(always)]
fn each_group<A: Copy + Default + Into<i32>, const TESTED: bool, const BY_SUBTRACTION: bool>(
    states: &mut [i32],
    input: &mut [A],
    fired: &mut [u64],
    parameters: &impl PerNeuron,
) {
    // One loop where code is dear and there are no vectors.
    if cfg!(target_pointer_width = "32") {
        return groups::<A, 1, TESTED, BY_SUBTRACTION>(states, input, fired, 0, parameters.groups(0));
    }
    let whole = states.len() - states.len() % GROUP;
    groups::<A, GROUP, TESTED, BY_SUBTRACTION>(states, input, fired, 0, parameters.groups(0));
    // What is left: in narrow vectors, then one by one.
    let narrow = states.len() - states.len() % 4;
    groups::<A, 4, TESTED, BY_SUBTRACTION>(states, input, fired, whole, parameters.groups(whole));
    groups::<A, 1, TESTED, BY_SUBTRACTION>(states, input, fired, narrow, parameters.groups(narrow));
}

/// Updates whole groups of `N` lanes, from lane `first` on.
#[inline(always)]
fn groups<A: Copy + Default + Into<i32>, const N: usize, const TESTED: bool, const BY_SUBTRACTION: bool>(
    states: &mut [i32],
    input: &mut [A],
    fired: &mut [u64],
    first: usize,
    parameters: impl Iterator<Item: Group<N>>,
) {
    let states = states.get_mut(first..).unwrap_or_default().as_chunks_mut().0;
    let input = input.get_mut(first..).unwrap_or_default().as_chunks_mut().0;
    for (index, ((states, input), p)) in states.iter_mut().zip(input).zip(parameters).enumerate() {
        let lane = first + index * N;
        let mask = group::<A, N, TESTED, BY_SUBTRACTION>(states, input, p);
        if TESTED && let Some(word) = fired.get_mut(lane / 64) {
            *word |= u64::from(mask) << (lane % 64);
        }
    }
}

/// Few enough lanes to stay in registers: who spikes.
#[inline(always)]
fn group<A: Copy + Default + Into<i32>, const N: usize, const TESTED: bool, const BY_SUBTRACTION: bool>(
    states: &mut [i32; N],
    input: &mut [A; N],
    parameters: impl Group<N>,
) -> u32 {
    let mut fired = 0;
    let lanes = states.iter_mut().zip(input).zip(parameters.lanes()).zip(&BITS);
    for (((state, input), (decay, threshold, bias)), &bit) in lanes {
        let beta = decay as u32;
        let negative = *state >> 31;
        let size = (*state ^ negative).wrapping_sub(negative) as u32;
        // The 64-bit product, split at bit 15 so that its parts fit 32-bit lanes.
        let high = beta.wrapping_mul(size >> 15);
        let low = beta.wrapping_mul(size & 0x7FFF) >> 15;
        let left = high.wrapping_add(low) as i32;
        let sum: i32 = core::mem::take(input).into();
        let value = ((left ^ negative).wrapping_sub(negative)).wrapping_add(sum).wrapping_add(bias);
        if TESTED {
            // -1 below the threshold, which is positive. A comparison would be narrowed and widened again.
            let is_silent = (value | value.wrapping_sub(threshold)) >> 31;
            // A mask that is made in vectors: no branch for spikes to mislead.
            fired |= bit & !is_silent as u32;
            *state =
                if BY_SUBTRACTION { value.wrapping_sub(threshold & !is_silent) } else { value & is_silent };
        } else {
            *state = value;
        }
    }
    fired
}

/// The bit of every lane.
#[allow(clippy::indexing_slicing, reason = "a constant: it would not compile")]
const BITS: [u32; GROUP] = {
    let mut bits = [1; GROUP];
    let mut lane = 1;
    while lane < GROUP {
        bits[lane] = bits[lane - 1] << 1;
        lane += 1;
    }
    bits
};

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::clock::rules::{LIMIT, State};
    use crate::program::Kind;
    use std::vec::Vec;

    fn clocked(reset: Reset, spikes: bool) -> Clocked {
        Clocked { kind: Kind::Delta, reset, spikes, is_bounded: true, ..Clocked::default() }
    }

    /// Compares with the rule, neuron by neuron; `of` are the parameters of each.
    fn check(
        states: &[i32],
        input: &[i32; LANES],
        (of, parameters): (&[Parameters; LANES], &impl PerNeuron),
        reset: Reset,
        spikes: bool,
    ) {
        let mut fast = states.to_vec();
        let (mut taken, mut fired) = (*input, [0, 0]);
        let own = taken.get_mut(..states.len()).unwrap();
        let rule = clocked(reset, spikes);
        update(&mut fast, own, &mut fired, &rule, parameters);
        assert!(taken.iter().take(states.len()).all(|&sum| sum == 0), "what was taken in is cleared");
        let mut saturations = 0;
        let mut expected = 0;
        for (lane, &membrane) in states.iter().enumerate() {
            let mut state = State { membrane, ..State::default() };
            let fires = rule.step(&of[lane], &mut state, input[lane].into(), &mut saturations);
            expected |= u64::from(fires) << lane;
            let case = (membrane, input[lane], of[lane], reset, spikes);
            assert_eq!(fast[lane], state.membrane, "{case:?}");
            assert_eq!(fired[0] >> lane & 1 != 0, fires, "{case:?}");
        }
        assert_eq!((fired, saturations), ([expected, 0], 0));
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
            check(&states, &input, (&[p; LANES], &p), reset, decay % 3 > 0);
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
            let of: [Parameters; LANES] = core::array::from_fn(|lane| {
                let mut p = Parameters {
                    decay: within(15).abs() + i32::from(case % 2 == 0),
                    bias: within(28),
                    threshold: within(30).abs().max(1),
                    ..Parameters::default()
                };
                if let (1.., Some(&membrane)) = (case % 3, states.get(lane)) {
                    // The threshold is what the neuron comes to, or one more.
                    let mut state = State { membrane, ..State::default() };
                    clocked(Reset::ToZero, false).step(&p, &mut state, input[lane].into(), &mut 0);
                    p.threshold = state.membrane.saturating_add(case % 3 - 1).max(1);
                }
                p
            });
            let reset = if case % 4 < 2 { Reset::ToZero } else { Reset::BySubtraction };
            check(&states, &input, (&[of[0]; LANES], &of[0]), reset, case % 5 > 0);
            let own = Own {
                decay: of.map(|p| p.decay),
                threshold: of.map(|p| p.threshold),
                bias: of.map(|p| p.bias),
            };
            check(&states, &input, (&of, &own), reset, case % 5 > 0);
        }
    }
}
