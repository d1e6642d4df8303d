//! A walk over words, to write them or to read them.

use crate::crc::Checksum;

/// What is done with the bytes of each word.
pub(crate) trait Walk {
    /// Writes the bytes, or reads into them; false if there are too few left.
    fn bytes(&mut self, bytes: &mut [u8]) -> bool;
}

/// Hands bytes on and keeps their checksum.
pub(crate) struct Writer<F> {
    write: F,
    checksum: Checksum,
}

impl<F: FnMut(&[u8])> Writer<F> {
    pub(crate) const fn new(write: F) -> Self {
        Self { write, checksum: Checksum::EMPTY }
    }

    /// The checksum ends the bytes.
    pub(crate) fn finish(mut self) {
        (self.write)(&self.checksum.value().to_le_bytes());
    }
}

impl<F: FnMut(&[u8])> Walk for Writer<F> {
    #[inline]
    fn bytes(&mut self, bytes: &mut [u8]) -> bool {
        self.checksum = self.checksum.with(bytes);
        (self.write)(bytes);
        true
    }
}

/// Takes bytes from the front of a slice.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    /// How many bytes are left.
    pub(crate) const fn left(&self) -> usize {
        self.rest.len()
    }
}

impl Walk for Reader<'_> {
    #[inline]
    fn bytes(&mut self, bytes: &mut [u8]) -> bool {
        let Some((taken, rest)) = self.rest.split_at_checked(bytes.len()) else { return false };
        bytes.copy_from_slice(taken);
        self.rest = rest;
        true
    }
}

/// What can be walked over.
pub(crate) trait Word {
    /// False if there was nothing left to read, or no such word.
    fn walk<W: Walk>(&mut self, walk: &mut W) -> bool;
}

macro_rules! integers {
    ($($integer:ty),*) => {
        $(impl Word for $integer {
            #[inline]
            fn walk<W: Walk>(&mut self, walk: &mut W) -> bool {
                let mut bytes = self.to_le_bytes();
                let went = walk.bytes(&mut bytes);
                *self = Self::from_le_bytes(bytes);
                went
            }
        })*
    };
}

integers!(u8, u16, u32, u64, i16, i32, i64);

impl Word for bool {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> bool {
        let mut byte = u8::from(*self);
        let went = byte.walk(walk);
        *self = byte == 1;
        went && byte < 2
    }
}

/// A tick, or none: then the largest number, which is no tick.
impl Word for Option<u64> {
    fn walk<W: Walk>(&mut self, walk: &mut W) -> bool {
        let mut tick = self.unwrap_or(u64::MAX);
        let went = tick.walk(walk);
        *self = Some(tick).filter(|&tick| tick != u64::MAX);
        went
    }
}

impl<T: Word> Word for [T] {
    #[inline]
    fn walk<W: Walk>(&mut self, walk: &mut W) -> bool {
        self.iter_mut().all(|word| word.walk(walk))
    }
}
