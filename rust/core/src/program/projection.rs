//! The record of a clocked projection: which synapses it holds and how they lie.

use super::header::{u16_at, u32_at};

/// Bytes of a record.
pub(crate) const RECORD: usize = 32;

/// How the synapses of a projection lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// A delay per synapse: words of offset and weight, in runs by source and block of delays.
    #[default]
    Packed,
    /// Few delays that all sources share: a dense row of weights per delay and source.
    Shared,
    /// Few delays per source, its own: a dense row of weights per source and delay.
    Own,
}

/// How wide the sums of a packed projection are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Accumulator {
    /// 32 bits.
    #[default]
    Wide,
    /// 16 bits, which the compiler proved to hold every sum.
    Narrow,
    /// 16 bits, and what would leave them goes to 32 bits beside.
    Guarded,
}

/// A projection as a processor holds it. Delays count from the tick at which a spike is handed over first: from
/// neurons that is the one after the spike, so a delay of `d` ticks is `d - 1` here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Projection {
    /// The population whose spikes it carries.
    pub source: u16,
    /// The population that it drives.
    pub target: u16,
    /// How its synapses lie.
    pub layout: Layout,
    /// How wide its sums are.
    pub accumulator: Accumulator,
    /// Packed: bytes of a word, 2 or 4.
    pub word_bytes: u8,
    /// Bits of a weight in its word or row.
    pub weight_bits: u8,
    /// Packed: log2 of the delays of a block.
    pub block_shift: u8,
    /// Packed: log2 of the accumulators of a row.
    pub stride_shift: u8,
    /// The sum is shifted left by so much, or right if negative.
    pub exponent: i8,
    /// Blocks of a packed projection, delays of a dense one (per source if they are its own).
    pub blocks: u32,
    /// Its first word in the section of rows.
    pub(crate) first_row: u32,
    /// Its first byte in the section of weights.
    pub(crate) first_weight: u32,
    /// Bytes of its weights.
    pub weight_bytes: u32,
    /// The longest delay.
    pub(crate) longest: u32,
    /// Neurons of the target, and sources.
    pub(crate) targets: u32,
    pub(crate) sources: u32,
    /// First accumulator; of guarded sums, also the first of the wide ones.
    pub(crate) first_sum: u32,
    pub(crate) first_wide: u32,
    /// The due rows of a projection with delays of its own: first word (bitmap) or first head (list), and log2 of ticks.
    pub(crate) first_due: u32,
    pub(crate) due_shift: u8,
    /// The last tick at which it may deliver, if it has had a spike.
    pub(crate) reach: Option<u64>,
    /// The last tick whose wide sums of a guarded projection may not be zero.
    pub(crate) spilled: Option<u64>,
}

/// Codes that mean nothing decode as the default; the check refuses them by this.
pub(crate) fn codes_are_right(record: &[u8; RECORD]) -> bool {
    record.get(4).is_some_and(|&layout| layout < 3)
        && record.get(9).is_some_and(|&accumulator| accumulator < 3)
        && record.get(11) == Some(&0)
}

impl Projection {
    pub(crate) fn decode(record: &[u8; RECORD]) -> Self {
        let byte = |at: usize| record.get(at).copied().unwrap_or_default();
        Self {
            source: u16_at(record, 0),
            target: u16_at(record, 2),
            layout: [Layout::Packed, Layout::Shared, Layout::Own]
                .get(usize::from(byte(4)))
                .copied()
                .unwrap_or_default(),
            word_bytes: byte(5),
            weight_bits: byte(6),
            block_shift: byte(7),
            stride_shift: byte(8),
            accumulator: [Accumulator::Wide, Accumulator::Narrow, Accumulator::Guarded]
                .get(usize::from(byte(9)))
                .copied()
                .unwrap_or_default(),
            exponent: byte(10) as i8,
            blocks: u32_at(record, 12),
            first_row: u32_at(record, 16),
            first_weight: u32_at(record, 20),
            weight_bytes: u32_at(record, 24),
            longest: u32_at(record, 28),
            ..Self::default()
        }
    }

    /// Delays of a block.
    #[must_use]
    pub const fn block(&self) -> u32 {
        1 << (self.block_shift & 31)
    }

    /// Sources that it may carry spikes of.
    #[must_use]
    pub const fn sources(&self) -> u32 {
        self.sources
    }

    /// Accumulators that it keeps.
    pub(crate) const fn sums(&self) -> u32 {
        match self.layout {
            Layout::Packed => 1 << (self.block_shift.wrapping_add(self.stride_shift) & 31),
            Layout::Shared | Layout::Own => self.targets,
        }
    }

    /// Bytes of a dense row.
    pub(crate) const fn row_bytes(&self) -> usize {
        (self.targets as usize * self.weight_bits as usize).div_ceil(8)
    }

    /// Ticks of the ring of due rows.
    pub(crate) const fn due_ticks(&self) -> u32 {
        1 << (self.due_shift & 31)
    }

    /// How long after its first hand-over a spike is still read from the history, in ticks.
    pub(crate) const fn history_ticks(&self) -> u32 {
        match self.layout {
            Layout::Packed => self.blocks.saturating_sub(1) << (self.block_shift & 31),
            Layout::Shared => self.longest,
            Layout::Own => 0,
        }
    }

    /// The row of accumulators that holds what arrives at `tick`.
    #[inline]
    pub(crate) const fn row_of(&self, tick: u64) -> u32 {
        match self.layout {
            Layout::Packed => (tick as u32 & (self.block() - 1)) << (self.stride_shift & 31),
            Layout::Shared | Layout::Own => 0,
        }
    }

    /// Whether its sums have 16 bits.
    #[inline]
    pub(crate) fn is_narrow(&self) -> bool {
        self.layout == Layout::Packed && self.accumulator != Accumulator::Wide
    }

    /// Whether sums that are read at `tick` may have parts among the wide ones of a guarded projection.
    #[inline]
    pub(crate) fn has_spilled(&self, tick: u64) -> bool {
        self.spilled.is_some_and(|last| last >= tick)
    }

    /// Whether it may deliver at `tick` or later.
    #[inline]
    pub(crate) fn is_pending(&self, tick: u64) -> bool {
        self.reach.is_some_and(|reach| reach >= tick)
    }
}
