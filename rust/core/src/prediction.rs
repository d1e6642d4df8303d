//! The next tick at which a neuron left alone crosses its threshold.
//!
//! The potential between events is a known function of the tick: it rises along a concave flank and then falls. So
//! the tangent at a tick on the flank lies above it, and no tick before the one where the tangent meets the threshold
//! can fire: Newton's steps, rounded down, never pass the crossing. The tables are rounded; where V from tables is at
//! least `2 error` below the threshold, the exact V is at least one `error` below it, and what the tangent promises
//! for the exact V holds for the tabulated one. Every tick in doubt is tested by itself. Hence the result is the first
//! tick that a scan of all ticks would find, whatever the rounding of the tables (`docs/semantics.md` §3).

use crate::fixed::Q;
use crate::lif::{Lif, Neuron, potential_and_slope, scaled_threshold};
use crate::probe::Probe;
use crate::program::Constants;
use crate::spike::NEVER;
use crate::table::Words;

/// The first tick after the anchor with V ≥ threshold, or [`NEVER`].
///
/// `fired` says that the anchor is an own spike (or the end of its refractory period) rather than an arrival that was
/// tested at once. Where A and B allow no later crossing, only the first tick searched can fire: 0 after an arrival,
/// which was tested, and 1 after an own spike.
#[inline]
pub(crate) fn next_crossing<P: Probe>(
    lif: &Lif,
    words: Words,
    neuron: &Neuron,
    threshold: i32,
    fired: bool,
    probe: &mut P,
) -> u64 {
    let (a, b) = (i64::from(neuron.a), i64::from(neuron.b));
    let can_rise = match lif.constants {
        Constants::DeltaSynapse => false,
        Constants::Equal => b > 0,
        Constants::SlowMembrane | Constants::SlowSynapse => a > 0 && b > 0,
    };
    if !can_rise && !fired {
        return NEVER;
    }
    let mut n = 1;
    if can_rise {
        match first_possible(lif, a, b, threshold.into()) {
            Some(earliest) => n = earliest.max(1),
            None => return NEVER,
        }
    }
    let threshold = scaled_threshold(threshold);
    let band = 2 * table_error(lif.constants, a, b);
    let horizon = u64::from(lif.membrane.horizon);
    let mut evaluations = 0;
    let crossing = loop {
        // Beyond the horizon V is zero, and thresholds are positive.
        if n >= horizon {
            break NEVER;
        }
        evaluations += 1;
        let (potential, slope, doubt) = potential_and_slope(lif, a, b, lif.factors(words, n));
        if potential >= threshold {
            break neuron.anchor + n;
        }
        let missing = threshold - band - potential;
        if !can_rise || (missing > 0 && slope < -doubt) {
            break NEVER;
        }
        n += if missing > 0 && slope > doubt { tangent_ticks(lif, missing, slope + doubt) } else { 1 };
    };
    probe.searched(evaluations);
    crossing
}

/// A tick before which the exact V is so far below the threshold that no rounding of the tables reaches it, or none
/// if V stays that far below. A > 0 for unequal constants, B > 0.
#[inline]
fn first_possible(lif: &Lif, a: i64, b: i64, threshold: i64) -> Option<u64> {
    // States are below 2^27, so the error of V is below 5/4.
    let reach = threshold - 2;
    match lif.constants {
        Constants::SlowMembrane if lif.fast_over_slow == HALF => {
            crossing_of_parabola(lif.fast_ticks, a, b, reach)
        }
        Constants::SlowSynapse if lif.fast_over_slow == HALF => {
            crossing_of_parabola(lif.fast_ticks, b, a, reach)
        }
        // The peak B exp(-y), y = 1 - A/B, is at most B / (1 + y).
        Constants::Equal if a < b && b * b < (2 * b - a) * reach => None,
        _ => Some(0),
    }
}

/// The ratio 1/2 of the time constants as the program holds it.
const HALF: u32 = 1 << 23;

/// For a ratio of 2, with u = exp(-n / slower): V = A u - B u² reaches `level` at the larger root u of a parabola, and
/// -ln u is at least 2 (1 - u) / (1 + u). None if the peak A²/4B is below the level.
#[inline]
fn crossing_of_parabola(fast_ticks: u32, a: i64, b: i64, level: i64) -> Option<u64> {
    let square = u64::try_from(a * a - 4 * b * level).ok()?;
    // Too large a root of the square only makes the tick earlier.
    let (sum, twice) = (a + square.isqrt() as i64 + 1, 2 * b);
    let ticks = 4 * i64::from(fast_ticks) * (twice - sum).max(0);
    ticks.checked_div(twice + sum).map(i64::unsigned_abs)
}

/// How far a tabulated V may be off, times 2^Q.
#[inline]
const fn table_error(constants: Constants, a: i64, b: i64) -> i64 {
    let per_unit = match constants {
        Constants::Equal => 5,
        _ => 2,
    };
    per_unit * (a.abs() + b.abs())
}

/// Whole ticks until the tangent has risen by `missing`, rounded down, at least 1.
#[inline]
fn tangent_ticks(lif: &Lif, missing: i64, slope: i64) -> u64 {
    let rise = (missing >> Q) as u64 * u64::from(lif.fast_ticks);
    let per_tau = (slope >> Q) as u64 + 1;
    rise.checked_div(per_tau).unwrap_or(1).max(1)
}
