//! The potential between two arrivals, and where it reaches the threshold: one closed form per ratio of time constants.
//!
//! Times t are in units of `tau_syn` from some origin; the *growth* of a time is x = exp(t/g), where g = 2 for
//! `tau_mem = 2 tau_syn` and 1 otherwise. Everything but `tau_mem = tau_syn` lives in growths alone: neither logarithm
//! nor exponential is needed from layer to layer.

use crate::lambert::w0;

/// A moment: its growth and, where the potential needs it, its time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub growth: f64,
    pub time: f64,
}

impl Moment {
    pub(crate) const ORIGIN: Self = Self { growth: 1.0, time: 0.0 };
    pub(crate) const NEVER: Self = Self { growth: f64::INFINITY, time: f64::INFINITY };
}

/// Two sums over the causal inputs give the potential of a neuron: `sum_i w_i basis(t_i)`.
pub(crate) trait Potential: Send + Sync {
    /// g, in units of `tau_syn`.
    const GROWTH_TIME: f64;
    /// Whether `Moment::time` is used.
    const NEEDS_TIME: bool;

    /// What an input of weight 1 adds to the sums.
    fn basis(arrival: Moment) -> [f64; 2];

    /// Whether the potential with these sums first reaches the threshold between `start`, where it is below, and
    /// `end`, which may be infinite.
    fn crosses(sums: [f64; 2], start: Moment, end: Moment, threshold: f64) -> bool;

    /// The moment of the upward crossing and dV/dt there; `crosses` must hold.
    fn crossing(sums: [f64; 2], threshold: f64) -> (Moment, f64);

    /// The sums as seen from an origin that is later by `time`.
    fn moved(sums: [f64; 2], time: f64) -> [f64; 2];

    /// (K, dK/dt) of an input of weight 1 that arrived `age` ago; `ratio` = exp(-age/g).
    fn response(ratio: f64, age: f64) -> (f64, f64);

    /// Time of a moment made by `crossing`.
    fn time(moment: Moment) -> f64;

    /// Growth of a time.
    fn growth(time: f64) -> f64 {
        (time / Self::GROWTH_TIME).exp()
    }
}

/// `tau_mem = 2 tau_syn`: V = 2 a2/x - 2 a1/x², a1 = sum w x_i², a2 = sum w x_i (papers: Fast & Deep, `DelGrad`).
pub(crate) struct Double;

impl Potential for Double {
    const GROWTH_TIME: f64 = 2.0;
    const NEEDS_TIME: bool = false;

    #[inline(always)]
    fn basis(arrival: Moment) -> [f64; 2] {
        [arrival.growth * arrival.growth, arrival.growth]
    }

    #[inline(always)]
    fn crosses([a1, a2]: [f64; 2], start: Moment, end: Moment, threshold: f64) -> bool {
        let rising = (a2 > 0.0) & (2.0 * a1 > a2 * start.growth);
        // Strict, so that it is false at an infinite end.
        let above_at_end = 2.0 * (a2 * end.growth - a1) > threshold * end.growth * end.growth;
        let peak_inside = (2.0 * a1 <= a2 * end.growth) & (a2 * a2 >= 2.0 * threshold * a1);
        rising & (above_at_end | peak_inside)
    }

    #[inline(always)]
    fn crossing([a1, a2]: [f64; 2], threshold: f64) -> (Moment, f64) {
        let root = (a2 * a2 - 2.0 * threshold * a1).max(0.0).sqrt();
        let growth = 2.0 * a1 / (a2 + root);
        (Moment { growth, time: 0.0 }, root / growth)
    }

    fn moved([a1, a2]: [f64; 2], time: f64) -> [f64; 2] {
        let ratio = (-0.5 * time).exp();
        [a1 * ratio * ratio, a2 * ratio]
    }

    #[inline(always)]
    fn response(ratio: f64, _age: f64) -> (f64, f64) {
        let square = ratio * ratio;
        (2.0 * (ratio - square), 2.0 * square - ratio)
    }

    fn time(moment: Moment) -> f64 {
        2.0 * moment.growth.ln()
    }
}

/// `tau_mem = tau_syn`: V = (a t - b)/x, a = sum w x_i, b = sum w t_i x_i.
pub(crate) struct Equal;

impl Potential for Equal {
    const GROWTH_TIME: f64 = 1.0;
    const NEEDS_TIME: bool = true;

    #[inline(always)]
    fn basis(arrival: Moment) -> [f64; 2] {
        [arrival.growth, arrival.time * arrival.growth]
    }

    #[inline(always)]
    fn crosses([a, b]: [f64; 2], start: Moment, end: Moment, threshold: f64) -> bool {
        if !(a > 0.0 && a * (1.0 - start.time) + b > 0.0) {
            return false;
        }
        if end.growth < f64::INFINITY {
            if a * end.time - b >= threshold * end.growth {
                return true;
            }
            if a * (1.0 - end.time) + b > 0.0 {
                return false;
            }
        }
        a * (-1.0 - b / a).exp() >= threshold
    }

    #[inline(always)]
    fn crossing([a, b]: [f64; 2], threshold: f64) -> (Moment, f64) {
        let centre = b / a;
        // Where the peak just touches the threshold, rounding may push the argument below -1/e: NaN, taken as -1.
        let w = w0(-threshold / a * centre.exp()).max(-1.0);
        let growth = -w * a / threshold;
        (Moment { growth, time: centre - w }, a / growth - threshold)
    }

    fn moved([a, b]: [f64; 2], time: f64) -> [f64; 2] {
        let ratio = (-time).exp();
        [a * ratio, ratio * (b - time * a)]
    }

    #[inline(always)]
    fn response(ratio: f64, age: f64) -> (f64, f64) {
        (age * ratio, (1.0 - age) * ratio)
    }

    fn time(moment: Moment) -> f64 {
        moment.time
    }
}

/// `tau_mem = inf`: V = a0 - a1/x, a1 = sum w x_i, a0 = sum w.
pub(crate) struct NonLeaky;

impl Potential for NonLeaky {
    const GROWTH_TIME: f64 = 1.0;
    const NEEDS_TIME: bool = false;

    #[inline(always)]
    fn basis(arrival: Moment) -> [f64; 2] {
        [arrival.growth, 1.0]
    }

    #[inline(always)]
    fn crosses([a1, a0]: [f64; 2], _start: Moment, end: Moment, threshold: f64) -> bool {
        (a1 > 0.0) & (a0 > threshold) & ((a0 - threshold) * end.growth >= a1)
    }

    #[inline(always)]
    fn crossing([a1, a0]: [f64; 2], threshold: f64) -> (Moment, f64) {
        (Moment { growth: a1 / (a0 - threshold), time: 0.0 }, a0 - threshold)
    }

    fn moved([a1, a0]: [f64; 2], time: f64) -> [f64; 2] {
        [a1 * (-time).exp(), a0]
    }

    #[inline(always)]
    fn response(ratio: f64, _age: f64) -> (f64, f64) {
        (1.0 - ratio, ratio)
    }

    fn time(moment: Moment) -> f64 {
        moment.growth.ln()
    }
}
