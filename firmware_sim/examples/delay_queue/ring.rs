//! A plain ring buffer `[slot][neuron]` of 32-bit sums, and integrators of the rule `delta` behind it.

use crate::recordings::Recordings;

pub(crate) struct Ring {
    beta: i64,
    targets: usize,
    slots: usize,
    /// First synapse of every source, and the end.
    first: Vec<u32>,
    /// `delay * targets + target`.
    offsets: Vec<u32>,
    weights: Vec<i16>,
    sums: Vec<i32>,
    states: Vec<i32>,
}

impl Ring {
    /// Little-endian words: beta, sources, targets, slots, first synapses, offsets; then weights of 16 bits.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let word = |at: usize| u32::from_le_bytes(bytes[4 * at..4 * at + 4].try_into().expect("four bytes"));
        let (sources, targets, slots) = (word(1) as usize, word(2) as usize, word(3) as usize);
        let first: Vec<u32> = (0..=sources).map(|source| word(4 + source)).collect();
        let count = first[sources] as usize;
        let offsets = (0..count).map(|synapse| word(5 + sources + synapse)).collect();
        let weights = bytes[4 * (5 + sources + count)..].as_chunks::<2>().0;
        Self {
            beta: word(0).into(),
            targets,
            slots,
            first,
            offsets,
            weights: weights.iter().map(|&weight| i16::from_le_bytes(weight)).collect(),
            sums: vec![0; slots * targets],
            states: vec![0; targets],
        }
    }

    pub(crate) fn delay_bytes(&self) -> usize {
        4 * self.sums.len()
    }

    pub(crate) fn table_bytes(&self) -> usize {
        6 * self.offsets.len() + 4 * self.first.len()
    }

    pub(crate) fn run(&mut self, recordings: &Recordings) -> i64 {
        let mut sum = 0;
        for recording in 0..recordings.count() {
            self.sums.fill(0);
            self.states.fill(0);
            for tick in 0..recordings.ticks {
                for &source in recordings.at(recording, tick).1 {
                    self.deliver(source as usize, tick as usize);
                }
                self.update(tick as usize);
            }
            sum += (1..).zip(&self.states).map(|(k, &state)| k * i64::from(state)).sum::<i64>();
        }
        sum
    }

    fn deliver(&mut self, source: usize, tick: usize) {
        let row = (tick & (self.slots - 1)) * self.targets;
        let end = self.slots * self.targets;
        let own = self.first[source] as usize..self.first[source + 1] as usize;
        for (&offset, &weight) in self.offsets[own.clone()].iter().zip(&self.weights[own]) {
            let place = row + offset as usize;
            let place = if place >= end { place - end } else { place };
            self.sums[place] += i32::from(weight);
        }
    }

    fn update(&mut self, tick: usize) {
        let row = (tick & (self.slots - 1)) * self.targets;
        for (state, sum) in self.states.iter_mut().zip(&mut self.sums[row..row + self.targets]) {
            let size = (self.beta * i64::from(state.unsigned_abs())) >> 15;
            *state = if *state < 0 { -size } else { size } as i32 + std::mem::take(sum);
        }
    }
}
