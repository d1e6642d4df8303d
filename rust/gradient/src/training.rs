//! Training of a stack of first-spike layers at full speed: forward, loss, derivatives, Adam and a push for silent
//! neurons, without a time in between. Spikes go from layer to layer as growths.

mod samples;
#[cfg(test)]
mod tests;
mod worker;

pub use samples::Samples;

use crate::Error;
use crate::adam::Adam;
use crate::adjoint::Sums;
use crate::error::{check_elements, check_length};
use crate::lanes::{LANES, Lanes};
use crate::layer::{Layer, Stretch};
use crate::loss::Loss;
use crate::potential::with_potential;
use crate::threads::{CHUNK, check_threads, map_in_order};
use worker::Worker;

/// How one step is taken. Times are in units of `tau_syn`.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// What is minimised.
    pub loss: Loss,
    /// Learning rate of the weights.
    pub weight_rate: f64,
    /// Learning rate of the delay parameters p, where delay = range / (1 + exp(-p)).
    pub delay_rate: f64,
    /// Weights shrink by this times the learning rate (decoupled, as in `AdamW`).
    pub weight_decay: f64,
    /// Bounds dV/dt at a spike from below, in units of threshold / `tau_syn`; 0 is exact.
    pub slope_floor: f64,
    /// Weights are kept within plus and minus this.
    pub weight_limit: f64,
    /// Fraction of samples for which a neuron of each layer may stay silent before its weights are pushed up.
    pub allowed_silence: Vec<f64>,
    /// What is then added to its weights.
    pub push: f64,
}

/// A layer with what its training needs.
#[derive(Clone, Debug)]
struct Trained {
    layer: Layer,
    stretch: Stretch,
    /// Parameters p of the delays, in the order in which these lie.
    positions: Vec<Lanes>,
    weight_adam: Adam,
    delay_adam: Adam,
}

/// A stack of layers in training.
pub struct Training {
    layers: Vec<Trained>,
    /// Longest delay, in units of `tau_syn`.
    range: f64,
    workers: Vec<Worker>,
    /// Derivatives of the last batch, summed over its samples, by layer.
    pub(crate) sums: Vec<Sums>,
    /// Number of its samples in which each neuron was silent, by layer.
    pub(crate) silent: Vec<Vec<u32>>,
    /// Its output times in units of `tau_syn`, \[sample\]\[class\].
    pub(crate) outputs: Vec<f64>,
}

impl Training {
    /// Takes layers with their initial weights and delays; delays stay between 0 and `range` seconds.
    ///
    /// # Errors
    /// [`Error::Empty`] without layers, [`Error::Length`] where one does not fit the one before it,
    /// [`Error::Parameter`] where their time constants differ, [`Error::Element`] for delays outside of the range.
    pub fn new(layers: Vec<Layer>, range: f64, threads: usize) -> Result<Self, Error> {
        check_threads(threads)?;
        let Some(first) = layers.first() else {
            return Err(Error::Empty { name: "the stack of layers" });
        };
        let unit = first.neuron.tau_syn();
        for pair in layers.windows(2) {
            check_length("the input of a layer", pair[1].pre, pair[0].post)?;
            let kinds = [&pair[0], &pair[1]].map(|layer| (layer.neuron.ratio(), layer.neuron.tau_syn()));
            if kinds[0] != kinds[1] {
                let range = "the same in all layers of a stack, as tau_mem must be";
                return Err(Error::Parameter { name: "tau_syn", value: kinds[1].1, range });
            }
        }
        for layer in &layers {
            check_elements("delays", &layer.delays(), "within the range", |delay| delay <= range)?;
        }
        let range = range / unit;
        let workers = (0..threads).map(|_| Worker::new(&layers)).collect();
        let sums = layers.iter().map(Sums::new).collect();
        let silent = layers.iter().map(|layer| vec![0; layer.post]).collect();
        let layers = layers.into_iter().map(|layer| Trained::new(layer, range)).collect();
        Ok(Self { layers, range, workers, sums, silent, outputs: Vec::new() })
    }

    /// The layers as they are now.
    pub fn layers(&self) -> impl Iterator<Item = &Layer> {
        self.layers.iter().map(|trained| &trained.layer)
    }

    /// One step on the samples of a batch; returns their mean loss before it.
    ///
    /// # Errors
    /// [`Error::Empty`] for an empty batch, [`Error::Length`] for samples or a recipe of another stack,
    /// [`Error::Label`], [`Error::Slope`] without a floor, [`Error::Threads`].
    ///
    /// # Panics
    /// If the batch holds an index that is not that of a sample.
    pub fn step(&mut self, samples: &Samples, batch: &[usize], recipe: &Recipe) -> Result<f64, Error> {
        check_length("allowed_silence", recipe.allowed_silence.len(), self.layers.len())?;
        let loss = self.differentiate(samples, batch, recipe)?;
        let count = batch.len() as f64;
        for (k, trained) in self.layers.iter_mut().enumerate() {
            trained.update(&mut self.sums[k], count, self.range, recipe);
            let allowed = recipe.allowed_silence[k] * count;
            for j in (0..trained.layer.post).filter(|&j| f64::from(self.silent[k][j]) > allowed) {
                for i in 0..trained.layer.pre {
                    let w = &mut trained.layer.weights[j / LANES * trained.layer.pre + i].0[j % LANES];
                    *w = (*w + recipe.push).min(recipe.weight_limit);
                }
            }
        }
        Ok(loss)
    }

    /// Sums the derivatives over a batch; returns its mean loss.
    pub(crate) fn differentiate(
        &mut self,
        samples: &Samples,
        batch: &[usize],
        recipe: &Recipe,
    ) -> Result<f64, Error> {
        if batch.is_empty() {
            return Err(Error::Empty { name: "the batch" });
        }
        check_length("samples", samples.pre, self.layers[0].layer.pre)?;
        let classes = self.layers[self.layers.len() - 1].layer.post;
        if let Some(&sample) = batch.iter().find(|&&sample| samples.labels[sample] >= classes) {
            return Err(Error::Label { sample, label: samples.labels[sample] as i64, classes });
        }
        self.sums.iter_mut().for_each(Sums::clear);
        self.silent.iter_mut().for_each(|silent| silent.fill(0));
        self.outputs.clear();
        let (layers, threads) = (&self.layers, self.workers.len());
        let mut loss = 0.0;
        for wave in batch.chunks(CHUNK * threads) {
            let tasks = self.workers.iter_mut().zip(wave.chunks(CHUNK)).collect();
            let losses = map_in_order(threads, tasks, |(worker, chunk): (&mut Worker, &[usize])| {
                with_potential!(layers[0].layer.neuron.ratio(), potential =>
                        worker.chunk(potential, layers, samples, chunk, recipe))
            })?;
            for (chunk_loss, worker) in losses.into_iter().zip(&self.workers) {
                loss += chunk_loss?;
                self.outputs.extend_from_slice(&worker.outputs);
                self.sums.iter_mut().zip(&worker.sums).for_each(|(sum, chunk)| sum.add(chunk));
                for (count, more) in self.silent.iter_mut().flatten().zip(worker.silent.iter().flatten()) {
                    *count += more;
                }
            }
        }
        Ok(loss / batch.len() as f64)
    }

    /// Class of every sample: the output that spikes first, the lowest index of several; `None` if all are silent.
    #[must_use]
    pub fn classify(&mut self, samples: &Samples) -> Vec<Option<usize>> {
        let (layers, worker) = (&self.layers, &mut self.workers[0]);
        let classify = |sample| {
            with_potential!(layers[0].layer.neuron.ratio(), potential =>
                worker.forward(potential, layers, samples.inputs(sample)));
            let last = layers.len() - 1;
            let growth = worker.spikes[last].inputs(layers[last].layer.post).growth;
            let first =
                (0..growth.len()).reduce(|best, k| if growth[k] < growth[best] { k } else { best })?;
            (growth[first] < f64::INFINITY).then_some(first)
        };
        (0..samples.len()).map(classify).collect()
    }

    /// Fraction of samples whose class is their label.
    #[must_use]
    pub fn accuracy(&mut self, samples: &Samples) -> f64 {
        let classes = self.classify(samples);
        let right = classes.iter().zip(&samples.labels).filter(|(class, label)| **class == Some(**label));
        right.count() as f64 / samples.len() as f64
    }
}

impl Trained {
    fn new(layer: Layer, range: f64) -> Self {
        let positions: Vec<Lanes> =
            layer.delays.iter().map(|delay| delay.map(|d| (d / (range - d)).ln())).collect();
        Self {
            stretch: layer.stretch(),
            weight_adam: Adam::new(layer.weights.len()),
            delay_adam: Adam::new(positions.len()),
            positions,
            layer,
        }
    }

    /// One step against the `sums` over `count` samples.
    fn update(&mut self, sums: &mut Sums, count: f64, range: f64, recipe: &Recipe) {
        let share = Lanes::splat(1.0 / count);
        sums.weights.iter_mut().for_each(|g| *g = *g * share);
        self.weight_adam.step(&mut self.layer.weights, &sums.weights, recipe.weight_rate);
        let kept = Lanes::splat(1.0 - recipe.weight_rate * recipe.weight_decay);
        let (low, high) = (Lanes::splat(-recipe.weight_limit), Lanes::splat(recipe.weight_limit));
        self.layer.weights.iter_mut().for_each(|w| *w = (*w * kept).max(low).min(high));
        for (g, d) in sums.delays.iter_mut().zip(&self.layer.delays) {
            *g = *g * *d * (Lanes::splat(1.0) - *d / Lanes::splat(range)) * share;
        }
        self.delay_adam.step(&mut self.positions, &sums.delays, recipe.delay_rate);
        for (d, p) in self.layer.delays.iter_mut().zip(&self.positions) {
            *d = p.map(|p| range / (1.0 + (-p).exp()));
        }
        self.stretch = self.layer.stretch();
    }
}
