//! Cores that work through a step by themselves and then wait for each other (Loihi).
//!
//! Every step updates every neuron; a synaptic event writes the ring of delayed input of its target, a neuron update reads
//! it. A run takes what its busiest core takes, plus a barrier per step.

mod fit;
mod traffic;

use crate::bill::{Bill, Count, Group, Term};
use crate::census::Census;
use crate::mapping::{Core, Mapping};
use crate::profile::{Profile, Schema};
use crate::structure::Structure;
use crate::units::Dimension::{Bits, Energy, Memory, Number, Power, Time};
use fit::{map, memory, obstacles};
use traffic::{Load, Traffic};

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
    ("delay_guaranteed", Number),
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
    let unknown = profile.limits.get("neurons_per_core_at_longest_delay").filter(|limit| {
        let guaranteed = profile.count_limit("delay_guaranteed").unwrap_or(0);
        limit.value.is_none() && u64::from(structure.longest_delay()) > guaranteed
    });
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

/// What keeps one core busy.
fn latency_terms(structure: &Structure, traffic: &Traffic, core: &Core) -> Vec<Term> {
    let share =
        |count: fn(&Load) -> f64| core.share(structure, |population| count(&traffic.loads[population]));
    let packets_in = traffic.packets_to(core);
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
