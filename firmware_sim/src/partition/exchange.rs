//! What the parts of a network tell each other at the end of a tick: who spiked, and when each has work again.
//!
//! There are two of everything: while one half is read in a step, the other is written for the next.

use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

/// A part has failed: all stop.
pub(super) const STOP: u64 = 0;

/// The letters of all parts, two each.
#[derive(Debug)]
pub(super) struct Exchange {
    halves: [Vec<Letter>; 2],
}

/// One part's news of one step. Letters of different parts lie on different lines of the cache.
///
/// Loads and stores are relaxed: a [`super::rendezvous::Rendezvous`] lies between writing and reading.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Letter {
    wakes: AtomicU64,
    count: AtomicUsize,
    units: Box<[AtomicU32]>,
}

impl Exchange {
    /// `neurons` of every part: each spikes at most once in a tick.
    pub(super) fn new(neurons: &[usize]) -> Self {
        let letters = || neurons.iter().map(|&neurons| Letter::new(neurons)).collect();
        Self { halves: [letters(), letters()] }
    }

    /// The letters that are read in this step, and those that are written; the first step reads empty ones.
    pub(super) fn at(&self, step: u64) -> (&[Letter], &[Letter]) {
        let [even, odd] = &self.halves;
        if step.is_multiple_of(2) { (even, odd) } else { (odd, even) }
    }

    /// Forgets all news.
    pub(super) fn clear(&mut self) {
        for letter in self.halves.iter_mut().flatten() {
            (*letter.wakes.get_mut(), *letter.count.get_mut()) = (STOP, 0);
        }
    }
}

impl Letter {
    fn new(neurons: usize) -> Self {
        Self {
            wakes: AtomicU64::new(STOP),
            count: AtomicUsize::new(0),
            units: (0..neurons).map(|_| AtomicU32::new(0)).collect(),
        }
    }

    /// Writes who spiked.
    pub(super) fn write(&self, units: impl Iterator<Item = u32>) {
        let mut count = 0;
        for (place, unit) in self.units.iter().zip(units) {
            place.store(unit, Ordering::Relaxed);
            count += 1;
        }
        self.count.store(count, Ordering::Relaxed);
    }

    /// Writes at which tick the part has work again, or [`STOP`].
    pub(super) fn wake_at(&self, tick: u64) {
        self.wakes.store(tick, Ordering::Relaxed);
    }

    /// Who spiked.
    pub(super) fn units(&self) -> impl Iterator<Item = u32> + '_ {
        let count = self.count.load(Ordering::Relaxed);
        self.units.iter().take(count).map(|unit| unit.load(Ordering::Relaxed))
    }

    /// When the part has work again.
    pub(super) fn wakes(&self) -> u64 {
        self.wakes.load(Ordering::Relaxed)
    }
}
