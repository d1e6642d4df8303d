//! From the bytes of a program to its structure.

use std::collections::BTreeMap;

use serde::Deserialize;
use tarry_core::{Constants, Kind, Program, Projection};

use crate::rule::Rule;
use crate::structure::{Axon, Population, Run, Structure};

/// What a program is made of.
#[must_use]
pub fn structure(program: &Program<&[u8]>) -> Structure {
    let kinds: Vec<tarry_core::Population> =
        (0..program.populations()).filter_map(|index| program.population(index)).collect();
    let projections: Vec<Projection> = program.projections().collect();
    let population_of = population_of(&kinds);
    let axons: Vec<Vec<Axon>> = kinds
        .iter()
        .enumerate()
        .map(|(index, kind)| {
            let from = |unit| axon(program, &kinds, (index, unit), &projections, &population_of);
            (0..kind.size).map(from).collect()
        })
        .collect();
    let fan_ins = fan_ins(program, &kinds, &projections, &population_of);
    let names = names(program.notes());
    let populations =
        kinds.iter().zip(axons).zip(&fan_ins).enumerate().map(|(index, ((kind, axons), fan_in))| {
            Population {
                name: names.get(index).cloned().unwrap_or_else(|| format!("population {index}")),
                size: kind.size,
                input: kind.kind == Kind::Input,
                rule: rule(kind.kind),
                state_words: kind.updated_words(),
                synapses: fan_in.iter().copied().map(u64::from).sum(),
                fan_in: fan_in.iter().copied().max().unwrap_or(0),
                queue_capacity: kind.capacity().into(),
                axons,
            }
        });
    Structure {
        populations: populations.collect(),
        tick_seconds: f64::from_bits(program.tick_seconds_bits()),
        tau_syn_seconds: tau_syn_seconds(program, &kinds),
        weight_bits: program.weight_bits().into(),
        program_bytes: program.bytes().len() as u64,
        processor_bytes: program.plan().bytes() as u64,
    }
}

/// The rule of a kind of neurons; inputs have none.
#[must_use]
pub const fn rule(kind: Kind) -> Option<Rule> {
    match kind {
        Kind::Input => None,
        Kind::Lif => Some(Rule::Event),
        Kind::Delta => Some(Rule::Delta),
        Kind::Loihi => Some(Rule::Loihi),
        Kind::Shift => Some(Rule::Shift),
    }
}

/// The names of the populations, if the compiler left them in its notes.
fn names(notes: &str) -> Vec<String> {
    #[derive(Deserialize)]
    struct Notes {
        names: Vec<String>,
    }
    serde_json::from_str(notes).map_or_else(|_| Vec::new(), |notes: Notes| notes.names)
}

/// By event-driven neuron, the population that it belongs to.
fn population_of(kinds: &[tarry_core::Population]) -> Vec<usize> {
    let members = kinds.iter().enumerate().filter(|(_, kind)| kind.kind == Kind::Lif);
    members.flat_map(|(index, kind)| std::iter::repeat_n(index, kind.size as usize)).collect()
}

/// By population and neuron, the synapses that end there; none for inputs.
fn fan_ins(
    program: &Program<&[u8]>,
    kinds: &[tarry_core::Population],
    projections: &[Projection],
    population_of: &[usize],
) -> Vec<Vec<u32>> {
    let neurons =
        |kind: &tarry_core::Population| if kind.kind == Kind::Input { 0 } else { kind.size as usize };
    let mut fan_ins: Vec<Vec<u32>> = kinds.iter().map(|kind| vec![0; neurons(kind)]).collect();
    for (target, _) in (0..program.synapses()).filter_map(|synapse| program.synapse(synapse)) {
        let population = population_of[target as usize];
        fan_ins[population][(target - kinds[population].first_neuron) as usize] += 1;
    }
    for projection in projections {
        let fan_in = &mut fan_ins[usize::from(projection.target)];
        for source in 0..projection.sources() {
            for synapse in program.projection_synapses(projection, source) {
                fan_in[synapse.target as usize] += 1;
            }
        }
    }
    fan_ins
}

/// Where the spikes of one neuron of a population go: its synapses by delay and target population.
fn axon(
    program: &Program<&[u8]>,
    kinds: &[tarry_core::Population],
    (population, unit): (usize, u32),
    projections: &[Projection],
    population_of: &[usize],
) -> Axon {
    let mut runs: BTreeMap<(u32, usize), u32> = BTreeMap::new();
    let global = (kinds[population].first_unit + unit) as usize;
    for (run, length) in program.runs(global).zip(program.run_lengths(global)) {
        for (target, _) in (run.first_synapse..run.first_synapse + length)
            .filter_map(|synapse| program.synapse(synapse as usize))
        {
            *runs.entry((run.delay, population_of[target as usize])).or_default() += 1;
        }
    }
    for projection in projections.iter().filter(|projection| usize::from(projection.source) == population) {
        for synapse in program.projection_synapses(projection, unit) {
            *runs.entry((synapse.delay, projection.target.into())).or_default() += 1;
        }
    }
    let run = |((delay, target), synapses)| Run { delay, target, synapses };
    Axon { runs: runs.into_iter().map(run).collect() }
}

/// The synaptic time constant that all event-driven neurons share, from the decay tables: exp(-n tick / tau) after n
/// ticks. Clocked neurons have none that would not be a rounding of their rule.
fn tau_syn_seconds(program: &Program<&[u8]>, kinds: &[tarry_core::Population]) -> Option<f64> {
    if kinds.iter().any(|kind| kind.kind.is_clocked()) {
        return None;
    }
    let tick = f64::from_bits(program.tick_seconds_bits());
    let tau = |index: usize| {
        let decay = |ticks| {
            let (membrane, synapse) = program.decay(index, ticks)?;
            // Equal constants: the synapse decays like the membrane, and its table holds something else.
            Some(if kinds[index].constants() == Constants::Equal { membrane } else { synapse })
        };
        // A quarter is far enough down for a good quotient and far enough up for all digits.
        let ticks = (0..30)
            .map(|power| 1_u64 << power)
            .take_while(|ticks| decay(*ticks).is_some_and(|d| d >= 1 << 28));
        let ticks = ticks.last()?;
        Some(-(ticks as f64) * tick / (decay(ticks)? as f64 / f64::from(1 << 30)).ln())
    };
    let neurons = (0..kinds.len()).filter(|index| kinds[*index].kind == Kind::Lif);
    let taus: Vec<f64> = neurons.map(tau).collect::<Option<_>>()?;
    let first = *taus.first()?;
    taus.iter().all(|tau| (tau / first - 1.0).abs() < 1e-6).then_some(first)
}
