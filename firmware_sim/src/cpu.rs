//! A processor that runs the event-driven engine: instructions per arrival, prediction and evaluation.

use crate::bill::{Bill, Group, MemoryLine, Term, common_obstacles};
use crate::census::Census;
use crate::profile::{Profile, Schema};
use crate::rule::Rule;
use crate::structure::Structure;
use crate::units::Dimension::{Bits, Energy, Memory, Number, Power, Time};

/// What a processor must say about its size.
pub const LIMITS: Schema = &[
    ("flash", Memory),
    ("memory", Memory),
    ("engine_code", Memory),
    ("stack", Memory),
    ("weight_bits", Bits),
];

/// What a processor must say about its costs.
pub const COSTS: Schema = &[
    ("arrival_instructions", Number),
    ("prediction_instructions", Number),
    ("evaluation_instructions", Number),
    ("table_lookup_instructions", Number),
    ("cycles_per_instruction", Number),
    ("cycle_time", Time),
    ("cycle_energy", Energy),
    ("sleep_power", Power),
];

/// Prices one recording.
#[must_use]
pub fn bill(profile: &Profile, structure: &Structure, census: &Census) -> Bill {
    Bill {
        latency: terms(
            census,
            [
                &["arrival_instructions", "cycles_per_instruction", "cycle_time"],
                &["prediction_instructions", "cycles_per_instruction", "cycle_time"],
                &["evaluation_instructions", "cycles_per_instruction", "cycle_time"],
                &["table_lookup_instructions", "cycles_per_instruction", "cycle_time"],
            ],
        ),
        energy: {
            let mut terms = terms(
                census,
                [
                    &["arrival_instructions", "cycles_per_instruction", "cycle_energy"],
                    &["prediction_instructions", "cycles_per_instruction", "cycle_energy"],
                    &["evaluation_instructions", "cycles_per_instruction", "cycle_energy"],
                    &["table_lookup_instructions", "cycles_per_instruction", "cycle_energy"],
                ],
            );
            terms.push(Term::power(Group::Static, "power in sleep", &["sleep_power"]));
            terms
        },
        memory: memory(profile, structure),
        cores: Some(1),
        obstacles: obstacles(profile, structure),
        assumptions: Vec::new(),
        unknown: unknown(structure, census),
        real_time: true,
    }
}

/// No instructions were counted of the clocked rules.
fn unknown(structure: &Structure, census: &Census) -> Vec<String> {
    if !structure.rules().into_iter().any(Rule::is_clocked) {
        return Vec::new();
    }
    let deliveries = census.deliveries(structure);
    let is_clocked = |at: usize| structure.populations[at].rule.is_some_and(Rule::is_clocked);
    let deliveries: u64 = (0..deliveries.len()).filter(|at| is_clocked(*at)).map(|at| deliveries[at]).sum();
    vec![format!(
        "The instructions of clocked neurons are not known and in no total: {} updates and {deliveries} deliveries of \
         the first recording.",
        census.clocked_updates
    )]
}

fn terms(census: &Census, constants: [&'static [&'static str]; 4]) -> Vec<Term> {
    let [arrivals, predictions, evaluations] =
        [census.arrivals, census.predictions, census.evaluations].map(|count| count as f64);
    let counts = [
        ("arrivals", arrivals),
        ("predictions", predictions),
        ("evaluations of a potential", evaluations),
        // Every arrival and every evaluation reads a pair of table entries.
        ("lookups in two-level tables", arrivals + evaluations),
    ];
    let term = |((label, count), constants)| Term::times(Group::Core, label, count, constants);
    counts.into_iter().zip(constants).map(term).collect()
}

fn memory(profile: &Profile, structure: &Structure) -> Vec<MemoryLine> {
    let limit = |name| profile.count_limit(name).unwrap_or(0);
    vec![
        MemoryLine { label: "engine code, in flash", bytes: limit("engine_code") },
        MemoryLine { label: "program, in flash", bytes: structure.program_bytes },
        MemoryLine { label: "states and delay queues, in RAM", bytes: structure.processor_bytes },
        MemoryLine { label: "stack, in RAM", bytes: limit("stack") },
    ]
}

fn obstacles(profile: &Profile, structure: &Structure) -> Vec<String> {
    let limit = |name| profile.count_limit(name).unwrap_or(0);
    let mut obstacles = common_obstacles(profile, structure);
    let flash = limit("engine_code") + structure.program_bytes;
    if let Some(available) = profile.count_limit("flash")
        && flash > available
    {
        obstacles.push(format!(
            "engine and program take {flash} bytes of flash; {} has {available}",
            profile.name
        ));
    }
    let memory = structure.processor_bytes + limit("stack");
    if let Some(available) = profile.count_limit("memory")
        && memory > available
    {
        obstacles.push(format!(
            "states, queues and stack take {memory} bytes of RAM; {} has {available}",
            profile.name
        ));
    }
    obstacles
}
