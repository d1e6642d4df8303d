//! Dense rows that are due, collected before they are added.

use super::hand_over::Sums;
use super::queue::{Histories, Queue};
use super::rows::Rows;
use crate::kernels::Kernels;
use crate::program::Projection;
use core::marker::PhantomData;

/// Rows that are collected before they are added; not many, since the list is cleared every time.
const ROWS: usize = 128;
/// Sources that are taken at once, whether there are so many or fewer.
const AT_ONCE: usize = 16;

/// Dense rows, collected so that the sums stay in registers for many of them.
pub(crate) struct Batch<'a, K> {
    sums: &'a mut [i32],
    rows: Rows<'a>,
    numbers: [u32; ROWS],
    count: usize,
    /// How many it was given in all.
    pub(crate) taken: u32,
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
            taken: 0,
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
            self.taken += 1;
        }
    }

    /// Adds the rows, from `base` on, of the sources that spiked for `tick`.
    #[inline]
    pub(crate) fn add_sources(&mut self, queue: &Queue, tick: u64, histories: &Histories, base: u32) {
        if queue.is_bitmap {
            return queue.spikes(tick, histories, |source, _| self.add(base + source));
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
            self.taken += count as u32;
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
