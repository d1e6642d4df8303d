//! Four numbers side by side, written so that the compiler makes vector instructions of them.

use std::array::from_fn;
use std::ops::{Add, AddAssign, BitAnd, BitOr, Div, Mul, Not, Sub, SubAssign};

use pulp::Arch;
pub(crate) use pulp::NullaryFnOnce;

/// Neurons that are computed side by side.
pub(crate) const LANES: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(32))]
pub(crate) struct Lanes(pub [f64; LANES]);

/// All bits set where true.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(32))]
pub(crate) struct Mask(pub [u64; LANES]);

/// Runs `work` with the vector instructions that this machine has, as far as it is inlined. Nothing is contracted or
/// put in another order: the results have the same bits on every machine.
pub(crate) fn vectorised<W: NullaryFnOnce>(work: W) -> W::Output {
    Arch::new().dispatch(work)
}

impl Lanes {
    pub(crate) const ZERO: Self = Self::splat(0.0);

    #[inline(always)]
    pub(crate) const fn splat(value: f64) -> Self {
        Self([value; LANES])
    }

    #[inline(always)]
    pub(crate) fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Self(self.0.map(f))
    }

    /// `low` where `self` is less than `than`, `high` elsewhere.
    #[inline(always)]
    pub(crate) fn choose(self, than: Self, low: Self, high: Self) -> Self {
        Self(from_fn(|l| if self.0[l] < than.0[l] { low.0[l] } else { high.0[l] }))
    }

    #[inline(always)]
    fn compare(self, other: Self, holds: impl Fn(&f64, &f64) -> bool) -> Mask {
        Mask(from_fn(|l| if holds(&self.0[l], &other.0[l]) { u64::MAX } else { 0 }))
    }

    #[inline(always)]
    pub(crate) fn less(self, other: Self) -> Mask {
        self.compare(other, f64::lt)
    }

    #[inline(always)]
    pub(crate) fn at_most(self, other: Self) -> Mask {
        self.compare(other, f64::le)
    }

    #[inline(always)]
    pub(crate) fn differs(self, other: Self) -> Mask {
        self.compare(other, f64::ne)
    }

    /// The smaller of two numbers; `other` where either is NaN.
    #[inline(always)]
    pub(crate) fn min(self, other: Self) -> Self {
        Self(from_fn(|l| if self.0[l] < other.0[l] { self.0[l] } else { other.0[l] }))
    }

    /// The larger of two numbers; `other` where either is NaN.
    #[inline(always)]
    pub(crate) fn max(self, other: Self) -> Self {
        Self(from_fn(|l| if self.0[l] > other.0[l] { self.0[l] } else { other.0[l] }))
    }

    #[inline(always)]
    pub(crate) fn sqrt(self) -> Self {
        self.map(f64::sqrt)
    }

    #[inline(always)]
    pub(crate) fn sum(self) -> f64 {
        (self.0[0] + self.0[1]) + (self.0[2] + self.0[3])
    }
}

impl Mask {
    pub(crate) const ALL: Self = Self([u64::MAX; LANES]);

    /// The first `count` lanes.
    pub(crate) fn first(count: usize) -> Self {
        Self(from_fn(|l| if l < count { u64::MAX } else { 0 }))
    }

    /// `lanes` where true, zero elsewhere.
    #[inline(always)]
    pub(crate) fn keep(self, lanes: Lanes) -> Lanes {
        Lanes(from_fn(|l| f64::from_bits(lanes.0[l].to_bits() & self.0[l])))
    }

    /// `yes` where true, `no` elsewhere.
    #[inline(always)]
    pub(crate) fn select(self, yes: Lanes, no: Lanes) -> Lanes {
        Lanes(from_fn(|l| {
            f64::from_bits((yes.0[l].to_bits() & self.0[l]) | (no.0[l].to_bits() & !self.0[l]))
        }))
    }

    #[inline(always)]
    pub(crate) fn any(self) -> bool {
        (self.0[0] | self.0[1]) | (self.0[2] | self.0[3]) != 0
    }
}

macro_rules! lane_wise {
    ($($operator:ident $method:ident $symbol:tt),*) => {$(
        impl $operator for Lanes {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self(from_fn(|l| self.0[l] $symbol other.0[l]))
            }
        }
    )*};
}

lane_wise!(Add add +, Sub sub -, Mul mul *, Div div /);

impl AddAssign for Lanes {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Lanes {
    #[inline(always)]
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl BitAnd for Mask {
    type Output = Self;
    #[inline(always)]
    fn bitand(self, other: Self) -> Self {
        Self(from_fn(|l| self.0[l] & other.0[l]))
    }
}

impl BitOr for Mask {
    type Output = Self;
    #[inline(always)]
    fn bitor(self, other: Self) -> Self {
        Self(from_fn(|l| self.0[l] | other.0[l]))
    }
}

impl Not for Mask {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        Self(self.0.map(|bits| !bits))
    }
}
