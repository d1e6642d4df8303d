//! The principal branch of the Lambert W function where the membrane needs it.

use std::f64::consts::E;

/// `E_LOW` is what float64 cuts off Euler's number: e = `E` + `E_LOW` to 107 bits.
const E_LOW: f64 = 1.445_646_891_729_250_1e-16;

/// W0(z), the solution w >= -1 of `w exp(w) = z`, for z in \[-1/e, 0\]; NaN elsewhere.
///
/// Relative error below 1e-15 of what the argument allows (next to -1/e the function itself has infinite slope).
/// Series at the branch point (Corless et al. 1996, eq. 4.22) and one step of the quartic iteration of Fritsch,
/// Shafer & Crowley (1973) after a start that is good to four digits.
#[must_use]
pub fn w0(z: f64) -> f64 {
    // e z + 1 without cancellation: the product is split by a fused multiply-add.
    let high = z * E;
    let p_squared = 2.0 * ((high + 1.0) + (z.mul_add(E, -high) + z * E_LOW));
    if z > 0.0 || p_squared.is_nan() || p_squared < 0.0 {
        return f64::NAN;
    }
    let p = p_squared.sqrt();
    if p < 0.03 {
        return branch_series(p);
    }
    let start = if z < -0.2 {
        branch_series(p)
    } else {
        z * (1.0 - z * (1.0 - z * (1.5 - z * (8.0 / 3.0))))
    };
    if z > -1e-5 {
        return start;
    }
    fritsch(z, fritsch(z, start))
}

/// W0 = -1 + p - p²/3 + …, p = sqrt(2 (e z + 1)).
fn branch_series(p: f64) -> f64 {
    const TERMS: [f64; 12] = [
        -1.0,
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
