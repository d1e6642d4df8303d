//! Reads profile files, those of the crate and those of users, and refuses what breaks the format.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use crate::constant::{RawConstant, Shape, read_section};
use crate::profile::{ModelForm, Profile, Reference, TimeModel};
use crate::rule::Rule;

/// The profiles that come with the crate: name, file, text.
const EMBEDDED: &[(&str, &str, &str)] = &[
    ("loihi1", "loihi1.toml", include_str!("../platforms/loihi1.toml")),
    ("seneca", "seneca.toml", include_str!("../platforms/seneca.toml")),
    ("brainscales2", "brainscales2.toml", include_str!("../platforms/brainscales2.toml")),
    ("cortex-m4", "cortex-m4.toml", include_str!("../platforms/cortex-m4.toml")),
];
const REFERENCES: &str = include_str!("../platforms/references.toml");

/// Version of the file format.
const SCHEMA: u32 = 1;
const GRADES: &[&str] = &["A", "B", "C", "D", "E"];

/// Why a profile could not be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProfileError {
    /// Neither a known platform nor a file.
    Unknown {
        /// What was asked for.
        name: String,
        /// The platforms there are.
        known: Vec<&'static str>,
    },
    /// The file could not be read.
    Read {
        /// Which file.
        file: String,
        /// What the system says.
        problem: String,
    },
    /// The file breaks a rule of the format.
    Invalid {
        /// Which file.
        file: String,
        /// Where in it.
        key: String,
        /// What is wrong and what would be right.
        problem: String,
    },
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { name, known } => write!(
                f,
                "there is no platform {name:?} and no such file; the platforms are {}, or give the path of a profile",
                known.join(", ")
            ),
            Self::Read { file, problem } => write!(f, "{file} cannot be read: {problem}"),
            Self::Invalid { file, key, problem } => write!(f, "{file}: {key}: {problem}"),
        }
    }
}

impl std::error::Error for ProfileError {}

/// Names of the profiles that come with the crate.
#[must_use]
pub fn names() -> Vec<&'static str> {
    EMBEDDED.iter().map(|(name, _, _)| *name).collect()
}

/// File name and text of a profile that comes with the crate.
#[must_use]
pub fn embedded(name: &str) -> Option<(&'static str, &'static str)> {
    EMBEDDED.iter().find(|(id, _, _)| *id == name).map(|(_, file, text)| (*file, *text))
}

/// Reads the text of a profile; `file` is what errors call it.
///
/// # Errors
/// If the text is no TOML, or a key, unit, bound or source breaks the format of docs/platforms.md.
pub fn parse(file: &str, text: &str) -> Result<Profile, ProfileError> {
    let invalid = |key: &str, problem: String| ProfileError::Invalid {
        file: file.to_owned(),
        key: key.to_owned(),
        problem,
    };
    let raw: RawProfile =
        toml::from_str(text).map_err(|error| invalid(&place(text, &error), error.message().to_owned()))?;
    if raw.schema != SCHEMA {
        return Err(invalid("schema", format!("it is {}; this version reads {SCHEMA}", raw.schema)));
    }
    one_of("grade", &raw.grade, GRADES).map_err(|problem| invalid("grade", problem))?;
    let rules = read_rules(&raw.rules).map_err(|problem| invalid("rules", problem))?;
    for (key, factor) in
        [("model_form.energy", raw.model_form.energy), ("model_form.latency", raw.model_form.latency)]
    {
        if !(1.0..=1000.0).contains(&factor) {
            return Err(invalid(key, format!("it is {factor}; it must be from 1 to 1000")));
        }
    }
    let mut references = known_references();
    references.extend(raw.references);
    let section = |section, constants, schema, shape| {
        read_section(constants, schema, shape, &references)
            .map_err(|(key, problem)| invalid(&format!("{section}.{key}"), problem))
    };
    let limits = section("limits", raw.limits, raw.time_model.limits(), Shape::Limit)?;
    let costs = section("costs", raw.costs, raw.time_model.costs(), Shape::Cost)?;
    let cited =
        |key: &String| limits.values().chain(costs.values()).any(|constant| constant.source.contains(key));
    references.retain(|key, _| cited(key));
    Ok(Profile {
        id: raw.id,
        name: raw.name,
        process: raw.process,
        time_model: raw.time_model,
        grade: raw.grade,
        rules,
        native_rule: raw.native_rule,
        delay_mechanism: raw.delay_mechanism,
        assumptions: raw.assumptions,
        not_modelled: raw.not_modelled,
        model_form: raw.model_form,
        limits,
        costs,
        references,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProfile {
    schema: u32,
    id: String,
    name: String,
    process: String,
    time_model: TimeModel,
    grade: String,
    rules: Vec<String>,
    native_rule: String,
    delay_mechanism: String,
    #[serde(default)]
    assumptions: Vec<String>,
    #[serde(default)]
    not_modelled: Vec<String>,
    model_form: ModelForm,
    limits: BTreeMap<String, RawConstant>,
    costs: BTreeMap<String, RawConstant>,
    #[serde(default)]
    references: BTreeMap<String, Reference>,
}

/// Each once, at least one.
fn read_rules(names: &[String]) -> Result<Vec<Rule>, String> {
    let valid = Rule::ALL.map(Rule::name);
    if names.is_empty() {
        return Err(format!("the list is empty; name at least one of {}", valid.join(", ")));
    }
    let mut rules = Vec::new();
    for name in names {
        one_of("rule", name, &valid)?;
        let rule = Rule::named(name).filter(|rule| !rules.contains(rule));
        rules.push(rule.ok_or_else(|| format!("{name:?} is listed twice; the first rule is the default"))?);
    }
    Ok(rules)
}

fn one_of(what: &str, value: &str, valid: &[&str]) -> Result<(), String> {
    if valid.contains(&value) {
        return Ok(());
    }
    Err(format!("there is no {what} {value:?}; valid are {}", valid.join(", ")))
}

/// The references that come with the crate.
fn known_references() -> BTreeMap<String, Reference> {
    toml::from_str(REFERENCES).expect("references.toml is part of the crate and tested")
}

/// The line at which the TOML reader stopped.
fn place(text: &str, error: &toml::de::Error) -> String {
    let offset = error.span().map_or(0, |span| span.start);
    format!("line {}", text[..offset.min(text.len())].matches('\n').count() + 1)
}
