//! Golden files, read case by case (`tests/golden/README.md` is the format).

use crate::Pool;
use crate::board::File;
use core::ffi::CStr;
use tarry_core::Spike;

/// Bytes of a spike in the file.
const SPIKE: usize = 12;

/// Why a case was not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The arena is too small for the program, its memory or a recording.
    TooLarge,
    /// The file ends within a case.
    Truncated,
    /// The program is refused.
    Refused,
}

/// One recording of a case: spikes in, and what must come out.
pub struct Recording<'m> {
    /// Run until this tick.
    pub until: u64,
    /// Ticks of the input spikes.
    pub ticks: &'m [u64],
    /// Channels of the input spikes.
    pub channels: &'m [u32],
    /// The output spikes.
    pub outputs: &'m [Spike],
    /// The digest after the run.
    pub digest: u64,
}

/// A golden file and the place where reading goes on.
pub struct Golden {
    file: File,
    place: usize,
}

impl Golden {
    /// Opens a golden file; none if there is no such file.
    #[must_use]
    pub fn open(name: &CStr) -> Option<Self> {
        File::open(name).map(|file| Self { file, place: 0 })
    }

    /// Where reading goes on.
    #[must_use]
    pub const fn place(&self) -> usize {
        self.place
    }

    /// Goes on reading elsewhere.
    pub fn seek(&mut self, place: usize) {
        self.file.seek(place);
        self.place = place;
    }

    /// Goes past a whole case; says how many recordings it has, or none at the end of the file.
    ///
    /// # Errors
    /// [`Trouble::Truncated`].
    pub fn skip_case(&mut self) -> Result<Option<u32>, Trouble> {
        let mut length = [0; 4];
        match self.file.read(&mut length) {
            0 => return Ok(None),
            4 => self.seek(self.place + 4 + u32::from_le_bytes(length) as usize),
            _ => return Err(Trouble::Truncated),
        }
        let recordings = self.count()?;
        for _ in 0..recordings {
            self.seek(self.place + 8);
            for _ in 0..2 {
                let spikes = self.count()?;
                self.seek(self.place + SPIKE * spikes as usize);
            }
            self.seek(self.place + 8);
        }
        Ok(Some(recordings))
    }

    /// The program of the case that begins here.
    ///
    /// # Errors
    /// [`Trouble::TooLarge`], [`Trouble::Truncated`].
    pub fn program<'m>(&mut self, pool: &mut Pool<'m>) -> Result<&'m [u8], Trouble> {
        let length = self.count()?;
        let bytes = pool.take(length as usize, 0).ok_or(Trouble::TooLarge)?;
        self.fill(bytes)?;
        Ok(bytes)
    }

    /// How many items follow.
    ///
    /// # Errors
    /// [`Trouble::Truncated`].
    pub fn count(&mut self) -> Result<u32, Trouble> {
        self.array().map(u32::from_le_bytes)
    }

    /// The next recording.
    ///
    /// # Errors
    /// [`Trouble::TooLarge`], [`Trouble::Truncated`].
    pub fn recording<'m>(&mut self, pool: &mut Pool<'m>) -> Result<Recording<'m>, Trouble> {
        let until = self.array().map(u64::from_le_bytes)?;
        let count = self.count()? as usize;
        let ticks = pool.take(count, 0).ok_or(Trouble::TooLarge)?;
        let channels = pool.take(count, 0).ok_or(Trouble::TooLarge)?;
        for (tick, channel) in ticks.iter_mut().zip(channels.iter_mut()) {
            let spike = self.spike()?;
            (*tick, *channel) = (spike.tick, spike.channel);
        }
        let count = self.count()? as usize;
        let outputs = pool.take(count, Spike::default()).ok_or(Trouble::TooLarge)?;
        for output in outputs.iter_mut() {
            *output = self.spike()?;
        }
        let digest = self.array().map(u64::from_le_bytes)?;
        Ok(Recording { until, ticks, channels, outputs, digest })
    }

    fn spike(&mut self) -> Result<Spike, Trouble> {
        let [t0, t1, t2, t3, t4, t5, t6, t7, c0, c1, c2, c3] = self.array::<SPIKE>()?;
        Ok(Spike {
            tick: u64::from_le_bytes([t0, t1, t2, t3, t4, t5, t6, t7]),
            channel: u32::from_le_bytes([c0, c1, c2, c3]),
        })
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Trouble> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Trouble> {
        let read = self.file.read(bytes);
        self.place += read;
        if read == bytes.len() { Ok(()) } else { Err(Trouble::Truncated) }
    }
}
