//! The shared circular delay queue of one population: every spike enters it once and is read by position.
//!
//! An entry keeps its place from its own tick until the deliveries of tick + longest delay are done. Its synapses lie
//! in runs of one delay each; the entry knows which run is next, so nothing is copied, sorted or re-inserted.

/// A spike in flight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// When it was fired.
    pub tick: u64,
    /// Its next run of synapses.
    pub run: u32,
    /// The first run that is not its own.
    pub end: u32,
}

/// What became of the spikes that were offered to a history: `offered = accepted + rejected + dropped`, always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Spikes that came.
    pub offered: u64,
    /// Spikes that entered.
    pub accepted: u64,
    /// Spikes that were given back to the caller.
    pub rejected: u64,
    /// Spikes that were dropped.
    pub dropped: u64,
    /// Most places that were ever taken at once.
    pub peak: u32,
}

/// The circular list of one population: which of its places are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct History {
    /// Its first place among the places of all histories.
    pub(crate) first_place: u32,
    pub(crate) capacity: u32,
    pub(crate) longest_delay: u32,
    pub(crate) head: u32,
    pub(crate) len: u32,
    pub(crate) tally: Tally,
}

impl History {
    pub(crate) fn new(first_place: u32, capacity: u32, longest_delay: u32) -> Self {
        Self { first_place, capacity, longest_delay, ..Self::default() }
    }

    pub(crate) fn clear(&mut self) {
        self.head = 0;
        self.len = 0;
    }

    /// The places of its entries, from the oldest.
    pub(crate) fn taken(&self) -> impl Iterator<Item = usize> + use<> {
        let Self { first_place, capacity, head, len, .. } = *self;
        (0..len.min(capacity)).map(move |index| {
            let position = (u64::from(head) + u64::from(index)) % u64::from(capacity.max(1));
            first_place as usize + position as usize
        })
    }

    /// Gives back the places of entries whose last delivery lies before `tick`.
    #[inline]
    fn retire(&mut self, entries: &[Entry], tick: u64) {
        while self.len > 0 {
            let head = entries.get((self.first_place + self.head) as usize);
            if head.is_some_and(|entry| entry.tick + u64::from(self.longest_delay) >= tick) {
                return;
            }
            self.head = if self.head + 1 == self.capacity { 0 } else { self.head + 1 };
            self.len -= 1;
        }
    }

    /// Takes a place for a new entry; `before` is the first tick whose deliveries are still to be done.
    #[inline]
    pub(crate) fn enter(&mut self, entries: &mut [Entry], entry: Entry, before: u64) -> Option<usize> {
        self.retire(entries, before);
        if self.len >= self.capacity {
            return None;
        }
        let after_head = u64::from(self.head) + u64::from(self.len);
        let position = if after_head >= u64::from(self.capacity) {
            after_head - u64::from(self.capacity)
        } else {
            after_head
        };
        let place = self.first_place as usize + position as usize;
        *entries.get_mut(place)? = entry;
        self.len += 1;
        self.tally.accepted += 1;
        self.tally.peak = self.tally.peak.max(self.len);
        Some(place)
    }
}
