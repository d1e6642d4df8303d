//! The record of a population, and what follows from its place among the others.

use super::header::u32_at;
use super::population::{Constants, Kind, Population, Reset};
use crate::clock::queue::Queue;
use crate::clock::readout::{Reading, Readout};
use crate::clock::rules::Clocked;
use crate::history::History;
use crate::lif::Lif;
use crate::table::Table;

/// Bytes of a record.
pub(crate) const RECORD: usize = 64;

/// Running totals over the populations before one. Sums are clipped: the check refuses what they would hide.
#[derive(Default)]
pub(crate) struct Offsets {
    units: u32,
    neurons: u32,
    input_channels: u32,
    output_channels: u32,
    pub(crate) places: u32,
    seen: u32,
    pub(super) narrow: u32,
    pub(super) wide: u32,
    pub(super) starts: u32,
    pub(super) bits: u32,
    pub(super) states: u32,
    pub(super) readouts: u32,
    /// Words that mark which neurons of the largest clocked population fire.
    pub(super) fired: u32,
}

/// Codes of a record that mean nothing decode as `None`; the check refuses them.
pub(crate) struct Codes {
    pub(crate) kind: Option<Kind>,
    pub(crate) reset: Option<Reset>,
    pub(crate) constants: Option<Constants>,
    pub(crate) flags: u8,
}

pub(crate) fn codes(record: &[u8; RECORD]) -> Codes {
    let [kind, reset, constants, flags, ..] = *record;
    Codes {
        kind: [Kind::Input, Kind::Lif, Kind::Delta, Kind::Loihi, Kind::Shift].get(usize::from(kind)).copied(),
        reset: [Reset::ToZero, Reset::BySubtraction, Reset::Once].get(usize::from(reset)).copied(),
        constants: [
            Constants::DeltaSynapse,
            Constants::SlowMembrane,
            Constants::Equal,
            Constants::SlowSynapse,
        ]
        .get(usize::from(constants))
        .copied(),
        flags,
    }
}

impl Offsets {
    /// Decodes a record and advances past it.
    pub(crate) fn place(&mut self, record: &[u8; RECORD]) -> Population {
        let Codes { kind, reset, constants, flags } = codes(record);
        let (kind, size, capacity) = (kind.unwrap_or_default(), u32_at(record, 4), u32_at(record, 8));
        let (reset, refractory) = (reset.unwrap_or_default(), u32_at(record, 16));
        let places = if flags & flag::ENTRIES == 0 { 0 } else { capacity };
        let mut population = Population {
            kind,
            is_output: flags & flag::OUTPUT != 0 && kind != Kind::Input,
            is_binary: flags & flag::BINARY != 0,
            drops: flags & flag::DROPS != 0,
            size,
            first_unit: self.units,
            first_neuron: self.neurons,
            first_channel: if kind == Kind::Input { self.input_channels } else { self.output_channels },
            first_seen: self.seen,
            history: History::new(self.places, places, u32_at(record, 12)),
            capacity,
            ..Population::default()
        };
        population.queue = self.queue(record, flags, &population);
        population.lif.refractory = refractory;
        if kind == Kind::Lif {
            let [membrane_shift, synapse_shift, weight_shift, _] = u32_at(record, 32).to_le_bytes();
            population.lif = Lif {
                constants: constants.unwrap_or_default(),
                reset,
                spikes: flags & flag::SILENT == 0,
                weight_shift,
                refractory,
                membrane: Table { first: u32_at(record, 24), shift: membrane_shift },
                synapse: Table { first: u32_at(record, 28), shift: synapse_shift },
                horizon: u32_at(record, 20),
                synapse_ticks: u32_at(record, 44),
                fast_ticks: u32_at(record, 40),
                fast_over_slow: u32_at(record, 36),
            };
        }
        if kind.is_clocked() {
            self.place_clocked(record, flags, &mut population);
        }
        self.advance(&population);
        population
    }

    fn queue(&self, record: &[u8; RECORD], flags: u8, population: &Population) -> Queue {
        let kept = u32_at(record, 48);
        let is_bitmap = flags & flag::BITMAP != 0;
        let is_narrow = !is_bitmap && population.size <= 1 << 8;
        Queue {
            kept,
            is_bitmap,
            is_narrow,
            places: match (kept, is_bitmap) {
                (0, _) => 0,
                (_, true) => population.size.div_ceil(64),
                (_, false) => population.capacity.checked_next_power_of_two().unwrap_or_default(),
            },
            first: match (is_bitmap, is_narrow) {
                (true, _) => self.bits,
                (false, true) => self.narrow,
                (false, false) => self.wide,
            },
            first_start: self.starts,
            ..Queue::default()
        }
    }

    fn place_clocked(&self, record: &[u8; RECORD], flags: u8, population: &mut Population) {
        population.clocked = Clocked {
            kind: population.kind,
            reset: codes(record).reset.unwrap_or_default(),
            spikes: flags & flag::SILENT == 0,
            adapts: flags & flag::ADAPTS != 0,
            refractory: population.lif.refractory,
            rho: u32_at(record, 32),
            first_parameter: u32_at(record, 20),
            per_neuron: u32_at(record, 24),
            input_bound: u32_at(record, 36),
            first_state: self.states,
            ..Clocked::default()
        };
        let [_, _, readout, ..] = *record;
        let kinds = [Readout::None, Readout::Max, Readout::Sum, Readout::Last, Readout::Weighted];
        let kind = kinds.get(usize::from(readout)).copied().unwrap_or_default();
        population.readout = Reading::new(kind, u32_at(record, 28), self.readouts);
    }

    fn advance(&mut self, population: &Population) {
        let Population { kind, size, queue, .. } = *population;
        let add = |total: &mut u32, more: u32| *total = total.saturating_add(more);
        match kind {
            Kind::Input => add(&mut self.input_channels, size),
            Kind::Lif => add(&mut self.neurons, size),
            _ => {
                add(&mut self.states, size.saturating_mul(population.clocked.planes()));
                self.fired = self.fired.max(size.div_ceil(64));
                if population.readout.kind != Readout::None {
                    add(&mut self.readouts, size);
                }
            }
        }
        if population.is_output {
            add(&mut self.output_channels, size);
        }
        add(&mut self.units, size);
        add(&mut self.places, population.history.capacity);
        add(&mut self.seen, population.seen_words());
        if queue.kept > 0 {
            match (queue.is_bitmap, queue.is_narrow) {
                (true, _) => add(&mut self.bits, queue.kept.saturating_mul(queue.places)),
                (false, true) => add(&mut self.narrow, queue.places),
                (false, false) => add(&mut self.wide, queue.places),
            }
            if !queue.is_bitmap {
                add(&mut self.starts, queue.kept);
            }
        }
    }
}

/// Flags of a record.
pub(crate) mod flag {
    pub(crate) const OUTPUT: u8 = 1;
    pub(crate) const BINARY: u8 = 2;
    pub(crate) const DROPS: u8 = 4;
    pub(crate) const BITMAP: u8 = 8;
    pub(crate) const SILENT: u8 = 16;
    pub(crate) const ENTRIES: u8 = 32;
    pub(crate) const ADAPTS: u8 = 64;
}
