//! Spike times for inputs so far apart that growths would overflow: the sums move along with the arrivals.
//!
//! One neuron at a time and an exponential per arrival: slow, obvious, and what the fast search is tested against.

use crate::adjoint::{DelaySums, Flat, Sums};
use crate::layer::{LANES, Lanes, Layer};
use crate::potential::{Moment, Potential};
use crate::search::TIE;

/// Samples whose arrivals and spikes span more than this, in units of `tau_syn`, are computed here: exp(300) squared
/// still leaves float64 room for the weights.
pub(crate) const LONGEST_SPAN: f64 = 300.0;

/// Time of the first spike of neuron `post`, in units of `tau_syn` like the input `times`; `+inf` if it stays silent.
pub(crate) fn first_spike<P: Potential>(layer: &Layer, post: usize, times: &[f64]) -> f64 {
    let mut arrivals: Vec<(f64, f64)> = (0..layer.pre)
        .filter(|&i| times[i] < f64::INFINITY)
        .map(|i| (times[i] + layer.delay(post, i), layer.weight(post, i)))
        .collect();
    arrivals.sort_by(|a, b| a.0.total_cmp(&b.0));
    let threshold = layer.neuron.threshold();
    let unit = P::basis(Moment::ORIGIN);
    let mut sums = [0.0; 2];
    for (k, &(time, weight)) in arrivals.iter().enumerate() {
        sums = [sums[0] + weight * unit[0], sums[1] + weight * unit[1]];
        let gap = arrivals.get(k + 1).map_or(f64::INFINITY, |next| next.0 - time);
        let growth = P::growth(gap) * (1.0 + TIE);
        let end = if growth < f64::INFINITY { Moment { growth, time: gap + TIE } } else { Moment::NEVER };
        if P::crosses(sums, Moment::ORIGIN, end, threshold) {
            return time + P::time(P::crossing(sums, threshold).0);
        }
        if gap < f64::INFINITY {
            sums = P::moved(sums, gap);
        }
    }
    f64::INFINITY
}

/// Adds the derivatives through neuron `post`, which spikes at `spike` with dL/dT = `gradient`.
#[allow(clippy::too_many_arguments)]
pub(crate) fn differentiate<P: Potential>(
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
    let causal = |i: &usize| age(*i) > TIE;
    let response = |i: usize| P::response((-age(i) / P::GROWTH_TIME).exp(), age(i));
    let slope: f64 = (0..layer.pre).filter(causal).map(|i| layer.weight(post, i) * response(i).1).sum();
    let bounded = slope.max(floor);
    if bounded <= 0.0 {
        return Err(Flat { neuron: post, slope });
    }
    let scale = gradient / bounded;
    for i in (0..layer.pre).filter(causal) {
        let (response, rise) = response(i);
        let at_arrival = scale * layer.weight(post, i) * rise;
        sums.weights[tile * layer.pre + i][lane] -= scale * response;
        at_inputs[i][lane] += at_arrival;
        if let DelaySums::Synaptic(delays) = &mut sums.delays {
            delays[tile * layer.pre + i][lane] += at_arrival;
        }
    }
    if let DelaySums::Dendritic(delays) = &mut sums.delays {
        delays[tile][lane] += scale * slope;
    }
    Ok(())
}
