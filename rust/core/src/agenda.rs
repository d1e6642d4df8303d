//! When each item wants attention next, and which wants it first: a tournament of ticks.
//!
//! Items are the leaves of a binary tree; every node remembers which item below it is due first. So the first of all
//! is known at once, and setting one item replays its matches alone, one per level: a comparison each, no branch that
//! depends on ticks. Nothing is moved and nothing depends on how far apart the ticks are.

use crate::spike::NEVER;

/// A view of the words of a tournament of an even number of items.
///
/// Word 1 is the root, word `n` the parent of the words `2 n` and `2 n + 1`; the last half of the words are the items.
/// The word of an item is its tick, that of a node is the place of its winner.
pub(crate) struct Agenda<'m> {
    words: &'m mut [u64],
}

impl<'m> Agenda<'m> {
    /// How many words a tournament of so many items needs.
    pub(crate) const fn words(items: usize) -> usize {
        if items < 2 { 4 } else { 2 * items.next_multiple_of(2) }
    }

    pub(crate) fn new(words: &'m mut [u64], items: usize) -> Self {
        Self { words: words.get_mut(..Self::words(items)).unwrap_or_default() }
    }

    /// Puts an item of its own subtree into every node, and makes every item due never.
    pub(crate) fn build(&mut self) {
        self.clear();
        let items = self.items();
        for node in (1..items).rev() {
            let left = 2 * node;
            let winner = if left < items { self.word(left) } else { left as u64 };
            if let Some(word) = self.words.get_mut(node) {
                *word = winner;
            }
        }
    }

    /// Makes every item due never. Then any winner is as good as another.
    pub(crate) fn clear(&mut self) {
        let items = self.items();
        self.words.get_mut(items..).unwrap_or_default().fill(NEVER);
    }

    #[inline]
    const fn items(&self) -> usize {
        self.words.len() / 2
    }

    #[inline]
    fn word(&self, place: usize) -> u64 {
        self.words.get(place).copied().unwrap_or(NEVER)
    }

    /// The tick of the earliest item.
    #[inline]
    pub(crate) fn earliest(&self) -> u64 {
        self.word(self.word(1) as usize)
    }

    /// An item that is due at `tick`, the earliest of all.
    #[inline]
    pub(crate) fn due(&self, tick: u64) -> Option<usize> {
        let first = self.word(1) as usize;
        (self.word(first) == tick).then(|| first - self.items())
    }

    /// Sets when an item is due.
    #[inline]
    pub(crate) fn set(&mut self, item: usize, tick: u64) {
        let mut node = self.items() + item;
        let Some(word) = self.words.get_mut(node) else { return };
        if *word == tick {
            return;
        }
        *word = tick;
        let (mut winner, mut earliest, mut rival) = (node, tick, node ^ 1);
        while node > 1 {
            let Some(&other) = self.words.get(rival) else { return };
            (winner, earliest) = if other < earliest { (rival, other) } else { (winner, earliest) };
            node /= 2;
            let Some(word) = self.words.get_mut(node) else { return };
            *word = winner as u64;
            let Some(&beside) = self.words.get(node ^ 1) else { return };
            rival = beside as usize;
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
