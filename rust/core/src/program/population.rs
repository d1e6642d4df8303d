//! The record of a population, and what follows from its place among the others.

use super::View;
use super::header::u32_at;
use super::projection::{Accumulator, Layout, Projection};
use crate::clock::queue::Queue;
use crate::clock::readout::{Reading, Readout};
use crate::clock::rules::Clocked;
use crate::history::{History, Tally};
use crate::lif::Lif;
use crate::table::Table;

/// Bytes of a record.
pub(crate) const RECORD: usize = 64;

/// What a population is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Its spikes come from outside.
    #[default]
    Input,
    /// Event-driven leaky integrate-and-fire neurons.
    Lif,
    /// Clocked neurons with one state and delta synapses.
    Delta,
    /// Clocked neurons of Loihi: current and membrane.
    Loihi,
    /// Clocked neurons that decay by shifts: current and membrane.
    Shift,
}

impl Kind {
    /// One tick is one step of these neurons.
    #[must_use]
    pub const fn is_clocked(self) -> bool {
        matches!(self, Self::Delta | Self::Loihi | Self::Shift)
    }
}

/// What a spike does to the potential.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reset {
    /// It becomes zero.
    #[default]
    ToZero,
    /// The threshold is subtracted.
    BySubtraction,
    /// The neuron is silent until the processor is reset.
    Once,
}

/// How the two time constants compare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Constants {
    /// `tau_syn` = 0.
    #[default]
    DeltaSynapse,
    /// `tau_mem` > `tau_syn`.
    SlowMembrane,
    /// `tau_mem` = `tau_syn`.
    Equal,
    /// `tau_mem` < `tau_syn`.
    SlowSynapse,
}

/// A population as a processor holds it: its parameters and its history.
#[allow(clippy::struct_excessive_bools, reason = "independent properties, each of its own name")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Population {
    /// What it is.
    pub kind: Kind,
    /// Its spikes leave the network.
    pub is_output: bool,
    /// A channel of this input spikes at most once in a tick.
    pub is_binary: bool,
    /// A full history drops spikes instead of giving them back.
    pub drops: bool,
    /// Neurons or input channels.
    pub size: u32,
    /// Its first unit; units count inputs and neurons in order of declaration.
    pub first_unit: u32,
    /// Its first neuron among all neurons; for an input, the first that follows.
    pub first_neuron: u32,
    /// Its first input channel, or its first output channel.
    pub first_channel: u32,
    /// Its first word among the words of binary inputs.
    pub(crate) first_seen: u32,
    /// How often a state of its neurons was clamped.
    pub saturations: u64,
    pub(crate) history: History,
    pub(crate) lif: Lif,
    /// Places in its history, whoever reads it.
    pub(crate) capacity: u32,
    /// What clocked projections read.
    pub(crate) queue: Queue,
    pub(crate) clocked: Clocked,
    pub(crate) readout: Reading,
    /// The projections into it.
    pub(crate) first_projection: u32,
    pub(crate) end_projection: u32,
    /// Clocked neurons: a state is not zero, or will not stay there.
    pub is_active: bool,
    /// Spikes of it are handed over for the first time in the tick under way.
    pub(crate) has_spiked: bool,
}

impl Population {
    /// What became of its spikes.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.history.tally
    }

    /// Places in its history.
    #[must_use]
    pub const fn capacity(&self) -> u32 {
        self.capacity
    }

    /// Whether spikes are kept as bits per tick, which cannot overflow.
    #[must_use]
    pub const fn is_bitmap(&self) -> bool {
        self.queue.kept > 0 && self.queue.is_bitmap
    }

    /// Ticks that clocked projections can look back in its history; 0 where none reads it.
    #[must_use]
    pub const fn kept_ticks(&self) -> u32 {
        self.queue.kept
    }

    /// Whether its neurons are tested against a threshold.
    #[must_use]
    pub const fn spikes(&self) -> bool {
        match self.kind {
            Kind::Input => true,
            Kind::Lif => self.lif.spikes,
            _ => self.clocked.spikes,
        }
    }

    /// How its membranes are read over time.
    #[must_use]
    pub const fn readout(&self) -> Readout {
        self.readout.kind
    }

    /// Words of one neuron that the digest covers.
    #[must_use]
    pub const fn state_words(&self) -> u32 {
        if self.kind.is_clocked() { self.clocked.state_words() } else { 0 }
    }

    /// Words of one neuron that a tick reads and writes: those, and what is left of a refractory period.
    #[must_use]
    pub const fn updated_words(&self) -> u32 {
        if self.kind.is_clocked() { self.clocked.planes() } else { 2 }
    }

    /// Ticks of the refractory period.
    #[must_use]
    pub const fn refractory(&self) -> u32 {
        self.lif.refractory
    }

    /// The longest delay, from the tick on at which spikes are handed over first.
    pub(crate) const fn longest_hand_over(&self) -> u32 {
        match self.kind {
            Kind::Input => self.history.longest_delay,
            _ => self.history.longest_delay.saturating_sub(1),
        }
    }

    /// The tick at which a spike of `tick` is handed over first.
    #[inline]
    pub(crate) const fn first_hand_over(&self, tick: u64) -> u64 {
        match self.kind {
            Kind::Input => tick,
            _ => tick + 1,
        }
    }

    /// The longest delay of its synapses, in ticks.
    #[must_use]
    pub const fn longest_delay(&self) -> u32 {
        self.history.longest_delay
    }

    /// What a spike does to its neurons.
    #[must_use]
    pub const fn reset(&self) -> Reset {
        self.lif.reset
    }

    /// How the time constants of its neurons compare.
    #[must_use]
    pub const fn constants(&self) -> Constants {
        self.lif.constants
    }

    /// The first neuron after it.
    pub(crate) const fn end_neuron(&self) -> usize {
        match self.kind {
            Kind::Lif => self.first_neuron as usize + self.size as usize,
            _ => self.first_neuron as usize,
        }
    }

    /// The places of the state words that the digest covers, neuron by neuron.
    pub(crate) fn state_places(&self) -> impl Iterator<Item = usize> + use<> {
        let (first, size) = (self.clocked.first_state as usize, self.size as usize);
        // Loihi's and shift's membrane lies first in memory, and counts second.
        let order: [usize; 3] = if self.kind == Kind::Delta { [0, 1, 2] } else { [1, 0, 2] };
        let words = self.state_words() as usize;
        let neurons = if words == 0 { 0 } else { size };
        (0..neurons).flat_map(move |neuron| {
            order.into_iter().take(words).map(move |plane| first + plane * size + neuron)
        })
    }

    /// Words that mark which of its channels have spiked.
    pub(crate) const fn seen_words(&self) -> u32 {
        if self.is_binary { self.size.div_ceil(64) } else { 0 }
    }
}

/// Running totals over the populations before one. Sums are clipped: the check refuses what they would hide.
#[derive(Default)]
pub(crate) struct Offsets {
    units: u32,
    neurons: u32,
    input_channels: u32,
    output_channels: u32,
    pub(crate) places: u32,
    seen: u32,
    narrow: u32,
    wide: u32,
    starts: u32,
    bits: u32,
    states: u32,
    readouts: u32,
    /// Words that mark which neurons of the largest clocked population fire.
    fired: u32,
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

/// Running totals of the arenas that projections use, after those of the populations.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Places {
    pub(crate) narrow_sources: u32,
    pub(crate) wide_sources: u32,
    pub(crate) starts: u32,
    pub(crate) bits: u32,
    pub(crate) narrow_sums: u32,
    pub(crate) wide_sums: u32,
    pub(crate) states: u32,
    pub(crate) readouts: u32,
    pub(crate) fired: u32,
}

impl Places {
    /// The totals after the populations.
    pub(crate) fn after(view: &View) -> Self {
        let mut offsets = Offsets::default();
        for record in view.records {
            offsets.place(record);
        }
        Self {
            narrow_sources: offsets.narrow,
            wide_sources: offsets.wide,
            starts: offsets.starts,
            bits: offsets.bits,
            states: offsets.states,
            readouts: offsets.readouts,
            fired: offsets.fired,
            ..Self::default()
        }
    }

    /// Completes a projection with its sizes and places, and advances past it.
    pub(crate) fn place(&mut self, projection: &mut Projection, view: &View) {
        let source = view.population(projection.source).unwrap_or_default();
        let target = view.population(projection.target).unwrap_or_default();
        (projection.sources, projection.targets) = (source.size, target.size);
        let add = |total: &mut u32, more: u32| *total = total.saturating_add(more);
        (projection.first_sum, projection.first_wide) = (self.wide_sums, self.wide_sums);
        match (projection.layout, projection.accumulator) {
            (Layout::Packed, Accumulator::Narrow) => {
                projection.first_sum = self.narrow_sums;
                add(&mut self.narrow_sums, projection.sums());
            }
            (Layout::Packed, Accumulator::Guarded) => {
                projection.first_sum = self.narrow_sums;
                add(&mut self.narrow_sums, projection.sums());
                add(&mut self.wide_sums, projection.sums());
            }
            _ => add(&mut self.wide_sums, projection.sums()),
        }
        if projection.layout == Layout::Own {
            let ticks =
                (projection.longest.saturating_add(1)).checked_next_power_of_two().unwrap_or_default();
            projection.due_shift = ticks.trailing_zeros() as u8;
            let rows = projection.sources.saturating_mul(projection.blocks);
            if source.queue.is_bitmap {
                projection.first_due = self.bits;
                add(&mut self.bits, ticks.saturating_mul(rows.div_ceil(64)));
            } else {
                projection.first_due = self.starts;
                let links = source.queue.places.saturating_mul(projection.blocks);
                add(&mut self.starts, ticks.saturating_add(links));
            }
        }
    }
}
