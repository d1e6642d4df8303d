//! `firmware_sim` for Python: profiles, limits and reports as JSON.

use crate::convert::{channels, ticks};
use crate::error::Error;
use firmware_sim::json::platform_json as json_of;
use firmware_sim::{Decision, Profile, ProfileError, Recording, RecordingError, load, obstacles, simulate};
use pyo3::prelude::*;

/// Names of the platforms that come with the package.
#[pyfunction]
pub(crate) fn platform_names() -> Vec<&'static str> {
    load::names()
}

/// A profile as JSON in SI units; `platform` is a name or the path of a profile file.
#[pyfunction]
pub(crate) fn platform_json(platform: &str) -> Result<String, Error> {
    Ok(json_of(&Profile::open(platform)?))
}

/// One sentence for everything of a program that does not fit on a platform.
#[pyfunction]
pub(crate) fn platform_obstacles(data: &[u8], platform: &str) -> Result<Vec<String>, Error> {
    Ok(obstacles(data, &Profile::open(platform)?)?)
}

/// Runs the recordings and prices them on the platforms; the reports as JSON in SI units.
/// `decision` is "first" (output spike) or "all" (outputs have spiked).
#[pyfunction]
pub(crate) fn simulate_json(
    py: Python<'_>,
    data: &[u8],
    recordings: Vec<(Bound<'_, PyAny>, Bound<'_, PyAny>)>,
    platforms: Vec<String>,
    decision: &str,
) -> Result<String, Error> {
    let decision = match decision {
        "first" => Decision::First,
        "all" => Decision::All,
        other => {
            return Err(Error::Argument(format!("decision is {other:?}; it must be \"first\" or \"all\"")));
        }
    };
    let profiles = platforms.iter().map(|platform| Profile::open(platform)).collect::<Result<Vec<_>, _>>()?;
    let recordings = recordings.iter().enumerate().map(|(index, (times, numbers))| {
        let recording = ticks(times).and_then(|ticks| Ok(Recording { ticks, channels: channels(numbers)? }));
        recording.map_err(|error| match error {
            Error::Argument(problem) => Error::Argument(format!("recording {index}: {problem}")),
            other => other,
        })
    });
    let recordings = recordings.collect::<Result<Vec<_>, _>>()?;
    py.detach(|| Ok(simulate(data, &recordings, &profiles, decision)?.to_json()))
}

impl From<ProfileError> for Error {
    fn from(error: ProfileError) -> Self {
        Self::Argument(error.to_string())
    }
}

impl From<RecordingError> for Error {
    fn from(error: RecordingError) -> Self {
        match error {
            RecordingError::Program(error) => Self::Program(error),
            RecordingError::Processor(error) => Self::Processor(error),
            other => Self::Argument(other.to_string()),
        }
    }
}
