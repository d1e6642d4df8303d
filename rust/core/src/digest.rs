//! FNV-1a, 64 bit: one number that two runs agree on, or not.

use crate::spike::Spike;

const OFFSET: u64 = 0xCBF2_9CE4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01B3;

/// A running FNV-1a hash over little-endian words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(pub(crate) u64);

impl Digest {
    /// Of nothing.
    pub const EMPTY: Self = Self(OFFSET);

    /// With these bytes behind all before.
    #[inline]
    #[must_use]
    pub fn bytes(self, bytes: &[u8]) -> Self {
        Self(bytes.iter().fold(self.0, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME)))
    }

    /// With an output spike behind all before.
    #[inline]
    #[must_use]
    pub fn spike(self, spike: Spike) -> Self {
        self.bytes(&spike.tick.to_le_bytes()).bytes(&spike.channel.to_le_bytes())
    }

    /// The number.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Digest;

    #[test]
    fn matches_published_values() {
        assert_eq!(Digest::EMPTY.bytes(b"").value(), 0xCBF2_9CE4_8422_2325);
        assert_eq!(Digest::EMPTY.bytes(b"foobar").value(), 0x8594_4171_F739_67E8);
    }
}
