//! The potential for any ratio of the time constants, and its first crossing by Newton steps that cannot miss it.
//!
//! With L the larger and f the smaller time constant in units of `tau_syn`, and c = 1/f - 1/L, an input has the
//! response K(s) = (exp(-s/L) - exp(-s/f)) / c. In *bent time* b(t) = (exp(c t) - 1)/c and growth x(t) = exp(t/f),
//!
//! V = (p b - q)/x,   p = `sum_i w_i` exp(`t_i`/L),   q = `sum_i w_i` exp(`t_i`/L) b(`t_i`):
//!
//! the form of equal time constants, to which it turns smoothly as c goes to 0 (b is then t itself), so that no ratio
//! loses digits. As x is convex in b, h(b) = p b - q - x is concave: from any point before its first zero Newton's
//! steps go up to that zero and never beyond, also where the potential only grazes the threshold.

use crate::lanes::{Lanes, Mask};
use crate::potential::{LOG_NEVER, Moments, NEVER, Potential, Segment};

#[derive(Clone, Copy, Debug)]
pub(crate) struct General {
    /// c, in 1/`tau_syn`.
    bend: f64,
    /// f and L, in units of `tau_syn`.
    fast: f64,
    slow: f64,
}

impl General {
    /// For `tau_mem` = `ratio` `tau_syn`.
    pub(crate) fn new(ratio: f64) -> Self {
        Self { bend: (ratio - 1.0).abs() / ratio, fast: ratio.min(1.0), slow: ratio.max(1.0) }
    }

    /// t from b(t).
    fn straighten(self, bent: f64) -> f64 {
        if self.bend == 0.0 { bent } else { (self.bend * bent).ln_1p() / self.bend }
    }

    /// exp(c t) from b(t).
    #[inline(always)]
    fn factor(self, bent: Lanes) -> Lanes {
        Lanes::splat(1.0) + Lanes::splat(self.bend) * bent
    }

    /// b of the peak of a potential with p > 0.
    #[inline(always)]
    fn peak(self, p: Lanes, q: Lanes) -> Lanes {
        Lanes::splat(self.slow) * (Lanes::splat(1.0) + q / (p * Lanes::splat(self.fast)))
    }

    /// V at b, for a peak or a crossing.
    fn potential(self, p: f64, q: f64, bent: f64) -> f64 {
        (p * bent - q) * (-self.straighten(bent) / self.fast).exp()
    }

    /// The first zero of h, if the peak of V is at least 1.
    fn first_zero(self, p: f64, q: f64) -> f64 {
        let peak = self.slow * (1.0 + q / (p * self.fast));
        // V is 0 at q/p, and below 1 before the first arrival, at b = 0.
        let mut bent = (q / p).max(0.0);
        for _ in 0..MOST_STEPS {
            let growth = (self.straighten(bent) / self.fast).exp();
            let gap = growth - (p * bent - q);
            let rise = p - growth / (self.fast * (1.0 + self.bend * bent));
            // Rounding may put the zero of a grazing potential beyond its peak.
            let next = (bent + gap / rise).min(peak);
            if !(gap > 0.0 && rise > 0.0 && next > bent) {
                break;
            }
            bent = next;
        }
        bent
    }
}

/// Newton's steps double the digits of a crossing, and halve the distance to a peak that grazes the threshold.
const MOST_STEPS: usize = 100;

impl Potential for General {
    const NEEDS_TIME: bool = true;

    #[inline(always)]
    fn growth_time(self) -> f64 {
        self.fast
    }

    #[inline(always)]
    fn basis(self, arrival: Moments) -> [Lanes; 2] {
        let slow_growth = arrival.growth / self.factor(arrival.time);
        [slow_growth, slow_growth * arrival.time]
    }

    #[inline(always)]
    fn segment(self, start: Moments, end: Moments) -> Segment {
        [start.time, end.time, end.growth]
    }

    /// V rises at the start, and at the end either it is above 1, or its peak lies before and reaches 1.
    #[inline(always)]
    fn crosses(self, [p, q]: [Lanes; 2], &[start, end, end_growth]: &Segment) -> Mask {
        let steepest = p + q * Lanes::splat(1.0 / self.fast);
        let decay = p * Lanes::splat(1.0 / self.slow);
        let rising = Lanes::ZERO.less(p) & (decay * start).less(steepest);
        let above = end_growth.at_most(p * end - q);
        let peak = rising & !above & steepest.at_most(decay * end);
        if !peak.any() {
            return rising & above;
        }
        let at = self.peak(p, q);
        let height = Lanes(std::array::from_fn(|l| self.potential(p.0[l], q.0[l], at.0[l])));
        rising & (above | (peak & Lanes::splat(1.0).at_most(height)))
    }

    fn crossing(self, [p, q]: [Lanes; 2]) -> (Moments, Lanes) {
        let bent =
            Lanes(std::array::from_fn(
                |l| {
                    if p.0[l] > 0.0 { self.first_zero(p.0[l], q.0[l]) } else { f64::NAN }
                },
            ));
        let growth = bent.map(|b| (self.straighten(b) / self.fast).exp());
        (Moments { growth, time: bent }, p * self.factor(bent))
    }

    #[inline(always)]
    fn slope(self, steepness: Lanes, inverse: Lanes) -> Lanes {
        steepness * inverse - Lanes::splat(1.0 / self.fast)
    }

    fn moved(self, [p, q]: [Lanes; 2], time: f64) -> [Lanes; 2] {
        let [slow, fast] = [self.slow, self.fast].map(|tau| (-time / tau).exp());
        [p * Lanes::splat(slow), q * Lanes::splat(fast) - p * Lanes::splat(self.response_after(time).0)]
    }

    #[inline(always)]
    fn response(self, ratio: Lanes, age: Lanes) -> (Lanes, Lanes) {
        let response = ratio * age;
        (response, ratio * self.factor(age) - response * Lanes::splat(1.0 / self.fast))
    }

    fn response_after(self, age: f64) -> (f64, f64) {
        let slow = (-age / self.slow).exp();
        let response =
            if self.bend == 0.0 { slow * age } else { slow * -(-self.bend * age).exp_m1() / self.bend };
        (response, slow - response / self.fast)
    }

    fn time(self, _growth: f64, time: f64) -> f64 {
        self.straighten(time)
    }

    fn bend(self, time: f64) -> f64 {
        if self.bend == 0.0 { time } else { (self.bend * time).exp_m1() / self.bend }
    }

    #[inline(always)]
    fn later(self, time: Lanes, delay: Lanes) -> Lanes {
        time + delay * self.factor(time)
    }

    #[inline(always)]
    fn between(self, from: Lanes, to: Lanes) -> Lanes {
        (to - from) / self.factor(from)
    }

    fn never(self) -> Moments {
        Moments::splat(NEVER, self.bend(LOG_NEVER * self.fast))
    }
}

#[cfg(test)]
mod tests {
    use super::General;
    use crate::distant::first_spike;
    use crate::potential::{Double, Equal, Potential};
    use crate::random::Random;
    use crate::{Delays, Layer, Neuron};

    /// Exponents of a thousandth to a thousand, often next to 1.
    fn ratio(random: &mut Random, round: usize) -> f64 {
        let exponent = 6.0 * random.uniform() - 3.0;
        if round.is_multiple_of(4) {
            1.0 + 1e-3 * exponent.powi(9) / 3f64.powi(9)
        } else {
            10f64.powf(exponent)
        }
    }

    /// What is in the first line of semantics.md about the potential; nothing of this file.
    fn response(age: f64, ratio: f64) -> f64 {
        if age <= 0.0 {
            return 0.0;
        }
        // sinh keeps the digits of the difference of nearly equal exponentials.
        let half = 0.5 * age * (ratio - 1.0) / ratio;
        let shared = (-0.5 * age * (1.0 + 1.0 / ratio)).exp();
        if half.abs() < 1e-8 { age * shared } else { ratio / (ratio - 1.0) * 2.0 * shared * half.sinh() }
    }

    struct Case {
        times: Vec<f64>,
        weights: Vec<f64>,
        ratio: f64,
    }

    impl Case {
        fn draw(random: &mut Random, round: usize) -> Self {
            let count = 1 + random.below(7);
            let ratio = ratio(random, round);
            let mut times = random.between(0.0, 4.0 * ratio.min(1.0), count);
            times.sort_by(f64::total_cmp);
            Self { times, weights: random.between(-2.0, 4.0, count), ratio }
        }

        fn potential(&self, t: f64) -> f64 {
            self.times.iter().zip(&self.weights).map(|(s, w)| w * response(t - s, self.ratio)).sum()
        }

        /// The highest point of each segment between arrivals, where V has one extremum at most: (time, V).
        fn tops(&self) -> Vec<(f64, f64)> {
            let last = self.times.len() - 1;
            let tail = 20.0 * self.ratio.min(1.0) + 3.0 * self.ratio.ln_1p().max(1.0) * self.ratio.min(1.0);
            let end = |k: usize| if k == last { self.times[k] + tail } else { self.times[k + 1] };
            let top = |(mut low, mut high): (f64, f64)| {
                const POINTS: usize = 24;
                let at = |k: usize, low: f64, high: f64| low + (high - low) * k as f64 / POINTS as f64;
                for _ in 0..10 {
                    let points = 0..=POINTS;
                    let best = points
                        .max_by(|&a, &b| {
                            self.potential(at(a, low, high)).total_cmp(&self.potential(at(b, low, high)))
                        })
                        .unwrap_or(0);
                    (low, high) =
                        (at(best.saturating_sub(1), low, high), at((best + 1).min(POINTS), low, high));
                }
                let middle = [low, 0.5 * (low + high), high];
                middle
                    .map(|t| (t, self.potential(t)))
                    .into_iter()
                    .fold((low, -1e300), |a, b| if b.1 > a.1 { b } else { a })
            };
            (0..=last).map(|k| top((self.times[k], end(k)))).collect()
        }

        /// First crossing by bisection below the first top that reaches the threshold.
        fn scanned(&self, tops: &[(f64, f64)], threshold: f64) -> f64 {
            let Some(k) = tops.iter().position(|top| top.1 >= threshold) else {
                return f64::INFINITY;
            };
            let (mut low, mut high) = (self.times[k], tops[k].0);
            for _ in 0..100 {
                let middle = 0.5 * (low + high);
                if self.potential(middle) >= threshold { high = middle } else { low = middle }
            }
            high
        }

        fn found(&self, potential: impl Potential, threshold: f64) -> f64 {
            let neuron = Neuron::new(1.0, 1.0, threshold).expect("positive");
            let layer = Layer::new(self.times.len(), 1, neuron, &self.weights, Delays::None).expect("finite");
            first_spike(potential, &layer, 0, &self.times)
        }
    }

    /// Thresholds all over the range, and right at the tops, where the potential grazes them from either side.
    #[test]
    fn the_first_crossing_equals_a_scan_of_the_potential() {
        let mut random = Random(11);
        let (mut fired, mut silent, mut grazing) = (0, 0, 0);
        for round in 0..1500 {
            let case = Case::draw(&mut random, round);
            let tops = case.tops();
            let highest = tops.iter().fold(1e-3, |high: f64, top| high.max(top.1));
            for dice in 0..6 {
                let chosen = tops[random.below(tops.len())].1;
                let threshold = match dice {
                    0 if chosen > 1e-3 => chosen * (1.0 - 1e-9),
                    1 if chosen > 1e-3 => chosen * (1.0 + 1e-9),
                    2 if chosen > 1e-3 => chosen * (1.0 - 1e-5),
                    _ => highest * (1e-3 + 1.1 * random.uniform()),
                };
                grazing += usize::from(dice < 3 && chosen > 1e-3);
                let (expected, found) =
                    (case.scanned(&tops, threshold), case.found(General::new(case.ratio), threshold));
                if expected == f64::INFINITY {
                    assert!(found.is_infinite(), "ratio {}", case.ratio);
                    silent += 1;
                    continue;
                }
                // Where the potential grazes the threshold, an error of V makes one of its root in time.
                let before = 1e-4 * case.ratio.min(1.0);
                let slope = (threshold - case.potential(expected - before)) / before;
                let tolerance = 1e-11 + (1e-13 * highest.max(1.0) / slope).min(1e-5);
                assert!(
                    (found - expected).abs() <= tolerance,
                    "{found} and {expected}: slope {slope}, threshold {threshold}, {:?} {:?}, ratio {}",
                    case.times,
                    case.weights,
                    case.ratio
                );
                fired += 1;
            }
        }
        assert!(fired > 3000 && silent > 500 && grazing > 2000, "{fired}, {silent}, {grazing}");
    }

    #[test]
    fn equals_the_closed_forms() {
        let mut random = Random(12);
        let mut fired = 0;
        for round in 0..2000 {
            let case = Case::draw(&mut random, round);
            let threshold = 0.2 + random.uniform();
            for (general, closed) in [
                (case.found(General::new(1.0), threshold), case.found(Equal, threshold)),
                (case.found(General::new(1.0 + 1e-13), threshold), case.found(Equal, threshold)),
                (case.found(General::new(2.0), threshold), case.found(Double, threshold)),
            ] {
                assert!(
                    general.to_bits() == closed.to_bits() || (general - closed).abs() < 1e-7,
                    "{general} and {closed}"
                );
                fired += usize::from(closed < f64::INFINITY);
            }
        }
        assert!(fired > 2000);
    }

    #[test]
    fn bent_time_is_time_for_equal_constants() {
        let equal = General::new(1.0);
        assert_eq!((equal.bend(3.0), equal.time(0.0, 3.0)), (3.0, 3.0));
        let near = General::new(1.0 + 1e-9);
        assert!((near.bend(3.0) - 3.0).abs() < 1e-8);
        assert!((near.time(0.0, near.bend(3.0)) - 3.0).abs() < 1e-14);
    }
}
