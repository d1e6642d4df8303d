//! Analog circuits in continuous time (BrainScaleS-2): E = P T, whatever the number of spikes.
//!
//! The circuits have time constants of their own, so the model runs faster by the ratio of its `tau_syn` to theirs. There is
//! no delay circuit: a delayed axon takes a pair of neuron circuits for every delay that it uses.

use crate::bill::{Bill, Group, MemoryLine, Term, common_obstacles};
use crate::census::Census;
use crate::profile::{Profile, Schema};
use crate::structure::{Population, Structure};
use crate::units::Dimension::{Bits, Memory, Number, Power, Time};

/// What an analog platform must say about its size.
pub const LIMITS: Schema = &[
    ("neuron_circuits", Number),
    ("inputs_per_circuit", Number),
    ("delay_elements", Number),
    ("circuits_per_delay_element", Number),
    ("delay_time_shortest", Time),
    ("delay_time_longest", Time),
    ("synapse_memory", Memory),
    ("weight_bits", Bits),
];

/// What an analog platform must say about its costs.
pub const COSTS: Schema =
    &[("chip_power", Power), ("host_power", Power), ("tau_syn", Time), ("time_per_model_second", Time)];

/// Prices one recording.
#[must_use]
pub fn bill(profile: &Profile, structure: &Structure, census: &Census) -> Bill {
    let seconds = census.ticks as f64 * structure.tick_seconds;
    let (latency, scaling) = match structure.tau_syn_seconds {
        Some(tau_syn) => (
            Term::times(Group::Core, "model time in units of tau_syn", seconds / tau_syn, &["tau_syn"]),
            format!(
                "Its circuits run with a tau_syn of {:.1} us for the model's {:.3} ms: everything is {:.0} times faster \
                 than the model.",
                microseconds(profile, "tau_syn"),
                tau_syn * 1e3,
                1.0 / time_scale(profile, structure)
            ),
        ),
        None => (
            Term::times(Group::Core, "model seconds", seconds, &["time_per_model_second"]),
            format!(
                "The model has no single tau_syn to scale by: everything is taken to be {:.0} times faster than the model.",
                1.0 / time_scale(profile, structure)
            ),
        ),
    };
    Bill {
        latency: vec![latency],
        energy: vec![
            Term::power(Group::Static, "power of the chip, idle or active", &["chip_power"]),
            Term::power(Group::Host, "controller and host", &["host_power"]),
        ],
        memory: vec![MemoryLine {
            label: "weights",
            bytes: (structure.synapses() * u64::from(structure.weight_bits)).div_ceil(8),
        }],
        cores: None,
        obstacles: obstacles(profile, structure),
        assumptions: vec![scaling],
        unknown: Vec::new(),
        real_time: false,
    }
}

/// Hardware seconds per model second.
fn time_scale(profile: &Profile, structure: &Structure) -> f64 {
    let nominal = |name| profile.cost(name).map_or(f64::NAN, |cost| cost.nominal);
    structure
        .tau_syn_seconds
        .map_or_else(|| nominal("time_per_model_second"), |tau_syn| nominal("tau_syn") / tau_syn)
}

fn microseconds(profile: &Profile, cost: &str) -> f64 {
    profile.cost(cost).map_or(f64::NAN, |cost| cost.nominal * 1e6)
}

/// Neuron circuits of a population: several are joined where one has not enough inputs.
fn circuits(profile: &Profile, population: &Population) -> u64 {
    let inputs = profile.count_limit("inputs_per_circuit").unwrap_or(u64::MAX);
    u64::from(population.size) * u64::from(population.fan_in).div_ceil(inputs).max(1)
}

fn obstacles(profile: &Profile, structure: &Structure) -> Vec<String> {
    let name = &profile.name;
    let mut obstacles = common_obstacles(profile, structure);
    let elements = structure.delayed_levels();
    if let Some(limit) = profile.count_limit("delay_elements")
        && elements > limit
    {
        obstacles.push(format!(
            "it has {elements} distinct pairs of an axon and a delay; {name} has {limit} delay elements, each makes one"
        ));
    }
    let neurons: u64 =
        structure.neuron_populations().map(|(_, population)| circuits(profile, population)).sum();
    let per_element = profile.count_limit("circuits_per_delay_element").unwrap_or(0);
    let total = neurons + per_element * elements;
    if let Some(limit) = profile.count_limit("neuron_circuits")
        && total > limit
    {
        obstacles.push(format!(
            "it needs {total} neuron circuits, {neurons} for neurons and {} for delays; {name} has {limit}",
            total - neurons
        ));
    }
    let shortest = profile.limit("delay_time_shortest").unwrap_or(0.0);
    let tick = structure.tick_seconds * time_scale(profile, structure);
    let span = f64::from(structure.longest_delay() - structure.shortest_delay()) * tick;
    if let Some(longest) = profile.limit("delay_time_longest")
        && elements > 0
        && span > longest - shortest
    {
        obstacles.push(format!(
            "its delays span {:.1} us in hardware time; the delay elements of {name} span {:.1} us",
            span * 1e6,
            (longest - shortest) * 1e6
        ));
    }
    obstacles
}
