//! Derivatives of a batch.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use crate::events::adjoint::{Flat, Room, Sums, SynapseSums, receive};
use crate::events::collect::Table;
use crate::events::error::{Error, check_elements, check_length};
use crate::events::grid::{Dealt, Grid};
use crate::events::layer::Layer;
use crate::events::spikes::{Emitted, Spikes, TRACE};
use crate::threads::{CHUNK, check_threads, map_in_order};

/// Derivatives of a loss L. Times, delays and time constants in seconds, so those with respect to weights carry seconds
/// times the unit of the given dL/dT.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gradients {
    /// dL/dt of the input spikes.
    pub times: Vec<f64>,
    /// dL/dw, \[post\]\[pre\].
    pub weights: Vec<f64>,
    /// dL/dd in the shape of the delays; empty without delays.
    pub delays: Vec<f64>,
    /// The same of the synapses between the neurons; empty without.
    pub recurrent_weights: Vec<f64>,
    /// The same of their delays.
    pub recurrent_delays: Vec<f64>,
    /// dL/dthreshold, \[post\].
    pub thresholds: Vec<f64>,
    /// dL/d`tau_mem`, 0 where not asked for, or without leak.
    pub tau_mem: f64,
    /// dL/d`tau_syn`, 0 where not asked for, or for delta synapses.
    pub tau_syn: f64,
}

/// What to compute besides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Derivatives with respect to the time constants.
    pub constants: bool,
    /// Derivatives with respect to the input times; zeros without.
    pub times: bool,
    /// Least dV/dt at a spike that is divided by, in 1/seconds; 0 is exact.
    pub slope_floor: f64,
    /// The same result for any number.
    pub threads: usize,
}

/// Derivatives of a loss whose derivative with respect to the times of the `outputs` is `gradient`.
///
/// `outputs` and `trace` are what [`crate::events::forward()`] gave for these inputs.
///
/// # Errors
/// [`Error::Length`], [`Error::Element`] for gradients that are not finite, [`Error::Slope`] where the potential does
/// not rise at a spike, without a floor; [`Error::Parameter`], [`Error::Threads`].
pub fn backward(
    layer: &Layer,
    inputs: &Spikes,
    outputs: &Spikes,
    trace: &[f64],
    gradient: &[f64],
    options: Options,
) -> Result<Gradients, Error> {
    check_threads(options.threads).map_err(Error::Threads)?;
    check_length("the population of the input spikes", inputs.size, layer.feed.pre)?;
    check_length("the population of the output spikes", outputs.size, layer.size())?;
    check_length("the batch of the output spikes", outputs.batch(), inputs.batch())?;
    check_length("trace", trace.len(), outputs.times.len() * TRACE)?;
    check_length("gradient", gradient.len(), outputs.times.len())?;
    check_elements("gradient", gradient, "finite", f64::is_finite)?;
    if !(options.slope_floor >= 0.0 && options.slope_floor.is_finite()) {
        let range = "finite and at least 0";
        return Err(Error::Parameter { name: "slope_floor", value: options.slope_floor, range });
    }
    let grid = if options.constants { None } else { Grid::new(layer, inputs) };
    let batch = Batch { layer, inputs, outputs, trace, gradient, options, grid: grid.as_ref() };
    if options.constants {
        batch.backward::<true>(options.threads)
    } else {
        batch.backward::<false>(options.threads)
    }
}

/// Groups whose sums are held at the same time, per thread.
const GROUPS_IN_FLIGHT: usize = 2;

#[derive(Clone, Copy)]
struct Batch<'a> {
    layer: &'a Layer<'a>,
    inputs: &'a Spikes<'a>,
    outputs: &'a Spikes<'a>,
    trace: &'a [f64],
    gradient: &'a [f64],
    options: Options,
    grid: Option<&'a Grid>,
}

/// What one sample needs, kept from sample to sample.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    room: Room,
    dealt: Dealt,
    table: Table,
}

impl Batch<'_> {
    fn backward<const CONSTANTS: bool>(self, threads: usize) -> Result<Gradients, Error> {
        let mut sums = Sums::new(self.layer);
        let mut of_inputs = vec![0.0; self.inputs.times.len()];
        let rooms = Mutex::new(Vec::new());
        let lock = || rooms.lock().unwrap_or_else(PoisonError::into_inner);
        let mut tasks = split(self.inputs, &mut of_inputs).into_iter();
        loop {
            let wave: Vec<_> = tasks.by_ref().take(GROUPS_IN_FLIGHT * threads).collect();
            if wave.is_empty() {
                break;
            }
            let groups = map_in_order(threads, wave, |(samples, of_inputs)| {
                let mut room: Workspace = lock().pop().unwrap_or_default();
                let sums = self.group::<CONSTANTS>(samples, of_inputs, &mut room);
                lock().push(room);
                sums
            })
            .map_err(Error::Threads)?;
            for group in groups {
                sums.add(&group?);
            }
        }
        let membrane = &self.layer.membrane;
        let none = SynapseSums { weights: Vec::new(), delays: Vec::new() };
        let recurrent = sums.recurrent.unwrap_or(none);
        Ok(Gradients {
            times: of_inputs,
            weights: sums.feed.weights,
            delays: sums.feed.delays,
            recurrent_weights: recurrent.weights,
            recurrent_delays: recurrent.delays,
            thresholds: sums.thresholds,
            tau_mem: -sums.of_leak * membrane.leak * membrane.leak,
            tau_syn: if membrane.is_delta() { 0.0 } else { -sums.of_rate * membrane.rate * membrane.rate },
        })
    }

    fn group<const CONSTANTS: bool>(
        self,
        samples: Range<usize>,
        of_inputs: &mut [f64],
        work: &mut Workspace,
    ) -> Result<Sums, Error> {
        let mut sums = Sums::new(self.layer);
        let mut rest = of_inputs;
        for sample in samples {
            let (of_sample, others) = rest.split_at_mut(self.inputs.range(sample).len());
            rest = others;
            self.sample::<CONSTANTS>(sample, of_sample, work, &mut sums)
                .map_err(|Flat { neuron, time }| Error::Slope { sample, neuron, time })?;
        }
        Ok(sums)
    }

    fn sample<const CONSTANTS: bool>(
        self,
        sample: usize,
        of_inputs: &mut [f64],
        work: &mut Workspace,
        sums: &mut Sums,
    ) -> Result<(), Flat> {
        let spikes = self.outputs.range(sample).map(|k| {
            let trace = &self.trace[k * TRACE..(k + 1) * TRACE];
            let emitted = Emitted {
                time: self.outputs.times[k],
                neuron: self.outputs.channels[k] as u32,
                slope: trace[0],
                rise: trace[1],
                left: trace[2],
            };
            (emitted, self.gradient[k])
        });
        let Workspace { room, dealt, table } = work;
        room.trace_back::<CONSTANTS>(self.layer, spikes, self.options.slope_floor, sums)?;
        if let Some(grid) =
            self.grid.filter(|grid| dealt.deal(grid, &self.layer.membrane, self.inputs, sample))
        {
            let of_inputs = self.options.times.then_some(of_inputs);
            table.run(self.layer, grid, dealt, &room.pieces, &mut sums.feed, of_inputs);
            return Ok(());
        }
        let (times, channels) = self.inputs.sample(sample);
        let mut constants = (0.0, 0.0);
        for ((of_input, &time), &channel) in of_inputs.iter_mut().zip(times).zip(channels) {
            *of_input = receive::<CONSTANTS>(
                self.layer,
                &self.layer.feed,
                &room.pieces,
                (time, channel as usize),
                &mut sums.feed,
                &mut constants,
            );
        }
        sums.of_leak += constants.0;
        sums.of_rate += constants.1;
        Ok(())
    }
}

/// Samples, and dL/dt of their spikes.
pub(crate) type Group<'a> = (Range<usize>, &'a mut [f64]);

/// Groups of samples whose gradients are summed in one go, each with its part of `of_inputs`. They depend on the batch
/// alone; sums of groups are added in order, so the result does not depend on the number of threads.
pub(crate) fn split<'a>(inputs: &Spikes, of_inputs: &'a mut [f64]) -> Vec<Group<'a>> {
    let size = inputs.batch().div_ceil(16).clamp(1, CHUNK);
    let mut rest = of_inputs;
    let mut tasks = Vec::new();
    for first in (0..inputs.batch()).step_by(size) {
        let samples = first..(first + size).min(inputs.batch());
        let count = inputs.range(samples.end - 1).end - inputs.range(first).start;
        let (part, others) = rest.split_at_mut(count);
        rest = others;
        tasks.push((samples, part));
    }
    tasks
}
