//! Training of a stack of first-spike layers at full speed: forward, loss, derivatives, Adam and a push for silent
//! neurons, without a time in between. Spikes go from layer to layer as growths.

use crate::adam::Adam;
use crate::adjoint::{Sums, Tile};
use crate::distant::LONGEST_SPAN;
use crate::error::{check_elements, check_length};
use crate::lanes::{LANES, Lanes};
use crate::layer::{Layer, Stretch};
use crate::loss::Loss;
use crate::potential::{Double, Equal, Moments, NonLeaky, Potential};
use crate::search::{Inputs, Spikes, Workspace, first_spikes};
use crate::threads::{CHUNK, check_threads, map_in_order};
use crate::{Error, Ratio};

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
    sums: Vec<Sums>,
    silent: Vec<Vec<u32>>,
}

/// Input times and labels of many samples, ready for a [`Training`].
#[derive(Clone, Debug)]
pub struct Samples {
    growth: Vec<f64>,
    time: Vec<f64>,
    labels: Vec<usize>,
    pre: usize,
}

/// What a thread writes to.
struct Worker {
    spikes: Vec<Spikes>,
    scratch: Vec<Workspace>,
    sums: Vec<Sums>,
    silent: Vec<Vec<u32>>,
    /// dL/dT of the spikes of each layer.
    gradient: Vec<Vec<[f64; LANES]>>,
    /// dL/dt of the inputs of a layer, by lane; zero between layers.
    at_inputs: Vec<Lanes>,
    times: Vec<f64>,
}

impl Samples {
    /// Takes `times` in seconds, \[sample\]\[pre\], silent = `+inf`, for a stack that begins with `layer`.
    ///
    /// # Errors
    /// [`Error::Element`] for times outside of 0 to 100 `tau_syn`, [`Error::Length`], [`Error::Label`] for negative
    /// labels.
    pub fn new(layer: &Layer, times: &[f64], labels: &[i64]) -> Result<Self, Error> {
        let unit = layer.neuron.tau_syn();
        let longest = unit * LONGEST_SPAN / 3.0;
        check_length("times", times.len(), labels.len() * layer.pre)?;
        check_elements(
            "times",
            times,
            "0 to 100 tau_syn, or +inf for silence",
            |t| (0.0..=longest).contains(&t) || t == f64::INFINITY,
        )?;
        let time: Vec<f64> = times.iter().map(|t| t / unit).collect();
        let growth = |&time: &f64| match layer.neuron.ratio() {
            Ratio::Double => Double::growth(time),
            Ratio::Equal | Ratio::NonLeaky => Equal::growth(time),
        };
        let labels = labels.iter().enumerate().map(|(sample, &label)| {
            usize::try_from(label).map_err(|_| Error::Label {
                sample,
                label,
                classes: usize::MAX,
            })
        });
        Ok(Self {
            growth: time.iter().map(growth).collect(),
            labels: labels.collect::<Result<_, _>>()?,
            time,
            pre: layer.pre,
        })
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

    fn inputs(&self, sample: usize) -> Inputs<'_> {
        let row = sample * self.pre..(sample + 1) * self.pre;
        Inputs {
            growth: &self.growth[row.clone()],
            time: &self.time[row],
        }
    }
}

impl Training {
    /// Takes layers with their initial weights and delays; delays stay between 0 and `range` seconds.
    ///
    /// # Errors
    /// [`Error::Empty`] without layers, [`Error::Length`] where one does not fit the one before it,
    /// [`Error::Parameter`] where their neurons differ or a delay does not lie inside the range.
    pub fn new(layers: Vec<Layer>, range: f64, threads: usize) -> Result<Self, Error> {
        check_threads(threads)?;
        let Some(first) = layers.first() else {
            return Err(Error::Empty {
                name: "the stack of layers",
            });
        };
        let range = range / first.neuron.tau_syn();
        for pair in layers.windows(2) {
            check_length("the input of a layer", pair[1].pre, pair[0].post)?;
            if (pair[0].neuron.ratio(), pair[0].neuron.tau_syn())
                != (pair[1].neuron.ratio(), pair[1].neuron.tau_syn())
            {
                let range = "the same in all layers of a stack";
                return Err(Error::Parameter {
                    name: "tau_syn",
                    value: pair[1].neuron.tau_syn(),
                    range,
                });
            }
        }
        let worker = |layers: &[Layer]| Worker::new(layers);
        let workers = (0..threads).map(|_| worker(&layers)).collect();
        let sums = layers.iter().map(Sums::new).collect();
        let silent = layers.iter().map(|layer| vec![0; layer.post]).collect();
        let layers = layers
            .into_iter()
            .map(|layer| Trained::new(layer, range))
            .collect();
        Ok(Self {
            layers,
            range,
            workers,
            sums,
            silent,
        })
    }

    /// The layers as they are now.
    pub fn layers(&self) -> impl Iterator<Item = &Layer> {
        self.layers.iter().map(|trained| &trained.layer)
    }

    /// One step on the samples of a batch; returns their mean loss before it.
    ///
    /// # Errors
    /// [`Error::Empty`] for an empty batch, [`Error::Label`], [`Error::Slope`] without a floor, [`Error::Threads`].
    pub fn step(
        &mut self,
        samples: &Samples,
        batch: &[usize],
        recipe: &Recipe,
    ) -> Result<f64, Error> {
        let loss = self.differentiate(samples, batch, recipe)?;
        let count = batch.len() as f64;
        for (k, trained) in self.layers.iter_mut().enumerate() {
            trained.update(&mut self.sums[k], count, self.range, recipe);
            let allowed = recipe.allowed_silence[k] * count;
            for j in (0..trained.layer.post).filter(|&j| f64::from(self.silent[k][j]) > allowed) {
                for i in 0..trained.layer.pre {
                    let w =
                        &mut trained.layer.weights[j / LANES * trained.layer.pre + i].0[j % LANES];
                    *w = (*w + recipe.push).min(recipe.weight_limit);
                }
            }
        }
        Ok(loss)
    }

    /// Sums the derivatives over a batch; returns its mean loss.
    fn differentiate(
        &mut self,
        samples: &Samples,
        batch: &[usize],
        recipe: &Recipe,
    ) -> Result<f64, Error> {
        if batch.is_empty() {
            return Err(Error::Empty { name: "the batch" });
        }
        let classes = self.layers[self.layers.len() - 1].layer.post;
        if let Some(&sample) = batch
            .iter()
            .find(|&&sample| samples.labels[sample] >= classes)
        {
            return Err(Error::Label {
                sample,
                label: samples.labels[sample] as i64,
                classes,
            });
        }
        self.sums.iter_mut().for_each(Sums::clear);
        self.silent.iter_mut().for_each(|silent| silent.fill(0));
        let (layers, threads) = (&self.layers, self.workers.len());
        let mut loss = 0.0;
        for wave in batch.chunks(CHUNK * threads) {
            let tasks = self.workers.iter_mut().zip(wave.chunks(CHUNK)).collect();
            let losses = map_in_order(
                threads,
                tasks,
                |(worker, chunk): (&mut Worker, &[usize])| match layers[0].layer.neuron.ratio() {
                    Ratio::Double => worker.chunk::<Double>(layers, samples, chunk, recipe),
                    Ratio::Equal => worker.chunk::<Equal>(layers, samples, chunk, recipe),
                    Ratio::NonLeaky => worker.chunk::<NonLeaky>(layers, samples, chunk, recipe),
                },
            )?;
            for (chunk_loss, worker) in losses.into_iter().zip(&self.workers) {
                loss += chunk_loss?;
                self.sums
                    .iter_mut()
                    .zip(&worker.sums)
                    .for_each(|(sum, chunk)| sum.add(chunk));
                for (count, more) in self
                    .silent
                    .iter_mut()
                    .flatten()
                    .zip(worker.silent.iter().flatten())
                {
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
            match layers[0].layer.neuron.ratio() {
                Ratio::Double => worker.forward::<Double>(layers, samples.inputs(sample)),
                Ratio::Equal => worker.forward::<Equal>(layers, samples.inputs(sample)),
                Ratio::NonLeaky => worker.forward::<NonLeaky>(layers, samples.inputs(sample)),
            }
            let last = layers.len() - 1;
            let growth = worker.spikes[last].inputs(layers[last].layer.post).growth;
            let first = (0..growth.len())
                .reduce(|best, k| if growth[k] < growth[best] { k } else { best })?;
            (growth[first] < f64::INFINITY).then_some(first)
        };
        (0..samples.len()).map(classify).collect()
    }

    /// Fraction of samples whose class is their label.
    #[must_use]
    pub fn accuracy(&mut self, samples: &Samples) -> f64 {
        let classes = self.classify(samples);
        let right = classes
            .iter()
            .zip(&samples.labels)
            .filter(|(class, label)| **class == Some(**label));
        right.count() as f64 / samples.len() as f64
    }
}

impl Trained {
    fn new(layer: Layer, range: f64) -> Self {
        let positions: Vec<Lanes> = layer
            .delays
            .iter()
            .map(|delay| delay.map(|d| (d / (range - d)).ln()))
            .collect();
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
        self.weight_adam
            .step(&mut self.layer.weights, &sums.weights, recipe.weight_rate);
        let kept = Lanes::splat(1.0 - recipe.weight_rate * recipe.weight_decay);
        let (low, high) = (
            Lanes::splat(-recipe.weight_limit),
            Lanes::splat(recipe.weight_limit),
        );
        self.layer
            .weights
            .iter_mut()
            .for_each(|w| *w = (*w * kept).max(low).min(high));
        for (g, d) in sums.delays.iter_mut().zip(&self.layer.delays) {
            *g = *g * *d * (Lanes::splat(1.0) - *d / Lanes::splat(range)) * share;
        }
        self.delay_adam
            .step(&mut self.positions, &sums.delays, recipe.delay_rate);
        for (d, p) in self.layer.delays.iter_mut().zip(&self.positions) {
            *d = p.map(|p| range / (1.0 + (-p).exp()));
        }
        self.stretch = self.layer.stretch();
    }
}

impl Worker {
    fn new(layers: &[Layer]) -> Self {
        let widest = layers.iter().map(|layer| layer.pre).max().unwrap_or(0);
        Self {
            spikes: layers.iter().map(Spikes::new).collect(),
            scratch: layers.iter().map(Workspace::new).collect(),
            sums: layers.iter().map(Sums::new).collect(),
            silent: layers.iter().map(|layer| vec![0; layer.post]).collect(),
            gradient: layers
                .iter()
                .map(|layer| vec![[0.0; LANES]; layer.post.div_ceil(LANES)])
                .collect(),
            at_inputs: vec![Lanes::ZERO; widest],
            times: layers
                .last()
                .map_or_else(Vec::new, |layer| vec![0.0; layer.post]),
        }
    }

    /// Sums the derivatives over the samples of a chunk; returns the sum of their losses.
    fn chunk<P: Potential>(
        &mut self,
        layers: &[Trained],
        samples: &Samples,
        chunk: &[usize],
        recipe: &Recipe,
    ) -> Result<f64, Error> {
        self.sums.iter_mut().for_each(Sums::clear);
        self.silent.iter_mut().for_each(|silent| silent.fill(0));
        let mut loss = 0.0;
        for &sample in chunk {
            let input = samples.inputs(sample);
            self.forward::<P>(layers, input);
            for (silent, spikes) in self.silent.iter_mut().zip(&self.spikes) {
                for (count, &growth) in silent.iter_mut().zip(spikes.growth.as_flattened()) {
                    *count += u32::from(growth == f64::INFINITY);
                }
            }
            let last = layers.len() - 1;
            for (j, time) in self.times.iter_mut().enumerate() {
                *time = self.spikes[last].time::<P>(j);
            }
            let gradient = &mut self.gradient[last].as_flattened_mut()[..self.times.len()];
            loss += recipe
                .loss
                .sample(&self.times, samples.labels[sample], 1.0, gradient);
            self.backward::<P>(layers, input, sample, recipe.slope_floor)?;
        }
        Ok(loss)
    }

    #[inline(always)]
    fn forward<P: Potential>(&mut self, layers: &[Trained], input: Inputs<'_>) {
        for (k, trained) in layers.iter().enumerate() {
            let (before, from) = self.spikes.split_at_mut(k);
            let input = before
                .last()
                .map_or(input, |spikes| spikes.inputs(trained.layer.pre));
            first_spikes::<P>(
                &trained.layer,
                &trained.stretch,
                input,
                &mut self.scratch[k],
                &mut from[0],
            );
        }
    }

    #[inline(always)]
    fn backward<P: Potential>(
        &mut self,
        layers: &[Trained],
        input: Inputs<'_>,
        sample: usize,
        slope_floor: f64,
    ) -> Result<(), Error> {
        for (k, Trained { layer, stretch, .. }) in layers.iter().enumerate().rev() {
            let input = if k == 0 {
                input
            } else {
                self.spikes[k - 1].inputs(layer.pre)
            };
            let threshold = layer.neuron.threshold();
            let (at_inputs, sums) = (&mut self.at_inputs[..layer.pre], &mut self.sums[k]);
            let (inputs, spikes) = (self.scratch[k].inputs(), &self.spikes[k]);
            for (index, gradient) in self.gradient[k].iter().enumerate() {
                if !Lanes(*gradient).differs(Lanes::ZERO).any() {
                    continue;
                }
                let at = Moments {
                    growth: Lanes(spikes.growth[index]),
                    time: Lanes(spikes.time[index]),
                };
                let tile = Tile::new(layer, stretch, index, input, at);
                let slope = tile.found_slopes::<P>(Lanes(spikes.steepness[index]));
                let (gradient, floor) = (Lanes(*gradient), slope_floor * threshold);
                tile.differentiate::<P>(inputs, gradient, slope, floor, sums, at_inputs)
                    .map_err(|flat| Error::Slope {
                        sample,
                        neuron: flat.neuron,
                        slope: flat.slope / threshold,
                    })?;
            }
            sums.add_inputs(at_inputs);
            if k > 0 {
                let gradient = self.gradient[k - 1].as_flattened_mut();
                gradient.fill(0.0);
                for &i in inputs {
                    gradient[i] = at_inputs[i].sum();
                }
            }
            for &i in inputs {
                at_inputs[i] = Lanes::ZERO;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Recipe, Samples, Training};
    use crate::loss::{Loss, shift_invariant_mse};
    use crate::random::{KINDS, Random, TAU_MEMS};
    use crate::{Layer, backward, forward};

    fn recipe() -> Recipe {
        Recipe {
            loss: Loss::ShiftInvariantMse { margin: 0.2 },
            weight_rate: 1e-2,
            delay_rate: 1e-2,
            weight_decay: 0.0,
            slope_floor: 0.02,
            weight_limit: f64::INFINITY,
            allowed_silence: vec![1.0, 1.0],
            push: 0.0,
        }
    }

    struct Case {
        layers: Vec<Layer>,
        times: Vec<f64>,
        labels: Vec<i64>,
    }

    impl Case {
        fn draw(random: &mut Random, round: usize) -> Self {
            let (tau_mem, kind) = (TAU_MEMS[round % 3], round / 3 % KINDS);
            let layers = vec![
                random.layer(4, 9, tau_mem, kind),
                random.layer(9, 3, tau_mem, kind),
            ];
            let labels = (0..70).map(|_| random.below(3) as i64).collect();
            Self {
                layers,
                times: random.times(4 * 70),
                labels,
            }
        }

        fn training(&self, threads: usize) -> (Training, Samples, Vec<usize>) {
            let samples =
                Samples::new(&self.layers[0], &self.times, &self.labels).expect("good input");
            let training = Training::new(self.layers.clone(), 2e-3, threads).expect("good layers");
            (training, samples, (0..70).rev().collect())
        }
    }

    #[test]
    fn the_sums_equal_those_of_the_single_layers() {
        let mut random = Random(4);
        for round in 0..60 {
            let case = Case::draw(&mut random, round);
            let (mut training, samples, batch) = case.training(1);
            let loss = training
                .differentiate(&samples, &batch, &recipe())
                .expect("good input");
            let hidden = forward(&case.layers[0], &case.times, 1).expect("good input");
            let output = forward(&case.layers[1], &hidden, 1).expect("good input");
            let (expected, gradient) =
                shift_invariant_mse(&output, &case.labels, 0.2, 1e-3).expect("good input");
            assert!(
                (loss / expected - 1.0).abs() < 1e-9,
                "{loss} and {expected}"
            );
            let last = backward(&case.layers[1], &hidden, &output, &gradient, 0.02, 1)
                .expect("good input");
            let first = backward(&case.layers[0], &case.times, &hidden, &last.times, 0.02, 1)
                .expect("good");
            for (k, gradients) in [first, last].iter().enumerate() {
                let layer = &case.layers[k];
                let weights =
                    crate::layer::unpack(&training.sums[k].weights, layer.pre, layer.post);
                let delays = layer.unpack_delays(&training.sums[k].delays);
                // The steps' derivatives are of the summed loss and in units of tau_syn.
                let scale = gradients
                    .weights
                    .iter()
                    .fold(1.0, |a: f64, w| a.max((w * 70.0).abs()));
                for (sum, w) in weights.iter().zip(&gradients.weights) {
                    assert!(
                        (sum - w * 70.0).abs() < 1e-7 * scale,
                        "{sum} and {}",
                        w * 70.0
                    );
                }
                for (sum, d) in delays.iter().zip(&gradients.delays) {
                    assert!(
                        (sum - d * 70.0 * 1e-3).abs() < 1e-7 * scale,
                        "{sum} and {}",
                        d * 0.07
                    );
                }
            }
        }
    }

    #[test]
    fn the_same_bits_for_any_number_of_threads() {
        let mut random = Random(5);
        for round in 0..15 {
            let case = Case::draw(&mut random, round);
            let after = [1, 2, 3].map(|threads| {
                let (mut training, samples, batch) = case.training(threads);
                for _ in 0..3 {
                    training
                        .step(&samples, &batch, &recipe())
                        .expect("good input");
                }
                training
                    .layers()
                    .map(|layer| (layer.weights(), layer.delays()))
                    .collect::<Vec<_>>()
            });
            assert_eq!(after[0], after[1]);
            assert_eq!(after[0], after[2]);
        }
    }

    /// The first step of Adam moves every parameter by its learning rate, against its gradient.
    #[test]
    fn the_first_step() {
        let mut random = Random(6);
        let case = Case::draw(&mut random, 13);
        let (mut training, samples, batch) = case.training(1);
        training
            .differentiate(&samples, &batch, &recipe())
            .expect("good input");
        let sums = crate::layer::unpack(&training.sums[1].weights, 9, 3);
        training
            .step(&samples, &batch, &recipe())
            .expect("good input");
        let moved = training.layers().nth(1).expect("two layers").weights();
        for ((before, after), sum) in case.layers[1].weights().iter().zip(moved).zip(sums) {
            if sum.abs() > 0.1 {
                assert!((after - before + 1e-2 * sum.signum()).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn silent_neurons_are_pushed_and_weights_stay_within_the_limit() {
        let mut random = Random(7);
        let case = Case::draw(&mut random, 1);
        let silent = case.layers[0]
            .with(&[-1.0; 36], &case.layers[0].delays())
            .expect("good parameters");
        let case = Case {
            layers: vec![silent, case.layers[1].clone()],
            ..case
        };
        let (mut training, samples, batch) = case.training(1);
        let pushing = Recipe {
            allowed_silence: vec![0.5, 1.0],
            push: 0.25,
            weight_limit: 0.9,
            ..recipe()
        };
        training
            .step(&samples, &batch, &pushing)
            .expect("good input");
        let mut layers = training.layers();
        let hidden = layers.next().expect("two layers").weights();
        assert!(
            hidden.iter().all(|w| (w + 0.65).abs() < 1e-12),
            "{hidden:?}"
        );
        assert!(layers.flat_map(Layer::weights).all(|w| w.abs() <= 0.9));
    }
}
