//! The principal branch of the Lambert W function where the membrane needs it.

use std::f64::consts::E;

/// `E_LOW` is what float64 cuts off Euler's number: e = `E` + `E_LOW` to 107 bits.
const E_LOW: f64 = 1.445_646_891_729_250_1e-16;

/// W0(z), the solution w >= -1 of `w exp(w) = z`, for z in \[-1/e, 0\]; NaN elsewhere.
///
/// Relative error below 1e-15. A series at the branch point (Corless et al. 1996, eq. 4.22) or at 0 gives the start;
/// near the branch point one Newton step follows, elsewhere the quartic iteration of Fritsch, Shafer & Crowley (1973).
#[must_use]
pub fn w0(z: f64) -> f64 {
    // e z + 1 without cancellation: the product is split by a fused multiply-add.
    let high = z * E;
    let above_branch = (high + 1.0) + (z.mul_add(E, -high) + z * E_LOW);
    // -1/e itself lies between two numbers: both count.
    if z > 0.0 || above_branch.is_nan() || above_branch < -2e-16 {
        return f64::NAN;
    }
    if above_branch < 0.03 {
        return near_branch(above_branch.max(0.0));
    }
    let start = if z < -0.2 {
        branch_series((2.0 * above_branch).sqrt()) - 1.0
    } else {
        z * (1.0 - z * (1.0 - z * (1.5 - z * (8.0 / 3.0))))
    };
    if z > -1e-5 {
        return start;
    }
    fritsch(z, fritsch(z, start))
}

/// W0 from e z + 1, by a Newton step for `delta` = 1 + w: `1 - (1 - delta) exp(delta) = sum_k (k - 1)/k! delta^k` is
/// e z + 1, and no term of it cancels another.
fn near_branch(above_branch: f64) -> f64 {
    if above_branch == 0.0 {
        return -1.0;
    }
    let delta = branch_series((2.0 * above_branch).sqrt());
    let (mut sum, mut factorial, mut power) = (0.0, 1.0, delta);
    for k in 2..=14 {
        factorial *= f64::from(k);
        power *= delta;
        sum += f64::from(k - 1) / factorial * power;
    }
    delta - (sum - above_branch) / (delta * delta.exp()) - 1.0
}

/// 1 + W0 = p - p²/3 + …, p = sqrt(2 (e z + 1)).
fn branch_series(p: f64) -> f64 {
    const TERMS: [f64; 12] = [
        0.0,
        1.0,
        -1.0 / 3.0,
        11.0 / 72.0,
        -43.0 / 540.0,
        769.0 / 17280.0,
        -221.0 / 8505.0,
        680_863.0 / 43_545_600.0,
        -1963.0 / 204_120.0,
        226_287_557.0 / 37_623_398_400.0,
        -5_776_369.0 / 1_515_591_000.0,
        169_709_463_197.0 / 69_528_040_243_200.0,
    ];
    TERMS.iter().rev().fold(0.0, |sum, term| sum * p + term)
}

fn fritsch(z: f64, w: f64) -> f64 {
    let residual = (z / w).ln() - w;
    let q = 2.0 * (1.0 + w) * (1.0 + w + residual * (2.0 / 3.0));
    w * (1.0 + residual / (1.0 + w) * (q - residual) / (q - 2.0 * residual))
}

#[cfg(test)]
mod tests {
    use super::w0;

    /// W0 by bisection of the increasing w exp(w).
    fn bisected(z: f64) -> f64 {
        let (mut low, mut high) = (-1.0, 0.0);
        for _ in 0..100 {
            let middle: f64 = 0.5 * (low + high);
            if middle * middle.exp() < z {
                low = middle;
            } else {
                high = middle;
            }
        }
        low
    }

    #[test]
    fn equals_bisection() {
        for k in 1..20_000 {
            let w = -f64::from(k) / 20_000.0;
            let z = w * w.exp();
            // The bisected function is rounded: that moves its zero by a relative 1/(1 + w) ulp or so.
            let tolerance = w.abs() * (1e-15 + 3.0 * f64::EPSILON / (1.0 + w));
            assert!((w0(z) - bisected(z)).abs() <= tolerance, "z = {z}: {} and {}", w0(z), bisected(z));
        }
    }

    #[test]
    fn small_arguments() {
        for exponent in -300..-3 {
            let z = -(10f64.powi(exponent));
            let series = z * (1.0 - z * (1.0 - 1.5 * z));
            assert!((w0(z) / series - 1.0).abs() < 1e-11, "z = {z}");
            assert!((w0(z) * w0(z).exp() / z - 1.0).abs() < 1e-15, "z = {z}");
        }
        assert_eq!(w0(0.0).to_bits() << 1, 0);
    }

    #[test]
    fn nothing_outside_of_its_domain() {
        assert!((w0(-(-1.0_f64).exp()) + 1.0).abs() < 1e-7);
        for z in [-0.368, -1.0, f64::NEG_INFINITY, 0.1, f64::NAN] {
            assert!(w0(z).is_nan(), "z = {z}");
        }
    }
}
