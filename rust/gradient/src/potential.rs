//! The potential between two arrivals, and where it reaches the threshold: one closed form per ratio of time constants.
//!
//! Times t are in units of `tau_syn` from some origin, potentials in units of the threshold. The *growth* of a time is
//! x = exp(t/g), where g = 2 for `tau_mem = 2 tau_syn` and 1 otherwise. Everything but `tau_mem = tau_syn` lives in
//! growths alone: neither logarithm nor exponential is needed from layer to layer.

use crate::lambert::w0;
use crate::lanes::{Lanes, Mask};

/// Moments of some neurons: their growths and, where the potential needs them, their times.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moments {
    pub growth: Lanes,
    pub time: Lanes,
}

impl Moments {
    pub(crate) const ORIGIN: Self = Self { growth: Lanes::splat(1.0), time: Lanes::ZERO };
    /// Later than any spike that is computed by growths, and yet its square is finite.
    pub(crate) const NEVER: Self =
        Self { growth: Lanes::splat(1e150), time: Lanes::splat(345.387_763_949_107) };

    #[inline(always)]
    pub(crate) fn splat(growth: f64, time: f64) -> Self {
        Self { growth: Lanes::splat(growth), time: Lanes::splat(time) }
    }
}

/// The time between an arrival and the next, as `Potential::crosses` wants it.
pub(crate) type Segment = [Lanes; 3];

/// Two sums over the causal inputs, `sum_i w_i basis(t_i)`, give the potential of a neuron.
pub(crate) trait Potential: Send + Sync {
    /// g, in units of `tau_syn`.
    const GROWTH_TIME: f64;
    /// Whether `Moments::time` is used.
    const NEEDS_TIME: bool;

    /// What an input of weight 1 adds to the sums.
    fn basis(arrival: Moments) -> [Lanes; 2];

    /// From `start`, an arrival, to `end`.
    fn segment(start: Moments, end: Moments) -> Segment;

    /// Whether the potential first reaches 1 within the segment; it is below at its start.
    fn crosses(sums: [Lanes; 2], segment: &Segment) -> Mask;

    /// The moment of the upward crossing, and what `slope` needs; of no meaning where `crosses` does not hold.
    fn crossing(sums: [Lanes; 2]) -> (Moments, Lanes);

    /// dV/dt at a crossing; `inverse` = 1 / its growth.
    fn slope(steepness: Lanes, inverse: Lanes) -> Lanes;

    /// The sums as seen from an origin that is later by `time`.
    fn moved(sums: [Lanes; 2], time: f64) -> [Lanes; 2];

    /// (K, dK/dt) of an input of weight 1 that arrived `age` ago; `ratio` = exp(-age/g).
    fn response(ratio: Lanes, age: Lanes) -> (Lanes, Lanes);

    /// Time of a moment made by `crossing`.
    fn time(growth: f64, time: f64) -> f64;

    /// Growth of a time.
    fn growth(time: f64) -> f64 {
        (time / Self::GROWTH_TIME).exp()
    }
}

/// `tau_mem = 2 tau_syn`: `V = 2 a2/x - a1/x²`, `a1 = 2 sum w_i x_i²`, `a2 = sum w_i x_i`.
pub(crate) struct Double;

impl Potential for Double {
    const GROWTH_TIME: f64 = 2.0;
    const NEEDS_TIME: bool = false;

    #[inline(always)]
    fn basis(arrival: Moments) -> [Lanes; 2] {
        [(arrival.growth + arrival.growth) * arrival.growth, arrival.growth]
    }

    #[inline(always)]
    fn segment(start: Moments, end: Moments) -> Segment {
        [start.growth, end.growth, end.growth * end.growth]
    }

    /// V rises at the start, and at the end either it is above 1, or its peak lies before and reaches 1.
    /// (Both need a2 > 0, and either implies it.)
    #[inline(always)]
    fn crosses([a1, a2]: [Lanes; 2], &[start, end, end_squared]: &Segment) -> Mask {
        let rising = (a2 * start).less(a1);
        let at_end = a2 * end;
        let above = end_squared.less(at_end + at_end - a1);
        let peak = a1.at_most(at_end) & a1.at_most(a2 * a2);
        rising & (above | peak)
    }

    #[inline(always)]
    fn crossing([a1, a2]: [Lanes; 2]) -> (Moments, Lanes) {
        let root = (a2 * a2 - a1).max(Lanes::ZERO).sqrt();
        (Moments { growth: a1 / (a2 + root), time: Lanes::ZERO }, root)
    }

    #[inline(always)]
    fn slope(steepness: Lanes, inverse: Lanes) -> Lanes {
        steepness * inverse
    }

    fn moved([a1, a2]: [Lanes; 2], time: f64) -> [Lanes; 2] {
        let ratio = Lanes::splat((-0.5 * time).exp());
        [a1 * ratio * ratio, a2 * ratio]
    }

    #[inline(always)]
    fn response(ratio: Lanes, _age: Lanes) -> (Lanes, Lanes) {
        let square = ratio * ratio;
        let difference = ratio - square;
        (difference + difference, square - difference)
    }

    fn time(growth: f64, _time: f64) -> f64 {
        2.0 * growth.ln()
    }
}

/// `tau_mem = tau_syn`: `V = (a t - b)/x`, `a = sum w_i x_i`, `b = sum w_i t_i x_i`.
pub(crate) struct Equal;

impl Potential for Equal {
    const GROWTH_TIME: f64 = 1.0;
    const NEEDS_TIME: bool = true;

    #[inline(always)]
    fn basis(arrival: Moments) -> [Lanes; 2] {
        [arrival.growth, arrival.time * arrival.growth]
    }

    #[inline(always)]
    fn segment(start: Moments, end: Moments) -> Segment {
        [start.time, end.time, end.growth]
    }

    /// As for `Double`; the exponential of the peak is taken only where it decides.
    #[inline(always)]
    fn crosses([a, b]: [Lanes; 2], &[start, end, end_growth]: &Segment) -> Mask {
        let rising = Lanes::ZERO.less(a) & (a * start).less(a + b);
        let above = end_growth.at_most(a * end - b);
        let peak = rising & !above & (a + b).at_most(a * end);
        if !peak.any() {
            return rising & above;
        }
        let height = a * (Lanes::splat(-1.0) - b / a).map(f64::exp);
        rising & (above | (peak & Lanes::splat(1.0).at_most(height)))
    }

    #[inline(always)]
    fn crossing([a, b]: [Lanes; 2]) -> (Moments, Lanes) {
        let centre = b / a;
        // Where the peak just touches the threshold, rounding may push the argument below -1/e: NaN, taken as -1.
        let depth = Lanes::ZERO - (centre.map(f64::exp) / (Lanes::ZERO - a)).map(|z| w0(z).max(-1.0));
        (Moments { growth: depth * a, time: centre + depth }, a)
    }

    #[inline(always)]
    fn slope(steepness: Lanes, inverse: Lanes) -> Lanes {
        steepness * inverse - Lanes::splat(1.0)
    }

    fn moved([a, b]: [Lanes; 2], time: f64) -> [Lanes; 2] {
        let ratio = Lanes::splat((-time).exp());
        [a * ratio, ratio * (b - Lanes::splat(time) * a)]
    }

    #[inline(always)]
    fn response(ratio: Lanes, age: Lanes) -> (Lanes, Lanes) {
        (age * ratio, ratio - age * ratio)
    }

    fn time(_growth: f64, time: f64) -> f64 {
        time
    }
}

/// `tau_mem = inf`: `V = a0 - a1/x`, `a1 = sum w_i x_i`, `a0 = sum w_i`.
pub(crate) struct NonLeaky;

impl Potential for NonLeaky {
    const GROWTH_TIME: f64 = 1.0;
    const NEEDS_TIME: bool = false;

    #[inline(always)]
    fn basis(arrival: Moments) -> [Lanes; 2] {
        [arrival.growth, Lanes::splat(1.0)]
    }

    #[inline(always)]
    fn segment(_start: Moments, end: Moments) -> Segment {
        [end.growth, Lanes::ZERO, Lanes::ZERO]
    }

    #[inline(always)]
    fn crosses([a1, a0]: [Lanes; 2], &[end, ..]: &Segment) -> Mask {
        Lanes::ZERO.less(a1) & a1.at_most((a0 - Lanes::splat(1.0)) * end)
    }

    #[inline(always)]
    fn crossing([a1, a0]: [Lanes; 2]) -> (Moments, Lanes) {
        let slope = a0 - Lanes::splat(1.0);
        (Moments { growth: a1 / slope, time: Lanes::ZERO }, slope)
    }

    #[inline(always)]
    fn slope(steepness: Lanes, _inverse: Lanes) -> Lanes {
        steepness
    }

    fn moved([a1, a0]: [Lanes; 2], time: f64) -> [Lanes; 2] {
        [a1 * Lanes::splat((-time).exp()), a0]
    }

    #[inline(always)]
    fn response(ratio: Lanes, _age: Lanes) -> (Lanes, Lanes) {
        (Lanes::splat(1.0) - ratio, ratio)
    }

    fn time(growth: f64, _time: f64) -> f64 {
        growth.ln()
    }
}
