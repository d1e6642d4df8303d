//! Neurons without a threshold: what is read from their potential, and its derivatives.
//!
//! V is a sum of responses, so a mean over time is a sum over arrivals of integrals in closed form; the order of the
//! arrivals does not matter. The maximum needs it.

use std::sync::{Mutex, PoisonError};

use crate::events::adjoint::SynapseSums;
use crate::events::arrivals::{Arrival, Arrivals};
use crate::events::backward::split;
use crate::events::error::{Error, check_elements, check_length};
use crate::events::membrane::Membrane;
use crate::events::spikes::Spikes;
use crate::events::synapses::Synapses;
use crate::threads::{check_threads, map_in_order};

/// What is read, over 0 to `duration`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reading {
    /// The mean of V(t) exp(-`rate` t), rate in 1/seconds, 0 for the plain mean.
    Mean {
        /// In 1/seconds.
        rate: f64,
    },
    /// V at the end.
    Last,
    /// The largest V; 0 where it stays negative, as V starts there.
    Largest,
}

/// A layer of neurons without a threshold.
#[derive(Clone, Copy, Debug)]
pub struct Integrator<'a> {
    membrane: Membrane,
    feed: Synapses<'a>,
    reading: Reading,
    duration: f64,
}

/// What was read, \[batch\]\[post\], and when the potential was largest (inf if never above 0).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values {
    /// \[batch\]\[post\].
    pub values: Vec<f64>,
    /// \[batch\]\[post\], for [`Reading::Largest`] alone.
    pub times: Vec<f64>,
}

/// Derivatives of a loss with respect to what feeds the neurons.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadingGradients {
    /// dL/dt of the input spikes.
    pub times: Vec<f64>,
    /// \[post\]\[pre\].
    pub weights: Vec<f64>,
    /// In the shape of the delays.
    pub delays: Vec<f64>,
}

/// Value and derivative, with respect to the arrival's time, of what an arrival of weight 1 adds.
type Share = (f64, f64);

impl<'a> Integrator<'a> {
    /// The duration in seconds; infinite for [`Reading::Largest`] alone.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub fn new(
        membrane: Membrane,
        feed: Synapses<'a>,
        reading: Reading,
        duration: f64,
    ) -> Result<Self, Error> {
        if duration.is_nan() || duration <= 0.0 || (duration.is_infinite() && reading != Reading::Largest) {
            let range = "positive seconds, and finite but for the maximum";
            return Err(Error::Parameter { name: "duration", value: duration, range });
        }
        if let Reading::Mean { rate } = reading
            && !(rate >= 0.0 && rate.is_finite())
        {
            return Err(Error::Parameter { name: "rate", value: rate, range: "at least 0 1/s and finite" });
        }
        Ok(Self { membrane, feed, reading, duration })
    }

    /// Integral of K(u) e^(-rate u) over 0..age.
    fn area(&self, age: f64, rate: f64) -> f64 {
        if age <= 0.0 {
            return 0.0;
        }
        let integral = |rate: f64| if rate == 0.0 { age } else { -(-rate * age).exp_m1() / rate };
        let leak = self.membrane.leak + rate;
        if self.membrane.is_delta() {
            return integral(leak);
        }
        // K' = -leak K + S/tau_syn, integrated by parts: no difference of nearly equal terms for equal constants.
        let synapse = integral(self.membrane.rate + rate);
        if leak == 0.0 {
            return age - synapse;
        }
        (self.membrane.rate * synapse - self.membrane.decay(age).response * (-rate * age).exp()) / leak
    }

    /// Of an arrival, for readings that are linear in V.
    fn share(&self, arrival: f64, reading: Reading) -> Share {
        let age = self.duration - arrival;
        if age <= 0.0 {
            return (0.0, 0.0);
        }
        let Reading::Mean { rate } = reading else {
            return self.response(age);
        };
        let decay = (-rate * arrival).exp();
        let mut value = decay * self.area(age, rate);
        let mut slope = -rate * value - self.membrane.decay(age).response * (-rate * self.duration).exp();
        if arrival < 0.0 {
            let before = decay * self.area(-arrival, rate);
            value -= before;
            slope += rate * before + self.membrane.decay(-arrival).response;
        }
        (value / self.duration, slope / self.duration)
    }

    /// V at so long after an arrival, and its derivative with respect to the arrival's time.
    fn response(&self, age: f64) -> Share {
        let decay = self.membrane.decay(age);
        let rise = if self.membrane.is_delta() { 0.0 } else { self.membrane.rate * decay.synapse };
        (decay.response, self.membrane.leak * decay.response - rise)
    }

    /// The largest potential and when, from the sorted arrivals.
    fn largest(&self, arrivals: &mut Arrivals) -> (f64, f64) {
        let (mut best, mut when) = (0.0, f64::INFINITY);
        let (mut now, mut potential, mut current) = (f64::NEG_INFINITY, 0.0, 0.0);
        loop {
            let next = arrivals.due().min(self.duration);
            if now > f64::NEG_INFINITY {
                if !self.membrane.is_delta()
                    && let Some((age, v)) = self.membrane.maximum(potential, current, next - now)
                    && v > best
                    && now + age >= 0.0
                {
                    (best, when) = (v, now + age);
                }
                if next == f64::INFINITY {
                    // Without leak V may rise for ever.
                    return (best, when);
                }
                let decay = self.membrane.decay(next - now);
                potential = decay.membrane * potential + decay.response * current * self.has_current();
                current *= decay.synapse;
            }
            if next == f64::INFINITY {
                return (best, when);
            }
            now = next;
            if next >= self.duration {
                return if potential > best { (potential, next) } else { (best, when) };
            }
            let before = potential;
            let (_, sum) = arrivals.take(next);
            if self.membrane.is_delta() {
                potential += sum;
            } else {
                current += sum;
            }
            let v = before.max(potential);
            if v > best && next >= 0.0 {
                (best, when) = (v, next);
            }
        }
    }

    fn has_current(&self) -> f64 {
        if self.membrane.is_delta() { 0.0 } else { 1.0 }
    }

    /// Inputs that belong to this layer.
    fn check(&self, inputs: &Spikes, threads: usize) -> Result<(), Error> {
        check_threads(threads).map_err(Error::Threads)?;
        check_length("the population of the input spikes", inputs.size, self.feed.pre)
    }
}

/// What is read from each neuron for each sample.
///
/// # Errors
/// [`Error::Length`], [`Error::Threads`].
pub fn read_out(layer: &Integrator, inputs: &Spikes, threads: usize) -> Result<Values, Error> {
    layer.check(inputs, threads)?;
    let rooms = Mutex::new(Vec::new());
    let lock = || rooms.lock().unwrap_or_else(PoisonError::into_inner);
    let post = layer.feed.post;
    let mut values = vec![0.0; inputs.batch() * post];
    let largest = layer.reading == Reading::Largest;
    let mut when = vec![f64::INFINITY; if largest { values.len() } else { 0 }];
    let mut times = when.chunks_mut(post);
    let tasks: Vec<_> = values
        .chunks_mut(post)
        .map(|values| (values, times.next().unwrap_or_default()))
        .enumerate()
        .collect();
    map_in_order(threads, tasks, |(sample, (values, when))| {
        let (times, channels) = inputs.sample(sample);
        let mut arrivals: Arrivals = lock().pop().unwrap_or_default();
        for (neuron, value) in values.iter_mut().enumerate() {
            let all = times.iter().zip(channels).map(|(&time, &channel)| Arrival {
                time: time + layer.feed.delay(neuron, channel as usize),
                weight: layer.feed.weight(neuron, channel as usize),
            });
            if largest {
                arrivals.replace(all);
                (*value, when[neuron]) = layer.largest(&mut arrivals);
            } else {
                *value = all.map(|a| a.weight * layer.share(a.time, layer.reading).0).sum();
            }
        }
        lock().push(arrivals);
    })
    .map_err(Error::Threads)?;
    Ok(Values { values, times: when })
}

/// Derivatives of a loss whose derivative with respect to the values is `gradient`, \[batch\]\[post\]; `values` are those
/// that [`read_out()`] gave.
///
/// # Errors
/// [`Error::Length`], [`Error::Element`] for gradients that are not finite, [`Error::Threads`].
pub fn read_out_backward(
    layer: &Integrator,
    inputs: &Spikes,
    when: &[f64],
    gradient: &[f64],
    threads: usize,
) -> Result<ReadingGradients, Error> {
    layer.check(inputs, threads)?;
    let count = inputs.batch() * layer.feed.post;
    check_length("gradient", gradient.len(), count)?;
    check_elements("gradient", gradient, "finite", f64::is_finite)?;
    let needed = if layer.reading == Reading::Largest { count } else { 0 };
    check_length("the times of the largest values", when.len(), needed)?;
    let mut sums = SynapseSums::new(&layer.feed);
    let mut of_inputs = vec![0.0; inputs.times.len()];
    let tasks = split(inputs, &mut of_inputs);
    let groups = map_in_order(threads, tasks, |(samples, of_group)| {
        let mut sums = SynapseSums::new(&layer.feed);
        let mut rest = of_group;
        for sample in samples {
            let (of_sample, others) = rest.split_at_mut(inputs.range(sample).len());
            rest = others;
            for neuron in 0..layer.feed.post {
                let k = sample * layer.feed.post + neuron;
                if gradient[k] != 0.0 {
                    let when = when.get(k).copied();
                    add(layer, inputs, sample, neuron, when, gradient[k], &mut sums, of_sample);
                }
            }
        }
        sums
    })
    .map_err(Error::Threads)?;
    for group in &groups {
        sums.add(group);
    }
    Ok(ReadingGradients { times: of_inputs, weights: sums.weights, delays: sums.delays })
}

#[allow(clippy::too_many_arguments)]
fn add(
    layer: &Integrator,
    inputs: &Spikes,
    sample: usize,
    neuron: usize,
    when: Option<f64>,
    gradient: f64,
    sums: &mut SynapseSums,
    of_inputs: &mut [f64],
) {
    let (times, channels) = inputs.sample(sample);
    let feed = &layer.feed;
    // The largest value may stand where something arrives; then it moves with that arrival, along V before it.
    let (mut ties, mut slope) = (0.0, 0.0);
    if let Some(when) = when
        && when < layer.duration
    {
        for (&time, &channel) in times.iter().zip(channels) {
            let channel = channel as usize;
            let weight = feed.weight(neuron, channel);
            let age = when - (time + feed.delay(neuron, channel));
            if age > 0.0 {
                slope -= weight * layer.response(age).1;
            } else if age == 0.0 && weight != 0.0 {
                ties += 1.0;
            }
        }
    }
    for ((of_input, &time), &channel) in of_inputs.iter_mut().zip(times).zip(channels) {
        let channel = channel as usize;
        let weight = feed.weight(neuron, channel);
        let arrival = time + feed.delay(neuron, channel);
        let (value, of_time) = match when {
            None => layer.share(arrival, layer.reading),
            Some(f64::INFINITY) => (0.0, 0.0),
            Some(when) if arrival < when => layer.response(when - arrival),
            Some(when) if arrival <= when && when < layer.duration && weight != 0.0 => {
                (layer.response(0.0).0, slope / ties / weight)
            }
            Some(_) => (0.0, 0.0),
        };
        sums.weights[neuron * feed.pre + channel] += gradient * value;
        let of_time = gradient * weight * of_time;
        *of_input += of_time;
        if let Some(place) = feed.place(neuron, channel) {
            sums.delays[place] += of_time;
        }
    }
}
