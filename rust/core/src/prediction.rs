//! The next tick at which a neuron left alone crosses its threshold.
//!
//! The potential between events is a known function of the tick: it rises along a concave flank and then falls. So
//! the tangent at a tick on the flank lies above it, and no tick before the one where the tangent meets the threshold
//! can fire: Newton's steps, rounded down, never pass the crossing. The tables are rounded; where V from tables is at
//! least `2 error` below the threshold, the exact V is at least one `error` below it, and what the tangent promises
//! for the exact V holds for the tabulated one. Every tick in doubt is tested by itself. Hence the result is the first
//! tick that a scan of all ticks would find, whatever the rounding of the tables (`docs/semantics.md` §3).

use crate::fixed::{ONE, Q};
use crate::lif::{Lif, Neuron};
use crate::probe::Probe;
use crate::program::Constants;
use crate::spike::NEVER;
use crate::table::Words;

/// The first tick after the anchor with V ≥ threshold, or [`NEVER`].
///
/// `tested` says that the anchor is an arrival, tested at once, rather than an own spike or the end of its refractory
/// period. Where A and B allow no later crossing, only the first tick searched can fire: 0 after an arrival,
/// which was tested, and 1 after an own spike.
#[inline]
pub(crate) fn next_crossing<P: Probe>(
    lif: &Lif,
    words: Words,
    neuron: &Neuron,
    tested: bool,
    probe: &mut P,
) -> u64 {
    let (a, b) = (i64::from(neuron.a), i64::from(neuron.b));
    let mut n = match first_possible(lif, a, b, neuron.threshold.into()) {
        Some(earliest) => earliest.max(1),
        None if tested => return NEVER,
        None => 1,
    };
    let threshold = i64::from(neuron.threshold) * ONE;
    let horizon = u64::from(lif.horizon);
    let mut evaluations = 0;
    let crossing = loop {
        // Beyond the horizon V is zero, and thresholds are positive.
        if n >= horizon {
            break NEVER;
        }
        evaluations += 1;
        let modes = lif.modes(words, a, b, n);
        let potential = lif.potential(modes.0, modes.1);
        if potential >= threshold {
            break neuron.anchor + n;
        }
        let magnitude = a.abs() + b.abs();
        let missing = threshold - 2 * table_error(lif.constants, magnitude) - potential;
        let (slope, doubt) = slope(lif, modes, magnitude);
        if !can_rise(lif.constants, a, b) || (missing > 0 && slope < -doubt) {
            break NEVER;
        }
        n += if missing > 0 && slope > doubt { tangent_ticks(lif, missing, slope + doubt) } else { 1 };
    };
    probe.searched(evaluations);
    crossing
}

/// May V rise after the anchor?
#[inline]
const fn can_rise(constants: Constants, a: i64, b: i64) -> bool {
    match constants {
        Constants::DeltaSynapse => false,
        Constants::Equal => b > 0,
        Constants::SlowMembrane | Constants::SlowSynapse => a > 0 && b > 0,
    }
}

/// The slope of V per fast time constant, from A and B then, and how far it may be off; all times 2^Q.
#[inline]
fn slope(lif: &Lif, (a, b): (i64, i64), magnitude: i64) -> (i64, i64) {
    let (slow, fast) = match lif.constants {
        Constants::DeltaSynapse => return (-1, 0),
        Constants::Equal => return (b - a, 10 * magnitude),
        Constants::SlowMembrane => (a, b),
        Constants::SlowSynapse => (b, a),
    };
    let slope = fast - (slow >> 24) * i64::from(lif.fast_over_slow);
    // Errors of the factors, of the shift above and of the rounded ratio.
    (slope, 2 * magnitude + (1 << 25) + (slow.abs() >> 25))
}

/// How far a tabulated V may be off, times 2^Q.
#[inline]
const fn table_error(constants: Constants, magnitude: i64) -> i64 {
    match constants {
        Constants::Equal => 5 * magnitude,
        _ => 2 * magnitude,
    }
}

/// Whole ticks until the tangent has risen by `missing`, rounded down, at least 1.
#[inline]
fn tangent_ticks(lif: &Lif, missing: i64, slope: i64) -> u64 {
    let rise = (missing >> Q) as u64 * u64::from(lif.fast_ticks);
    let per_tau = (slope >> Q) as u64 + 1;
    rise.checked_div(per_tau).unwrap_or(1).max(1)
}

/// A tick before which the exact V is so far below the threshold that no rounding of the tables reaches it. None if V
/// stays that far below, or cannot rise.
#[inline]
fn first_possible(lif: &Lif, a: i64, b: i64, threshold: i64) -> Option<u64> {
    // States are below 2^27: rounded factors put V off by less than 5/4, a rounded ratio by less than 3.
    let reach = threshold - 8;
    match lif.constants {
        Constants::SlowMembrane if lif.fast_over_slow == HALF => {
            crossing_of_parabola(lif.fast_ticks, a, b, reach)
        }
        Constants::SlowSynapse if lif.fast_over_slow == HALF => {
            crossing_of_parabola(lif.fast_ticks, b, a, reach)
        }
        // The peak B exp(-y), y = 1 - A/B, is at most B / (1 + y).
        Constants::Equal if a < b && b * b < (2 * b - a) * reach => None,
        constants => can_rise(constants, a, b).then_some(0),
    }
}

/// The ratio 1/2 of the time constants as the program holds it.
const HALF: u32 = 1 << 23;

/// For a ratio of 2, with u = exp(-n / slower): V = A u - B u² reaches `level` at the larger root u of a parabola, and
/// with z = (1 - u) / (1 + u), -ln u is at least 2 (z + z³/3). None if V only falls, or its peak A²/4B is below the
/// level.
#[inline]
fn crossing_of_parabola(fast_ticks: u32, a: i64, b: i64, level: i64) -> Option<u64> {
    if a - b >= level {
        return (a > 0 && b > 0).then_some(0);
    }
    // A ≤ 0, or 2 B ≤ A, or no root: one branch on three signs, since none of them could be predicted.
    let square = a * a - 4 * b * level;
    if ((a - 1) | (2 * b - a - 1) | square) < 0 {
        return None;
    }
    let sum = a + root_at_least(square.unsigned_abs()) as i64;
    let z = ((2 * b - sum).max(0) << 24).checked_div(2 * b + sum)?;
    let cube = (((z * z) >> 24) * z) >> 24;
    let ticks = 4 * i64::from(fast_ticks) * (z + cube / 3);
    Some(ticks.unsigned_abs().div_ceil(1 << 24))
}

/// At least the square root, and by less than a five-hundredth too large (and 2): Heron's steps from a power of two.
#[inline]
fn root_at_least(square: u64) -> u64 {
    let mut root = 1_u64 << ((u64::BITS - square.leading_zeros()) / 2);
    for _ in 0..2 {
        root = root.midpoint(square.checked_div(root).unwrap_or(0)) + 1;
    }
    root
}

#[cfg(test)]
mod tests {
    use super::root_at_least;

    #[test]
    fn the_root_is_an_upper_bound_and_a_close_one() {
        let mut random = 1_u64;
        let spread = (0..100_000).map(|_| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            random >> (7 + random % 57)
        });
        for square in (0..10_000).chain(spread) {
            let (root, exact) = (root_at_least(square), square.isqrt());
            assert!(root * root >= square, "{square}");
            assert!(root <= exact + exact / 500 + 3, "{square}");
        }
    }
}
