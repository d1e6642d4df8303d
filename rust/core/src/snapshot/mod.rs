//! The whole state of a processor as bytes: taken between two ticks, given back to a processor of the same program.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `TARRYST\x1a` |
//! | 4 | version of this format |
//! | 8 | FNV-1a of the header and the section table of the program, which hold a checksum of every section |
//! | 4, n | length of the caller's notes, and they |
//! | n | the state: [`state::State::walk`] |
//! | 4 | CRC-32 of all bytes before |
//!
//! All numbers are little-endian. One walk over the state serves both directions, so they cannot disagree.

mod check;
mod state;
mod walk;

use crate::crc::crc32;
use crate::digest::Digest;
use crate::kernels::Kernels;
use crate::memory::Arenas;
use crate::probe::Probe;
use crate::processor::{Processor, tick_of};
use crate::program::PREAMBLE;
use crate::start::start;
use core::fmt;
use state::{Scalars, State};
use walk::{Reader, Walk, Word, Writer};

const MAGIC: [u8; 8] = *b"TARRYST\x1a";
const VERSION: u32 = 1;
const CHECKSUM: usize = 4;

/// Why a snapshot cannot be restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotError {
    /// The bytes do not begin as a snapshot does, or are of another version.
    Foreign,
    /// The bytes end too early, or some were changed.
    Damaged,
    /// It was taken from another program.
    OtherProgram,
    /// More output spikes wait in it than the output buffer holds.
    Outputs {
        /// Spikes that wait.
        waiting: u32,
        /// Spikes that the buffer holds.
        room: usize,
    },
    /// The checksum is right, but no processor was ever in such a state. The processor is as a new one.
    Impossible,
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign => f.write_str("these bytes are no snapshot of this version"),
            Self::Damaged => {
                f.write_str("the snapshot is damaged: its checksum is wrong, or it ends too early")
            }
            Self::OtherProgram => f.write_str(
                "the snapshot was taken from another program; restore it to a processor of that one",
            ),
            Self::Outputs { waiting, room } => {
                write!(f, "{waiting} output spikes wait in the snapshot; the output buffer holds {room}")
            }
            Self::Impossible => {
                f.write_str("the snapshot holds a state that no processor can be in; the processor was reset")
            }
        }
    }
}

impl core::error::Error for SnapshotError {}

/// The notes of the caller in a snapshot.
///
/// # Errors
/// [`SnapshotError::Foreign`] or [`SnapshotError::Damaged`].
pub fn snapshot_notes(snapshot: &[u8]) -> Result<&[u8], SnapshotError> {
    Ok(opened(snapshot)?.1)
}

/// Digest of the program, notes, state.
fn opened(snapshot: &[u8]) -> Result<(u64, &[u8], &[u8]), SnapshotError> {
    let mut reader = Reader::new(snapshot);
    let (mut magic, mut version, mut digest, mut length) = ([0; 8], 0_u32, 0_u64, 0_u32);
    let begins = reader.bytes(&mut magic) && version.walk(&mut reader);
    if !begins || magic != MAGIC || version != VERSION {
        return Err(SnapshotError::Foreign);
    }
    let (body, checksum) = snapshot.split_last_chunk::<CHECKSUM>().ok_or(SnapshotError::Damaged)?;
    if u32::from_le_bytes(*checksum) != crc32(body) || !digest.walk(&mut reader) || !length.walk(&mut reader)
    {
        return Err(SnapshotError::Damaged);
    }
    let rest = body.get(snapshot.len() - reader.left()..).unwrap_or_default();
    let (notes, state) = rest.split_at_checked(length as usize).ok_or(SnapshotError::Damaged)?;
    Ok((digest, notes, state))
}

impl<B: AsRef<[u8]>, M: Arenas, P: Probe, K: Kernels> Processor<B, M, P, K> {
    /// Hands a snapshot to `write`, piece by piece: states, queues, outputs that wait, tallies, the present; not the
    /// probe. `notes` are bytes of the caller that travel with it.
    pub fn save(&mut self, notes: &[u8], write: impl FnMut(&[u8])) {
        let mut digest = self.program_digest();
        let mut writer = Writer::new(write);
        let _ = writer.bytes(&mut { MAGIC });
        let _ = { VERSION }.walk(&mut writer) && digest.walk(&mut writer);
        let _ = { notes.len() as u32 }.walk(&mut writer);
        for &byte in notes {
            let _ = { byte }.walk(&mut writer);
        }
        let _ = self.state().walk(&mut writer);
        writer.finish();
    }

    /// Puts the processor into the state of a snapshot; returns the notes in it.
    ///
    /// # Errors
    /// [`SnapshotError`]; the processor is then as it was, except after [`SnapshotError::Impossible`].
    pub fn restore<'s>(&mut self, snapshot: &'s [u8]) -> Result<&'s [u8], SnapshotError> {
        let (digest, notes, state) = opened(snapshot)?;
        if digest != self.program_digest() {
            return Err(SnapshotError::OtherProgram);
        }
        let mut waiting = 0_u32;
        let room = self.memory.memory().outputs.len();
        if waiting.walk(&mut Reader::new(state)) && waiting as usize > room {
            return Err(SnapshotError::Outputs { waiting, room });
        }
        self.reset();
        let mut reader = Reader::new(state);
        let mut state = self.state();
        let is_whole = state.walk(&mut reader) && reader.left() == 0;
        if !(is_whole && state.is_possible()) {
            // Nothing of it stays, not even what it says was counted.
            start(&self.program.view(), self.program.plan(), &mut self.memory.memory());
            self.reset();
            return Err(SnapshotError::Impossible);
        }
        state.rebuild();
        let Scalars { now, pushed, output_head, output_len, digest } = state.scalars;
        (self.now, self.pushed, self.digest) = (now, pushed, digest);
        (self.output_head, self.output_len) = (output_head, output_len);
        Ok(notes)
    }

    fn state(&mut self) -> State<'_> {
        let Self { now, pushed, output_head, output_len, digest, .. } = *self;
        let plan = *self.program.plan();
        let mut memory = self.memory.memory();
        let seen = core::mem::take(&mut memory.seen);
        let (tick, outputs) = tick_of(self.program.view(), self.program.plan(), memory);
        let scalars = Scalars { now, pushed, output_head, output_len, digest };
        State { plan, scalars, tick, seen, outputs }
    }

    /// The header and the section table hold the checksums of everything else.
    fn program_digest(&self) -> u64 {
        let bytes = self.program.bytes();
        Digest::EMPTY.bytes(bytes.get(..PREAMBLE).unwrap_or(bytes)).value()
    }
}
