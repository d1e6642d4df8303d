//! The integer rules that neurons may follow (docs/semantics.md).

use serde::{Deserialize, Serialize};

/// How the neurons of a population are updated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// Between events by closed forms.
    Event,
    /// One state, one tick one step.
    Delta,
    /// Current and potential, as on the Loihi chips.
    Loihi,
    /// Current and potential, decaying by shifts.
    Shift,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Event, Self::Loihi, Self::Delta, Self::Shift];

    /// The name in files and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Delta => "delta",
            Self::Loihi => "loihi",
            Self::Shift => "shift",
        }
    }

    /// The rule of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.name() == name)
    }

    /// One tick is one step of these neurons.
    #[must_use]
    pub const fn is_clocked(self) -> bool {
        !matches!(self, Self::Event)
    }
}
