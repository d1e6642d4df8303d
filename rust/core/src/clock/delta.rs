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
