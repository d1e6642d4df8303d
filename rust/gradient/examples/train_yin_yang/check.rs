//! Derivatives of the whole network against central differences.

use tarry_gradient::loss::shift_invariant_mse;
use tarry_gradient::{Layer, backward, forward};

use crate::points::Points;
use crate::random::Random;
use crate::{Outcome, TAU_SYN};

const CHECKS: usize = 400;
const MARGIN: f64 = 0.2;
const STEP: f64 = 1e-6;

/// Worst |numeric - exact| / max(|numeric|, |exact|, 1e-3) over random weights and delays (in units of `tau_syn`) and
/// random samples.
pub(crate) fn worst_gradient_error(layers: &[Layer], points: &Points, random: &mut Random) -> Outcome<f64> {
    let mut worst: f64 = 0.0;
    for check in 0..CHECKS {
        let sample = random.below(points.labels.len());
        let times: Vec<f64> = points.times[4 * sample..4 * sample + 4].iter().map(|t| t * TAU_SYN).collect();
        let label = [points.labels[sample]];
        let spikes = |layers: &[Layer]| -> Outcome<Vec<Vec<f64>>> {
            let mut spikes = vec![times.clone()];
            for layer in layers {
                spikes.push(forward(layer, &spikes[spikes.len() - 1], 1)?);
            }
            Ok(spikes)
        };
        let loss = |layers: &[Layer]| -> Outcome<f64> {
            Ok(shift_invariant_mse(&spikes(layers)?[layers.len()], &label, MARGIN, TAU_SYN)?.0)
        };
        let at = spikes(layers)?;
        let (_, mut gradient) = shift_invariant_mse(&at[layers.len()], &label, MARGIN, TAU_SYN)?;
        let changed = check % layers.len();
        let mut here = None;
        for (k, layer) in layers.iter().enumerate().rev() {
            let gradients = backward(layer, &at[k], &at[k + 1], &gradient, 0.0, 1)?;
            gradient.clone_from(&gradients.times);
            if k == changed {
                here = Some(gradients);
            }
        }
        let gradients = here.ok_or("no layers")?;
        let (weights, delays) = (layers[changed].weights(), layers[changed].delays());
        let of_delay = check % 4 > 1 && !delays.is_empty();
        let index = random.below(if of_delay { delays.len() } else { weights.len() });
        let moved = |step: f64| -> Outcome<f64> {
            let (mut weights, mut delays) = (weights.clone(), delays.clone());
            if of_delay {
                delays[index] += step * TAU_SYN;
            } else {
                weights[index] += step;
            }
            let mut layers = layers.to_vec();
            layers[changed] = layers[changed].with(&weights, &delays)?;
            loss(&layers)
        };
        let numeric = (moved(STEP)? - moved(-STEP)?) / (2.0 * STEP);
        let exact = if of_delay { gradients.delays[index] * TAU_SYN } else { gradients.weights[index] };
        worst = worst.max((numeric - exact).abs() / numeric.abs().max(exact.abs()).max(1e-3));
    }
    Ok(worst)
}
