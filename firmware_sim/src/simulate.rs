//! Run, count, price: a program on platforms.

use tarry_core::Program;

use crate::census::Census;
use crate::json::reports_json;
use crate::price::price;
use crate::profile::Profile;
use crate::program::structure;
use crate::recording::{Decision, Recording, RecordingError, record};
use crate::report::{Report, report};
use crate::structure::Structure;

/// What a program costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Simulation {
    /// What the program is made of.
    pub structure: Structure,
    /// How recordings were decided.
    pub decision: Decision,
    /// One report per profile, in their order, under its name.
    pub reports: Vec<(String, Report)>,
}

/// Runs every recording once in the Processor and prices what it did on every platform.
///
/// # Errors
/// If the program is damaged, there are no recordings, or a recording cannot be pushed or never ends.
pub fn simulate(
    program: &[u8],
    recordings: &[Recording],
    profiles: &[Profile],
    decision: Decision,
) -> Result<Simulation, RecordingError> {
    let (structure, censuses) = record(program, recordings, decision)?;
    let priced = |profile: &Profile| Some((profile.id.clone(), report(profile, &structure, &censuses)?));
    let reports = profiles.iter().filter_map(priced).collect();
    Ok(Simulation { structure, decision, reports })
}

/// One sentence for everything of a program that does not fit on a platform, whatever it will be given to do.
///
/// # Errors
/// If the program is damaged.
pub fn obstacles(program: &[u8], profile: &Profile) -> Result<Vec<String>, RecordingError> {
    let program = Program::parse(program).map_err(RecordingError::Program)?;
    let structure = structure(&program);
    let idle = Census { touched: vec![0; structure.populations.len()], ..Census::default() };
    Ok(price(profile, &structure, &idle).obstacles)
}

impl Simulation {
    /// All of it but the structure's axons, as JSON in SI units.
    #[must_use]
    pub fn to_json(&self) -> String {
        let decision = match self.decision {
            Decision::First => "first",
            Decision::All => "all",
        };
        reports_json(&self.structure, decision, &self.reports)
    }
}
