//! Derivatives of a batch.

use crate::Error;
use crate::adjoint::{Adjoint, Flat, Sums};
use crate::distant;
use crate::error::{check_elements, check_length, check_times};
use crate::forward::{check_batch, span};
use crate::lanes::{LANES, Lanes, vectorised};
use crate::layer::{Layer, Stretch, unpack};
use crate::potential::{Potential, with_potential};
use crate::spikes::{Inputs, Spikes};
use crate::threads::{CHUNK, check_threads, map_in_order};

/// Derivatives of a loss L. Times and delays in seconds, so those with respect to weights carry seconds times the unit
/// of the given dL/dT.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients {
    /// dL/dt of the inputs, \[batch\]\[pre\].
    pub times: Vec<f64>,
    /// dL/dw, \[post\]\[pre\].
    pub weights: Vec<f64>,
    /// dL/dd in the shape of the delays; empty without delays.
    pub delays: Vec<f64>,
}

/// Derivatives of a loss whose derivative with respect to the output times is `gradient`, \[batch\]\[post\].
///
/// `times` are the input times, \[batch\]\[pre\]; `spikes` the output times, \[batch\]\[post\], from [`crate::forward()`]
/// or measured elsewhere. Silent neurons contribute nothing. `slope_floor` bounds dV/dt at a spike from below, in units
/// of threshold / `tau_syn`; 0 is exact.
///
/// # Errors
/// As [`crate::forward()`]; [`Error::Element`] for gradients that are not finite; [`Error::Slope`] where the potential
/// does not rise at a spike, without a floor.
pub fn backward(
    layer: &Layer,
    times: &[f64],
    spikes: &[f64],
    gradient: &[f64],
    slope_floor: f64,
    threads: usize,
) -> Result<Gradients, Error> {
    let batch = check_arguments(layer, times, spikes, gradient, slope_floor, threads)?;
    with_potential!(layer.neuron.ratio(), potential => batch.backward(potential, threads))
}

/// Refuses what does not fit.
pub(crate) fn check_arguments<'a>(
    layer: &'a Layer,
    times: &'a [f64],
    spikes: &'a [f64],
    gradient: &'a [f64],
    slope_floor: f64,
    threads: usize,
) -> Result<Batch<'a>, Error> {
    check_threads(threads)?;
    let batch = check_batch(layer, times)?;
    check_length("spike_times", spikes.len(), batch * layer.post())?;
    check_times("spike_times", spikes)?;
    check_length("gradient", gradient.len(), batch * layer.post())?;
    check_elements("gradient", gradient, "finite", f64::is_finite)?;
    if !(slope_floor >= 0.0 && slope_floor.is_finite()) {
        let range = "finite and at least 0";
        return Err(Error::Parameter { name: "slope_floor", value: slope_floor, range });
    }
    Ok(Batch { layer, times, spikes, gradient, slope_floor })
}

/// Chunks whose sums are held at the same time, per thread.
const CHUNKS_IN_FLIGHT: usize = 4;

#[derive(Clone, Copy)]
pub(crate) struct Batch<'a> {
    pub layer: &'a Layer,
    pub times: &'a [f64],
    pub spikes: &'a [f64],
    pub gradient: &'a [f64],
    pub slope_floor: f64,
}

impl Batch<'_> {
    fn backward<P: Potential>(self, potential: P, threads: usize) -> Result<Gradients, Error> {
        let stretch = Stretch::new(potential, self.layer);
        let mut sums = Sums::new(self.layer);
        let mut at_times = vec![0.0; self.times.len()];
        let tasks: Vec<_> = at_times.chunks_mut(CHUNK * self.layer.pre).enumerate().collect();
        let mut tasks = tasks.into_iter();
        loop {
            let wave: Vec<_> = tasks.by_ref().take(CHUNKS_IN_FLIGHT * threads).collect();
            if wave.is_empty() {
                break;
            }
            let chunks = map_in_order(threads, wave, |(k, at_times)| {
                self.chunk(potential, &stretch, k * CHUNK, at_times)
            })?;
            for chunk in chunks {
                sums.add(&chunk?);
            }
        }
        let unit = self.layer.neuron.tau_syn();
        let weights = unpack(&sums.weights, self.layer.pre, self.layer.post);
        let weights = weights.into_iter().map(|sum| sum * unit).collect();
        let delays = self.layer.unpack_delays(&sums.delays);
        Ok(Gradients { times: at_times, weights, delays })
    }

    /// Sums of the samples from `first` on; their dL/dt go to `at_times`.
    fn chunk<P: Potential>(
        self,
        potential: P,
        stretch: &Stretch,
        first: usize,
        at_times: &mut [f64],
    ) -> Result<Sums, Error> {
        let pre = self.layer.pre;
        let mut sums = Sums::new(self.layer);
        let mut scratch = Scratch::new(self.layer);
        for (k, at_times) in at_times.chunks_exact_mut(pre).enumerate() {
            let sample = first + k;
            scratch.at_inputs.fill(Lanes::ZERO);
            self.sample(potential, stretch, sample, &mut scratch, &mut sums).map_err(|flat| {
                let slope = flat.slope / self.layer.neuron.threshold();
                Error::Slope { sample, neuron: flat.neuron, slope }
            })?;
            for (at_time, lanes) in at_times.iter_mut().zip(&scratch.at_inputs) {
                *at_time = lanes.sum();
            }
            sums.add_inputs(&scratch.at_inputs);
        }
        Ok(sums)
    }

    fn sample<P: Potential>(
        self,
        potential: P,
        stretch: &Stretch,
        sample: usize,
        scratch: &mut Scratch,
        sums: &mut Sums,
    ) -> Result<(), Flat> {
        let (pre, post) = (self.layer.pre, self.layer.post);
        let unit = self.layer.neuron.tau_syn();
        let Scratch { growth, time, at_inputs, .. } = &mut *scratch;
        let floor = self.slope_floor * self.layer.neuron.threshold();
        let times = &self.times[sample * pre..(sample + 1) * pre];
        let spikes = &self.spikes[sample * post..(sample + 1) * post];
        let gradient = &self.gradient[sample * post..(sample + 1) * post];
        let Some((earliest, last)) = span(spikes) else {
            return Ok(());
        };
        let first = span(times).map_or(earliest, |(first, _)| first);
        for (time, t) in time.iter_mut().zip(times) {
            *time = (t - first) / unit;
        }
        if (last - first) / unit > potential.longest_span() {
            for j in (0..post).filter(|&j| spikes[j] < f64::INFINITY && gradient[j] != 0.0) {
                let spike = (spikes[j] - first) / unit;
                distant::differentiate(
                    potential,
                    self.layer,
                    j,
                    time,
                    spike,
                    gradient[j],
                    floor,
                    sums,
                    at_inputs,
                )?;
            }
            return Ok(());
        }
        for (growth, time) in growth.iter_mut().zip(time.iter_mut()) {
            *growth = potential.growth(*time);
            *time = potential.bend(*time);
        }
        let silent = [f64::INFINITY; LANES];
        scratch.spikes.growth.fill(silent);
        scratch.spikes.time.fill(silent);
        scratch.gradient.fill([0.0; LANES]);
        for j in (0..post).filter(|&j| spikes[j] < f64::INFINITY) {
            let time = (spikes[j] - first) / unit;
            scratch.spikes.growth.as_flattened_mut()[j] = potential.growth(time);
            scratch.spikes.time.as_flattened_mut()[j] = potential.bend(time);
            scratch.gradient.as_flattened_mut()[j] = gradient[j];
        }
        vectorised(Adjoint {
            potential,
            layer: self.layer,
            stretch,
            input: Inputs { growth: &scratch.growth, time: &scratch.time },
            spikes: &scratch.spikes,
            found: false,
            gradient: &scratch.gradient,
            inputs: &scratch.inputs,
            floor,
            sums,
            at_inputs: &mut scratch.at_inputs,
        })
    }
}

/// What a chunk of samples is computed in.
struct Scratch {
    growth: Vec<f64>,
    time: Vec<f64>,
    spikes: Spikes,
    gradient: Vec<[f64; LANES]>,
    /// All of them.
    inputs: Vec<usize>,
    at_inputs: Vec<Lanes>,
}

impl Scratch {
    fn new(layer: &Layer) -> Self {
        Self {
            growth: vec![0.0; layer.pre],
            time: vec![0.0; layer.pre],
            spikes: Spikes::new(layer),
            gradient: vec![[0.0; LANES]; layer.post.div_ceil(LANES)],
            inputs: (0..layer.pre).collect(),
            at_inputs: vec![Lanes::ZERO; layer.pre],
        }
    }
}
