//! Twice as many spikes as the histories can take, and an obvious model of what becomes of each: which ones are accepted,
//! rejected or dropped, and how many synapses every tick must go through for those that were accepted.
#![allow(dead_code, unreachable_pub, reason = "tests and examples are crates of their own")]

use crate::common::sections::{HEADER, assemble, sections, set_word, word};
use crate::common::{Random, Vectors};
use tarry_core::{Kind, Layout, Population, Probe, Processor, Program, Section, Tally};

/// How inputs and histories are set up for an overload.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// A full list of an input drops, else it gives back.
    pub drops: bool,
    /// Histories are lists wherever they may be, else bitmaps.
    pub lists: bool,
}

pub const SETTINGS: [Setting; 4] = [
    Setting { drops: false, lists: true },
    Setting { drops: true, lists: true },
    Setting { drops: false, lists: false },
    Setting { drops: true, lists: false },
];

/// What happened in one program, all populations together.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    pub inputs: Tally,
    pub neurons: Tally,
    pub deliveries: u64,
    pub ticks: u64,
    pub heap_calls: u64,
}

pub fn add(total: &mut Tally, more: &Tally) {
    total.offered += more.offered;
    total.accepted += more.accepted;
    total.rejected += more.rejected;
    total.dropped += more.dropped;
}

/// The same network with small histories.
pub fn overloaded(program: &[u8], setting: Setting) -> Program<Vec<u8>> {
    const BINARY: u8 = 2;
    const DROPS: u8 = 4;
    const BITMAP: u8 = 8;
    let mut sections = sections(program);
    for (index, record) in sections[Section::Populations as usize].chunks_exact_mut(64).enumerate() {
        let (is_input, kept) = (record[0] == 0, word(record, 48));
        if is_input {
            record[3] = record[3] & !DROPS | if setting.drops { DROPS } else { 0 };
        }
        let may_be_bitmap = kept > 0 && (!is_input || record[3] & BINARY != 0);
        record[3] = record[3] & !BITMAP | if may_be_bitmap && !setting.lists { BITMAP } else { 0 };
        if kept > 0 {
            let ticks = (word(record, 12) + 3).next_power_of_two();
            set_word(record, 48, ticks.max(kept));
        }
        if word(record, 8) > 0 {
            set_word(record, 8, 1 + index as u32 % 3);
        }
    }
    Program::parse(assemble(&program[..HEADER], &sections)).unwrap()
}

/// Deliveries of the tick under way, and who fires in it.
#[derive(Default)]
struct Watch {
    deliveries: u64,
    fired: Vec<(usize, u32)>,
}

impl Probe for Watch {
    fn delivered(&mut self, synapses: u32) {
        self.deliveries += u64::from(synapses);
    }
    fn fired(&mut self, population: usize, index: u32) {
        self.fired.push((population, index));
    }
}

/// Ticks after a spike, and synapses that are gone through then, for every source of every population.
fn routes(program: &Program<Vec<u8>>, populations: &[Population]) -> Vec<Vec<Vec<(u32, u32)>>> {
    let runs = |unit: u32| {
        let runs = program.runs(unit as usize).map(|run| run.delay);
        runs.zip(program.run_lengths(unit as usize)).collect()
    };
    let mut routes: Vec<Vec<Vec<(u32, u32)>>> =
        populations.iter().map(|p| (0..p.size).map(|index| runs(p.first_unit + index)).collect()).collect();
    let sections = sections(program.bytes());
    let (records, rows) = (&sections[Section::Projections as usize], &sections[Section::Rows as usize]);
    for (projection, record) in program.projections().zip(records.chunks_exact(32)) {
        let from = usize::from(projection.source);
        let later = u32::from(populations[from].kind != Kind::Input);
        let row = |at: u32| word(rows, 4 * (word(record, 16) + at) as usize);
        for (source, routes) in (0..).zip(&mut routes[from]) {
            for block in 0..projection.blocks {
                let delay = match projection.layout {
                    Layout::Packed => block * projection.block(),
                    Layout::Shared => row(block),
                    Layout::Own => row(source * projection.blocks + block),
                };
                routes.push((delay + later, program.hand_over_length(&projection, source, block)));
            }
        }
    }
    routes
}

/// What must become of the spikes of one population.
struct Model {
    population: Population,
    /// Event-driven neurons listen, whose list can be full even if clocked ones read a bitmap.
    has_entries: bool,
    /// Spikes whose deliveries are not all done, and at which tick so many of them will be.
    live: u32,
    leaving: Vec<u32>,
    tally: Tally,
}

impl Model {
    fn new(population: &Population, program: &Program<Vec<u8>>) -> Self {
        let ticks = population.longest_delay() as usize + 2;
        let units = population.first_unit..population.first_unit + population.size;
        let has_entries = units.into_iter().any(|unit| program.runs(unit as usize).next().is_some());
        Self {
            population: *population,
            has_entries,
            live: 0,
            leaving: vec![0; ticks],
            tally: Tally::default(),
        }
    }

    /// Spikes whose last delivery was made before `tick` go.
    fn advance(&mut self, tick: u64) {
        let slot = (tick % self.leaving.len() as u64) as usize;
        self.live -= std::mem::take(&mut self.leaving[slot]);
    }

    /// A spike comes: whether it finds room.
    fn has_room(&self) -> bool {
        let keeps_none = self.population.capacity() == 0;
        let cannot_be_full = self.population.is_bitmap() && !self.has_entries;
        keeps_none || cannot_be_full || self.live < self.population.capacity()
    }

    fn enter(&mut self, tick: u64) {
        self.tally.accepted += 1;
        self.live += 1;
        let left = tick + u64::from(self.population.longest_delay()) + 1;
        let slot = (left % self.leaving.len() as u64) as usize;
        self.leaving[slot] += 1;
    }
}

/// Deliveries that are due, by tick.
struct Due {
    ring: Vec<u64>,
    routes: Vec<Vec<Vec<(u32, u32)>>>,
}

impl Due {
    fn enter(&mut self, population: usize, index: u32, tick: u64) {
        let ticks = self.ring.len() as u64;
        for &(delay, synapses) in &self.routes[population][index as usize] {
            self.ring[((tick + u64::from(delay)) % ticks) as usize] += u64::from(synapses);
        }
    }

    fn take(&mut self, tick: u64) -> u64 {
        let ticks = self.ring.len() as u64;
        std::mem::take(&mut self.ring[(tick % ticks) as usize])
    }
}

/// Runs the network until `events` spikes were offered, at twice the rate that its input lists can take, and compares every
/// tick and every tally with the model. No heap call is made meanwhile.
pub fn overload(program: Program<Vec<u8>>, events: u64, random: &mut Random) -> Totals {
    let memory = Vectors::new(program.plan(), 0);
    let watch = Watch { fired: Vec::with_capacity(1 << 12), ..Watch::default() };
    let mut engine = Processor::new(program, memory, watch).unwrap();
    let populations = engine.populations().to_vec();
    let longest = populations.iter().map(Population::longest_delay).max().unwrap_or(0);
    let routes = routes(engine.program(), &populations);
    let mut due = Due { ring: vec![0; longest as usize + 2], routes };
    let mut models: Vec<Model> = populations.iter().map(|p| Model::new(p, engine.program())).collect();
    let mut seen = vec![false; models.iter().map(|model| model.population.size as usize).max().unwrap_or(0)];
    let (mut deliveries, mut offered) = (0, 0);
    let heap = allocation_counter::measure(|| {
        while offered < events {
            let tick = engine.now();
            for (index, model) in models.iter_mut().enumerate() {
                if model.population.kind == Kind::Input {
                    model.advance(tick);
                    offered += offer(&mut engine, index, model, &mut due, &mut seen, random);
                }
            }
            engine.run_until(tick + 1);
            assert_eq!(engine.now(), tick + 1);
            while engine.pop().is_some() {}
            let watch = engine.probe_mut();
            deliveries += watch.deliveries;
            assert_eq!(std::mem::take(&mut watch.deliveries), due.take(tick), "deliveries of tick {tick}");
            for model in models.iter_mut().filter(|model| model.population.kind != Kind::Input) {
                model.advance(tick + 1);
            }
            for (index, neuron) in watch.fired.drain(..) {
                let model = &mut models[index];
                model.tally.offered += 1;
                offered += 1;
                if model.has_room() {
                    model.enter(tick);
                    due.enter(index, neuron, tick);
                } else {
                    model.tally.dropped += 1;
                }
            }
        }
    });
    let mut totals =
        Totals { deliveries, ticks: engine.now(), heap_calls: heap.count_total, ..Totals::default() };
    for (population, model) in engine.populations().iter().zip(&models) {
        let tally = *population.tally();
        assert_eq!(Tally { peak: 0, ..tally }, Tally { peak: 0, ..model.tally });
        assert_eq!(tally.offered, tally.accepted + tally.rejected + tally.dropped);
        let is_input = population.kind == Kind::Input;
        add(if is_input { &mut totals.inputs } else { &mut totals.neurons }, &tally);
    }
    totals
}

type Engine = Processor<Vec<u8>, Vectors, Watch>;

/// Offers spikes of the present tick to one input; returns how many.
fn offer(
    engine: &mut Engine,
    index: usize,
    model: &mut Model,
    due: &mut Due,
    seen: &mut [bool],
    random: &mut Random,
) -> u64 {
    let tick = engine.now();
    let input = model.population;
    // The rate that a list can take is its places over the ticks that each is taken.
    let ticks = u64::from(input.longest_delay()) + 1;
    let twice =
        if input.is_bitmap() { u64::from(input.size) * ticks } else { 2 * u64::from(input.capacity()) };
    let count = (twice + random.below(ticks)) / ticks;
    seen[..input.size as usize].fill(false);
    for _ in 0..count {
        let channel = random.below(input.size.into()) as u32;
        model.tally.offered += 1;
        let taken = engine.push(&[tick], &[input.first_channel + channel]);
        let is_second = input.is_binary && std::mem::replace(&mut seen[channel as usize], true);
        if is_second {
            model.tally.dropped += 1;
        } else if model.has_room() {
            model.enter(tick);
            due.enter(index, channel, tick);
        } else if input.drops {
            model.tally.dropped += 1;
        } else {
            model.tally.rejected += 1;
            seen[channel as usize] = false;
        }
        let is_given_back = !is_second && !input.drops && taken == Ok(0);
        assert!(taken == Ok(1) || is_given_back, "{taken:?}");
    }
    count
}
