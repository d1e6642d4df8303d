//! The work of one tick is bounded by numbers that the program holds: counted tick by tick over the golden cases, and over
//! clocked ones in which every neuron and every channel spikes in every tick, where the bound is reached.

mod common;

use common::sections::{HEADER, assemble, sections, set_word, word};
use common::{Golden, Vectors, columns, golden};
use tarry_core::{Kind, Layout, Population, Probe, Processor, Program, Projection, Section};

/// What one tick may cost, or did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Work {
    runs: u64,
    deliveries: u64,
    visits: u64,
    updates: u64,
    spikes: u64,
    searches: u64,
}

impl Work {
    fn most(self, other: Self) -> Self {
        Self {
            runs: self.runs.max(other.runs),
            deliveries: self.deliveries.max(other.deliveries),
            visits: self.visits.max(other.visits),
            updates: self.updates.max(other.updates),
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
    fn updated(&mut self) {
        self.tick.updates += 1;
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
/// visited, updated, searched and fires at most once. Clocked populations are visited as a whole.
fn bound(program: &Program<Vec<u8>>) -> Work {
    let neurons = program.plan().neurons as u64;
    let mut bound = Work {
        runs: program.plan().entries as u64,
        visits: neurons,
        updates: neurons,
        spikes: neurons,
        searches: neurons,
        deliveries: 0,
    };
    let populations: Vec<Population> =
        (0..program.populations()).filter_map(|index| program.population(index)).collect();
    for population in &populations {
        let units = population.first_unit..population.first_unit + population.size;
        let longest_run = units.flat_map(|unit| program.run_lengths(unit as usize)).max().unwrap_or(0);
        bound.deliveries += u64::from(population.capacity()) * u64::from(longest_run);
        if population.kind.is_clocked() {
            bound.visits += 1;
            bound.updates += u64::from(population.size);
            bound.spikes += u64::from(population.size);
        }
    }
    for projection in program.projections() {
        let (runs, deliveries) =
            handed_over(program, &projection, &populations[usize::from(projection.source)]);
        bound.runs += runs;
        bound.deliveries += deliveries;
    }
    bound
}

/// Runs and deliveries of a clocked projection in one tick at most. A spike has one age, so it is handed over once per tick
/// and projection, and a list holds so many; where a source spikes at most once in a tick, it has one spike of every age.
fn handed_over(program: &Program<Vec<u8>>, projection: &Projection, source: &Population) -> (u64, u64) {
    let of_source = |index| (0..projection.blocks).map(move |block| (index, block));
    let lengths = (0..projection.sources()).flat_map(of_source);
    let lengths: Vec<u64> =
        lengths.map(|(index, block)| program.hand_over_length(projection, index, block).into()).collect();
    let every = (lengths.iter().filter(|&&length| length > 0).count() as u64, lengths.iter().sum());
    let places = u64::from(source.capacity());
    let held = (places, places * lengths.iter().max().copied().unwrap_or(0));
    match (source.is_bitmap(), source.kind == Kind::Input && !source.is_binary) {
        (true, _) => every,
        (_, true) => held,
        _ => (every.0.min(held.0), every.1.min(held.1)),
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
    for (file, least) in [("networks.bin", 40), ("yin_yang.bin", 0), ("clocked.bin", 40)] {
        let mut busy = 0;
        for case in &golden(file) {
            let (most, bound) = (most(case), bound(&case.program));
            assert_eq!(most.most(bound), bound);
            busy += usize::from(most.visits == bound.visits && most.runs > 1);
        }
        // Otherwise the bound would say little.
        assert!(busy >= least, "{file}: {busy}");
    }
}

/// The same network, where every clocked neuron fires in every tick: it has a large bias, a low threshold and no refractory
/// period. Inputs take a spike per channel and tick.
fn stormy(program: &Program<Vec<u8>>) -> Program<Vec<u8>> {
    const BINARY: u8 = 2;
    const BITMAP: u8 = 8;
    let mut sections = sections(program.bytes());
    let mut parameters = std::mem::take(&mut sections[Section::Parameters as usize]);
    for record in sections[Section::Populations as usize].chunks_exact_mut(64) {
        record[3] |= if word(record, 48) > 0 { BITMAP } else { 0 } | if record[0] == 0 { BINARY } else { 0 };
        if record[0] < 2 {
            continue;
        }
        set_word(record, 16, 0);
        let (mut at, size) = (word(record, 20) as usize, word(record, 4) as usize);
        for parameter in 0..5 {
            let count = if word(record, 24) >> parameter & 1 == 0 { 1 } else { size };
            for place in at..at + count {
                match parameter {
                    2 => set_word(&mut parameters, 4 * place, 1),
                    3 => set_word(&mut parameters, 4 * place, 1 << 22),
                    4 => set_word(&mut parameters, 4 * place, 0),
                    _ => {}
                }
            }
            at += count;
        }
    }
    sections[Section::Parameters as usize] = parameters;
    Program::parse(assemble(&program.bytes()[..HEADER], &sections)).unwrap()
}

fn most_of_storm(program: &Program<Vec<u8>>) -> Work {
    let memory = Vectors::new(program.plan(), 0);
    let mut engine = Processor::new(program.clone(), memory, PerTick::default()).unwrap();
    let inputs = engine.populations().iter().filter(|p| p.kind == Kind::Input);
    let channels: Vec<u32> = (0..inputs.map(|p| p.size).sum()).collect();
    let longest = engine.populations().iter().map(Population::longest_delay).max().unwrap_or(0);
    for tick in 0..u64::from(longest) + 3 {
        assert_eq!(engine.push(&vec![tick; channels.len()], &channels), Ok(channels.len()));
        engine.run_until(tick + 1);
        while engine.pop().is_some() {}
    }
    engine.probe().most
}

#[test]
fn a_storm_reaches_the_bound_in_every_layout() {
    for layout in [Layout::Packed, Layout::Shared, Layout::Own] {
        let mut reached = 0;
        for case in &golden("clocked.bin") {
            let is_alone = case.program.projections().all(|projection| projection.layout == layout);
            if !is_alone || case.program.synapses() > 0 {
                continue;
            }
            let program = stormy(&case.program);
            let (most, bound) = (most_of_storm(&program), bound(&program));
            assert_eq!(most.most(bound), bound);
            reached += usize::from(most == bound);
        }
        assert!(reached >= 3, "{layout:?}: {reached}");
    }
}
