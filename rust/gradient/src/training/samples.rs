//! Input times of many samples, as the training step wants them.

use crate::error::{check_elements, check_length};
use crate::potential::{Potential, with_potential};
use crate::spikes::Inputs;
use crate::{Error, Layer};

/// Input times and labels of many samples, ready for a [`Training`].
#[derive(Clone, Debug)]
pub struct Samples {
    growth: Vec<f64>,
    time: Vec<f64>,
    pub(super) labels: Vec<usize>,
    pub(super) pre: usize,
}

impl Samples {
    /// Takes `times` in seconds, \[sample\]\[pre\], silent = `+inf`, for a stack that begins with `layer`.
    ///
    /// # Errors
    /// [`Error::Element`] for times outside of 0 to 100 `tau_syn`, [`Error::Length`], [`Error::Label`] for negative
    /// labels.
    pub fn new(layer: &Layer, times: &[f64], labels: &[i64]) -> Result<Self, Error> {
        let unit = layer.neuron.tau_syn();
        let ratio = layer.neuron.ratio();
        let longest = unit * with_potential!(ratio, potential => potential.longest_span()) / 3.0;
        check_length("times", times.len(), labels.len() * layer.pre)?;
        check_elements("times", times, "0 to 100 tau_syn (and tau_mem), or +inf for silence", |t| {
            (0.0..=longest).contains(&t) || t == f64::INFINITY
        })?;
        let (growth, time) = with_potential!(ratio, potential => times
            .iter()
            .map(|t| (potential.growth(t / unit), potential.bend(t / unit)))
            .unzip());
        let labels = labels.iter().enumerate().map(|(sample, &label)| {
            usize::try_from(label).map_err(|_| Error::Label { sample, label, classes: usize::MAX })
        });
        Ok(Self { growth, labels: labels.collect::<Result<_, _>>()?, time, pre: layer.pre })
    }

    /// Number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    pub(super) fn inputs(&self, sample: usize) -> Inputs<'_> {
        let row = sample * self.pre..(sample + 1) * self.pre;
        Inputs { growth: &self.growth[row.clone()], time: &self.time[row] }
    }
}
