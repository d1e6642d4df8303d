//! Losses over spike times, with their derivatives.
//!
//! Both are means over the batch. Where the neuron of the true label is silent, the sample's loss is the constant 100
//! and has no gradient: what wakes such a neuron is up to the trainer.

use crate::Error;
use crate::error::{check_length, check_times};

/// Loss of a sample whose label's neuron is silent (`DelGrad` code).
pub const SILENT_LABEL: f64 = 100.0;

/// A loss, with its parameters in units of `tau_syn`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Loss {
    /// [`shift_invariant_mse`].
    ShiftInvariantMse {
        /// By how much the label's spike should be ahead.
        margin: f64,
    },
    /// [`time_to_first_spike_cross_entropy`].
    CrossEntropy {
        /// Time scale of the softmax.
        xi: f64,
        /// Weight of the term that keeps the label's spike early.
        alpha: f64,
        /// Time scale of that term.
        beta: f64,
    },
}

impl Loss {
    /// Loss of one sample and its derivative with respect to `times`.
    pub(crate) fn sample(&self, times: &[f64], label: usize, tau_syn: f64, gradient: &mut [f64]) -> f64 {
        match *self {
            Self::ShiftInvariantMse { margin } => margin_sample(times, label, margin, tau_syn, gradient),
            Self::CrossEntropy { xi, alpha, beta } => {
                entropy_sample(times, label, [xi * tau_syn, alpha, beta * tau_syn], gradient)
            }
        }
    }
}

/// Margin between the label's spike and the others: the mean over the batch of
/// 1/2 `sum_k ((t_k - t_label)/tau_syn - margin [k != label])²`, over the outputs that spike, and its derivative with
/// respect to `times`, \[batch\]\[classes\] in seconds.
///
/// Source: `DelGrad` (arXiv 2404.19165), shift-invariant mean square.
///
/// # Errors
/// [`Error::Empty`], [`Error::Length`], [`Error::Element`] for NaN times, [`Error::Label`], [`Error::Parameter`].
pub fn shift_invariant_mse(
    times: &[f64],
    labels: &[i64],
    margin: f64,
    tau_syn: f64,
) -> Result<(f64, Vec<f64>), Error> {
    check_parameter("margin", margin, "finite", f64::is_finite(margin))?;
    check_positive("tau_syn", tau_syn)?;
    mean_over_batch(times, labels, |times, label, gradient| {
        margin_sample(times, label, margin, tau_syn, gradient)
    })
}

/// Cross-entropy of softmax(-t / (xi `tau_syn`)) plus alpha exp(`t_label` / (beta `tau_syn`)), which keeps the label's
/// spike early: mean over the batch, and its derivative with respect to `times`, \[batch\]\[classes\] in seconds.
///
/// Source: Göltz et al., Fast and energy-efficient neuromorphic deep learning with first-spike times (2021), eq. 8.
///
/// # Errors
/// As [`shift_invariant_mse`].
pub fn time_to_first_spike_cross_entropy(
    times: &[f64],
    labels: &[i64],
    xi: f64,
    alpha: f64,
    beta: f64,
    tau_syn: f64,
) -> Result<(f64, Vec<f64>), Error> {
    check_positive("xi", xi)?;
    check_parameter("alpha", alpha, "finite and at least 0", alpha >= 0.0 && alpha.is_finite())?;
    check_positive("beta", beta)?;
    check_positive("tau_syn", tau_syn)?;
    mean_over_batch(times, labels, |times, label, gradient| {
        entropy_sample(times, label, [xi * tau_syn, alpha, beta * tau_syn], gradient)
    })
}

/// Loss of one sample and its derivative; what is silent has no gradient.
fn margin_sample(times: &[f64], label: usize, margin: f64, tau_syn: f64, gradient: &mut [f64]) -> f64 {
    gradient.fill(0.0);
    let own = times[label];
    if own == f64::INFINITY {
        return SILENT_LABEL;
    }
    let mut loss = 0.0;
    for (k, &time) in times.iter().enumerate() {
        if k != label && time < f64::INFINITY {
            let error = (time - own) / tau_syn - margin;
            loss += 0.5 * error * error;
            gradient[k] = error / tau_syn;
            gradient[label] -= error / tau_syn;
        }
    }
    loss
}

/// Loss of one sample and its derivative; `[xi, beta]` in the unit of `times`.
fn entropy_sample(times: &[f64], label: usize, [xi, alpha, beta]: [f64; 3], gradient: &mut [f64]) -> f64 {
    gradient.fill(0.0);
    let own = times[label];
    if own == f64::INFINITY {
        return SILENT_LABEL;
    }
    let first = times.iter().copied().fold(f64::INFINITY, f64::min);
    let mut sum = 0.0;
    for (share, &time) in gradient.iter_mut().zip(times) {
        *share = ((first - time) / xi).exp();
        sum += *share;
    }
    for share in gradient.iter_mut() {
        *share /= -sum * xi;
    }
    let late = alpha * (own / beta).exp();
    gradient[label] += 1.0 / xi + late / beta;
    sum.ln() + (own - first) / xi + late
}

fn mean_over_batch(
    times: &[f64],
    labels: &[i64],
    sample_loss: impl Fn(&[f64], usize, &mut [f64]) -> f64,
) -> Result<(f64, Vec<f64>), Error> {
    if labels.is_empty() || times.is_empty() {
        return Err(Error::Empty { name: "the batch" });
    }
    let classes = times.len() / labels.len();
    check_length("times", times.len(), classes.max(1) * labels.len())?;
    check_times("times", times)?;
    let mut gradient = vec![0.0; times.len()];
    let mut loss = 0.0;
    for (sample, &label) in labels.iter().enumerate() {
        let Some(class) = usize::try_from(label).ok().filter(|&class| class < classes) else {
            return Err(Error::Label { sample, label, classes });
        };
        let range = sample * classes..(sample + 1) * classes;
        loss += sample_loss(&times[range.clone()], class, &mut gradient[range]);
    }
    let share = 1.0 / labels.len() as f64;
    for g in &mut gradient {
        *g *= share;
    }
    Ok((loss * share, gradient))
}

fn check_parameter(name: &'static str, value: f64, range: &'static str, allowed: bool) -> Result<(), Error> {
    if allowed { Ok(()) } else { Err(Error::Parameter { name, value, range }) }
}

fn check_positive(name: &'static str, value: f64) -> Result<(), Error> {
    check_parameter(name, value, "positive and finite", value > 0.0 && value.is_finite())
}
