//! Reads profile files: checks every key, unit, bound and source, and converts to SI units.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use crate::interval::Interval;
use crate::profile::{Checked, Constant, Known, ModelForm, Profile, Reference, Schema, TimeModel};
use crate::units::{Dimension, scale};

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
/// Rules that a program may be compiled for.
const RULES: &[&str] = &["event", "loihi", "delta", "shift"];
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
    if raw.rules.is_empty() {
        return Err(invalid(
            "rules",
            format!("the list is empty; name at least one of {}", RULES.join(", ")),
        ));
    }
    for rule in &raw.rules {
        one_of("rule", rule, RULES).map_err(|problem| invalid("rules", problem))?;
    }
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
        rules: raw.rules,
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

/// A constant as it stands in the file: a limit has a value, a cost three of them, an unsourced one a status and a note.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConstant {
    value: Option<f64>,
    low: Option<f64>,
    nominal: Option<f64>,
    high: Option<f64>,
    unit: Option<String>,
    known: Option<Known>,
    checked: Option<Checked>,
    #[serde(default)]
    source: Vec<String>,
    #[serde(default)]
    note: String,
    status: Option<String>,
}

#[derive(Clone, Copy, PartialEq)]
enum Shape {
    Limit,
    Cost,
}

/// Key and problem.
type Problem = (String, String);

fn read_section(
    raw: BTreeMap<String, RawConstant>,
    schema: Schema,
    shape: Shape,
    references: &BTreeMap<String, Reference>,
) -> Result<BTreeMap<String, Constant>, Problem> {
    let valid = || schema.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    if let Some((missing, _)) = schema.iter().find(|(name, _)| !raw.contains_key(*name)) {
        return Err((
            (*missing).to_owned(),
            "it is missing; if nobody has published it, say status = \"unsourced\"".to_owned(),
        ));
    }
    let mut constants = BTreeMap::new();
    for (name, raw) in raw {
        let Some((_, dimension)) = schema.iter().find(|(known, _)| *known == name) else {
            return Err((name, format!("there is no such constant; there are {}", valid())));
        };
        let constant = read_constant(raw, *dimension, shape, references).map_err(|(key, problem)| {
            (if key.is_empty() { name.clone() } else { format!("{name}.{key}") }, problem)
        })?;
        constants.insert(name, constant);
    }
    Ok(constants)
}

fn read_constant(
    raw: RawConstant,
    dimension: Dimension,
    shape: Shape,
    references: &BTreeMap<String, Reference>,
) -> Result<Constant, Problem> {
    let problem = |key: &str, text: &str| Err((key.to_owned(), text.to_owned()));
    let numbers = (raw.value, raw.low, raw.nominal, raw.high);
    if let Some(status) = raw.status {
        if status != "unsourced" {
            return problem("status", "the only status is \"unsourced\"");
        }
        if numbers != (None, None, None, None) || raw.note.is_empty() {
            return problem("status", "an unsourced constant has a note and no numbers");
        }
        return Ok(Constant {
            value: None,
            dimension,
            known: None,
            checked: None,
            source: raw.source,
            note: raw.note,
        });
    }
    let value = match (shape, numbers) {
        (Shape::Limit, (Some(value), None, None, None)) => Interval::point(value),
        (Shape::Limit, _) => return problem("value", "a limit has one value and no bounds"),
        (Shape::Cost, (None, Some(low), Some(nominal), Some(high))) => Interval { low, nominal, high },
        (Shape::Cost, _) => {
            return problem("nominal", "a cost has low, nominal and high, and no value");
        }
    };
    if !value.is_ordered() {
        return problem("nominal", "the numbers must be finite and 0 <= low <= nominal <= high");
    }
    let Some(unit) = raw.unit else {
        return problem("unit", "it is missing; every number has a unit, a pure number the unit \"1\"");
    };
    let factor = match scale(&unit, dimension) {
        Ok(factor) => factor,
        Err(valid) => {
            return Err(("unit".to_owned(), format!("{unit:?} does not fit; valid are {valid}")));
        }
    };
    if raw.source.is_empty() {
        return problem("source", "it is missing; every number names at least one reference");
    }
    if let Some(source) = raw.source.iter().find(|key| !references.contains_key(*key)) {
        let valid = references.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        return Err(("source".to_owned(), format!("there is no reference {source:?}; there are {valid}")));
    }
    if raw.known.is_none() {
        return problem(
            "known",
            "it is missing; valid are simulation, measurement, datasheet, derived, vendor",
        );
    }
    if raw.checked.is_none() {
        return problem("checked", "it is missing; valid are source, secondary, unchecked");
    }
    if raw.known == Some(Known::Derived) && raw.note.is_empty() {
        return problem("note", "it is missing; a derived number shows its derivation");
    }
    let value = Some(value * factor);
    Ok(Constant {
        value,
        dimension,
        known: raw.known,
        checked: raw.checked,
        source: raw.source,
        note: raw.note,
    })
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
