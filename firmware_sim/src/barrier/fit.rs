//! What of a network a barrier platform can hold: synapse memory, cores, axons.

use std::collections::BTreeMap;

use crate::bill::{MemoryLine, common_obstacles};
use crate::mapping::{Core, Mapping, Room, pack};
use crate::profile::Profile;
use crate::structure::{Population, Structure};

/// The neurons on cores, by number and by the memory of their synapses.
pub(super) fn map(profile: &Profile, structure: &Structure) -> Mapping {
    let bits = synapse_bits(profile, structure);
    let room = Room {
        neurons: profile.count_limit("neurons_per_core"),
        bits: profile.count_limit("synapse_memory_per_core").map(|bytes| bytes * 8),
    };
    pack(structure, room, |population| neuron_bits(population, bits))
}

/// Bytes of synapse memory, used and set aside.
pub(super) fn memory(profile: &Profile, structure: &Structure, mapping: &Mapping) -> Vec<MemoryLine> {
    let bits = structure.synapses() * synapse_bits(profile, structure);
    let reserved = profile.count_limit("synapse_memory_per_core").unwrap_or(0) * mapping.cores.len() as u64;
    let used = bits.div_ceil(8);
    vec![
        MemoryLine { label: "synapses", bytes: used },
        MemoryLine {
            label: "synapse memory of the cores in use, left empty",
            bytes: reserved.saturating_sub(used),
        },
    ]
}

/// One sentence for each thing that does not fit.
pub(super) fn obstacles(profile: &Profile, structure: &Structure, mapping: &Mapping) -> Vec<String> {
    let name = &profile.name;
    let mut obstacles = common_obstacles(profile, structure);
    if let Some(cores) = profile.count_limit("cores")
        && mapping.cores.len() as u64 > cores
    {
        obstacles.push(format!("it takes {} cores; {name} has {cores}", mapping.cores.len()));
    }
    let bits = synapse_bits(profile, structure);
    if let Some(bytes) = profile.count_limit("synapse_memory_per_core") {
        let too_large = |population: &&Population| neuron_bits(population, bits) > bytes * 8;
        if let Some((_, population)) = structure.neuron_populations().find(|(_, p)| too_large(p)) {
            obstacles.push(format!(
                "a neuron of {:?} has {} synapses of {bits} bits; the synapse memory of a core is {bytes} bytes",
                population.name,
                population.synapses / u64::from(population.size)
            ));
        }
    }
    let reach: Vec<Reach> = structure.populations.iter().map(Reach::of).collect();
    if let Some(limit) = profile.count_limit("axons_in_per_core") {
        let most = mapping.cores.iter().map(|core| axons_in(&reach, core)).max().unwrap_or(0);
        if most > limit {
            obstacles.push(format!("a core would have to listen to {most} axons; {name} allows {limit}"));
        }
    }
    if let Some(limit) = profile.count_limit("axons_out_per_core") {
        let sent: Vec<u64> = reach.iter().map(|reach| reach.packets(mapping)).collect();
        let sent = |core: &Core| core.share(structure, |population| sent[population] as f64).ceil() as u64;
        let most = mapping.cores.iter().map(sent).max().unwrap_or(0);
        if most > limit {
            obstacles.push(format!("a core would have to send {most} axons; {name} allows {limit}"));
        }
    }
    obstacles
}

/// How many axons of a population reach which set of populations.
struct Reach(BTreeMap<Vec<usize>, u64>);

impl Reach {
    fn of(population: &Population) -> Self {
        let mut axons = BTreeMap::new();
        for axon in &population.axons {
            *axons.entry(axon.targets()).or_default() += 1;
        }
        Self(axons)
    }

    /// Its axons, each counted once per core that it reaches.
    fn packets(&self, mapping: &Mapping) -> u64 {
        self.0.iter().map(|(targets, axons)| axons * mapping.cores_of(targets)).sum()
    }
}

/// Axons with a synapse on any population of this core.
fn axons_in(reach: &[Reach], core: &Core) -> u64 {
    let here = |targets: &[usize]| core.parts.iter().any(|part| targets.contains(&part.population));
    reach.iter().flat_map(|reach| &reach.0).filter(|(targets, _)| here(targets)).map(|(_, axons)| axons).sum()
}

/// Bits of synapse memory that one synapse takes.
fn synapse_bits(profile: &Profile, structure: &Structure) -> u64 {
    let delay_bits =
        if structure.longest_delay() > 1 { profile.count_limit("delay_field_bits") } else { None };
    u64::from(structure.weight_bits)
        + delay_bits.unwrap_or(0)
        + profile.count_limit("synapse_index_bits").unwrap_or(0)
}

fn neuron_bits(population: &Population, synapse_bits: u64) -> u64 {
    population.synapses.div_ceil(u64::from(population.size)) * synapse_bits
}
