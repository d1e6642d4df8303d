//! Counts times constants: the estimate of one recording on one platform, line by line.

use serde::Serialize;

use crate::bill::{Bill, Count, Group, MemoryLine, Term};
use crate::census::Census;
use crate::interval::Interval;
use crate::profile::{Profile, TimeModel};
use crate::structure::Structure;
use crate::{barrier, continuous, cpu, queue};

/// What one recording costs on one platform.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// Time to the decision if the platform runs as fast as it can, in seconds: the sum of the latency lines.
    pub latency_seconds: Interval,
    /// Time to the decision if every tick takes as long as the program says, in seconds.
    pub realtime_seconds: f64,
    /// Energy of the compute-only run in joules: the sum of the energy lines, the host's left out.
    pub energy_joules: Interval,
    /// The same with the static power drawn for as long as the real-time run takes; none if the platform cannot wait.
    pub realtime_energy_joules: Option<Interval>,
    /// Every line with a known price.
    pub lines: Vec<Line>,
    /// One sentence for every term that could not be priced: it is in no total.
    pub unknown: Vec<String>,
    /// Bytes by purpose.
    pub memory: Vec<MemoryLine>,
    /// Cores in use.
    pub cores: Option<u64>,
    /// One sentence for each thing that does not fit.
    pub obstacles: Vec<String>,
    /// What was assumed.
    pub assumptions: Vec<String>,
}

/// A priced term.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// What it adds up to.
    pub quantity: Quantity,
    /// Where it belongs.
    pub group: Group,
    /// What was counted.
    pub label: &'static str,
    /// How often; for powers the nominal seconds.
    pub count: f64,
    /// Joules or seconds, with the model's own factor in the bounds.
    pub value: Interval,
    /// The constants that were multiplied.
    pub constants: &'static [&'static str],
    /// Keys of their references.
    pub sources: Vec<String>,
}

/// What a line measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// Seconds.
    Latency,
    /// Joules.
    Energy,
}

/// Counts what one recording does under the profile's time model.
#[must_use]
pub fn bill(profile: &Profile, structure: &Structure, census: &Census) -> Bill {
    match profile.time_model {
        TimeModel::Barrier => barrier::bill(profile, structure, census),
        TimeModel::Queue => queue::bill(profile, structure, census),
        TimeModel::Continuous => continuous::bill(profile, structure, census),
        TimeModel::Cpu => cpu::bill(profile, structure, census),
    }
}

/// Prices one recording.
#[must_use]
pub fn price(profile: &Profile, structure: &Structure, census: &Census) -> Estimate {
    price_bill(profile, bill(profile, structure, census), census.ticks as f64 * structure.tick_seconds)
}

/// Prices a bill; `realtime_seconds` is how long the recording takes at the program's own tick.
#[must_use]
pub fn price_bill(profile: &Profile, bill: Bill, realtime_seconds: f64) -> Estimate {
    let mut unknown = Vec::new();
    let mut lines = Vec::new();
    let mut charge = |term: &Term, quantity, duration: Interval, factor: f64| -> Interval {
        let count = match term.count {
            Count::Times(count) => Interval::point(count),
            Count::Latency => duration,
        };
        match product(profile, term) {
            Ok(cost) => {
                let value = count * cost;
                lines.push(Line {
                    quantity,
                    group: term.group,
                    label: term.label,
                    count: count.nominal,
                    value: value.widened(factor),
                    constants: term.constants,
                    sources: sources(profile, term),
                });
                value
            }
            Err(missing) => {
                unknown.push(unpriced(profile, term, missing, quantity));
                Interval::ZERO
            }
        }
    };
    // Powers are charged for the time itself; the model's factor for times must not widen energies as well.
    let duration = bill
        .latency
        .iter()
        .map(|term| charge(term, Quantity::Latency, Interval::ZERO, profile.model_form.latency))
        .sum();
    for term in &bill.energy {
        charge(term, Quantity::Energy, duration, profile.model_form.energy);
    }
    unknown.extend(bill.unknown);
    unknown.extend(profile.not_modelled.iter().cloned());
    let sum =
        |keep: &dyn Fn(&Line) -> bool| lines.iter().filter(|line| keep(line)).map(|line| line.value).sum();
    let counted = |line: &Line| line.quantity == Quantity::Energy && line.group != Group::Host;
    let dynamic: Interval = sum(&|line| counted(line) && line.group != Group::Static);
    let power: Interval = bill
        .energy
        .iter()
        .filter(|term| term.group == Group::Static)
        .filter_map(|term| product(profile, term).ok())
        .sum();
    let waiting = power.widened(profile.model_form.energy) * realtime_seconds;
    Estimate {
        latency_seconds: sum(&|line| line.quantity == Quantity::Latency),
        realtime_seconds,
        energy_joules: sum(&counted),
        realtime_energy_joules: bill.real_time.then_some(dynamic + waiting),
        lines,
        unknown,
        memory: bill.memory,
        cores: bill.cores,
        obstacles: bill.obstacles,
        assumptions: profile.assumptions.iter().cloned().chain(bill.assumptions).collect(),
    }
}

/// Product of a term's constants, or the name of the first that is unsourced.
fn product(profile: &Profile, term: &Term) -> Result<Interval, &'static str> {
    term.constants
        .iter()
        .try_fold(Interval::point(1.0), |product, name| Ok(product * profile.cost(name).ok_or(*name)?))
}

fn sources(profile: &Profile, term: &Term) -> Vec<String> {
    let mut sources = Vec::new();
    for source in term.constants.iter().flat_map(|name| &profile.costs[*name].source) {
        if !sources.contains(source) {
            sources.push(source.clone());
        }
    }
    sources
}

fn unpriced(profile: &Profile, term: &Term, missing: &str, quantity: Quantity) -> String {
    let what = match quantity {
        Quantity::Latency => "time",
        Quantity::Energy => "energy",
    };
    format!(
        "The {what} of {:?} is in no total: {missing} is unsourced. {}",
        term.label, profile.costs[missing].note
    )
}
