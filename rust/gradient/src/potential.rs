//! The potential between two arrivals, and where it reaches the threshold: one closed form per ratio of time constants.
//!
//! Times t are in units of `tau_syn` from some origin, potentials in units of the threshold. The *growth* of a time is
//! x = exp(t/g), where g = 2 for `tau_mem = 2 tau_syn`, the smaller time constant otherwise. The closed forms but that
//! of `tau_mem = tau_syn` live in growths alone: neither logarithm nor exponential is needed from layer to layer.
//! Ratios without a closed form are in [`crate::general`].

use crate::lambert::w0;
use crate::lanes::{Lanes, Mask};
use crate::search::TIE;

/// Moments of some neurons: their growths and, where the potential needs them, their times (see [`Potential::bend`]).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moments {
    pub growth: Lanes,
    pub time: Lanes,
}

impl Moments {
    pub(crate) const ORIGIN: Self = Self { growth: Lanes::splat(1.0), time: Lanes::ZERO };

    #[inline(always)]
    pub(crate) fn splat(growth: f64, time: f64) -> Self {
        Self { growth: Lanes::splat(growth), time: Lanes::splat(time) }
    }
}

/// The time between an arrival and the next, as `Potential::crosses` wants it.
pub(crate) type Segment = [Lanes; 3];

/// Two sums over the causal inputs, `sum_i w_i basis(t_i)`, give the potential of a neuron.
pub(crate) trait Potential: Copy + Send + Sync {
    /// Whether `Moments::time` is used.
    const NEEDS_TIME: bool;

    /// g, in units of `tau_syn`.
    fn growth_time(self) -> f64;

    /// What an input of weight 1 adds to the sums.
    fn basis(self, arrival: Moments) -> [Lanes; 2];

    /// From `start`, an arrival, to `end`.
    fn segment(self, start: Moments, end: Moments) -> Segment;

    /// Whether the potential first reaches 1 within the segment; it is below at its start.
    fn crosses(self, sums: [Lanes; 2], segment: &Segment) -> Mask;

    /// The moment of the upward crossing, and what `slope` needs; of no meaning where `crosses` does not hold.
    fn crossing(self, sums: [Lanes; 2]) -> (Moments, Lanes);

    /// dV/dt at a crossing; `inverse` = 1 / its growth.
    fn slope(self, steepness: Lanes, inverse: Lanes) -> Lanes;

    /// The sums as seen from an origin that is later by `time`.
    fn moved(self, sums: [Lanes; 2], time: f64) -> [Lanes; 2];

    /// (K, dK/dt) of an input of weight 1 that arrived `age` ago, bent; `ratio` = exp(-age/g).
    fn response(self, ratio: Lanes, age: Lanes) -> (Lanes, Lanes);

    /// The same for any age, in plain time.
    fn response_after(self, age: f64) -> (f64, f64) {
        let ratio = Lanes::splat((-age / self.growth_time()).exp());
        let (response, rise) = self.response(ratio, Lanes::splat(self.bend(age)));
        (response.0[0], rise.0[0])
    }

    /// Time of a moment made by `crossing`.
    fn time(self, growth: f64, time: f64) -> f64;

    /// Growth of a time.
    fn growth(self, time: f64) -> f64 {
        (time / self.growth_time()).exp()
    }

    /// `Moments::time` of a time: itself, unless the potential is simpler in another.
    fn bend(self, time: f64) -> f64 {
        time
    }

    /// `Moments::time` of what comes `delay` after `time`, all bent.
    #[inline(always)]
    fn later(self, time: Lanes, delay: Lanes) -> Lanes {
        time + delay
    }

    /// The bent time between two of them.
    #[inline(always)]
    fn between(self, from: Lanes, to: Lanes) -> Lanes {
        to - from
    }

    /// Later than any spike that is computed by growths, and yet its square is finite.
    #[inline(always)]
    fn never(self) -> Moments {
        Moments { growth: Lanes::splat(NEVER), time: Lanes::splat(LOG_NEVER) }
    }

    /// The end of what counts as one moment.
    #[inline(always)]
    fn just_after(self, moment: Moments) -> Moments {
        Moments {
            growth: moment.growth * Lanes::splat(1.0 + TIE),
            time: self.later(moment.time, Lanes::splat(TIE * self.growth_time())),
        }
    }

    /// The longest span of a sample that growths can hold, in units of `tau_syn`; leaves float64 room for the weights.
    fn longest_span(self) -> f64 {
        300.0 * self.growth_time().min(1.0)
    }
}

/// The growth of [`Potential::never`], and its logarithm.
pub(crate) const NEVER: f64 = 1e150;
pub(crate) const LOG_NEVER: f64 = 345.387_763_949_107;

/// Evaluates `$body` with `$potential` = the potential of `$ratio`.
macro_rules! with_potential {
    ($ratio:expr, $potential:ident => $body:expr) => {{
        use $crate::general::General;
        use $crate::potential::{Double, Equal, NonLeaky};
        match $ratio {
            $crate::Ratio::Double => {
                let $potential = Double;
                $body
            }
            $crate::Ratio::Equal => {
                let $potential = Equal;
                $body
            }
            $crate::Ratio::NonLeaky => {
                let $potential = NonLeaky;
                $body
            }
            $crate::Ratio::Other(ratio) => {
                let $potential = General::new(ratio);
                $body
            }
        }
    }};
}
pub(crate) use with_potential;

/// `tau_mem = 2 tau_syn`: `V = 2 a2/x - a1/x²`, `a1 = 2 sum w_i x_i²`, `a2 = sum w_i x_i`.
#[derive(Clone, Copy)]
pub(crate) struct Double;

impl Potential for Double {
    const NEEDS_TIME: bool = false;

    #[inline(always)]
    fn growth_time(self) -> f64 {
        2.0
    }

    #[inline(always)]
    fn basis(self, arrival: Moments) -> [Lanes; 2] {
        [(arrival.growth + arrival.growth) * arrival.growth, arrival.growth]
    }

    #[inline(always)]
    fn segment(self, start: Moments, end: Moments) -> Segment {
        [start.growth, end.growth, end.growth * end.growth]
    }

    /// V rises at the start, and at the end either it is above 1, or its peak lies before and reaches 1.
    /// (Both need a2 > 0, and either implies it.)
    #[inline(always)]
    fn crosses(self, [a1, a2]: [Lanes; 2], &[start, end, end_squared]: &Segment) -> Mask {
        let rising = (a2 * start).less(a1);
        let at_end = a2 * end;
        let above = end_squared.less(at_end + at_end - a1);
        let peak = a1.at_most(at_end) & a1.at_most(a2 * a2);
        rising & (above | peak)
    }

    #[inline(always)]
    fn crossing(self, [a1, a2]: [Lanes; 2]) -> (Moments, Lanes) {
        let root = (a2 * a2 - a1).max(Lanes::ZERO).sqrt();
        (Moments { growth: a1 / (a2 + root), time: Lanes::ZERO }, root)
    }

    #[inline(always)]
    fn slope(self, steepness: Lanes, inverse: Lanes) -> Lanes {
        steepness * inverse
    }

    fn moved(self, [a1, a2]: [Lanes; 2], time: f64) -> [Lanes; 2] {
        let ratio = Lanes::splat((-0.5 * time).exp());
        [a1 * ratio * ratio, a2 * ratio]
    }

    #[inline(always)]
    fn response(self, ratio: Lanes, _age: Lanes) -> (Lanes, Lanes) {
        let square = ratio * ratio;
        let difference = ratio - square;
        (difference + difference, square - difference)
    }

    fn time(self, growth: f64, _time: f64) -> f64 {
        2.0 * growth.ln()
    }
}

/// `tau_mem = tau_syn`: `V = (a t - b)/x`, `a = sum w_i x_i`, `b = sum w_i t_i x_i`.
#[derive(Clone, Copy)]
pub(crate) struct Equal;

impl Potential for Equal {
    const NEEDS_TIME: bool = true;

    #[inline(always)]
    fn growth_time(self) -> f64 {
        1.0
    }

    #[inline(always)]
    fn basis(self, arrival: Moments) -> [Lanes; 2] {
        [arrival.growth, arrival.time * arrival.growth]
    }

    #[inline(always)]
    fn segment(self, start: Moments, end: Moments) -> Segment {
        [start.time, end.time, end.growth]
    }

    /// As for `Double`; the exponential of the peak is taken only where it decides.
    #[inline(always)]
    fn crosses(self, [a, b]: [Lanes; 2], &[start, end, end_growth]: &Segment) -> Mask {
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
    fn crossing(self, [a, b]: [Lanes; 2]) -> (Moments, Lanes) {
        let centre = b / a;
        // Where the peak just touches the threshold, rounding may push the argument below -1/e: NaN, taken as -1.
        let depth = Lanes::ZERO - (centre.map(f64::exp) / (Lanes::ZERO - a)).map(|z| w0(z).max(-1.0));
        (Moments { growth: depth * a, time: centre + depth }, a)
    }

    #[inline(always)]
    fn slope(self, steepness: Lanes, inverse: Lanes) -> Lanes {
        steepness * inverse - Lanes::splat(1.0)
    }

    fn moved(self, [a, b]: [Lanes; 2], time: f64) -> [Lanes; 2] {
        let ratio = Lanes::splat((-time).exp());
        [a * ratio, ratio * (b - Lanes::splat(time) * a)]
    }

    #[inline(always)]
    fn response(self, ratio: Lanes, age: Lanes) -> (Lanes, Lanes) {
        (age * ratio, ratio - age * ratio)
    }

    fn time(self, _growth: f64, time: f64) -> f64 {
        time
    }
}

/// `tau_mem = inf`: `V = a0 - a1/x`, `a1 = sum w_i x_i`, `a0 = sum w_i`.
#[derive(Clone, Copy)]
pub(crate) struct NonLeaky;

impl Potential for NonLeaky {
    const NEEDS_TIME: bool = false;

    #[inline(always)]
    fn growth_time(self) -> f64 {
        1.0
    }

    #[inline(always)]
    fn basis(self, arrival: Moments) -> [Lanes; 2] {
        [arrival.growth, Lanes::splat(1.0)]
    }

    #[inline(always)]
    fn segment(self, _start: Moments, end: Moments) -> Segment {
        [end.growth, Lanes::ZERO, Lanes::ZERO]
    }

    #[inline(always)]
    fn crosses(self, [a1, a0]: [Lanes; 2], &[end, ..]: &Segment) -> Mask {
        Lanes::ZERO.less(a1) & a1.at_most((a0 - Lanes::splat(1.0)) * end)
    }

    #[inline(always)]
    fn crossing(self, [a1, a0]: [Lanes; 2]) -> (Moments, Lanes) {
        let slope = a0 - Lanes::splat(1.0);
        (Moments { growth: a1 / slope, time: Lanes::ZERO }, slope)
    }

    #[inline(always)]
    fn slope(self, steepness: Lanes, _inverse: Lanes) -> Lanes {
        steepness
    }

    fn moved(self, [a1, a0]: [Lanes; 2], time: f64) -> [Lanes; 2] {
        [a1 * Lanes::splat((-time).exp()), a0]
    }

    #[inline(always)]
    fn response(self, ratio: Lanes, _age: Lanes) -> (Lanes, Lanes) {
        (Lanes::splat(1.0) - ratio, ratio)
    }

    fn time(self, growth: f64, _time: f64) -> f64 {
        growth.ln()
    }
}
