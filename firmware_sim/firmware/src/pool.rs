//! RAM handed out piece by piece, typed, never given back: the arenas of one case.

use core::mem::{MaybeUninit, take};

/// What is left of a stretch of RAM.
pub struct Pool<'m> {
    free: &'m mut [MaybeUninit<u8>],
}

impl<'m> Pool<'m> {
    /// All of a stretch.
    pub const fn new(free: &'m mut [MaybeUninit<u8>]) -> Self {
        Self { free }
    }

    /// How many bytes are left.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.free.len()
    }

    /// The same stretch once more, for the time of a borrow: what is taken from it comes back afterwards.
    pub const fn again(&mut self) -> Pool<'_> {
        Pool { free: self.free }
    }

    /// So many elements, all set to `value`; none if there is no room, and then nothing is left.
    pub fn take<T: Copy>(&mut self, count: usize, value: T) -> Option<&'m mut [T]> {
        let free = take(&mut self.free);
        let padding = free.as_ptr().align_offset(align_of::<T>());
        let (_, aligned) = free.split_at_mut_checked(padding)?;
        let (bytes, rest) = aligned.split_at_mut_checked(count.checked_mul(size_of::<T>())?)?;
        self.free = rest;
        let first = bytes.as_mut_ptr().cast::<T>();
        // SAFETY: `bytes` is aligned for T, holds `count` of them, is borrowed for 'm and split off from all else;
        // every element is written before the slice exists.
        unsafe {
            for index in 0..count {
                first.add(index).write(value);
            }
            Some(core::slice::from_raw_parts_mut(first, count))
        }
    }
}
