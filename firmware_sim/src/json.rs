//! Profiles and reports as JSON, in SI units.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use crate::interval::Interval;
use crate::profile::{Constant, ModelForm, Profile, Reference, TimeModel};
use crate::report::Report;
use crate::rule::Rule;
use crate::structure::Structure;

/// A profile for other tools: limits as numbers and costs as intervals, both null where unsourced, and their origins.
#[must_use]
pub fn platform_json(profile: &Profile) -> String {
    let limits = profile.limits.keys().map(|key| (key.as_str(), profile.limit(key)));
    let costs = profile.costs.keys().map(|key| (key.as_str(), profile.cost(key)));
    let constants = profile.limits.iter().chain(&profile.costs);
    text(&Platform {
        id: &profile.id,
        name: &profile.name,
        process: &profile.process,
        time_model: profile.time_model,
        grade: &profile.grade,
        rules: &profile.rules,
        native_rule: &profile.native_rule,
        delay_mechanism: &profile.delay_mechanism,
        assumptions: &profile.assumptions,
        not_modelled: &profile.not_modelled,
        model_form: profile.model_form,
        neurons: profile.neurons(),
        limits: limits.collect(),
        costs: costs.collect(),
        constants: constants.map(|(key, constant)| (key.as_str(), Origin::of(constant))).collect(),
        references: &profile.references,
    })
}

/// The reports of one program on several platforms, by name.
#[must_use]
pub fn reports_json(structure: &Structure, decision: &str, reports: &[(String, Report)]) -> String {
    text(&Reports {
        rule: structure.rule_names(),
        decision,
        tick_seconds: structure.tick_seconds,
        tau_syn_seconds: structure.tau_syn_seconds,
        neurons: structure.neurons(),
        synapses: structure.synapses(),
        longest_delay_ticks: structure.longest_delay(),
        weight_bits: structure.weight_bits,
        recordings: reports.first().map_or(0, |(_, report)| report.recordings),
        platforms: Named(reports),
    })
}

#[derive(Serialize)]
struct Platform<'a> {
    id: &'a str,
    name: &'a str,
    process: &'a str,
    time_model: TimeModel,
    grade: &'a str,
    rules: &'a [Rule],
    native_rule: &'a str,
    delay_mechanism: &'a str,
    assumptions: &'a [String],
    not_modelled: &'a [String],
    model_form: ModelForm,
    neurons: Option<u64>,
    limits: BTreeMap<&'a str, Option<f64>>,
    costs: BTreeMap<&'a str, Option<Interval>>,
    constants: BTreeMap<&'a str, Origin<'a>>,
    references: &'a BTreeMap<String, Reference>,
}

/// Where a constant comes from, without its value.
#[derive(Serialize)]
struct Origin<'a> {
    unit: &'static str,
    #[serde(flatten)]
    constant: &'a Constant,
}

impl<'a> Origin<'a> {
    fn of(constant: &'a Constant) -> Self {
        Self { unit: constant.dimension.si(), constant }
    }
}

#[derive(Serialize)]
struct Reports<'a> {
    rule: String,
    decision: &'a str,
    tick_seconds: f64,
    tau_syn_seconds: Option<f64>,
    neurons: u64,
    synapses: u64,
    longest_delay_ticks: u32,
    weight_bits: u32,
    recordings: usize,
    platforms: Named<'a>,
}

/// Reports by name, in their own order.
struct Named<'a>(&'a [(String, Report)]);

impl Serialize for Named<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, report)| (name, report)))
    }
}

/// Plain data with string keys has a JSON text, always.
fn text(data: &impl Serialize) -> String {
    serde_json::to_string(data).unwrap_or_default()
}
