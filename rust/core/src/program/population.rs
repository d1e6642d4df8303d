//! The record of a population, and what follows from its place among the others.

use super::header::u32_at;
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
        self.history.capacity
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
            Kind::Input => self.first_neuron as usize,
            Kind::Lif => self.first_neuron as usize + self.size as usize,
        }
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
    places: u32,
    seen: u32,
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
        kind: [Kind::Input, Kind::Lif].get(usize::from(kind)).copied(),
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
        let [membrane_shift, synapse_shift, weight_shift, _] = u32_at(record, 32).to_le_bytes();
        let is_output = flags & 1 != 0;
        let mut population = Population {
            kind,
            is_output,
            is_binary: flags & 2 != 0,
            drops: flags & 4 != 0,
            size,
            first_unit: self.units,
            first_neuron: self.neurons,
            first_channel: if kind == Kind::Input { self.input_channels } else { self.output_channels },
            first_seen: self.seen,
            saturations: 0,
            history: History::new(self.places, capacity, u32_at(record, 12)),
            lif: Lif {
                constants: constants.unwrap_or_default(),
                reset: reset.unwrap_or_default(),
                weight_shift,
                refractory: u32_at(record, 16),
                membrane: Table { first: u32_at(record, 24), shift: membrane_shift },
                synapse: Table { first: u32_at(record, 28), shift: synapse_shift },
                horizon: u32_at(record, 20),
                synapse_ticks: u32_at(record, 44),
                fast_ticks: u32_at(record, 40),
                fast_over_slow: u32_at(record, 36),
            },
        };
        if kind == Kind::Input {
            population.is_output = false;
            self.input_channels = self.input_channels.saturating_add(size);
        } else {
            self.neurons = self.neurons.saturating_add(size);
        }
        if population.is_output {
            self.output_channels = self.output_channels.saturating_add(size);
        }
        self.units = self.units.saturating_add(size);
        self.places = self.places.saturating_add(capacity);
        self.seen = self.seen.saturating_add(population.seen_words());
        population
    }
}
