//! A spike: when and where.

/// No tick: what is never due. Larger than every tick.
pub const NEVER: u64 = u64::MAX;

/// Ticks are below this, so that a tick plus a delay or a refractory period never overflows.
pub const TICK_LIMIT: u64 = 1 << 62;

/// A spike, at the input or at the output.
///
/// The channel counts through the input (or output) populations in order of declaration, then through their neurons.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spike {
    /// When, in ticks.
    pub tick: u64,
    /// Where.
    pub channel: u32,
}
