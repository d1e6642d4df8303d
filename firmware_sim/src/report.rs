//! The estimates of many recordings on one platform, put together.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::bill::{Group, MemoryLine};
use crate::census::Census;
use crate::interval::Interval;
use crate::price::{Estimate, Line, Quantity, price};
use crate::profile::{Profile, Reference};
use crate::structure::Structure;

/// What a program costs on one platform, over all recordings.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Full name of the platform.
    pub name: String,
    /// Whether the program fits on it.
    pub fits: bool,
    /// One sentence for each thing that does not fit.
    pub reasons: Vec<String>,
    /// Mean over the recordings of the compute-only time to the decision.
    pub latency_seconds: Interval,
    /// Smallest and largest nominal latency of a recording.
    pub latency_range_seconds: Range,
    /// Mean over the recordings of ticks times the length of a tick.
    pub realtime_seconds: f64,
    /// Whether the nominal compute time of every recording stays within its real time.
    pub keeps_up: bool,
    /// Mean over the recordings of the energy of the compute-only run, host excluded.
    pub energy_joules: Interval,
    /// The same by part of the platform; the host's is in no total.
    pub energy_by_group: BTreeMap<Group, Interval>,
    /// Smallest and largest nominal energy of a recording.
    pub energy_range_joules: Range,
    /// Mean energy with static power drawn for the real time; none if the platform cannot run in real time.
    pub realtime_energy_joules: Option<Interval>,
    /// Bytes taken on the platform: the sum of the memory lines, at their largest over the recordings.
    pub memory_bytes: u64,
    /// Bytes by purpose.
    pub memory: Vec<MemoryLine>,
    /// Cores in use.
    pub cores: Option<u64>,
    /// Mean over the recordings of every priced line; the totals are their sums.
    pub lines: Vec<Line>,
    /// One sentence for everything that is in no total.
    pub unknown: Vec<String>,
    /// What was assumed.
    pub assumptions: Vec<String>,
    /// How well the profile is founded, A to E.
    pub grade: String,
    /// The rule that the Processor ran.
    pub rule: String,
    /// What that means for this platform, in one sentence.
    pub rule_note: String,
    /// The references of all constants, by key.
    pub sources: BTreeMap<String, Reference>,
    /// How many recordings were priced.
    pub recordings: usize,
}

/// Smallest and largest over the recordings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Range {
    /// Smallest.
    pub smallest: f64,
    /// Largest.
    pub largest: f64,
}

/// Prices all recordings of a program on one platform; none if there are no recordings.
#[must_use]
pub fn report(profile: &Profile, structure: &Structure, censuses: &[Census]) -> Option<Report> {
    let estimates: Vec<Estimate> = censuses.iter().map(|census| price(profile, structure, census)).collect();
    let first = estimates.first()?;
    let mut reasons = Vec::new();
    for obstacle in estimates.iter().flat_map(|estimate| &estimate.obstacles) {
        if !reasons.contains(obstacle) {
            reasons.push(obstacle.clone());
        }
    }
    let memory = largest_memory(&estimates);
    let lines = mean_lines(&estimates);
    let mut energy_by_group = BTreeMap::new();
    for line in lines.iter().filter(|line| line.quantity == Quantity::Energy) {
        let sum: &mut Interval = energy_by_group.entry(line.group).or_default();
        *sum = *sum + line.value;
    }
    let realtime_energies: Option<Vec<Interval>> =
        estimates.iter().map(|estimate| estimate.realtime_energy_joules).collect();
    Some(Report {
        name: profile.name.clone(),
        fits: reasons.is_empty(),
        reasons,
        latency_seconds: mean(estimates.iter().map(|estimate| estimate.latency_seconds)),
        latency_range_seconds: range(estimates.iter().map(|estimate| estimate.latency_seconds.nominal)),
        realtime_seconds: mean(estimates.iter().map(|estimate| Interval::point(estimate.realtime_seconds)))
            .nominal,
        keeps_up: estimates
            .iter()
            .all(|estimate| estimate.latency_seconds.nominal <= estimate.realtime_seconds),
        energy_joules: mean(estimates.iter().map(|estimate| estimate.energy_joules)),
        energy_by_group,
        energy_range_joules: range(estimates.iter().map(|estimate| estimate.energy_joules.nominal)),
        realtime_energy_joules: realtime_energies.map(|energies| mean(energies.into_iter())),
        memory_bytes: memory.iter().map(|line| line.bytes).sum(),
        memory,
        cores: first.cores,
        lines,
        unknown: first.unknown.clone(),
        assumptions: first.assumptions.clone(),
        grade: profile.grade.clone(),
        rule: structure.rule_names(),
        rule_note: rule_note(profile, structure),
        sources: profile.references.clone(),
        recordings: estimates.len(),
    })
}

fn rule_note(profile: &Profile, structure: &Structure) -> String {
    let (rule, name, native) = (structure.rule_names(), &profile.name, &profile.native_rule);
    if *native == rule {
        return format!("The Processor ran the rule {rule:?}, which is the one of {name}.");
    }
    let ran = format!("The Processor ran the rule {rule:?}");
    if structure.rules().iter().all(|rule| profile.rules.contains(rule)) {
        return format!(
            "{ran}, which {name} takes; itself it runs {native:?}: the counts are those of the first, and spikes on the \
             platform may differ."
        );
    }
    format!(
        "{ran} while {name} itself runs {native:?}: the counts are those of the first, and spikes on the platform may \
         differ. A program of its own has the rule {:?}.",
        profile.rules[0].name()
    )
}

fn mean(values: impl ExactSizeIterator<Item = Interval>) -> Interval {
    let count = values.len() as f64;
    values.sum::<Interval>() * (1.0 / count)
}

fn range(values: impl Iterator<Item = f64>) -> Range {
    let start = Range { smallest: f64::INFINITY, largest: 0.0 };
    values.fold(start, |range, value| Range {
        smallest: range.smallest.min(value),
        largest: range.largest.max(value),
    })
}

/// The same lines come in the same order for every recording: which they are depends on the profile alone.
fn mean_lines(estimates: &[Estimate]) -> Vec<Line> {
    let mut lines = estimates[0].lines.clone();
    for (index, line) in lines.iter_mut().enumerate() {
        line.value = mean(estimates.iter().map(|estimate| estimate.lines[index].value));
        line.count = estimates.iter().map(|estimate| estimate.lines[index].count).sum::<f64>()
            / estimates.len() as f64;
    }
    lines
}

fn largest_memory(estimates: &[Estimate]) -> Vec<MemoryLine> {
    let mut memory = estimates[0].memory.clone();
    for estimate in estimates {
        for (line, other) in memory.iter_mut().zip(&estimate.memory) {
            line.bytes = line.bytes.max(other.bytes);
        }
    }
    memory
}
