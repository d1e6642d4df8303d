//! Spike times of a batch.

use crate::Error;
use crate::distant;
use crate::error::{check_length, check_times};
use crate::lanes::vectorised;
use crate::layer::{Layer, Stretch};
use crate::potential::{Potential, with_potential};
use crate::search::{FirstSpikes, Workspace};
use crate::spikes::{Inputs, Spikes};
use crate::threads::{CHUNK, map_in_order};

/// First spike times, \[batch\]\[post\], for input `times`, \[batch\]\[pre\], both in seconds, silent = `+inf`.
///
/// # Errors
/// [`Error::Empty`] for an empty batch, [`Error::Length`] if `times` is no whole number of samples,
/// [`Error::Element`] for times that are NaN or `-inf`, [`Error::Threads`] for 0 threads.
pub fn forward(layer: &Layer, times: &[f64], threads: usize) -> Result<Vec<f64>, Error> {
    let batch = check_batch(layer, times)?;
    let mut spikes = vec![f64::INFINITY; batch * layer.post()];
    let tasks: Vec<_> =
        times.chunks(CHUNK * layer.pre()).zip(spikes.chunks_mut(CHUNK * layer.post())).collect();
    with_potential!(layer.neuron.ratio(), potential => forward_chunks(potential, layer, tasks, threads))?;
    Ok(spikes)
}

/// Number of samples in the input `times` of a layer.
pub(crate) fn check_batch(layer: &Layer, times: &[f64]) -> Result<usize, Error> {
    if times.is_empty() {
        return Err(Error::Empty { name: "the batch" });
    }
    let batch = times.len().div_ceil(layer.pre());
    check_length("times", times.len(), batch * layer.pre())?;
    check_times("times", times)?;
    Ok(batch)
}

/// Earliest and latest finite of `times`; `None` if all are silent.
pub(crate) fn span(times: &[f64]) -> Option<(f64, f64)> {
    let first = times.iter().copied().fold(f64::INFINITY, f64::min);
    let finite = times.iter().copied().filter(|t| *t < f64::INFINITY);
    (first < f64::INFINITY).then(|| (first, finite.fold(first, f64::max)))
}

fn forward_chunks<P: Potential>(
    potential: P,
    layer: &Layer,
    tasks: Vec<(&[f64], &mut [f64])>,
    threads: usize,
) -> Result<(), Error> {
    let stretch = Stretch::new(potential, layer);
    let longest_delay = layer.longest_delay();
    map_in_order(threads, tasks, |(times, spikes)| {
        let mut work = Workspace::new(layer);
        let mut found = Spikes::new(layer);
        let (mut input_growth, mut input_time) = (vec![0.0; layer.pre()], vec![0.0; layer.pre()]);
        for (times, spikes) in times.chunks_exact(layer.pre()).zip(spikes.chunks_exact_mut(layer.post())) {
            let Some((first, last)) = span(times) else {
                continue;
            };
            let unit = layer.neuron.tau_syn();
            for (time, &t) in input_time.iter_mut().zip(times) {
                *time = (t - first) / unit;
            }
            if (last - first) / unit + longest_delay > potential.longest_span() {
                for (j, spike) in spikes.iter_mut().enumerate() {
                    *spike = first + unit * distant::first_spike(potential, layer, j, &input_time);
                }
                continue;
            }
            for (growth, time) in input_growth.iter_mut().zip(&mut input_time) {
                *growth = potential.growth(*time);
                *time = potential.bend(*time);
            }
            let input = Inputs { growth: &input_growth, time: &input_time };
            vectorised(FirstSpikes {
                potential,
                layer,
                stretch: &stretch,
                input,
                work: &mut work,
                spikes: &mut found,
            });
            for (j, spike) in spikes.iter_mut().enumerate() {
                *spike = first + unit * found.time(potential, j);
            }
        }
    })?;
    Ok(())
}
