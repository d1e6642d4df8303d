//! When each item wants attention next, and which wants it first: a tournament of ticks, eight to a group.
//!
//! Setting one item costs one pass up the tree, finding the earliest one pass down: log8(items) groups of eight
//! adjacent words. Nothing is moved and nothing depends on how far apart the ticks are.

use crate::spike::NEVER;

const FAN: usize = 8;
/// Enough for more items than a `u32` counts.
const LEVELS: usize = 11;

/// Where each level of the tournament begins, in groups; the last level holds the items.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shape {
    first_group: [usize; LEVELS],
    levels: usize,
}

impl Shape {
    /// The shape for so many items.
    pub(crate) fn new(items: usize) -> Self {
        let mut groups = [0; LEVELS];
        let mut levels = 0;
        let mut count = items.div_ceil(FAN).max(1);
        for slot in &mut groups {
            *slot = count;
            levels += 1;
            if count == 1 {
                break;
            }
            count = count.div_ceil(FAN);
        }
        let mut first_group = [0; LEVELS];
        let mut first = 0;
        for (slot, groups) in first_group.iter_mut().zip(groups.iter().take(levels).rev()) {
            *slot = first;
            first += groups;
        }
        Self { first_group, levels }
    }

    /// How many words a tournament of so many items needs.
    pub(crate) fn words(items: usize) -> usize {
        let mut count = items.div_ceil(FAN).max(1);
        let mut groups = count;
        while count > 1 {
            count = count.div_ceil(FAN);
            groups += count;
        }
        groups * FAN
    }
}

/// A view of the words of a tournament.
pub(crate) struct Agenda<'m> {
    groups: &'m mut [[u64; FAN]],
    shape: Shape,
}

#[inline]
fn earliest_of(group: &[u64; FAN]) -> u64 {
    let [a, b, c, d, e, f, g, h] = *group;
    a.min(b).min(c.min(d)).min(e.min(f).min(g.min(h)))
}

impl<'m> Agenda<'m> {
    pub(crate) fn new(words: &'m mut [u64], shape: Shape) -> Self {
        Self { groups: words.as_chunks_mut().0, shape }
    }

    /// Makes every item due never.
    pub(crate) fn clear(&mut self) {
        self.groups.as_flattened_mut().fill(NEVER);
    }

    /// The tick of the earliest item.
    #[inline]
    pub(crate) fn earliest(&self) -> u64 {
        self.groups.first().map_or(NEVER, earliest_of)
    }

    /// An item that is due at `tick`, the earliest tick.
    #[inline]
    pub(crate) fn item_due(&self, tick: u64) -> usize {
        let mut item = 0;
        for first in self.shape.first_group.iter().take(self.shape.levels) {
            let Some(group) = self.groups.get(first + item) else { break };
            let due = group.iter().rev().fold(0_u32, |mask, &word| mask << 1 | u32::from(word == tick));
            item = item * FAN + (due.trailing_zeros() as usize & (FAN - 1));
        }
        item
    }

    /// Sets when an item is due.
    #[inline]
    pub(crate) fn set(&mut self, item: usize, tick: u64) {
        let mut index = item;
        let mut earliest = tick;
        for first in self.shape.first_group.iter().take(self.shape.levels).rev() {
            let Some(group) = self.groups.get_mut(first + index / FAN) else { return };
            let Some(word) = group.get_mut(index % FAN) else { return };
            if *word == earliest {
                return;
            }
            *word = earliest;
            earliest = earliest_of(group);
            index /= FAN;
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec;

    #[test]
    fn finds_what_a_scan_finds() {
        let mut random = 1_u64;
        for items in [1, 7, 8, 9, 64, 65, 600] {
            let mut words = vec![0; Shape::words(items)];
            let mut agenda = Agenda::new(&mut words, Shape::new(items));
            agenda.clear();
            let mut plain = vec![NEVER; items];
            for _ in 0..2_000 {
                random =
                    random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let item = (random >> 33) as usize % items;
                let tick = if random & 0x10000 == 0 { NEVER } else { random >> 56 };
                agenda.set(item, tick);
                plain[item] = tick;
                let earliest = plain.iter().copied().min().unwrap_or(NEVER);
                assert_eq!(agenda.earliest(), earliest);
                assert_eq!(plain[agenda.item_due(earliest)], earliest);
            }
        }
    }
}
