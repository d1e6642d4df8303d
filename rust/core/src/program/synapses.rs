//! The synapses of clocked projections, read back from their layouts.
//!
//! Nothing here is used by the engine: prices and bounds are worked out from it.

use super::{Kind, Layout, Program, Projection, View};
use crate::kernels::Rows;

/// A synapse of a clocked projection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Synapse {
    /// Ticks from the spike to its arrival.
    pub delay: u32,
    /// Its target, counted within the target population.
    pub target: u32,
    /// Never zero.
    pub weight: i32,
}

impl<B: AsRef<[u8]>> Program<B> {
    /// The clocked projections, sorted by target.
    pub fn projections(&self) -> impl Iterator<Item = Projection> + '_ {
        self.view().projections()
    }

    /// The synapses of one source of a clocked projection, by block or level of delays, then target; padding is left
    /// out.
    pub fn projection_synapses<'p>(
        &'p self,
        projection: &'p Projection,
        source: u32,
    ) -> impl Iterator<Item = Synapse> + 'p {
        let view = self.view();
        let later =
            u32::from(self.population(projection.source.into()).is_some_and(|p| p.kind != Kind::Input));
        let blocks = if source < projection.sources { projection.blocks } else { 0 };
        (0..blocks).flat_map(move |block| {
            let run = Run::of(&view, projection, source, block);
            (run.first..run.end).filter_map(move |at| run.synapse(&view, projection, at, later))
        })
    }

    /// How many synapses the engine goes through where it hands over one block of delays of one source, or one level;
    /// padding counts.
    pub fn hand_over_length(&self, projection: &Projection, source: u32, block: u32) -> u32 {
        let run = Run::of(&self.view(), projection, source, block);
        run.end - run.first
    }
}

/// The words of one source and block, or the lanes of one row.
#[derive(Clone, Copy)]
struct Run {
    first: u32,
    end: u32,
    /// Dense: which row. Packed: the first delay of the block.
    number: u32,
    /// Dense: the delay of the row.
    delay: u32,
}

impl Run {
    fn of(view: &View, projection: &Projection, source: u32, block: u32) -> Self {
        let row = |at: u32| view.row(projection.first_row + at);
        match projection.layout {
            Layout::Packed => {
                let at = source * projection.blocks + block;
                let delay = block << projection.block_shift;
                Self { first: row(at), end: row(at + 1), number: 0, delay }
            }
            Layout::Shared => {
                let number = block * projection.sources + source;
                Self { first: 0, end: projection.targets, number, delay: row(block) }
            }
            Layout::Own => {
                let number = source * projection.blocks + block;
                Self { first: 0, end: projection.targets, number, delay: row(number) }
            }
        }
    }

    /// `later`: the first hand-over of a spike comes so many ticks after it.
    fn synapse(&self, view: &View, projection: &Projection, at: u32, later: u32) -> Option<Synapse> {
        let first = projection.first_weight as usize;
        let weights = view.weights.get(first..first + projection.weight_bytes as usize)?;
        if projection.layout == Layout::Packed {
            let (offset, weight) = packed(weights, projection, at as usize)?;
            let stride = projection.stride_shift;
            let delay = self.delay + (offset >> stride) + later;
            return Some(Synapse { delay, target: offset & ((1 << stride) - 1), weight });
        }
        let rows = Rows { weights, weight_bits: projection.weight_bits, row_bytes: projection.row_bytes() };
        let weight = rows.weight(self.number, at)?;
        (weight != 0).then_some(Synapse { delay: self.delay + later, target: at, weight })
    }
}

/// Offset and weight of a word.
fn packed(weights: &[u8], projection: &Projection, at: usize) -> Option<(u32, i32)> {
    if projection.word_bytes == 2 {
        let word = u16::from_le_bytes(*weights.as_chunks().0.get(at)?);
        let offset_bits = 16 - u32::from(projection.weight_bits & 15);
        let mask = (1_u32 << offset_bits) - 1;
        return Some((u32::from(word) & mask, i32::from(word as i16 >> offset_bits)));
    }
    let word = u32::from_le_bytes(*weights.as_chunks().0.get(at)?);
    Some((word & 0xFFFF, word as i32 >> 16))
}
