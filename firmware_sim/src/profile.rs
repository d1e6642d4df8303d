//! A platform as data: what it can hold and what its operations cost, each number with its source.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::interval::Interval;
use crate::load::{self, ProfileError};
use crate::rule::Rule;
use crate::units::Dimension;
use crate::{barrier, continuous, cpu, queue};

/// One platform.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Profile {
    /// Short name, as users type it.
    pub id: String,
    /// Full name.
    pub name: String,
    /// Semiconductor process or part.
    pub process: String,
    /// How time passes on it.
    pub time_model: TimeModel,
    /// How well the profile is founded: A measured and validated, B measured or simulated and validated, C simulated
    /// only, D scaled or estimated, E vendor claims.
    pub grade: String,
    /// Rules that programs for this platform may use; the first is the default.
    pub rules: Vec<Rule>,
    /// The neuron rule that the platform itself runs.
    pub native_rule: String,
    /// How it delays spikes, in one sentence.
    pub delay_mechanism: String,
    /// What is assumed wherever the profile is applied, in whole sentences.
    pub assumptions: Vec<String>,
    /// What the model leaves out on this platform, in whole sentences.
    pub not_modelled: Vec<String>,
    /// Factors for what the model leaves out.
    pub model_form: ModelForm,
    /// What it can hold.
    pub limits: BTreeMap<String, Constant>,
    /// What its operations cost.
    pub costs: BTreeMap<String, Constant>,
    /// The references that its constants name.
    pub references: BTreeMap<String, Reference>,
}

/// A number with its origin.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Constant {
    /// In SI units; none if nobody has published it.
    pub value: Option<Interval>,
    /// What it measures.
    pub dimension: Dimension,
    /// How it is known; none if it is not.
    pub known: Option<Known>,
    /// Where it was read; none if it is unsourced.
    pub checked: Option<Checked>,
    /// Keys of the references.
    pub source: Vec<String>,
    /// Derivation or remark.
    pub note: String,
}

/// How a number came to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Known {
    /// Simulated before silicon, or estimated by a synthesis tool.
    Simulation,
    /// Measured on silicon.
    Measurement,
    /// Stated in a datasheet or architecture description.
    Datasheet,
    /// Worked out from other published numbers; the note shows how.
    Derived,
    /// Claimed by the maker, not measured by others.
    Vendor,
}

/// Where a number was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Checked {
    /// At the source itself.
    Source,
    /// In a document that quotes the source.
    Secondary,
    /// Not yet: it awaits someone who opens the source.
    Unchecked,
}

/// Factors by which the bounds of every line are moved apart.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelForm {
    /// For energies.
    pub energy: f64,
    /// For times.
    pub latency: f64,
}

/// A publication or document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// Authors, title, place, year.
    pub citation: String,
    /// DOI, arXiv number or web page.
    pub locator: String,
}

/// How time passes on a platform, and so which formulas price it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TimeModel {
    /// Asynchronous cores that wait for each other after every step.
    Barrier,
    /// Cores fed by a shared circular delay queue.
    Queue,
    /// Analog circuits in continuous time.
    Continuous,
    /// A processor that runs the event-driven engine.
    Cpu,
}

/// The constants that a time model needs, with what each measures.
pub type Schema = &'static [(&'static str, Dimension)];

impl TimeModel {
    /// Names of the limits.
    #[must_use]
    pub fn limits(self) -> Schema {
        match self {
            Self::Barrier => barrier::LIMITS,
            Self::Queue => queue::LIMITS,
            Self::Continuous => continuous::LIMITS,
            Self::Cpu => cpu::LIMITS,
        }
    }

    /// Names of the costs.
    #[must_use]
    pub fn costs(self) -> Schema {
        match self {
            Self::Barrier => barrier::COSTS,
            Self::Queue => queue::COSTS,
            Self::Continuous => continuous::COSTS,
            Self::Cpu => cpu::COSTS,
        }
    }
}

impl Profile {
    /// Profile that comes with the crate, or the profile file at a path.
    ///
    /// # Errors
    /// If there is neither, or the file is not a valid profile.
    pub fn open(name_or_path: &str) -> Result<Self, ProfileError> {
        if let Some((file, text)) = load::embedded(name_or_path) {
            return load::parse(file, text);
        }
        let path = Path::new(name_or_path);
        if !path.is_file() {
            return Err(ProfileError::Unknown { name: name_or_path.to_owned(), known: load::names() });
        }
        match std::fs::read_to_string(path) {
            Ok(text) => load::parse(name_or_path, &text),
            Err(error) => {
                Err(ProfileError::Read { file: name_or_path.to_owned(), problem: error.to_string() })
            }
        }
    }

    /// A cost in SI units; none if it is unsourced.
    #[must_use]
    pub fn cost(&self, name: &str) -> Option<Interval> {
        self.costs.get(name)?.value
    }

    /// A limit in SI units; none if it is unsourced.
    #[must_use]
    pub fn limit(&self, name: &str) -> Option<f64> {
        Some(self.limits.get(name)?.value?.nominal)
    }

    /// A limit that counts things; none if it is unsourced.
    #[must_use]
    pub fn count_limit(&self, name: &str) -> Option<u64> {
        self.limit(name).map(|limit| limit as u64)
    }

    /// How many neurons it holds at most; none if that is not known.
    #[must_use]
    pub fn neurons(&self) -> Option<u64> {
        let on_cores = || Some(self.count_limit("cores")? * self.count_limit("neurons_per_core")?);
        self.count_limit("neuron_circuits").or_else(on_cores)
    }
}
