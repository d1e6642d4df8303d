//! What one thread does in a training step: samples forward and backward, derivatives summed.

use super::{Recipe, Samples, Trained};
use crate::adjoint::{Adjoint, Sums};
use crate::lanes::{LANES, Lanes, vectorised};
use crate::potential::Potential;
use crate::search::{FirstSpikes, Workspace};
use crate::spikes::{Inputs, Spikes};
use crate::{Error, Layer};

/// What a thread writes to.
pub(super) struct Worker {
    pub(super) spikes: Vec<Spikes>,
    scratch: Vec<Workspace>,
    pub(super) sums: Vec<Sums>,
    pub(super) silent: Vec<Vec<u32>>,
    /// dL/dT of the spikes of each layer.
    gradient: Vec<Vec<[f64; LANES]>>,
    /// dL/dt of the inputs of a layer, by lane; zero between layers.
    at_inputs: Vec<Lanes>,
    /// Output times of the sample, and of all samples of the chunk.
    times: Vec<f64>,
    pub(super) outputs: Vec<f64>,
}

impl Worker {
    pub(super) fn new(layers: &[Layer]) -> Self {
        let widest = layers.iter().map(|layer| layer.pre).max().unwrap_or(0);
        Self {
            spikes: layers.iter().map(Spikes::new).collect(),
            scratch: layers.iter().map(Workspace::new).collect(),
            sums: layers.iter().map(Sums::new).collect(),
            silent: layers.iter().map(|layer| vec![0; layer.post]).collect(),
            gradient: layers.iter().map(|layer| vec![[0.0; LANES]; layer.post.div_ceil(LANES)]).collect(),
            at_inputs: vec![Lanes::ZERO; widest],
            times: layers.last().map_or_else(Vec::new, |layer| vec![0.0; layer.post]),
            outputs: Vec::new(),
        }
    }

    /// Sums the derivatives over the samples of a chunk; returns the sum of their losses.
    pub(super) fn chunk<P: Potential>(
        &mut self,
        potential: P,
        layers: &[Trained],
        samples: &Samples,
        chunk: &[usize],
        recipe: &Recipe,
    ) -> Result<f64, Error> {
        self.sums.iter_mut().for_each(Sums::clear);
        self.silent.iter_mut().for_each(|silent| silent.fill(0));
        self.outputs.clear();
        let mut loss = 0.0;
        for &sample in chunk {
            let input = samples.inputs(sample);
            self.forward(potential, layers, input);
            for (silent, spikes) in self.silent.iter_mut().zip(&self.spikes) {
                for (count, &growth) in silent.iter_mut().zip(spikes.growth.as_flattened()) {
                    *count += u32::from(growth == f64::INFINITY);
                }
            }
            let last = layers.len() - 1;
            for (j, time) in self.times.iter_mut().enumerate() {
                *time = self.spikes[last].time(potential, j);
            }
            self.outputs.extend_from_slice(&self.times);
            let gradient = &mut self.gradient[last].as_flattened_mut()[..self.times.len()];
            loss += recipe.loss.sample(&self.times, samples.labels[sample], 1.0, gradient);
            self.backward(potential, layers, input, sample, recipe.slope_floor)?;
        }
        Ok(loss)
    }

    #[inline(always)]
    pub(super) fn forward<P: Potential>(&mut self, potential: P, layers: &[Trained], input: Inputs<'_>) {
        for (k, trained) in layers.iter().enumerate() {
            let (before, from) = self.spikes.split_at_mut(k);
            let input = before.last().map_or(input, |spikes| spikes.inputs(trained.layer.pre));
            vectorised(FirstSpikes {
                potential,
                layer: &trained.layer,
                stretch: &trained.stretch,
                input,
                work: &mut self.scratch[k],
                spikes: &mut from[0],
            });
        }
    }

    #[inline(always)]
    fn backward<P: Potential>(
        &mut self,
        potential: P,
        layers: &[Trained],
        input: Inputs<'_>,
        sample: usize,
        slope_floor: f64,
    ) -> Result<(), Error> {
        for (k, Trained { layer, stretch, .. }) in layers.iter().enumerate().rev() {
            let input = if k == 0 { input } else { self.spikes[k - 1].inputs(layer.pre) };
            let threshold = layer.neuron.threshold();
            let (at_inputs, sums) = (&mut self.at_inputs[..layer.pre], &mut self.sums[k]);
            let inputs = self.scratch[k].inputs();
            vectorised(Adjoint {
                potential,
                layer,
                stretch,
                input,
                spikes: &self.spikes[k],
                found: true,
                gradient: &self.gradient[k],
                inputs,
                floor: slope_floor * threshold,
                sums,
                at_inputs,
            })
            .map_err(|flat| Error::Slope {
                sample,
                neuron: flat.neuron,
                slope: flat.slope / threshold,
            })?;
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
