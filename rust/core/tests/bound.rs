//! The work of one tick is bounded by numbers that the program holds: counted tick by tick over the golden cases.

mod common;

use common::{Golden, Vectors, columns, golden};
use tarry_core::{Probe, Processor, Program};

/// What one tick may cost, or did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Work {
    runs: u64,
    deliveries: u64,
    visits: u64,
    spikes: u64,
    searches: u64,
}

impl Work {
    fn most(self, other: Self) -> Self {
        Self {
            runs: self.runs.max(other.runs),
            deliveries: self.deliveries.max(other.deliveries),
            visits: self.visits.max(other.visits),
            spikes: self.spikes.max(other.spikes),
            searches: self.searches.max(other.searches),
        }
    }
}

/// The most that ever happened in one tick.
#[derive(Default)]
struct PerTick {
    tick: Work,
    most: Work,
}

impl Probe for PerTick {
    fn delivered(&mut self, synapses: u32) {
        self.tick.runs += 1;
        self.tick.deliveries += u64::from(synapses);
    }
    fn visited(&mut self, _population: usize) {
        self.tick.visits += 1;
    }
    fn fired(&mut self, _population: usize, _index: u32) {
        self.tick.spikes += 1;
    }
    fn searched(&mut self, _evaluations: u32) {
        self.tick.searches += 1;
    }
    fn stepped(&mut self) {
        self.most = self.most.most(std::mem::take(&mut self.tick));
    }
}

/// Every place of a history hands over at most one run in a tick, since the delays of a source differ; every neuron is
/// visited, searched and fires at most once.
fn bound(program: &Program<Vec<u8>>) -> Work {
    let mut deliveries = 0;
    for population in (0..program.populations()).filter_map(|index| program.population(index)) {
        let units = population.first_unit..population.first_unit + population.size;
        let longest_run = units.flat_map(|unit| program.run_lengths(unit as usize)).max().unwrap_or(0);
        deliveries += u64::from(population.capacity()) * u64::from(longest_run);
    }
    let neurons = program.plan().neurons as u64;
    Work {
        runs: program.plan().entries as u64,
        deliveries,
        visits: neurons,
        spikes: neurons,
        searches: neurons,
    }
}

fn most(case: &Golden) -> Work {
    let memory = Vectors::new(case.program.plan(), 0);
    let mut engine = Processor::new(case.program.clone(), memory, PerTick::default()).unwrap();
    for recording in &case.recordings {
        engine.reset();
        let (ticks, channels) = columns(&recording.inputs);
        assert_eq!(engine.push(&ticks, &channels), Ok(ticks.len()));
        while engine.run_until(recording.until) < recording.until {
            while engine.pop().is_some() {}
        }
    }
    engine.probe().most
}

#[test]
fn no_tick_does_more_than_the_bound() {
    let mut busy = 0;
    for case in golden("networks.bin").iter().chain(&golden("yin_yang.bin")) {
        let (most, bound) = (most(case), bound(&case.program));
        assert_eq!(most.most(bound), bound);
        busy += usize::from(most.visits == bound.visits && most.runs > 1);
    }
    // Otherwise the bound would say little.
    assert!(busy >= 40, "{busy}");
}
