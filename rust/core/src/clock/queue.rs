//! The shared circular delay queue as clocked projections read it: spikes by the tick at which they are handed over first.
//!
//! That tick is a spike's own for inputs and the next one for neurons, so that every reader finds at the start of tick
//! `t` what it needs: block `k` of `B` delays reads the spikes of tick `t - k B`. A *list* holds one index per spike and
//! where each tick begins; a *bitmap* holds one bit per source and tick, and cannot overflow.

use crate::bitset::ones;

/// The arenas of all queues.
pub(crate) struct Histories<'a> {
    pub(crate) narrow: &'a mut [u8],
    pub(crate) wide: &'a mut [u16],
    pub(crate) starts: &'a mut [u16],
    pub(crate) bits: &'a mut [u64],
}

/// The queue of one population.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Queue {
    /// Ticks that it keeps, a power of two; 0 where no clocked projection reads the population.
    pub(crate) kept: u32,
    pub(crate) is_bitmap: bool,
    /// Indices of a list take one byte.
    pub(crate) is_narrow: bool,
    /// Places of a list, a power of two; words of a row of a bitmap.
    pub(crate) places: u32,
    /// First place or first word.
    pub(crate) first: u32,
    pub(crate) first_start: u32,
    /// Bitmap: rows are cleared so many ticks after their own.
    pub(crate) depth: u32,
    /// The first tick whose start is not known yet: later ones are empty.
    pub(crate) next: u64,
    /// Where the next spike of a list goes; counts on, modulo 2^16.
    pub(crate) end: u16,
    /// The first tick with spikes that were not handed over at all yet.
    pub(crate) upcoming: Option<u64>,
}

impl Queue {
    /// Forgets every spike.
    pub(crate) fn clear(&mut self) {
        (self.next, self.end, self.upcoming) = (0, 0, None);
    }

    #[inline]
    fn start_place(&self, tick: u64) -> usize {
        self.first_start as usize + (tick as u32 & self.kept.wrapping_sub(1)) as usize
    }

    #[inline]
    fn start(&self, tick: u64, starts: &[u16]) -> u16 {
        if tick >= self.next {
            return self.end;
        }
        starts.get(self.start_place(tick)).copied().unwrap_or(self.end)
    }

    /// Spikes of a list from `tick` on.
    #[inline]
    pub(crate) fn since(&self, tick: u64, starts: &[u16]) -> u32 {
        u32::from(self.end.wrapping_sub(self.start(tick, starts)))
    }

    /// Lets one or more spikes in, to be handed over from `tick` on; ticks never decrease. Room was seen to
    /// before.
    #[inline]
    pub(crate) fn enter(&mut self, tick: u64, sources: impl Iterator<Item = u32>, histories: &mut Histories) {
        if tick >= self.next {
            self.open(tick, histories.starts);
        }
        self.upcoming = self.upcoming.or(Some(tick));
        if self.is_bitmap {
            let row = self.row(tick) as usize;
            let row = histories.bits.get_mut(row..row + self.places as usize).unwrap_or_default();
            for source in sources {
                if let Some(word) = row.get_mut(source as usize / 64) {
                    *word |= 1 << (source % 64);
                }
            }
            return;
        }
        let places = self.first as usize..(self.first + self.places) as usize;
        let mut place = || {
            let place = u32::from(self.end) & self.places.wrapping_sub(1);
            self.end = self.end.wrapping_add(1);
            place as usize
        };
        if self.is_narrow {
            let list = histories.narrow.get_mut(places).unwrap_or_default();
            for source in sources {
                if let Some(slot) = list.get_mut(place()) {
                    *slot = source as u8;
                }
            }
        } else {
            let list = histories.wide.get_mut(places).unwrap_or_default();
            for source in sources {
                if let Some(slot) = list.get_mut(place()) {
                    *slot = source as u16;
                }
            }
        }
    }

    /// Spikes for `tick` come now: none lie between those before and these.
    fn open(&mut self, tick: u64, starts: &mut [u16]) {
        if !self.is_bitmap {
            let mut empty = self.next.max((tick + 1).saturating_sub(u64::from(self.kept)));
            while empty <= tick {
                if let Some(start) = starts.get_mut(self.start_place(empty)) {
                    *start = self.end;
                }
                empty += 1;
            }
        }
        self.next = tick + 1;
    }

    /// Hands out the sources that spiked for `tick`.
    #[inline]
    pub(crate) fn spikes(&self, tick: u64, histories: &Histories, mut hand_out: impl FnMut(u32)) {
        if self.is_bitmap {
            for index in 0..self.places {
                for bit in ones(self.word(tick, index, histories.bits)) {
                    hand_out(64 * index + bit as u32);
                }
            }
            return;
        }
        let (mut position, end) = self.span(tick, histories.starts);
        while position != end {
            hand_out(self.at(position, histories).0);
            position = position.wrapping_add(1);
        }
    }

    /// The positions of a list that hold the spikes for `tick`: first, and the one after the last.
    #[inline]
    pub(crate) fn span(&self, tick: u64, starts: &[u16]) -> (u16, u16) {
        (self.start(tick, starts), self.start(tick + 1, starts))
    }

    /// The source at a position of a list, and its place.
    #[inline]
    pub(crate) fn at(&self, position: u16, histories: &Histories) -> (u32, u32) {
        let place = u32::from(position) & self.places.wrapping_sub(1);
        (self.source(place, histories), place)
    }

    /// The source at a place of a list.
    #[inline]
    pub(crate) fn source(&self, place: u32, histories: &Histories) -> u32 {
        let at = (self.first + place) as usize;
        if self.is_narrow {
            histories.narrow.get(at).copied().map_or(0, u32::from)
        } else {
            histories.wide.get(at).copied().map_or(0, u32::from)
        }
    }

    /// A word of the row of a bitmap that holds the spikes for `tick`.
    #[inline]
    pub(crate) fn word(&self, tick: u64, index: u32, bits: &[u64]) -> u64 {
        bits.get((self.row(tick) + index) as usize).copied().unwrap_or_default()
    }

    /// The first word of that row.
    #[inline]
    const fn row(&self, tick: u64) -> u32 {
        self.first + (tick as u32 & self.kept.wrapping_sub(1)) * self.places
    }

    /// Takes note that the spikes of `tick` are handed over now; says whether there are any.
    #[inline]
    pub(crate) fn begin(&mut self, tick: u64, histories: &Histories) -> bool {
        if self.upcoming != Some(tick) {
            return false;
        }
        // Spikes may have been pushed further ahead.
        self.upcoming = (tick + 1..self.next).find(|&later| !self.is_empty(later, histories));
        true
    }

    #[inline]
    fn is_empty(&self, tick: u64, histories: &Histories) -> bool {
        if self.is_bitmap {
            return (0..self.places).all(|index| self.word(tick, index, histories.bits) == 0);
        }
        let (first, end) = self.span(tick, histories.starts);
        first == end
    }

    /// The first tick that is too far ahead for spikes to be kept at `now`; `longest` is the longest delay from the tick
    /// on at which they are handed over.
    pub(crate) fn horizon(&self, now: u64, longest: u32) -> u64 {
        let behind = if self.is_bitmap { self.depth } else { longest };
        now + u64::from(self.kept.saturating_sub(behind))
    }

    /// Clears the row of a bitmap that nobody will read again after `tick`.
    #[inline]
    pub(crate) fn retire(&self, tick: u64, bits: &mut [u64]) {
        if !self.is_bitmap {
            return;
        }
        let Some(old) = tick.checked_sub(u64::from(self.depth)) else { return };
        let row = self.row(old) as usize;
        if let Some(words) = bits.get_mut(row..row + self.places as usize) {
            words.fill(0);
        }
    }
}
