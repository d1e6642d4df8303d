//! The memory of a processor: typed arenas that the caller owns, and the plan that says how long each must be.

use crate::agenda::Agenda;
use crate::bitset::Bitset;
use crate::history::Entry;
use crate::program::Places;

/// Hands the list of all arenas, `name: element` each with its documentation, to another macro: whoever owns memory for a
/// processor declares it from this list.
///
/// ```
/// macro_rules! count {
///     ($($(#[$doc:meta])* $name:ident: $element:ty,)*) => { [$(stringify!($name)),*].len() };
/// }
/// assert_eq!(tarry_core::each_arena!(count), 18);
/// ```
#[macro_export]
macro_rules! each_arena {
    ($callback:ident) => {
        $callback! {
            /// Parameters and queues of the populations.
            populations: $crate::Population,
            /// The clocked projections.
            projections: $crate::Projection,
            /// States of the event-driven neurons.
            neurons: $crate::Neuron,
            /// Spikes in flight that event-driven projections read.
            entries: $crate::Entry,
            /// When each of those is to be delivered next.
            deliveries: u64,
            /// When each event-driven neuron is predicted to cross its threshold.
            crossings: u64,
            /// The event-driven neurons that have work in the tick under way.
            work: u64,
            /// The channels of binary inputs that have spiked in the tick under way.
            seen: u64,
            /// Spikes that clocked projections read, of populations of at most 256.
            narrow_sources: u8,
            /// Spikes that clocked projections read, of larger populations.
            wide_sources: u16,
            /// Where the ticks of those lists begin; lists of rows that are due.
            starts: u16,
            /// Bitmaps of histories and of rows that are due.
            bits: u64,
            /// Accumulators of 16 bits.
            narrow_sums: i16,
            /// Accumulators of 32 bits.
            wide_sums: i32,
            /// States of the clocked neurons.
            states: i32,
            /// Read-outs.
            readouts: i64,
            /// The clocked neurons of one population that fire in the tick under way.
            fired: u64,
            /// Output spikes that wait to be popped; the longer, the further a run gets by itself.
            outputs: $crate::Spike,
        }
    };
}

macro_rules! declare {
    ($($(#[$doc:meta])* $name:ident: $element:ty,)*) => {
        /// How many elements each arena of a program needs; `outputs` is the least.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Plan {
            $($(#[$doc])* pub $name: usize,)*
        }

        /// The arenas. What they hold before [`crate::Processor::new`] does not matter.
        #[derive(Debug)]
        pub struct Memory<'m> {
            $($(#[$doc])* pub $name: &'m mut [$element],)*
        }

        impl Plan {
            /// The bytes of all arenas on this target.
            #[must_use]
            pub const fn bytes(&self) -> usize {
                0 $(+ self.$name * size_of::<$element>())*
            }

            /// Name, length and bytes of an element of every arena.
            pub fn arenas(&self) -> impl Iterator<Item = (&'static str, usize, usize)> {
                [$((stringify!($name), self.$name, size_of::<$element>()),)*].into_iter()
            }
        }

        impl Memory<'_> {
            /// Lengths of the arenas, in the order of [`Plan::arenas`].
            pub(crate) fn lengths(&self) -> impl Iterator<Item = usize> {
                [$(self.$name.len(),)*].into_iter()
            }
        }

        impl Arenas for Memory<'_> {
            #[inline]
            fn memory(&mut self) -> Memory<'_> {
                Memory { $($name: self.$name,)* }
            }
        }
    };
}

each_arena!(declare);

/// How many of what a program has.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sizes {
    pub(crate) populations: usize,
    pub(crate) projections: usize,
    pub(crate) neurons: usize,
    pub(crate) entries: usize,
    pub(crate) seen: usize,
    pub(crate) outputs: usize,
}

impl Plan {
    pub(crate) fn new(sizes: Sizes, places: &Places) -> Self {
        let Sizes { populations, projections, neurons, entries, seen, outputs } = sizes;
        Self {
            populations,
            projections,
            neurons,
            entries,
            deliveries: Agenda::words(entries),
            crossings: Agenda::words(neurons),
            work: Bitset::words(neurons),
            seen,
            narrow_sources: places.narrow_sources as usize,
            wide_sources: places.wide_sources as usize,
            starts: places.starts as usize,
            bits: places.bits as usize,
            narrow_sums: places.narrow_sums as usize,
            wide_sums: places.wide_sums as usize,
            states: places.states as usize,
            readouts: places.readouts as usize,
            fired: places.fired as usize,
            outputs,
        }
    }

    /// The bytes that delays take: histories, lists of what is due, accumulators. `docs/delay_queue.md`
    #[must_use]
    pub const fn delay_bytes(&self) -> usize {
        self.entries * size_of::<Entry>()
            + self.narrow_sources
            + 2 * (self.wide_sources + self.starts + self.narrow_sums)
            + 8 * self.bits
            + 4 * self.wide_sums
    }
}

/// Whoever owns the arenas: a [`Memory`] of borrowed slices, or a type that owns them.
pub trait Arenas {
    /// The arenas, for the time of one call.
    fn memory(&mut self) -> Memory<'_>;
}
