//! Spikes of a layer.

use std::sync::{Mutex, PoisonError};

use crate::events::arrivals::{Arrival, Arrivals};
use crate::events::error::{Error, check_length};
use crate::events::grid::{Dealt, Grid};
use crate::events::layer::Layer;
use crate::events::neuron::{Rule, State, Storm};
use crate::events::spikes::{Emitted, Output, Spikes};
use crate::events::sweep::Rows;
use crate::threads::{check_threads, map_in_order};

/// The spikes of all neurons before `until` (seconds; may be infinite), sample by sample in order of time.
///
/// # Errors
/// [`Error::Length`] for inputs that are not those of the layer, [`Error::Storm`] where a neuron fires more than
/// `most_spikes` times in a sample, [`Error::Parameter`], [`Error::Threads`].
pub fn forward(
    layer: &Layer,
    inputs: &Spikes,
    until: f64,
    most_spikes: usize,
    threads: usize,
) -> Result<Output, Error> {
    check_threads(threads).map_err(Error::Threads)?;
    check_length("the population of the input spikes", inputs.size, layer.feed.pre)?;
    if until.is_nan() {
        return Err(Error::Parameter { name: "until", value: until, range: "seconds, or inf" });
    }
    let grid = if layer.recurrent.is_none() { Grid::new(layer, inputs) } else { None };
    let rooms = Mutex::new(Vec::new());
    let lock = || rooms.lock().unwrap_or_else(PoisonError::into_inner);
    let samples = map_in_order(threads, (0..inputs.batch()).collect(), |sample| {
        let mut room: Room = lock().pop().unwrap_or_default();
        let result = room.run(layer, grid.as_ref(), inputs, sample, until, most_spikes);
        let emitted = room.emitted.clone();
        lock().push(room);
        result.map(|()| emitted).map_err(|Storm { neuron, time }| Error::Storm {
            sample,
            neuron,
            most: most_spikes,
            time,
        })
    })
    .map_err(Error::Threads)?;
    let mut output = Output { offsets: vec![0], ..Output::default() };
    for emitted in samples {
        for spike in emitted? {
            output.times.push(spike.time);
            output.channels.push(i64::from(spike.neuron));
            output.trace.extend([spike.slope, spike.rise, spike.left]);
        }
        output.offsets.push(output.times.len() as i64);
    }
    Ok(output)
}

/// What one sample needs; kept from sample to sample, so that nothing is allocated once it is large enough.
#[derive(Debug, Default)]
pub(crate) struct Room {
    arrivals: Vec<Arrivals>,
    dealt: Dealt,
    rows: Rows,
    states: Vec<State>,
    due: Vec<f64>,
    pub emitted: Vec<Emitted>,
}

impl Room {
    /// The spikes of a sample go to `emitted`, in order of time.
    pub(crate) fn run(
        &mut self,
        layer: &Layer,
        grid: Option<&Grid>,
        inputs: &Spikes,
        sample: usize,
        until: f64,
        most_spikes: usize,
    ) -> Result<(), Storm> {
        self.emitted.clear();
        let rule = |neuron| Rule::new(layer, neuron, until, most_spikes);
        if layer.recurrent.is_some() {
            self.recurrent(layer, inputs, sample, &rule)?;
        } else if let Some(grid) = grid.filter(|grid| self.dealt.deal(grid, &layer.membrane, inputs, sample))
        {
            self.arrivals.resize_with(1, Arrivals::default);
            for neuron in 0..layer.size() {
                let (arrivals, emitted) = (&mut self.arrivals[0], &mut self.emitted);
                self.rows.run(layer, grid, &self.dealt, neuron, &rule(neuron), arrivals, emitted)?;
            }
        } else {
            self.arrivals.resize_with(1, Arrivals::default);
            for neuron in 0..layer.size() {
                load(&mut self.arrivals[0], layer, inputs, sample, neuron);
                let emitted = &mut self.emitted;
                let mut state = State::REST;
                state.advance(&rule(neuron), neuron, &mut self.arrivals[0], f64::INFINITY, emitted)?;
            }
        }
        self.emitted.sort_unstable_by(Emitted::order);
        Ok(())
    }

    /// Neurons live side by side for as long as no spike can pass between them: the shortest delay.
    fn recurrent(
        &mut self,
        layer: &Layer,
        inputs: &Spikes,
        sample: usize,
        rule: &impl Fn(usize) -> Rule,
    ) -> Result<(), Storm> {
        let Some(synapses) = &layer.recurrent else { return Ok(()) };
        let shortest = synapses.shortest_delay();
        let size = layer.size();
        self.arrivals.resize_with(size, Arrivals::default);
        self.states.clear();
        self.states.resize(size, State::REST);
        self.due.clear();
        for neuron in 0..size {
            load(&mut self.arrivals[neuron], layer, inputs, sample, neuron);
            self.due.push(self.arrivals[neuron].due());
        }
        let mut sent = 0;
        loop {
            let first = self.due.iter().copied().fold(f64::INFINITY, f64::min);
            if first == f64::INFINITY {
                return Ok(());
            }
            // At least what is due now, where a delay is lost in the rounding of late times.
            let limit = (first + shortest).max(first.next_up());
            for neuron in 0..size {
                if self.due[neuron] < limit {
                    let (state, arrivals) = (&mut self.states[neuron], &mut self.arrivals[neuron]);
                    self.due[neuron] =
                        state.advance(&rule(neuron), neuron, arrivals, limit, &mut self.emitted)?;
                }
            }
            for spike in &self.emitted[sent..] {
                for target in 0..size {
                    let weight = synapses.weight(target, spike.neuron as usize);
                    if weight != 0.0 {
                        let time = spike.time + synapses.delay(target, spike.neuron as usize);
                        self.arrivals[target].push(Arrival { time, weight });
                        self.due[target] = self.due[target].min(time);
                    }
                }
            }
            sent = self.emitted.len();
        }
    }
}

/// All that the inputs send to a neuron.
fn load(arrivals: &mut Arrivals, layer: &Layer, inputs: &Spikes, sample: usize, neuron: usize) {
    let (times, channels) = inputs.sample(sample);
    arrivals.replace(times.iter().zip(channels).map(|(&time, &channel)| {
        let (weight, delay) =
            (layer.feed.weight(neuron, channel as usize), layer.feed.delay(neuron, channel as usize));
        Arrival { time: time + delay, weight }
    }));
}
