//! The units that a profile may use. Everything is converted to SI once, here.

use serde::Serialize;

/// What a constant measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Dimension {
    /// Joules.
    Energy,
    /// Seconds.
    Time,
    /// Watts.
    Power,
    /// Bytes.
    Memory,
    /// Bits of a word.
    Bits,
    /// A pure number.
    Number,
}

impl Dimension {
    /// The unit in which values of this dimension are held.
    #[must_use]
    pub fn si(self) -> &'static str {
        match self {
            Self::Energy => "J",
            Self::Time => "s",
            Self::Power => "W",
            Self::Memory => "B",
            Self::Bits => "bit",
            Self::Number => "1",
        }
    }
}

/// Every unit: its name, what it measures, and how many SI units it is.
pub const UNITS: &[(&str, Dimension, f64)] = &[
    ("J", Dimension::Energy, 1.0),
    ("mJ", Dimension::Energy, 1e-3),
    ("uJ", Dimension::Energy, 1e-6),
    ("nJ", Dimension::Energy, 1e-9),
    ("pJ", Dimension::Energy, 1e-12),
    ("fJ", Dimension::Energy, 1e-15),
    ("s", Dimension::Time, 1.0),
    ("ms", Dimension::Time, 1e-3),
    ("us", Dimension::Time, 1e-6),
    ("ns", Dimension::Time, 1e-9),
    ("W", Dimension::Power, 1.0),
    ("mW", Dimension::Power, 1e-3),
    ("uW", Dimension::Power, 1e-6),
    ("B", Dimension::Memory, 1.0),
    ("KiB", Dimension::Memory, 1024.0),
    ("MiB", Dimension::Memory, 1_048_576.0),
    ("bit", Dimension::Bits, 1.0),
    ("1", Dimension::Number, 1.0),
];

/// How many SI units one `unit` is, or the names of the units that fit the dimension.
///
/// # Errors
/// The valid names, if the unit is unknown or measures something else.
pub fn scale(unit: &str, dimension: Dimension) -> Result<f64, String> {
    let fitting = || UNITS.iter().filter(|(_, measures, _)| *measures == dimension);
    match fitting().find(|(name, _, _)| *name == unit) {
        Some((_, _, factor)) => Ok(*factor),
        None => Err(fitting().map(|(name, _, _)| *name).collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Dimension, UNITS, scale};

    #[test]
    fn each_dimension_has_its_si_unit_at_scale_one() {
        for (_, dimension, _) in UNITS {
            assert_eq!(scale(dimension.si(), *dimension), Ok(1.0));
        }
    }

    #[test]
    fn a_wrong_unit_is_answered_with_the_right_ones() {
        assert_eq!(scale("pJ", Dimension::Energy), Ok(1e-12));
        assert_eq!(scale("pJ", Dimension::Time), Err("s, ms, us, ns".to_owned()));
        assert_eq!(scale("eV", Dimension::Power), Err("W, mW, uW".to_owned()));
    }
}
