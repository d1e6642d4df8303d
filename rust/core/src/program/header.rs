//! Header and section table: where everything lies, each part under its own checksum.

use super::check::ProgramError;
use crate::crc::crc32;

const MAGIC: [u8; 8] = *b"TARRY\r\n\x1a";
const VERSION: u16 = 2;
const HEADER: usize = 40;
const DESCRIPTOR: usize = 16;
const SECTIONS: usize = 11;

/// The sections, in the order in which they lie in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// One record per population.
    Populations,
    /// One threshold per neuron.
    Thresholds,
    /// Decay factors.
    Tables,
    /// Where the runs of each source begin.
    Sources,
    /// Runs of synapses with one delay.
    Runs,
    /// Targets and weights.
    Synapses,
    /// Integers of clocked neurons.
    Parameters,
    /// One record per clocked projection.
    Projections,
    /// Where the runs of clocked projections begin, and delays of dense rows.
    Rows,
    /// Packed synapses and dense rows of clocked projections.
    Weights,
    /// What the compiler has to say.
    Notes,
}

impl Section {
    pub(crate) const ALL: [Self; SECTIONS] = [
        Self::Populations,
        Self::Thresholds,
        Self::Tables,
        Self::Sources,
        Self::Runs,
        Self::Synapses,
        Self::Parameters,
        Self::Projections,
        Self::Rows,
        Self::Weights,
        Self::Notes,
    ];
}

/// A field of the header, for errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The eight bytes that every program begins with.
    Magic,
    /// The version of the format.
    Version,
    /// The number of sections.
    SectionCount,
    /// The length of the file.
    Length,
    /// The length of a tick.
    TickSeconds,
    /// The width of a synapse, or of its weight.
    SynapseWidth,
    /// Bytes that must be zero.
    Reserved,
    /// The checksum of the header.
    HeaderChecksum,
    /// The checksum of the section table.
    TableChecksum,
}

/// Bytes of header and section table, which hold a checksum of every section.
pub(crate) const PREAMBLE: usize = HEADER + SECTIONS * DESCRIPTOR;

/// Where the sections lie, and the scalars of the header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    sections: [(u32, u32); SECTIONS],
    pub(crate) tick_seconds_bits: u64,
    pub(crate) synapse_bytes: u8,
    pub(crate) weight_bits: u8,
}

impl Layout {
    #[inline]
    pub(crate) fn section<'p>(&self, bytes: &'p [u8], section: Section) -> &'p [u8] {
        let (offset, length) = self.sections.get(section as usize).copied().unwrap_or_default();
        bytes.get(offset as usize..(offset + length) as usize).unwrap_or_default()
    }

    /// Reads header and section table and checks every checksum, and that the sections fill the file.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, ProgramError> {
        let (header, _) = bytes.split_first_chunk::<HEADER>().ok_or(ProgramError::Truncated)?;
        check(header.first_chunk() == Some(&MAGIC), Field::Magic)?;
        check(u16_at(header, 8) == VERSION, Field::Version)?;
        check(u32_at(header, 36) == crc32(header.get(..36).unwrap_or_default()), Field::HeaderChecksum)?;
        check(usize::from(u16_at(header, 10)) == SECTIONS, Field::SectionCount)?;
        let declared = u32_at(header, 12) as usize;
        if bytes.len() < declared {
            return Err(ProgramError::Truncated);
        }
        check(bytes.len() == declared && declared < 1 << 31, Field::Length)?;
        let low = u64::from(u32_at(header, 16));
        let tick_seconds_bits = low | u64::from(u32_at(header, 20)) << 32;
        check(is_positive_and_finite(tick_seconds_bits), Field::TickSeconds)?;
        let [synapse_bytes, weight_bits] = u16_at(header, 24).to_le_bytes();
        let width_is_right = matches!((synapse_bytes, weight_bits), (2, 1..=8) | (4, 1..=16));
        check(width_is_right, Field::SynapseWidth)?;
        check(u16_at(header, 26) == 0 && u32_at(header, 28) == 0, Field::Reserved)?;

        let table = bytes.get(HEADER..HEADER + SECTIONS * DESCRIPTOR).ok_or(ProgramError::Truncated)?;
        check(u32_at(header, 32) == crc32(table), Field::TableChecksum)?;
        let mut sections = [(0, 0); SECTIONS];
        let mut end = HEADER + SECTIONS * DESCRIPTOR;
        let descriptors = table.as_chunks::<DESCRIPTOR>().0;
        for ((section, slot), descriptor) in Section::ALL.into_iter().zip(&mut sections).zip(descriptors) {
            let misplaced = ProgramError::Misplaced(section);
            let (offset, length) = (u32_at(descriptor, 4), u32_at(descriptor, 8));
            if u32_at(descriptor, 0) != section as u32 || offset as usize != end {
                return Err(misplaced);
            }
            let last = end.checked_add(length as usize).ok_or(misplaced)?;
            let padded = last.checked_next_multiple_of(4).ok_or(misplaced)?;
            let content = bytes.get(end..last).ok_or(misplaced)?;
            let padding = bytes.get(last..padded).ok_or(misplaced)?;
            if padding.iter().any(|&byte| byte != 0) {
                return Err(misplaced);
            }
            if crc32(content) != u32_at(descriptor, 12) {
                return Err(ProgramError::Checksum(section));
            }
            *slot = (offset, length);
            end = padded;
        }
        check(end == bytes.len(), Field::Length)?;
        Ok(Self { sections, tick_seconds_bits, synapse_bytes, weight_bits })
    }
}

fn check(holds: bool, field: Field) -> Result<(), ProgramError> {
    if holds { Ok(()) } else { Err(ProgramError::Header(field)) }
}

/// Of a double, by its bits: sign clear, not zero, exponent not all ones.
const fn is_positive_and_finite(bits: u64) -> bool {
    bits != 0 && bits < 0x7FF0_0000_0000_0000
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    let field = bytes.get(at..at + 2).and_then(|field| field.first_chunk());
    field.map_or(0, |&field| u16::from_le_bytes(field))
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let field = bytes.get(at..at + 4).and_then(|field| field.first_chunk());
    field.map_or(0, |&field| u32::from_le_bytes(field))
}
