//! From the bytes of a program to its structure.

use serde::Deserialize;
use tarry_core::{Constants, Kind, Program};

use crate::structure::{Axon, Population, Run, Structure};

/// What a program is made of.
#[must_use]
pub fn structure(program: &Program<&[u8]>) -> Structure {
    let kinds: Vec<tarry_core::Population> =
        (0..program.populations()).filter_map(|index| program.population(index)).collect();
    let neurons: usize =
        kinds.iter().filter(|kind| kind.kind == Kind::Lif).map(|kind| kind.size as usize).sum();
    // By neuron: the population that it belongs to, and the synapses that end at it.
    let mut population_of = vec![0; neurons];
    let mut fan_in = vec![0_u32; neurons];
    for (index, kind) in kinds.iter().enumerate().filter(|(_, kind)| kind.kind == Kind::Lif) {
        population_of[kind.first_neuron as usize..][..kind.size as usize].fill(index);
    }
    for target in
        (0..program.synapses()).filter_map(|synapse| program.synapse(synapse)).map(|(target, _)| target)
    {
        fan_in[target as usize] += 1;
    }
    let names = names(program.notes());
    let populations = kinds.iter().enumerate().map(|(index, kind)| {
        let fan_in = match kind.kind {
            Kind::Input | Kind::Delta | Kind::Loihi | Kind::Shift => &[],
            Kind::Lif => &fan_in[kind.first_neuron as usize..][..kind.size as usize],
        };
        let units = kind.first_unit as usize..(kind.first_unit + kind.size) as usize;
        Population {
            name: names.get(index).cloned().unwrap_or_else(|| format!("population {index}")),
            size: kind.size,
            input: kind.kind == Kind::Input,
            synapses: fan_in.iter().copied().map(u64::from).sum(),
            fan_in: fan_in.iter().copied().max().unwrap_or(0),
            queue_capacity: kind.capacity().into(),
            axons: units.map(|unit| axon(program, unit, &population_of)).collect(),
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

/// The names of the populations, if the compiler left them in its notes.
fn names(notes: &str) -> Vec<String> {
    #[derive(Deserialize)]
    struct Notes {
        names: Vec<String>,
    }
    serde_json::from_str(notes).map_or_else(|_| Vec::new(), |notes: Notes| notes.names)
}

/// Where the spikes of a unit go: its runs, split by target population.
fn axon(program: &Program<&[u8]>, unit: usize, population_of: &[usize]) -> Axon {
    let mut runs: Vec<Run> = Vec::new();
    for (run, length) in program.runs(unit).zip(program.run_lengths(unit)) {
        let first = runs.len();
        for (target, _) in (run.first_synapse..run.first_synapse + length)
            .filter_map(|synapse| program.synapse(synapse as usize))
        {
            let target = population_of[target as usize];
            match runs[first..].iter_mut().find(|known| known.target == target) {
                Some(known) => known.synapses += 1,
                None => runs.push(Run { delay: run.delay, target, synapses: 1 }),
            }
        }
    }
    Axon { runs }
}

/// The synaptic time constant that all neurons share, from the decay tables: exp(-n tick / tau) after n ticks.
fn tau_syn_seconds(program: &Program<&[u8]>, kinds: &[tarry_core::Population]) -> Option<f64> {
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
