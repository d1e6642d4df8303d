//! Dense rows that are due, collected before they are added.

use super::hand_over::Sums;
use super::queue::{Histories, Queue};
use super::rows::Rows;
use crate::kernels::Kernels;
use crate::program::Projection;
use core::marker::PhantomData;

/// Rows that are collected before they are added; not many, since the list is cleared every time, and fewer where
/// memory is dear.
const ROWS: usize = if cfg!(target_pointer_width = "32") { 32 } else { 128 };
/// Sources that are taken at once, whether there are so many or fewer.
const AT_ONCE: usize = 16;

/// Dense rows, collected so that the sums stay in registers for many of them.
pub(crate) struct Batch<'a, K> {
    sums: &'a mut [i32],
    rows: Rows<'a>,
    numbers: [u32; ROWS],
    count: usize,
    kernels: PhantomData<K>,
}

impl<'a, K: Kernels> Batch<'a, K> {
    #[inline]
    pub(crate) fn new(projection: &Projection, sums: &'a mut Sums, weights: &'a [u8]) -> Self {
        let first = projection.first_sum as usize;
        Self {
            sums: sums.wide.get_mut(first..first + projection.targets as usize).unwrap_or_default(),
            rows: Rows { weights, weight_bits: projection.weight_bits, row_bytes: projection.row_bytes() },
            numbers: [0; ROWS],
            count: 0,
            kernels: PhantomData,
        }
    }

    #[inline]
    pub(crate) fn add(&mut self, number: u32) {
        if self.count == ROWS {
            self.flush();
        }
        if let Some(slot) = self.numbers.get_mut(self.count) {
            *slot = number;
            self.count += 1;
        }
    }

    /// Adds the rows, from `base` on, of the sources that spiked for `tick`; returns how many.
    #[inline]
    pub(crate) fn add_sources(&mut self, queue: &Queue, tick: u64, histories: &Histories, base: u32) -> u32 {
        if queue.is_bitmap {
            let mut count = 0;
            queue.spikes(tick, histories, |source| {
                self.add(base + source);
                count += 1;
            });
            return count;
        }
        let (first, end) = queue.span(tick, histories.starts);
        let (count, place) =
            (u32::from(end.wrapping_sub(first)), u32::from(first) & queue.places.wrapping_sub(1));
        // Up to the end of the circular list, and from its beginning on.
        let ahead = count.min(queue.places.saturating_sub(place));
        for (place, count) in [(place, ahead), (0, count - ahead)].into_iter().filter(|&(_, count)| count > 0)
        {
            let places = (queue.first + place) as usize..(queue.first + queue.places) as usize;
            if queue.is_narrow {
                self.add_some(histories.narrow.get(places).unwrap_or_default(), count as usize, base);
            } else {
                self.add_some(histories.wide.get(places).unwrap_or_default(), count as usize, base);
            }
        }
        count
    }

    /// Adds the rows of the first `count` sources. Few are taken together with those behind them, which do not count: a
    /// loop of their number would be mispredicted level by level.
    #[inline]
    fn add_some<S: Copy + Into<u32>>(&mut self, sources: &[S], count: usize, base: u32) {
        if self.count + AT_ONCE > ROWS {
            self.flush();
        }
        let free = self.numbers.get_mut(self.count..).and_then(|free| free.first_chunk_mut::<AT_ONCE>());
        if let (true, Some(some), Some(free)) = (count <= AT_ONCE, sources.first_chunk::<AT_ONCE>(), free) {
            for (slot, &source) in free.iter_mut().zip(some) {
                *slot = base.wrapping_add(source.into());
            }
            self.count += count;
        } else {
            sources.iter().take(count).for_each(|&source| self.add(base + source.into()));
        }
    }

    #[inline]
    pub(crate) fn flush(&mut self) {
        if self.count > 0 {
            K::add_rows(self.sums, &self.rows, self.numbers.get(..self.count).unwrap_or_default());
            self.count = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::kernels::Portable;
    use std::{vec, vec::Vec};

    /// Any number of spikes, wherever they lie in the list, in lists of both widths and in a bitmap.
    #[test]
    fn every_source_brings_its_row_once() {
        const SOURCES: u32 = 512;
        let rows: Vec<u8> = (0..2 * SOURCES).map(|row| (row % 251) as u8).collect();
        for count in [0, 1, 15, 16, 17, 63, 127, 128, 129, 250] {
            for (before, is_narrow, is_bitmap) in [
                (0, true, false),
                (3, false, false),
                (500, false, false),
                (505, true, false),
                (0, true, true),
            ] {
                let (mut narrow, mut wide) = (vec![0; 512], vec![0; 512]);
                let (mut starts, mut bits) = (vec![0; 4], vec![0; 4 * 8]);
                let mut histories =
                    Histories { narrow: &mut narrow, wide: &mut wide, starts: &mut starts, bits: &mut bits };
                let places = if is_bitmap { 8 } else { 512 };
                let mut queue = Queue { kept: 4, is_narrow, is_bitmap, places, ..Queue::default() };
                queue.enter(0, (0..before).map(|_| 7), &mut histories);
                queue.enter(1, 0..count, &mut histories);

                let mut sums = [5];
                let mut batch = Batch::<Portable> {
                    sums: &mut sums,
                    rows: Rows { weights: &rows, weight_bits: 8, row_bytes: 1 },
                    numbers: [0; ROWS],
                    count: 0,
                    kernels: PhantomData,
                };
                // Two levels, the second of which finds the list of numbers begun.
                let taken = [0, SOURCES].map(|first| batch.add_sources(&queue, 1, &histories, first));
                assert_eq!(taken, [count; 2]);
                batch.flush();
                let weight = |row: u32| i32::from((row % 251) as u8 as i8);
                let expected: i32 = (0..count).map(|source| weight(source) + weight(source + SOURCES)).sum();
                assert_eq!(sums, [5 + expected], "{count} spikes behind {before}");
            }
        }
    }
}
