//! What arrives at clocked neurons, added up beside the engine: which of them find an input that is not zero.

use std::iter::repeat_n;

use tarry_core::{Program, Projection};

/// Sums of the ticks to come, by projection: a ring of rows, one lane per target.
pub(crate) struct Arrivals<'p> {
    program: &'p Program<&'p [u8]>,
    rings: Vec<Ring>,
}

struct Ring {
    projection: Projection,
    targets: usize,
    rows: Vec<Vec<i64>>,
}

impl<'p> Arrivals<'p> {
    pub(crate) fn new(program: &'p Program<&'p [u8]>) -> Self {
        let ring = |projection: Projection| {
            let target = program.population(projection.target.into());
            let source = program.population(projection.source.into());
            let targets = target.map_or(0, |target| target.size as usize);
            let ticks = source.map_or(0, |source| source.longest_delay()) as usize + 1;
            Ring { projection, targets, rows: repeat_n(vec![0; targets], ticks).collect() }
        };
        Self { program, rings: program.projections().map(ring).collect() }
    }

    /// A spike goes out to every synapse of its source.
    pub(crate) fn spike(&mut self, tick: u64, population: usize, index: u32) {
        for ring in self.rings.iter_mut().filter(|ring| usize::from(ring.projection.source) == population) {
            let ticks = ring.rows.len() as u64;
            for synapse in self.program.projection_synapses(&ring.projection, index) {
                let row = (tick + u64::from(synapse.delay)) % ticks;
                ring.rows[row as usize][synapse.target as usize] += i64::from(synapse.weight);
            }
        }
    }

    /// Adds to `touched`, by population, the neurons whose sum of this tick is not zero, and forgets the sums. Input
    /// spikes of the tick must be in, those of neurons have delays of at least one tick.
    pub(crate) fn take(&mut self, tick: u64, touched: &mut [u64]) {
        // Projections are sorted by target.
        for rings in self.rings.chunk_by_mut(|a, b| a.projection.target == b.projection.target) {
            let mut sums = vec![0; rings.first().map_or(0, |ring| ring.targets)];
            for ring in rings.iter_mut() {
                let row = (tick % ring.rows.len() as u64) as usize;
                for (sum, arrived) in sums.iter_mut().zip(&mut ring.rows[row]) {
                    *sum += shifted(std::mem::take(arrived), ring.projection.exponent);
                }
            }
            if let Some(ring) = rings.first() {
                let found = sums.iter().filter(|sum| **sum != 0).count() as u64;
                touched[usize::from(ring.projection.target)] += found;
            }
        }
    }
}

fn shifted(sum: i64, exponent: i8) -> i64 {
    if exponent < 0 { sum >> exponent.unsigned_abs() } else { sum << exponent }
}
