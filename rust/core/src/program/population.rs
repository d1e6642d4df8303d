//! A population: what it is, as data.

use crate::clock::queue::Queue;
use crate::clock::readout::{Reading, Readout};
use crate::clock::rules::Clocked;
use crate::history::{History, Tally};
use crate::lif::Lif;

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
