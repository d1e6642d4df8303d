//! Fixed point: decay factors have [`Q`] fractional bits, states have none.

/// Fractional bits of a decay factor.
pub(crate) const Q: u32 = 30;

/// The factor 1.
pub(crate) const ONE: i64 = 1 << Q;

/// States are kept within ± this.
pub(crate) const STATE_LIMIT: i64 = (1 << 27) - 1;

/// `value / 2^Q`, rounded to nearest, ties towards plus infinity.
#[inline]
pub(crate) const fn rounded(value: i64) -> i64 {
    (value + (1 << (Q - 1))) >> Q
}

/// Clamps a state and counts it if it had to.
#[inline]
pub(crate) fn clamped(value: i64, saturations: &mut u64) -> i32 {
    let kept = value.clamp(-STATE_LIMIT, STATE_LIMIT);
    *saturations += u64::from(kept != value);
    kept as i32
}

/// An integer input as a state increment, `sum << shift`, cut where no state could tell the difference.
#[inline]
pub(crate) fn increment(sum: i64, shift: u32) -> i64 {
    // Beyond 2^32 the clamp that follows gives the same state and the same count, whatever the exact sum.
    sum.clamp(-(1 << 32), 1 << 32) << shift
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_to_nearest_ties_up() {
        for (value, expected) in
            [(0, 0), (ONE / 2, 1), (-ONE / 2, 0), (ONE / 2 - 1, 0), (-ONE / 2 - 1, -1), (3 * ONE, 3)]
        {
            assert_eq!(rounded(value), expected, "{value}");
        }
    }

    #[test]
    fn clamps_and_counts() {
        let mut saturations = 0;
        assert_eq!(clamped(STATE_LIMIT, &mut saturations), 134_217_727);
        assert_eq!(clamped(-STATE_LIMIT - 1, &mut saturations), -134_217_727);
        assert_eq!(saturations, 1);
    }
}
