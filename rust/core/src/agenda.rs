//! When each item wants attention next, and which wants it first: a tournament of ticks.
//!
//! Items are the leaves of a binary tree; every node remembers which item below it is due first. So the first of all
//! is known at once, and setting one item replays its matches alone, one per level: a comparison each, no branch that
//! depends on ticks. Nothing is moved and nothing depends on how far apart the ticks are.

use crate::spike::NEVER;

/// A view of the words of a tournament: an even number of items, and as many nodes; node 1 is the root, node `n` has
/// the children `2 n` and `2 n + 1`, and item `i` is child `items + i`.
pub(crate) struct Agenda<'m> {
    ticks: &'m mut [u64],
    winners: &'m mut [u64],
}

impl<'m> Agenda<'m> {
    /// How many words a tournament of so many items needs.
    pub(crate) const fn words(items: usize) -> usize {
        2 * Self::leaves(items)
    }

    const fn leaves(items: usize) -> usize {
        if items < 2 { 2 } else { items.next_multiple_of(2) }
    }

    pub(crate) fn new(words: &'m mut [u64], items: usize) -> Self {
        let (ticks, rest) = words.split_at_mut_checked(Self::leaves(items)).unwrap_or_default();
        let winners = rest.get_mut(..ticks.len()).unwrap_or_default();
        Self { ticks, winners }
    }

    /// Puts an item of its own subtree into every node, and makes every item due never.
    pub(crate) fn build(&mut self) {
        let items = self.ticks.len();
        for node in (1..items).rev() {
            let left = 2 * node;
            let winner = match left.checked_sub(items) {
                Some(item) => item as u64,
                None => self.winners.get(left).copied().unwrap_or_default(),
            };
            if let Some(slot) = self.winners.get_mut(node) {
                *slot = winner;
            }
        }
        self.clear();
    }

    /// Makes every item due never. Then any winner is as good as another.
    pub(crate) fn clear(&mut self) {
        self.ticks.fill(NEVER);
    }

    #[inline]
    fn first(&self) -> usize {
        self.winners.get(1).map_or(0, |&winner| winner as usize)
    }

    #[inline]
    fn tick(&self, item: usize) -> u64 {
        self.ticks.get(item).copied().unwrap_or(NEVER)
    }

    /// The tick of the earliest item.
    #[inline]
    pub(crate) fn earliest(&self) -> u64 {
        self.tick(self.first())
    }

    /// An item that is due at `tick`, the earliest of all.
    #[inline]
    pub(crate) fn due(&self, tick: u64) -> Option<usize> {
        let first = self.first();
        (self.tick(first) == tick).then_some(first)
    }

    /// Sets when an item is due.
    #[inline]
    pub(crate) fn set(&mut self, item: usize, tick: u64) {
        let Some(slot) = self.ticks.get_mut(item) else { return };
        if *slot == tick {
            return;
        }
        *slot = tick;
        let (mut winner, mut earliest) = (item, tick);
        let mut rival = item ^ 1;
        let mut node = (self.ticks.len() + item) / 2;
        loop {
            let other = self.tick(rival);
            (winner, earliest) = if other < earliest { (rival, other) } else { (winner, earliest) };
            let Some(slot) = self.winners.get_mut(node) else { return };
            *slot = winner as u64;
            if node <= 1 {
                return;
            }
            rival = self.winners.get(node ^ 1).map_or(0, |&winner| winner as usize);
            node /= 2;
        }
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
        for items in [1, 2, 3, 6, 7, 8, 9, 64, 65, 600] {
            let mut words = vec![0; Agenda::words(items)];
            let mut agenda = Agenda::new(&mut words, items);
            agenda.build();
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
                    while let Some(item) = agenda.due(earliest) {
                        attended.push(item);
                        agenda.set(item, earliest + 1 + item as u64);
                        plain[item] = earliest + 1 + item as u64;
                    }
                    attended.sort_unstable();
                    assert_eq!(attended, due);
                }
                if random & 0x3F00_0000 == 0 {
                    agenda.clear();
                    plain.fill(NEVER);
                }
            }
        }
    }
}
