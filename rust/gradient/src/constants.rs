//! Derivatives with respect to what the neurons of a layer share: time constants and threshold.
//!
//! At a spike V(T) = threshold, whatever the constants are, hence dT/dthreshold = 1/V' and dT/dtau = -(dV/dtau)/V'.
//! K depends on age/`tau_syn` and r = `tau_mem`/`tau_syn` alone, so that dK/dr and dK/dage give both time constants.

use crate::Error;
use crate::backward::{Batch, check_arguments};
use crate::layer::Layer;
use crate::potential::{Potential, with_potential};
use crate::search::TIE;
use crate::threads::{CHUNK, map_in_order};

/// Derivatives of a loss L with respect to the constants of a layer, summed over its neurons and the batch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ConstantGradients {
    /// `dL/dtau_mem`, a pure number times the given dL/dT; 0 for the neuron without leak.
    pub tau_mem: f64,
    /// `dL/dtau_syn`, with input times and delays as they are in seconds.
    pub tau_syn: f64,
    /// dL/dthreshold; carries seconds.
    pub threshold: f64,
}

impl ConstantGradients {
    fn add(&mut self, other: Self) {
        self.tau_mem += other.tau_mem;
        self.tau_syn += other.tau_syn;
        self.threshold += other.threshold;
    }
}

/// Derivatives with respect to time constants and threshold; arguments as those of [`crate::backward()`].
///
/// # Errors
/// As [`crate::backward()`].
pub fn constant_gradients(
    layer: &Layer,
    times: &[f64],
    spikes: &[f64],
    gradient: &[f64],
    slope_floor: f64,
    threads: usize,
) -> Result<ConstantGradients, Error> {
    let batch = check_arguments(layer, times, spikes, gradient, slope_floor, threads)?;
    let samples: Vec<usize> = (0..times.len() / layer.pre).collect();
    let chunks = map_in_order(threads, samples.chunks(CHUNK).collect(), |chunk: &[usize]| {
        let mut sum = ConstantGradients::default();
        for &sample in chunk {
            for neuron in 0..layer.post {
                sum.add(with_potential!(layer.neuron.ratio(), potential => spike(potential, &batch, sample, neuron))?);
            }
        }
        Ok(sum)
    })?;
    let mut sum = ConstantGradients::default();
    for chunk in chunks {
        sum.add(chunk?);
    }
    Ok(sum)
}

fn spike(
    potential: impl Potential,
    batch: &Batch<'_>,
    sample: usize,
    neuron: usize,
) -> Result<ConstantGradients, Error> {
    let Batch { layer, times, spikes, gradient, slope_floor } = *batch;
    let [spike, gradient] = [spikes, gradient].map(|values| values[sample * layer.post + neuron]);
    if spike == f64::INFINITY || gradient == 0.0 {
        return Ok(ConstantGradients::default());
    }
    let (unit, threshold, ratio) =
        (layer.neuron.tau_syn(), layer.neuron.threshold(), layer.neuron.ratio().value());
    let (mut slope, mut by_ratio, mut by_age) = (0.0, 0.0, 0.0);
    for (i, time) in times[sample * layer.pre..][..layer.pre].iter().enumerate() {
        let age = (spike - time) / unit - layer.delay(neuron, i);
        if age > TIE * ratio.min(1.0) {
            let weight = layer.weight(neuron, i);
            let rise = weight * potential.response_after(age).1;
            slope += rise;
            by_age += age * rise;
            by_ratio += weight * response_by_log_ratio(age, ratio);
        }
    }
    let bounded = slope.max(slope_floor * threshold);
    if bounded <= 0.0 {
        return Err(Error::Slope { sample, neuron, slope: slope / threshold });
    }
    let scale = gradient / bounded;
    Ok(ConstantGradients {
        tau_mem: -scale * by_ratio / ratio,
        tau_syn: scale * (by_age + by_ratio),
        threshold: scale * unit,
    })
}

/// r dK/dr = s² exp(-s/r) (z - 1 + exp(-z))/z² / r with z = s (1 - 1/r), which is smooth at r = 1.
fn response_by_log_ratio(age: f64, ratio: f64) -> f64 {
    if ratio == f64::INFINITY {
        return 0.0;
    }
    let z = age * (ratio - 1.0) / ratio;
    let slow = (-age / ratio).exp();
    if z.abs() < 0.5 {
        // sum_k (-z)^k / (k + 2)!
        let series = (0..14).rev().fold(0.0, |sum, k| (1.0 - z * sum) / f64::from(k + 2));
        return age * age * slow * series / ratio;
    }
    let bend = (ratio - 1.0) / ratio;
    (slow * (z - 1.0) + (-age).exp()) / (bend * bend * ratio)
}

#[cfg(test)]
mod tests {
    use super::response_by_log_ratio;
    use crate::general::General;
    use crate::potential::Potential;

    #[test]
    fn the_derivative_of_the_response_equals_a_difference() {
        for ratio in [0.02, 0.5, 0.99, 1.0, 1.000_01, 1.3, 2.0, 7.0, 300.0] {
            for age in [1e-3, 0.1, 0.7, 1.5, 4.0, 20.0] {
                let step = 1e-5 * ratio;
                let response = |ratio: f64| General::new(ratio).response_after(age).0;
                let difference = (response(ratio + step) - response(ratio - step)) / (2.0 * step) * ratio;
                let exact = response_by_log_ratio(age, ratio);
                assert!((difference - exact).abs() < 1e-9 + 1e-8 * exact.abs(), "{ratio}, {age}: {exact}");
            }
        }
    }
}
