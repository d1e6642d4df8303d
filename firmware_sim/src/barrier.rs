//! Cores that work through a step by themselves and then wait for each other (Loihi).
//!
//! Every step updates every neuron; a synaptic event writes the ring of delayed input of its target, a neuron update reads
//! it. A run takes what its busiest core takes, plus a barrier per step.

use std::collections::BTreeMap;

use crate::bill::{Bill, Count, Group, MemoryLine, Term, common_obstacles};
use crate::census::Census;
use crate::mapping::{Core, Mapping, Room, pack};
use crate::profile::{Profile, Schema};
use crate::structure::{Population, Structure};
use crate::units::Dimension::{Bits, Energy, Memory, Number, Power, Time};

/// What a barrier platform must say about its size.
pub const LIMITS: Schema = &[
    ("cores", Number),
    ("cores_per_tile", Number),
    ("mesh_columns", Number),
    ("neurons_per_core", Number),
    ("neurons_per_core_at_longest_delay", Number),
    ("synapse_memory_per_core", Memory),
    ("synapse_index_bits", Bits),
    ("delay_field_bits", Bits),
    ("axons_in_per_core", Number),
    ("axons_out_per_core", Number),
    ("weight_bits", Bits),
    ("delay_shortest", Number),
    ("delay_longest", Number),
    ("tick_smallest", Time),
    ("tick_typical", Time),
];

/// What a barrier platform must say about its costs.
pub const COSTS: Schema = &[
    ("synaptic_event_energy", Energy),
    ("inactive_update_energy", Energy),
    ("active_update_energy", Energy),
    ("spike_energy", Energy),
    ("packet_energy", Energy),
    ("hop_east_west_energy", Energy),
    ("hop_north_south_energy", Energy),
    ("ring_write_energy", Energy),
    ("ring_read_energy", Energy),
    ("barrier_energy", Energy),
    ("state_reset_energy", Energy),
    ("static_power", Power),
    ("host_power", Power),
    ("synaptic_event_time", Time),
    ("inactive_update_time", Time),
    ("active_update_time", Time),
    ("spike_time", Time),
    ("packet_out_time", Time),
    ("packet_in_time", Time),
    ("barrier_time", Time),
    ("barrier_time_per_doubling", Time),
];

/// Prices one recording with the neurons packed core by core.
#[must_use]
pub fn bill(profile: &Profile, structure: &Structure, census: &Census) -> Bill {
    bill_mapped(profile, structure, census, &map(profile, structure))
}

/// Prices one recording on given cores.
#[must_use]
pub fn bill_mapped(profile: &Profile, structure: &Structure, census: &Census, mapping: &Mapping) -> Bill {
    let traffic = Traffic::of(structure, census, mapping);
    let busiest = mapping.cores.iter().map(|core| latency_terms(structure, &traffic, core));
    let busiest = busiest.max_by(|a, b| seconds(profile, a).total_cmp(&seconds(profile, b)));
    let mut latency = busiest.unwrap_or_default();
    let mesh = Mesh::of(profile, mapping);
    latency.push(Term::times(Group::Network, "barriers", traffic.steps, &["barrier_time"]));
    latency.push(Term::times(
        Group::Network,
        "barriers across tiles",
        traffic.steps * mesh.tiles.log2(),
        &["barrier_time_per_doubling"],
    ));
    let neurons_with_longest_delays = profile.limits.get("neurons_per_core_at_longest_delay");
    let unknown =
        neurons_with_longest_delays.filter(|limit| limit.value.is_none() && structure.longest_delay() > 8);
    Bill {
        latency,
        energy: energy_terms(&traffic, mapping, mesh),
        memory: memory(profile, structure, mapping),
        cores: Some(mapping.cores.len() as u64),
        obstacles: obstacles(profile, structure, mapping),
        assumptions: Vec::new(),
        unknown: unknown.map(|limit| limit.note.clone()).into_iter().collect(),
        real_time: true,
    }
}

/// Bits of synapse memory that one synapse takes.
fn synapse_bits(profile: &Profile, structure: &Structure) -> u64 {
    let delay_bits =
        if structure.longest_delay() > 1 { profile.count_limit("delay_field_bits") } else { None };
    u64::from(structure.weight_bits)
        + delay_bits.unwrap_or(0)
        + profile.count_limit("synapse_index_bits").unwrap_or(0)
}

fn map(profile: &Profile, structure: &Structure) -> Mapping {
    let bits = synapse_bits(profile, structure);
    let room = Room {
        neurons: profile.count_limit("neurons_per_core"),
        bits: profile.count_limit("synapse_memory_per_core").map(|bytes| bytes * 8),
    };
    pack(structure, room, |population| neuron_bits(population, bits))
}

fn neuron_bits(population: &Population, synapse_bits: u64) -> u64 {
    population.synapses.div_ceil(u64::from(population.size)) * synapse_bits
}

/// Operations of one recording under the barrier.
struct Traffic {
    steps: f64,
    /// Per population.
    loads: Vec<Load>,
    /// All packets, those of the inputs included.
    packets: f64,
}

/// What one population has to do.
#[derive(Clone, Default)]
struct Load {
    /// Synaptic events.
    deliveries: f64,
    /// Neuron updates that find no input.
    inactive: f64,
    /// Neuron updates that do.
    active: f64,
    /// Spikes of its neurons.
    spikes: f64,
    /// Packets that they become, one per core that they reach.
    packets_out: f64,
    /// Spikes that reach a core that holds it.
    packets_in: f64,
}

impl Traffic {
    fn of(structure: &Structure, census: &Census, mapping: &Mapping) -> Self {
        let mut loads = vec![Load::default(); structure.populations.len()];
        let mut packets = 0.0;
        let mut cores_of = BTreeMap::new();
        for spike in &census.spikes {
            let population = &structure.populations[spike.population];
            let targets = population.axons[spike.index as usize].targets();
            for target in &targets {
                loads[*target].packets_in += 1.0;
            }
            let cores =
                *cores_of.entry(targets).or_insert_with_key(|targets| mapping.cores_of(targets) as f64);
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
        Self { steps: census.ticks as f64, loads, packets }
    }

    fn sum(&self, count: impl Fn(&Load) -> f64) -> f64 {
        self.loads.iter().map(count).sum()
    }
}

/// What keeps one core busy.
fn latency_terms(structure: &Structure, traffic: &Traffic, core: &Core) -> Vec<Term> {
    let share =
        |count: fn(&Load) -> f64| core.share(structure, |population| count(&traffic.loads[population]));
    // A packet reaches the whole core: it is not divided among the neurons of a population.
    let packets_in = core.parts.iter().map(|part| traffic.loads[part.population].packets_in).sum();
    let core = |label, count, constants| Term::times(Group::Core, label, count, constants);
    let network = |label, count, constants| Term::times(Group::Network, label, count, constants);
    vec![
        core("synaptic events, busiest core", share(|load| load.deliveries), &["synaptic_event_time"]),
        core("updates without input, busiest core", share(|load| load.inactive), &["inactive_update_time"]),
        core("updates with input, busiest core", share(|load| load.active), &["active_update_time"]),
        core("spikes, busiest core", share(|load| load.spikes), &["spike_time"]),
        network("packets sent, busiest core", share(|load| load.packets_out), &["packet_out_time"]),
        network("packets received, busiest core", packets_in, &["packet_in_time"]),
    ]
}

fn seconds(profile: &Profile, terms: &[Term]) -> f64 {
    let seconds = |term: &Term| {
        let Count::Times(count) = term.count else {
            return 0.0;
        };
        let cost = |name: &&str| profile.cost(name).map_or(0.0, |cost| cost.nominal);
        count * term.constants.iter().map(cost).product::<f64>()
    };
    terms.iter().map(seconds).sum()
}

fn energy_terms(traffic: &Traffic, mapping: &Mapping, mesh: Mesh) -> Vec<Term> {
    let [deliveries, inactive, active, spikes] = [
        traffic.sum(|load| load.deliveries),
        traffic.sum(|load| load.inactive),
        traffic.sum(|load| load.active),
        traffic.sum(|load| load.spikes),
    ];
    let core = |label, count, constants| Term::times(Group::Core, label, count, constants);
    let network = |label, count, constants| Term::times(Group::Network, label, count, constants);
    let delay = |label, count, constants| Term::times(Group::DelayMemory, label, count, constants);
    vec![
        core("synaptic events", deliveries, &["synaptic_event_energy"]),
        core("updates without input", inactive, &["inactive_update_energy"]),
        core("updates with input", active, &["active_update_energy"]),
        core("spikes", spikes, &["spike_energy"]),
        core("state resets, one per core", mapping.cores.len() as f64, &["state_reset_energy"]),
        network("packets", traffic.packets, &["packet_energy"]),
        network(
            "hops east and west",
            traffic.packets * mean_distance(mesh.columns),
            &["hop_east_west_energy"],
        ),
        network(
            "hops north and south",
            traffic.packets * mean_distance(mesh.rows),
            &["hop_north_south_energy"],
        ),
        network("barriers", traffic.steps, &["barrier_energy"]),
        delay("ring writes", deliveries, &["ring_write_energy"]),
        delay("ring reads", inactive + active, &["ring_read_energy"]),
        Term::power(Group::Static, "static power of the chip", &["static_power"]),
        Term::power(Group::Host, "processors on the chip", &["host_power"]),
    ]
}

/// The rectangle of tiles in use.
#[derive(Clone, Copy)]
struct Mesh {
    tiles: f64,
    columns: f64,
    rows: f64,
}

impl Mesh {
    fn of(profile: &Profile, mapping: &Mapping) -> Self {
        let per_tile = profile.limit("cores_per_tile").unwrap_or(1.0).max(1.0);
        let tiles = (mapping.cores.len() as f64 / per_tile).ceil().max(1.0);
        let columns = tiles.sqrt().ceil().min(profile.limit("mesh_columns").unwrap_or(tiles).max(1.0));
        Self { tiles, columns, rows: (tiles / columns).ceil() }
    }
}

/// Mean distance between two places of a line of n, both uniform and independent.
fn mean_distance(n: f64) -> f64 {
    (n * n - 1.0) / (3.0 * n)
}

fn memory(profile: &Profile, structure: &Structure, mapping: &Mapping) -> Vec<MemoryLine> {
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

fn obstacles(profile: &Profile, structure: &Structure, mapping: &Mapping) -> Vec<String> {
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
