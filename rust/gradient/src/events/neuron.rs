//! One neuron, from event to event.

use crate::events::arrivals::Arrivals;
use crate::events::layer::{Layer, Reset};
use crate::events::membrane::Membrane;
use crate::events::spikes::Emitted;

/// What a neuron needs to know of its layer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    pub membrane: Membrane,
    pub threshold: f64,
    pub reset: Reset,
    pub refractory: f64,
    /// No spikes at or after this time, in seconds.
    pub until: f64,
    pub most_spikes: usize,
}

impl Rule {
    pub(crate) fn new(layer: &Layer, neuron: usize, until: f64, most_spikes: usize) -> Self {
        Self {
            membrane: layer.membrane,
            threshold: layer.thresholds[neuron],
            reset: layer.reset,
            refractory: layer.refractory,
            until,
            most_spikes,
        }
    }
}

/// More spikes than allowed.
pub(crate) struct Storm {
    pub neuron: usize,
    pub time: f64,
}

/// State at the last event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct State {
    pub time: f64,
    pub potential: f64,
    pub current: f64,
    /// End of the refractory period: the potential is held until then.
    pub release: f64,
    /// Place of the last spike in the list, while the potential is held.
    held: usize,
    pub spikes: usize,
}

impl State {
    pub(crate) const REST: Self = Self {
        time: f64::NEG_INFINITY,
        potential: 0.0,
        current: 0.0,
        release: f64::NEG_INFINITY,
        held: 0,
        spikes: 0,
    };

    /// Lives on until `limit` and adds the spikes before it to `emitted`. Returns when something will happen next: an
    /// arrival, a spike or the release; inf if nothing will.
    pub(crate) fn advance(
        &mut self,
        rule: &Rule,
        neuron: usize,
        arrivals: &mut Arrivals,
        limit: f64,
        emitted: &mut Vec<Emitted>,
    ) -> Result<f64, Storm> {
        loop {
            let due = arrivals.due();
            let next = if self.time < self.release {
                // Held: the current alone goes on. With delta synapses, what arrives up to the release is lost.
                if self.release < due || (self.release <= due && !rule.membrane.is_delta()) {
                    if self.release >= limit {
                        return Ok(self.release);
                    }
                    self.set_free(rule, emitted);
                    if rule.membrane.is_delta() && self.potential >= rule.threshold {
                        self.fire(rule, neuron, 0.0, self.potential, emitted)?;
                    }
                    continue;
                }
                due
            } else {
                let crossing = rule
                    .membrane
                    .crossing(self.potential, self.current, rule.threshold, due - self.time)
                    .map_or(f64::INFINITY, |age| self.time + age);
                if crossing <= due && crossing < rule.until {
                    if crossing >= limit {
                        return Ok(crossing);
                    }
                    self.cross(rule, neuron, crossing, emitted)?;
                    continue;
                }
                due
            };
            if next >= limit || next >= rule.until {
                return Ok(if next >= rule.until { f64::INFINITY } else { next });
            }
            let (count, sum) = arrivals.take(next);
            self.receive(rule, neuron, next, count, sum, emitted)?;
        }
    }

    /// V and I at a later time; only a release may still happen before it.
    pub(crate) fn rest_until(&mut self, rule: &Rule, time: f64, emitted: &mut [Emitted]) {
        if self.time < self.release && self.release <= time {
            self.set_free(rule, emitted);
        }
        self.move_to(&rule.membrane, time);
    }

    /// V and I at a later time.
    fn move_to(&mut self, membrane: &Membrane, time: f64) {
        if self.time > f64::NEG_INFINITY {
            let decay = membrane.decay(time - self.time);
            if self.time >= self.release {
                self.potential = decay.membrane * self.potential + decay.response * self.current;
            }
            self.current *= decay.synapse;
        }
        self.time = time;
    }

    fn receive(
        &mut self,
        rule: &Rule,
        neuron: usize,
        time: f64,
        count: usize,
        sum: f64,
        emitted: &mut Vec<Emitted>,
    ) -> Result<(), Storm> {
        let held = self.time < self.release;
        self.move_to(&rule.membrane, time);
        if !rule.membrane.is_delta() {
            self.current += sum;
        } else if !held {
            let before = self.potential;
            self.potential += sum;
            if self.potential >= rule.threshold {
                self.fire(rule, neuron, count as f64, before, emitted)?;
            }
        }
        Ok(())
    }

    /// A spike where V crosses the threshold.
    fn cross(
        &mut self,
        rule: &Rule,
        neuron: usize,
        time: f64,
        emitted: &mut Vec<Emitted>,
    ) -> Result<(), Storm> {
        self.move_to(&rule.membrane, time);
        self.potential = 0.0;
        let slope = rule.membrane.rate * self.current - rule.membrane.leak * rule.threshold;
        self.emit(rule, neuron, slope, 0.0, emitted)?;
        if rule.refractory == 0.0 {
            self.set_free(rule, emitted);
        }
        Ok(())
    }

    /// Spikes at an arrival or at the release (delta synapses), as many as the potential is worth; it was `before`.
    fn fire(
        &mut self,
        rule: &Rule,
        neuron: usize,
        count: f64,
        before: f64,
        emitted: &mut Vec<Emitted>,
    ) -> Result<(), Storm> {
        let (mut count, mut before) = (count, before);
        // At the release V stood still until now.
        if count == 0.0 {
            before = 0.0;
        }
        loop {
            let after =
                if rule.reset == Reset::BySubtraction { self.potential - rule.threshold } else { 0.0 };
            self.potential = after;
            self.emit(rule, neuron, count, after - before, emitted)?;
            if rule.refractory > 0.0 || after < rule.threshold {
                return Ok(());
            }
            (count, before) = (0.0, after);
        }
    }

    fn emit(
        &mut self,
        rule: &Rule,
        neuron: usize,
        slope: f64,
        rise: f64,
        emitted: &mut Vec<Emitted>,
    ) -> Result<(), Storm> {
        self.spikes += 1;
        if self.spikes > rule.most_spikes {
            return Err(Storm { neuron, time: self.time });
        }
        self.held = emitted.len();
        self.release = self.time + rule.refractory;
        emitted.push(Emitted { time: self.time, neuron: neuron as u32, slope, rise, left: self.potential });
        Ok(())
    }

    /// The end of the refractory period.
    fn set_free(&mut self, rule: &Rule, emitted: &mut [Emitted]) {
        if self.release > self.time {
            self.move_to(&rule.membrane, self.release);
        }
        if !rule.membrane.is_delta() {
            emitted[self.held].rise = rule.membrane.rate * self.current;
        }
    }
}
