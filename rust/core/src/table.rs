//! Decay factors by table: `factor(n) = 2^Q exp(-n / tau)`, tabulated in one or two levels.

use crate::fixed::rounded;

/// The words of the table section, little-endian, read in place.
pub(crate) type Words<'p> = &'p [[u8; 4]];

/// Marks a table that holds every factor up to the horizon.
pub(crate) const DIRECT: u8 = 0xFF;

/// Where a table lies and how it is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Table {
    /// First word.
    pub(crate) first: u32,
    /// [`DIRECT`], or log2 of the length of the fine level.
    pub(crate) shift: u8,
}

impl Table {
    /// How many words so many factors take, or none if that is out of every range.
    pub(crate) fn len(self, factors: u32) -> Option<u32> {
        match self.shift {
            DIRECT => Some(factors),
            shift if shift <= 16 => {
                let fine = 1_u32 << shift;
                fine.checked_add(factors.div_ceil(fine))
            }
            _ => None,
        }
    }

    /// The factor after `n` ticks, `0..=2^Q`; `n` is below the horizon.
    #[inline]
    pub(crate) fn factor(self, words: Words, n: u32) -> i64 {
        if self.shift == DIRECT {
            return word(words, self.first + n);
        }
        let shift = u32::from(self.shift) & 31;
        let fine = 1 << shift;
        rounded(word(words, self.first + fine + (n >> shift)) * word(words, self.first + (n & (fine - 1))))
    }
}

#[inline]
pub(crate) fn word(words: Words, index: u32) -> i64 {
    words.get(index as usize).map_or(0, |&bytes| i64::from(u32::from_le_bytes(bytes)))
}
