//! Cores fed by a shared circular delay queue (SENECA with SCDQ).
//!
//! A spike enters the queue once and circulates, one visit per step, until its longest delay; at each of its delays it is
//! handed to the cores that hold its targets. Every step updates every neuron.

use std::collections::BTreeMap;

use crate::bill::{Bill, Group, MemoryLine, Term, common_obstacles};
use crate::census::Census;
use crate::mapping::{Core, Mapping, Room, pack};
use crate::profile::{Profile, Schema};
use crate::structure::{Population, Structure};
use crate::units::Dimension::{Bits, Energy, Memory, Number, Power, Time};

/// What a queue platform must say about its size.
pub const LIMITS: Schema = &[
    ("cores", Number),
    ("neurons_per_core", Number),
    ("data_memory_per_core", Memory),
    ("lanes_per_core", Number),
    ("state_bits", Bits),
    ("queue_entry_bits", Bits),
    ("queue_entries", Number),
    ("weight_bits", Bits),
    ("delay_shortest", Number),
    ("delay_longest", Number),
    ("tick_smallest", Time),
    ("tick_typical", Time),
];

/// What a queue platform must say about its costs.
pub const COSTS: Schema = &[
    ("arithmetic_energy", Energy),
    ("compare_energy", Energy),
    ("data_load_energy", Energy),
    ("data_store_energy", Energy),
    ("state_reuse", Number),
    ("event_capture_energy", Energy),
    ("event_generation_energy", Energy),
    ("controller_instructions", Number),
    ("controller_instruction_energy", Energy),
    ("controller_accesses", Number),
    ("controller_access_energy", Energy),
    ("packet_energy", Energy),
    ("queue_circulation_energy", Energy),
    ("static_power", Power),
    ("cycle_time", Time),
    ("cycles_per_synaptic_event", Number),
    ("queue_circulation_time", Time),
    ("step_synchronisation_time", Time),
];

/// Bits of a word of data memory.
const WORD_BITS: u32 = 16;

/// Operations of neuron updates: every state word is loaded, decayed, joined to the one before, stored; the last is
/// compared. Two words for a current-based neuron, one for a discrete LIF.
#[derive(Clone, Copy, Default)]
struct Updates {
    loads: f64,
    multiplications: f64,
    additions: f64,
    comparisons: f64,
    stores: f64,
}

impl Updates {
    /// Of so many neurons.
    fn of(neurons: f64, words: u32) -> Self {
        let states = neurons * f64::from(words);
        Self {
            loads: states,
            multiplications: states,
            additions: states - neurons,
            comparisons: neurons,
            stores: states,
        }
    }

    fn plus(self, more: Self) -> Self {
        Self {
            loads: self.loads + more.loads,
            multiplications: self.multiplications + more.multiplications,
            additions: self.additions + more.additions,
            comparisons: self.comparisons + more.comparisons,
            stores: self.stores + more.stores,
        }
    }

    fn cycles(&self) -> f64 {
        self.loads + self.multiplications + self.additions + self.comparisons + self.stores
    }
}

/// Prices one recording.
#[must_use]
pub fn bill(profile: &Profile, structure: &Structure, census: &Census) -> Bill {
    let mapping = map(profile, structure);
    let traffic = Traffic::of(profile, structure, census, &mapping);
    Bill {
        latency: latency_terms(&traffic),
        energy: energy_terms(structure, &traffic),
        memory: memory(profile, structure, census),
        cores: Some(mapping.cores.len() as u64),
        obstacles: obstacles(profile, structure, census, &mapping),
        assumptions: Vec::new(),
        unknown: Vec::new(),
        real_time: true,
    }
}

struct Traffic {
    steps: f64,
    deliveries: f64,
    updates: Updates,
    spikes: f64,
    circulations: f64,
    /// Spikes handed to a core.
    packets: f64,
    /// The same, at the core that receives most.
    packets_busiest: f64,
    /// Rounds of the lanes for synaptic events at the busiest core.
    synaptic_rounds: f64,
    /// Cycles of neuron updates at the busiest core.
    update_cycles: f64,
}

impl Traffic {
    fn of(profile: &Profile, structure: &Structure, census: &Census, mapping: &Mapping) -> Self {
        let lanes = profile.limit("lanes_per_core").unwrap_or(1.0).max(1.0);
        let mut received = vec![0.0; mapping.cores.len()];
        let mut rounds = vec![0.0; mapping.cores.len()];
        for (_, run) in census.handovers(structure) {
            let size = f64::from(structure.populations[run.target].size);
            for (core, (received, rounds)) in mapping.cores.iter().zip(received.iter_mut().zip(&mut rounds)) {
                for part in core.parts.iter().filter(|part| part.population == run.target) {
                    *received += 1.0;
                    *rounds += (f64::from(run.synapses) * f64::from(part.neurons) / size / lanes).ceil();
                }
            }
        }
        let cycles = |core: &Core| {
            // Lanes work on neurons of one rule at a time; populations of as many words share a round.
            let mut by_words: BTreeMap<u32, u64> = BTreeMap::new();
            for part in &core.parts {
                let words = structure.populations[part.population].state_words;
                *by_words.entry(words).or_default() += u64::from(part.neurons);
            }
            let rounds = |(words, neurons)| Updates::of((neurons as f64 / lanes).ceil(), words).cycles();
            by_words.into_iter().map(rounds).sum::<f64>()
        };
        let update_cycles = mapping.cores.iter().map(cycles);
        let steps = census.ticks as f64;
        let updates = structure
            .neuron_populations()
            .map(|(_, population)| Updates::of(steps * f64::from(population.size), population.state_words));
        Self {
            steps,
            deliveries: census.deliveries(structure).iter().sum::<u64>() as f64,
            updates: updates.fold(Updates::default(), Updates::plus),
            spikes: census.neuron_spikes(structure) as f64,
            circulations: census.circulations(structure) as f64,
            packets: received.iter().sum(),
            packets_busiest: largest(received.iter().copied()),
            synaptic_rounds: largest(rounds.iter().copied()),
            update_cycles: largest(update_cycles) * steps,
        }
    }
}

fn energy_terms(structure: &Structure, traffic: &Traffic) -> Vec<Term> {
    let weights_per_word = f64::from((WORD_BITS / structure.weight_bits.max(1)).max(1));
    let Traffic { deliveries, updates, packets, circulations, spikes, .. } = *traffic;
    let core = |label, count, constants| Term::times(Group::Core, label, count, constants);
    let delay = |label, count, constants| Term::times(Group::DelayMemory, label, count, constants);
    vec![
        core("weight loads", deliveries / weights_per_word, &["data_load_energy"]),
        core("additions of weights", deliveries, &["arithmetic_energy"]),
        core("state loads for synaptic events", deliveries, &["state_reuse", "data_load_energy"]),
        core("state stores for synaptic events", deliveries, &["state_reuse", "data_store_energy"]),
        core("state loads for updates", updates.loads, &["data_load_energy"]),
        core("arithmetic of updates", updates.multiplications + updates.additions, &["arithmetic_energy"]),
        core("threshold tests", updates.comparisons, &["compare_energy"]),
        core("state stores for updates", updates.stores, &["data_store_energy"]),
        core("spikes captured", spikes, &["event_capture_energy"]),
        core("spikes generated", spikes, &["event_generation_energy"]),
        core(
            "controller instructions",
            packets,
            &["controller_instructions", "controller_instruction_energy"],
        ),
        core("controller memory accesses", packets, &["controller_accesses", "controller_access_energy"]),
        Term::times(Group::Network, "spikes handed to cores", packets, &["packet_energy"]),
        delay("queue circulations", circulations, &["queue_circulation_energy"]),
        delay("delay comparisons", circulations, &["compare_energy"]),
        Term::power(Group::Static, "static power", &["static_power"]),
    ]
}

fn latency_terms(traffic: &Traffic) -> Vec<Term> {
    let core = |label, count, constants| Term::times(Group::Core, label, count, constants);
    vec![
        core(
            "synaptic events, busiest core",
            traffic.synaptic_rounds,
            &["cycles_per_synaptic_event", "cycle_time"],
        ),
        core("neuron updates, busiest core", traffic.update_cycles, &["cycle_time"]),
        core("controller, busiest core", traffic.packets_busiest, &["controller_instructions", "cycle_time"]),
        Term::times(
            Group::DelayMemory,
            "queue circulations",
            traffic.circulations,
            &["queue_circulation_time"],
        ),
        Term::times(Group::Network, "step synchronisation", traffic.steps, &["step_synchronisation_time"]),
    ]
}

fn map(profile: &Profile, structure: &Structure) -> Mapping {
    let room = Room {
        neurons: profile.count_limit("neurons_per_core"),
        bits: profile.count_limit("data_memory_per_core").map(|bytes| bytes * 8),
    };
    pack(structure, room, |population| neuron_bits(profile, structure, population))
}

fn neuron_bits(profile: &Profile, structure: &Structure, population: &Population) -> u64 {
    let weights = population.synapses.div_ceil(u64::from(population.size)) * u64::from(structure.weight_bits);
    weights + u64::from(population.state_words) * profile.count_limit("state_bits").unwrap_or(0)
}

fn memory(profile: &Profile, structure: &Structure, census: &Census) -> Vec<MemoryLine> {
    let bytes = |count: u64, bits: u64| (count * bits).div_ceil(8);
    let limit = |name| profile.count_limit(name).unwrap_or(0);
    vec![
        MemoryLine { label: "weights", bytes: bytes(structure.synapses(), u64::from(structure.weight_bits)) },
        MemoryLine { label: "states", bytes: bytes(structure.state_words(), limit("state_bits")) },
        MemoryLine {
            label: "delay queue at its fullest",
            bytes: bytes(census.queue_peak, limit("queue_entry_bits")),
        },
    ]
}

fn obstacles(profile: &Profile, structure: &Structure, census: &Census, mapping: &Mapping) -> Vec<String> {
    let mut obstacles = common_obstacles(profile, structure);
    if let Some(cores) = profile.count_limit("cores")
        && mapping.cores.len() as u64 > cores
    {
        obstacles.push(format!("it takes {} cores; {} has {cores}", mapping.cores.len(), profile.name));
    }
    if let Some(bytes) = profile.count_limit("data_memory_per_core")
        && let Some((_, population)) =
            structure.neuron_populations().find(|(_, p)| neuron_bits(profile, structure, p) > bytes * 8)
    {
        obstacles.push(format!(
            "a neuron of {:?} with its synapses takes {} bytes; the data memory of a core is {bytes} bytes",
            population.name,
            neuron_bits(profile, structure, population).div_ceil(8)
        ));
    }
    if let Some(entries) = profile.count_limit("queue_entries")
        && census.queue_peak > entries
    {
        obstacles.push(format!("{} spikes wait at once; the delay queue holds {entries}", census.queue_peak));
    }
    obstacles
}

fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, f64::max)
}
