//! What a time model hands over for pricing: counts, and the constants that each is to be multiplied with.

use serde::Serialize;

use crate::profile::Profile;
use crate::structure::Structure;

/// Everything that one recording is charged for, and what of the program does not fit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bill {
    /// Terms of the compute-only latency.
    pub latency: Vec<Term>,
    /// Terms of the energy.
    pub energy: Vec<Term>,
    /// Bytes taken on the platform.
    pub memory: Vec<MemoryLine>,
    /// Cores in use, where the platform has them.
    pub cores: Option<u64>,
    /// One sentence for each thing that does not fit.
    pub obstacles: Vec<String>,
    /// What was assumed, in whole sentences.
    pub assumptions: Vec<String>,
    /// What is not known besides the constants, in whole sentences.
    pub unknown: Vec<String>,
    /// Whether the platform can run in the time of its input; the analog one is a thousand times faster, always.
    pub real_time: bool,
}

/// A count times constants: one line of the estimate.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// Where it belongs.
    pub group: Group,
    /// What is counted.
    pub label: &'static str,
    /// How often.
    pub count: Count,
    /// Names of the costs that are multiplied.
    pub constants: &'static [&'static str],
}

/// How often something is charged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Count {
    /// So many times.
    Times(f64),
    /// Once per second of the compute-only latency: what is drawn while the platform runs.
    Latency,
}

/// Part of the platform that a line belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Neurons and synapses.
    Core,
    /// Packets between cores.
    Network,
    /// Rings and queues that hold delayed spikes.
    DelayMemory,
    /// Power that flows whatever the network does.
    Static,
    /// Processors beside the network; shown, never part of a total.
    Host,
}

/// Bytes for one purpose.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MemoryLine {
    /// What for.
    pub label: &'static str,
    /// How many.
    pub bytes: u64,
}

impl Term {
    /// A term that is charged so many times.
    #[must_use]
    pub fn times(group: Group, label: &'static str, count: f64, constants: &'static [&'static str]) -> Self {
        Self { group, label, count: Count::Times(count), constants }
    }

    /// A power that is drawn during the compute-only latency.
    #[must_use]
    pub fn power(group: Group, label: &'static str, constants: &'static [&'static str]) -> Self {
        Self { group, label, count: Count::Latency, constants }
    }
}

/// Sentences for what breaks the limits that all platforms have.
#[must_use]
pub fn common_obstacles(profile: &Profile, structure: &Structure) -> Vec<String> {
    let mut obstacles = Vec::new();
    if let Some(bits) = profile.count_limit("weight_bits")
        && u64::from(structure.weight_bits) > bits
    {
        obstacles.push(format!(
            "its weights have {} bits with their sign; {} holds {bits}",
            structure.weight_bits, profile.name
        ));
    }
    if let Some(longest) = profile.count_limit("delay_longest")
        && u64::from(structure.longest_delay()) > longest
    {
        obstacles.push(format!(
            "its longest delay is {} ticks; {} holds {longest} steps: a tick of {:.2} us would do",
            structure.longest_delay(),
            profile.name,
            f64::from(structure.longest_delay()) / longest as f64 * structure.tick_seconds * 1e6
        ));
    }
    obstacles
}
