//! The memory of a processor: typed arenas that the caller owns, and the plan that says how long each must be.

use crate::agenda::Agenda;
use crate::bitset::Bitset;
use crate::history::Entry;
use crate::lif::Neuron;
use crate::program::Population;
use crate::spike::Spike;

/// How many elements each arena of a program needs; `outputs` is the least.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Elements of [`Memory::populations`].
    pub populations: usize,
    /// Elements of [`Memory::neurons`].
    pub neurons: usize,
    /// Elements of [`Memory::entries`].
    pub entries: usize,
    /// Elements of [`Memory::deliveries`].
    pub deliveries: usize,
    /// Elements of [`Memory::crossings`].
    pub crossings: usize,
    /// Elements of [`Memory::work`].
    pub work: usize,
    /// Elements of [`Memory::seen`].
    pub seen: usize,
    /// Least elements of [`Memory::outputs`]: one per output neuron.
    pub outputs: usize,
}

impl Plan {
    pub(crate) fn new(
        populations: usize,
        neurons: usize,
        entries: usize,
        seen: usize,
        outputs: usize,
    ) -> Self {
        Self {
            populations,
            neurons,
            entries,
            deliveries: Agenda::words(entries),
            crossings: Agenda::words(neurons),
            work: Bitset::words(neurons),
            seen,
            outputs,
        }
    }

    /// The bytes of all arenas on this target.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.populations * size_of::<Population>()
            + self.neurons * size_of::<Neuron>()
            + self.entries * size_of::<Entry>()
            + (self.deliveries + self.crossings + self.work + self.seen) * size_of::<u64>()
            + self.outputs * size_of::<Spike>()
    }
}

/// The arenas. What they hold before [`crate::Processor::new`] does not matter.
#[derive(Debug)]
pub struct Memory<'m> {
    /// Parameters and queues of the populations.
    pub populations: &'m mut [Population],
    /// States of the neurons.
    pub neurons: &'m mut [Neuron],
    /// The histories: spikes in flight.
    pub entries: &'m mut [Entry],
    /// When each spike in flight is to be delivered next.
    pub deliveries: &'m mut [u64],
    /// When each neuron is predicted to cross its threshold.
    pub crossings: &'m mut [u64],
    /// The neurons that have work in the tick under way.
    pub work: &'m mut [u64],
    /// The channels of binary inputs that have spiked in the tick under way.
    pub seen: &'m mut [u64],
    /// Output spikes that wait to be popped; the longer, the further a run gets by itself.
    pub outputs: &'m mut [Spike],
}

/// Whoever owns the arenas: a [`Memory`] of borrowed slices, or a type that owns them.
pub trait Arenas {
    /// The arenas, for the time of one call.
    fn memory(&mut self) -> Memory<'_>;
}

impl Arenas for Memory<'_> {
    #[inline]
    fn memory(&mut self) -> Memory<'_> {
        Memory {
            populations: self.populations,
            neurons: self.neurons,
            entries: self.entries,
            deliveries: self.deliveries,
            crossings: self.crossings,
            work: self.work,
            seen: self.seen,
            outputs: self.outputs,
        }
    }
}
