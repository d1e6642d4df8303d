//! A number that is known between bounds.

use core::iter::Sum;
use core::ops::{Add, Mul};

use serde::{Deserialize, Serialize};

/// Low, nominal and high value of a quantity that is never negative.
///
/// Sums and products go low with low, nominal with nominal, high with high: constants that come from one table are wrong
/// together, so no spread is averaged away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower bound.
    pub low: f64,
    /// Best estimate.
    pub nominal: f64,
    /// Upper bound.
    pub high: f64,
}

impl Interval {
    /// Nothing, exactly.
    pub const ZERO: Self = Self::point(0.0);

    /// A number known exactly.
    #[must_use]
    pub const fn point(value: f64) -> Self {
        Self { low: value, nominal: value, high: value }
    }

    /// The same estimate with bounds a factor (at least 1) further out, for what the model itself gets wrong.
    #[must_use]
    pub fn widened(self, factor: f64) -> Self {
        Self { low: self.low / factor, nominal: self.nominal, high: self.high * factor }
    }

    /// Whether the bounds enclose the estimate and all three are finite and not negative.
    #[must_use]
    pub fn is_ordered(self) -> bool {
        0.0 <= self.low && self.low <= self.nominal && self.nominal <= self.high && self.high.is_finite()
    }
}

impl Add for Interval {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            low: self.low + other.low,
            nominal: self.nominal + other.nominal,
            high: self.high + other.high,
        }
    }
}

impl Mul for Interval {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Self {
            low: self.low * other.low,
            nominal: self.nominal * other.nominal,
            high: self.high * other.high,
        }
    }
}

impl Mul<f64> for Interval {
    type Output = Self;

    fn mul(self, factor: f64) -> Self {
        self * Self::point(factor)
    }
}

impl Sum for Interval {
    fn sum<I: Iterator<Item = Self>>(values: I) -> Self {
        values.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::Interval;

    #[test]
    fn sums_and_products_keep_the_bounds_apart() {
        let a = Interval { low: 1.0, nominal: 2.0, high: 4.0 };
        let b = Interval { low: 3.0, nominal: 3.0, high: 5.0 };
        assert_eq!(a + b, Interval { low: 4.0, nominal: 5.0, high: 9.0 });
        assert_eq!(a * b, Interval { low: 3.0, nominal: 6.0, high: 20.0 });
        assert_eq!([a, b, a].into_iter().sum::<Interval>(), Interval { low: 5.0, nominal: 7.0, high: 13.0 });
        assert_eq!(a.widened(2.0), Interval { low: 0.5, nominal: 2.0, high: 8.0 });
    }

    #[test]
    fn order_is_checked() {
        assert!(Interval { low: 1.0, nominal: 1.0, high: 2.0 }.is_ordered());
        assert!(!Interval { low: 1.0, nominal: 0.5, high: 2.0 }.is_ordered());
        assert!(!Interval { low: 0.0, nominal: 3.0, high: 2.0 }.is_ordered());
        assert!(!Interval { low: -1.0, nominal: 1.0, high: 2.0 }.is_ordered());
        assert!(!Interval { low: 0.0, nominal: f64::NAN, high: 2.0 }.is_ordered());
        assert!(!Interval { low: 0.0, nominal: 1.0, high: f64::INFINITY }.is_ordered());
    }
}
