//! What one recording made the network do.
//!
//! Spikes and the work of the engine are counted; steps, ring accesses and queue circulations follow from the
//! spikes and the delays of the structure.

use serde::Serialize;

use crate::structure::{Run, Structure};

/// Counts of one recording, up to and including the tick of the decision.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Census {
    /// Ticks until the decision is known, its own tick included: what a clocked platform has to step through.
    pub ticks: u64,
    /// Spikes of inputs and neurons until then.
    pub spikes: Vec<Spike>,
    /// Per population: neuron updates that found a non-zero input.
    pub touched: Vec<u64>,
    /// Updates of clocked neurons that the engine did.
    pub clocked_updates: u64,
    /// Arrivals that the event-driven engine applied.
    pub arrivals: u64,
    /// Threshold crossings that it predicted.
    pub predictions: u64,
    /// Evaluations of a potential that it took for that.
    pub evaluations: u64,
    /// Most spikes held in the delay queues at once.
    pub queue_peak: u64,
}

/// One spike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Spike {
    /// When.
    pub tick: u64,
    /// Index of the population.
    pub population: usize,
    /// Which of its neurons or channels.
    pub index: u32,
}

impl Census {
    /// Every group of synapses served until the decision, with the spike that it serves.
    pub fn handovers<'a>(&'a self, structure: &'a Structure) -> impl Iterator<Item = (&'a Spike, &'a Run)> {
        self.spikes.iter().flat_map(move |spike| {
            let runs = &structure.populations[spike.population].axons[spike.index as usize].runs;
            let due = runs.iter().take_while(move |run| spike.tick + u64::from(run.delay) < self.ticks);
            due.map(move |run| (spike, run))
        })
    }

    /// Synapses served until the decision, per target population.
    #[must_use]
    pub fn deliveries(&self, structure: &Structure) -> Vec<u64> {
        let mut deliveries = vec![0; structure.populations.len()];
        for (_, run) in self.handovers(structure) {
            deliveries[run.target] += u64::from(run.synapses);
        }
        deliveries
    }

    /// Spikes of neurons, inputs not counted.
    #[must_use]
    pub fn neuron_spikes(&self, structure: &Structure) -> u64 {
        self.spikes.iter().filter(|spike| !structure.populations[spike.population].input).count() as u64
    }

    /// Visits to the shared circular delay queue: a spike enters once and is seen in every step until its longest delay.
    #[must_use]
    pub fn circulations(&self, structure: &Structure) -> u64 {
        let visits = self.spikes.iter().filter_map(|spike| {
            let axon = &structure.populations[spike.population].axons[spike.index as usize];
            let left = self.ticks.saturating_sub(spike.tick + 1);
            axon.longest_delay().map(|longest| u64::from(longest).min(left) + 1)
        });
        visits.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::{Census, Spike};
    use crate::rule::Rule;
    use crate::structure::{Axon, Population, Run, Structure};

    #[test]
    fn traffic_follows_from_spikes_and_delays() {
        let run = |delay, synapses| Run { delay, target: 1, synapses };
        let population = |name: &str, input, axons| Population {
            name: name.to_owned(),
            size: 1,
            input,
            rule: (!input).then_some(Rule::Event),
            state_words: 2,
            synapses: 0,
            fan_in: 0,
            queue_capacity: 4,
            axons,
        };
        let structure = Structure {
            populations: vec![
                population("input", true, vec![Axon { runs: vec![run(0, 2), run(3, 5), run(9, 1)] }]),
                population("output", false, vec![Axon::default()]),
            ],
            tick_seconds: 1e-3,
            tau_syn_seconds: None,
            weight_bits: 8,
            program_bytes: 0,
            processor_bytes: 0,
        };
        let spikes = [(0, 0), (2, 0), (4, 1)].map(|(tick, population)| Spike { tick, population, index: 0 });
        let census = Census { ticks: 5, spikes: spikes.to_vec(), ..Census::default() };
        // The spike of tick 0 hands over delays 0 and 3, the one of tick 2 only delay 0: ticks 5 and 11 are too late.
        assert_eq!(census.deliveries(&structure), [0, 2 + 5 + 2]);
        // Ticks 0..=4 see the first spike (its longest delay, 9, is cut off), ticks 2..=4 the second.
        assert_eq!(census.circulations(&structure), 5 + 3);
        assert_eq!(census.neuron_spikes(&structure), 1);
        assert_eq!(
            (structure.shortest_delay(), structure.longest_delay(), structure.delayed_levels()),
            (0, 9, 2)
        );
    }
}
