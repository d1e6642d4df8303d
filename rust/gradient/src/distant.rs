//! Spike times and derivatives for moments so far apart that growths would overflow: one neuron at a time, sums that
//! move along with the arrivals, an exponential per arrival.
//!
//! Slow and obvious: also what the fast ways are tested against.

use crate::adjoint::{Flat, Sums};
use crate::lanes::{LANES, Lanes};
use crate::layer::{Kind, Layer};
use crate::potential::{Moments, Potential};
use crate::search::TIE;

/// Time of the first spike of neuron `post`, in units of `tau_syn` like the input `times`; `+inf` if it stays silent.
pub(crate) fn first_spike<P: Potential>(potential: P, layer: &Layer, post: usize, times: &[f64]) -> f64 {
    let mut arrivals: Vec<(f64, f64)> = (0..layer.pre)
        .filter(|&i| times[i] < f64::INFINITY)
        .map(|i| (times[i] + layer.delay(post, i), layer.weight(post, i) / layer.neuron.threshold()))
        .collect();
    arrivals.sort_by(|a, b| a.0.total_cmp(&b.0));
    let [first, second] = potential.basis(Moments::ORIGIN);
    let mut sums = [Lanes::ZERO; 2];
    for (k, &(time, weight)) in arrivals.iter().enumerate() {
        sums = [sums[0] + Lanes::splat(weight) * first, sums[1] + Lanes::splat(weight) * second];
        let gap = arrivals.get(k + 1).map_or(f64::INFINITY, |next| next.0 - time);
        let end = if gap < potential.longest_span() {
            potential.just_after(Moments::splat(potential.growth(gap), potential.bend(gap)))
        } else {
            potential.never()
        };
        if potential.crosses(sums, &potential.segment(Moments::ORIGIN, end)).any() {
            let spike = potential.crossing(sums).0;
            return time + potential.time(spike.growth.0[0], spike.time.0[0]);
        }
        if gap < f64::INFINITY {
            sums = potential.moved(sums, gap);
        }
    }
    f64::INFINITY
}

/// Adds the derivatives through neuron `post`, which spikes at `spike` with dL/dT = `gradient`.
#[allow(clippy::too_many_arguments)]
pub(crate) fn differentiate<P: Potential>(
    potential: P,
    layer: &Layer,
    post: usize,
    times: &[f64],
    spike: f64,
    gradient: f64,
    floor: f64,
    sums: &mut Sums,
    at_inputs: &mut [Lanes],
) -> Result<(), Flat> {
    let (tile, lane) = (post / LANES, post % LANES);
    let age = |i: usize| spike - times[i] - layer.delay(post, i);
    let causal = |i: &usize| age(*i) > TIE * potential.growth_time().min(1.0);
    let response = |i: usize| potential.response_after(age(i));
    let slope: f64 = (0..layer.pre).filter(causal).map(|i| layer.weight(post, i) * response(i).1).sum();
    let bounded = slope.max(floor);
    if bounded <= 0.0 {
        return Err(Flat { neuron: post, slope });
    }
    let scale = gradient / bounded;
    for i in (0..layer.pre).filter(causal) {
        let (response, rise) = response(i);
        let at_arrival = scale * layer.weight(post, i) * rise;
        sums.weights[tile * layer.pre + i].0[lane] -= scale * response;
        at_inputs[i].0[lane] += at_arrival;
        if layer.kind == Kind::Synaptic {
            sums.delays[tile * layer.pre + i].0[lane] += at_arrival;
        }
    }
    if layer.kind == Kind::Dendritic {
        sums.delays[tile].0[lane] += scale * slope;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{differentiate, first_spike};
    use crate::adjoint::Sums;
    use crate::lanes::Lanes;
    use crate::potential::{Potential, with_potential};
    use crate::random::{KINDS, Random, TAU_MEMS};
    use crate::{Layer, backward, forward};

    fn slow_forward<P: Potential>(potential: P, layer: &Layer, times: &[f64]) -> Vec<f64> {
        let units: Vec<f64> = times.iter().map(|t| t / 1e-3).collect();
        (0..layer.post()).map(|j| 1e-3 * first_spike(potential, layer, j, &units)).collect()
    }

    fn slow_backward<P: Potential>(
        potential: P,
        layer: &Layer,
        times: &[f64],
        spikes: &[f64],
        floor: f64,
    ) -> (Vec<f64>, Sums) {
        let units: Vec<f64> = times.iter().map(|t| t / 1e-3).collect();
        let mut sums = Sums::new(layer);
        let mut at_inputs = vec![Lanes::ZERO; layer.pre()];
        for j in (0..layer.post()).filter(|&j| spikes[j] < f64::INFINITY) {
            let (spike, gradient) = (spikes[j] / 1e-3, 1.0 + j as f64);
            let result =
                differentiate(potential, layer, j, &units, spike, gradient, floor, &mut sums, &mut at_inputs);
            assert!(result.is_ok());
        }
        sums.add_inputs(&at_inputs);
        (at_inputs.iter().map(|lanes| lanes.sum()).collect(), sums)
    }

    fn assert_close(fast: &[f64], slow: &[f64], tolerance: f64) {
        assert_eq!(fast.len(), slow.len());
        for (a, b) in fast.iter().zip(slow) {
            assert!(a.to_bits() == b.to_bits() || (a - b).abs() <= tolerance, "{a} and {b}");
        }
    }

    #[test]
    fn the_fast_ways_equal_the_slow_ones() {
        let mut random = Random(3);
        let mut fired = 0;
        for round in 0..3000 {
            let (pre, post) = (1 + random.below(40), 1 + random.below(10));
            let layer =
                random.layer(pre, post, TAU_MEMS[round % TAU_MEMS.len()], round / TAU_MEMS.len() % KINDS);
            let times = random.times(pre);
            let fast = forward(&layer, &times, 1).expect("good input");
            let gradient: Vec<f64> = (0..post).map(|j| 1.0 + j as f64).collect();
            let (slow, (at_times, sums)) = with_potential!(layer.neuron.ratio(), potential => (
                slow_forward(potential, &layer, &times),
                slow_backward(potential, &layer, &times, &fast, 0.1),
            ));
            assert_close(&fast, &slow, 1e-15);
            fired += fast.iter().filter(|t| t.is_finite()).count();
            let floor = 0.1 / layer.neuron.threshold();
            let gradients = backward(&layer, &times, &fast, &gradient, floor, 1).expect("good input");
            assert_close(&gradients.times, &at_times, 1e-10);
            let weights: Vec<f64> = crate::layer::unpack(&sums.weights, pre, post);
            assert_close(&gradients.weights, &weights.iter().map(|w| w * 1e-3).collect::<Vec<_>>(), 1e-13);
            assert_close(&gradients.delays, &layer.unpack_delays(&sums.delays), 1e-10);
        }
        assert!(fired > 5000);
    }
}
