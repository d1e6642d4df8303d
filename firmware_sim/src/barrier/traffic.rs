//! What the populations of a network do under a barrier.

use std::collections::BTreeMap;

use crate::census::Census;
use crate::mapping::{Core, Mapping};
use crate::structure::Structure;

/// Operations of one recording under the barrier.
pub(super) struct Traffic {
    /// Steps until the decision.
    pub(super) steps: f64,
    /// Per population.
    pub(super) loads: Vec<Load>,
    /// All packets, those of the inputs included.
    pub(super) packets: f64,
    /// Spikes by the set of populations that they reach.
    spikes_to: Vec<(Vec<usize>, f64)>,
}

/// What one population has to do.
#[derive(Clone, Default)]
pub(super) struct Load {
    /// Synaptic events.
    pub(super) deliveries: f64,
    /// Neuron updates that find no input.
    pub(super) inactive: f64,
    /// Neuron updates that do.
    pub(super) active: f64,
    /// Spikes of its neurons.
    pub(super) spikes: f64,
    /// Packets that they become, one per core that they reach.
    pub(super) packets_out: f64,
}

impl Traffic {
    pub(super) fn of(structure: &Structure, census: &Census, mapping: &Mapping) -> Self {
        let mut loads = vec![Load::default(); structure.populations.len()];
        let mut packets = 0.0;
        let mut destinations = BTreeMap::new();
        for spike in &census.spikes {
            let population = &structure.populations[spike.population];
            let targets = population.axons[spike.index as usize].targets();
            let (cores, spikes) = destinations
                .entry(targets)
                .or_insert_with_key(|targets| (mapping.cores_of(targets) as f64, 0.0));
            *spikes += 1.0;
            let cores = *cores;
            packets += cores;
            if !population.input {
                loads[spike.population].spikes += 1.0;
                loads[spike.population].packets_out += cores;
            }
        }
        let deliveries = census.deliveries(structure);
        for (index, population) in structure.neuron_populations() {
            let updates = census.ticks * u64::from(population.size);
            let active = census.touched[index].min(updates);
            let load = &mut loads[index];
            load.deliveries = deliveries[index] as f64;
            load.active = active as f64;
            load.inactive = (updates - active) as f64;
        }
        let spikes_to = destinations.into_iter().map(|(targets, (_, spikes))| (targets, spikes)).collect();
        Self { steps: census.ticks as f64, loads, packets, spikes_to }
    }

    /// Spikes that reach a core: one packet each, however many of its populations they are for.
    pub(super) fn packets_to(&self, core: &Core) -> f64 {
        let here = |targets: &[usize]| core.parts.iter().any(|part| targets.contains(&part.population));
        self.spikes_to.iter().filter(|(targets, _)| here(targets)).map(|(_, spikes)| spikes).sum()
    }

    /// A count over all populations.
    pub(super) fn sum(&self, count: impl Fn(&Load) -> f64) -> f64 {
        self.loads.iter().map(count).sum()
    }
}
