//! Loss and derivatives of a stack of layers in one pass: no spike time is handed out and taken in again in between.

use crate::layer::unpack;
use crate::loss::Loss;
use crate::training::{Recipe, Samples, Training};
use crate::{Error, Layer};

/// What a batch comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Derivatives {
    /// Mean over the samples.
    pub loss: f64,
    /// Times of the last layer in seconds, \[sample\]\[class\].
    pub outputs: Vec<f64>,
    /// Number of samples in which each neuron stayed silent, by layer.
    pub silent: Vec<Vec<u32>>,
    /// dL/dw, \[post\]\[pre\], by layer.
    pub weights: Vec<Vec<f64>>,
    /// dL/dd, per second, in the shape of the delays, by layer; empty without delays.
    pub delays: Vec<Vec<f64>>,
}

/// Mean loss of a batch and its derivatives with respect to all weights and delays of a stack.
///
/// The result is that of [`crate::forward()`] layer by layer, the loss, and [`crate::backward()`] back again. `times`
/// are input times in seconds, \[sample\]\[pre\], at most 100 `tau_syn`; `slope_floor` as in [`crate::backward()`].
///
/// # Errors
/// As [`Samples::new`], [`Training::new`] and [`Training::step`].
pub fn differentiate(
    layers: Vec<Layer>,
    times: &[f64],
    labels: &[i64],
    loss: Loss,
    slope_floor: f64,
    threads: usize,
) -> Result<Derivatives, Error> {
    let Some(first) = layers.first() else {
        return Err(Error::Empty { name: "the stack of layers" });
    };
    let tau_syn = first.neuron.tau_syn();
    let samples = Samples::new(first, times, labels)?;
    let recipe = Recipe {
        loss,
        slope_floor,
        weight_rate: 0.0,
        delay_rate: 0.0,
        weight_decay: 0.0,
        weight_limit: f64::INFINITY,
        allowed_silence: Vec::new(),
        push: 0.0,
    };
    let mut training = Training::new(layers, f64::INFINITY, threads)?;
    let all: Vec<usize> = (0..samples.len()).collect();
    let loss = training.differentiate(&samples, &all, &recipe)?;
    let share = |scale: f64, mut values: Vec<f64>| {
        for value in &mut values {
            *value *= scale;
        }
        values
    };
    let mean = 1.0 / samples.len() as f64;
    let sums = || training.layers().zip(&training.sums);
    Ok(Derivatives {
        loss,
        weights: sums()
            .map(|(layer, sums)| share(mean, unpack(&sums.weights, layer.pre, layer.post)))
            .collect(),
        delays: sums()
            .map(|(layer, sums)| share(mean / tau_syn, layer.unpack_delays(&sums.delays)))
            .collect(),
        outputs: share(tau_syn, training.outputs.clone()),
        silent: training.silent.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Delays, Neuron, backward, forward, loss};

    /// Weights and times that differ from one another, without a generator of random numbers.
    fn spread(count: usize, scale: f64) -> Vec<f64> {
        (0..count).map(|k| scale * ((k * k * 37 + k * 11) % 101) as f64 / 101.0).collect()
    }

    #[test]
    fn equals_the_layers_one_by_one() {
        for (ratio, tau_syn) in [(2.0, 1e-3), (1.0, 1.0), (f64::INFINITY, 2.0)] {
            let neuron = Neuron::new(ratio * tau_syn, tau_syn, 1.0).unwrap();
            let weights = [spread(20, 2.0), spread(15, 1.5)];
            let delays = [spread(5, tau_syn), spread(15, tau_syn)];
            // One hidden neuron never fires: what it leaves behind must not reach the others.
            let weights: [Vec<f64>; 2] = [
                weights[0].iter().enumerate().map(|(k, w)| if k < 4 { -w } else { *w }).collect(),
                weights[1].clone(),
            ];
            let layers = vec![
                Layer::new(4, 5, neuron, &weights[0], Delays::Dendritic(&delays[0])).unwrap(),
                Layer::new(5, 3, neuron, &weights[1], Delays::Synaptic(&delays[1])).unwrap(),
            ];
            let times = spread(4 * 70, 2.0 * tau_syn);
            let labels: Vec<i64> = (0..70).map(|k| k % 3).collect();
            let hidden = forward(&layers[0], &times, 1).unwrap();
            let outputs = forward(&layers[1], &hidden, 1).unwrap();
            let (expected, gradient) = loss::shift_invariant_mse(&outputs, &labels, 0.2, tau_syn).unwrap();
            let second = backward(&layers[1], &hidden, &outputs, &gradient, 0.02, 1).unwrap();
            let first = backward(&layers[0], &times, &hidden, &second.times, 0.02, 1).unwrap();
            let kind = Loss::ShiftInvariantMse { margin: 0.2 };
            let one = differentiate(layers.clone(), &times, &labels, kind, 0.02, 1).unwrap();
            let two = differentiate(layers, &times, &labels, kind, 0.02, 2).unwrap();
            assert_eq!(one, two);
            let close = |found: &[f64], expected: &[f64]| {
                let scale = expected.iter().fold(1e-300, |a: f64, x| a.max(x.abs()));
                assert_eq!(found.len(), expected.len());
                for (found, expected) in found.iter().zip(expected) {
                    assert!((found - expected).abs() <= 1e-9 * scale);
                }
            };
            close(&[one.loss], &[expected]);
            for (k, gradients) in [first, second].iter().enumerate() {
                close(&one.weights[k], &gradients.weights);
                close(&one.delays[k], &gradients.delays);
            }
            let finite = |times: &[f64]| -> Vec<f64> {
                times.iter().map(|t| if t.is_finite() { *t } else { -tau_syn }).collect()
            };
            close(&finite(&one.outputs), &finite(&outputs));
            for (counts, times) in one.silent.iter().zip([hidden, outputs]) {
                let missed: u32 = counts.iter().sum();
                assert_eq!(missed as usize, times.iter().filter(|t| t.is_infinite()).count());
            }
        }
    }
}
