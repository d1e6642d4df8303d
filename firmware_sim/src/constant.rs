//! Reads the constants of a profile file: every unit, bound and source is checked, every number converted to SI units.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::interval::Interval;
use crate::profile::{Checked, Constant, Known, Reference, Schema};
use crate::units::{Dimension, scale};

/// A constant as it stands in the file: a limit has a value, a cost three of them, an unsourced one a status and a note.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawConstant {
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

/// What kind of number a section holds.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Shape {
    /// One value.
    Limit,
    /// Low, nominal, high.
    Cost,
}

/// Key and problem.
pub(crate) type Problem = (String, String);

/// Reads all constants of a section; the schema says which they are.
pub(crate) fn read_section(
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
