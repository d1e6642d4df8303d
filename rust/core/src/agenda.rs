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
    /// Levels above the items.
    upper: usize,
    /// The first group of the items.
    items_from: usize,
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
        let upper = levels - 1;
        Self { first_group, upper, items_from: first_group.get(upper).copied().unwrap_or_default() }
    }

    /// First groups of the levels above the items, from the top.
    #[inline]
    fn upper_levels(&self) -> impl DoubleEndedIterator<Item = usize> + use<> {
        self.first_group.into_iter().take(self.upper)
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
    earliest: u64,
}

/// The items of a group that are due at `tick`, one bit each; without branches, since none could be predicted.
#[inline]
fn due_in(group: &[u64; FAN], tick: u64) -> u32 {
    let bit = |(position, &word): (u32, &u64)| u32::from(word == tick) << position;
    (0..).zip(group).map(bit).fold(0, core::ops::BitOr::bitor)
}

#[inline]
fn earliest_of(group: &[u64; FAN]) -> u64 {
    let [a, b, c, d, e, f, g, h] = *group;
    a.min(b).min(c.min(d)).min(e.min(f).min(g.min(h)))
}

impl<'m> Agenda<'m> {
    pub(crate) fn new(words: &'m mut [u64], shape: Shape) -> Self {
        let groups = words.as_chunks_mut().0;
        let earliest = groups.first().map_or(NEVER, earliest_of);
        Self { groups, shape, earliest }
    }

    /// Makes every item due never.
    pub(crate) fn clear(&mut self) {
        self.groups.as_flattened_mut().fill(NEVER);
        self.earliest = NEVER;
    }

    /// The tick of the earliest item.
    #[inline]
    pub(crate) const fn earliest(&self) -> u64 {
        self.earliest
    }

    /// Calls `attend` for every item that is due at `tick`; what it returns is when the item is due next, later.
    #[inline]
    pub(crate) fn attend(&mut self, tick: u64, mut attend: impl FnMut(usize) -> u64) {
        while self.earliest == tick {
            let mut index = 0;
            for first in self.shape.upper_levels() {
                let Some(group) = self.groups.get(first + index) else { return };
                index = index * FAN + due_in(group, tick).trailing_zeros() as usize;
            }
            let Some(group) = self.groups.get_mut(self.shape.items_from + index) else { return };
            let mut due = due_in(group, tick);
            while due != 0 {
                let position = due.trailing_zeros() as usize;
                due &= due - 1;
                let next = attend(index * FAN + position);
                if let Some(word) = group.get_mut(position) {
                    *word = next;
                }
            }
            let earliest = earliest_of(group);
            self.raise(index, earliest);
        }
    }

    /// Sets when an item is due.
    #[inline]
    pub(crate) fn set(&mut self, item: usize, tick: u64) {
        let Some(group) = self.groups.get_mut(self.shape.items_from + item / FAN) else { return };
        let Some(word) = group.get_mut(item % FAN) else { return };
        if *word != tick {
            *word = tick;
            let earliest = earliest_of(group);
            self.raise(item / FAN, earliest);
        }
    }

    /// Carries the earliest tick of a group of items up to the root.
    #[inline]
    fn raise(&mut self, group: usize, earliest: u64) {
        let (mut index, mut earliest) = (group, earliest);
        for first in self.shape.upper_levels().rev() {
            let Some(group) = self.groups.get_mut(first + index / FAN) else { return };
            let Some(word) = group.get_mut(index % FAN) else { return };
            *word = earliest;
            earliest = earliest_of(group);
            index /= FAN;
        }
        self.earliest = earliest;
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::{vec, vec::Vec};

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
                let tick = if random & 0x30000 == 0 { NEVER } else { random >> 57 };
                agenda.set(item, tick);
                plain[item] = tick;
                let earliest = plain.iter().copied().min().unwrap_or(NEVER);
                assert_eq!(agenda.earliest(), earliest);
                if random & 0xC0000 == 0 && earliest < NEVER {
                    let due: Vec<usize> = (0..items).filter(|&item| plain[item] == earliest).collect();
                    let mut attended = Vec::new();
                    agenda.attend(earliest, |item| {
                        attended.push(item);
                        earliest + 1 + item as u64
                    });
                    assert_eq!(attended, due);
                    for item in due {
                        plain[item] = earliest + 1 + item as u64;
                    }
                }
            }
        }
    }
}
