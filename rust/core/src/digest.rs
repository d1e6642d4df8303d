//! FNV-1a, 64 bit: one number that two runs agree on, or not.

const OFFSET: u64 = 0xCBF2_9CE4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01B3;

/// A running FNV-1a hash over little-endian words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digest(pub(crate) u64);

impl Digest {
    pub(crate) const EMPTY: Self = Self(OFFSET);

    #[inline]
    pub(crate) fn bytes(self, bytes: &[u8]) -> Self {
        Self(bytes.iter().fold(self.0, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME)))
    }

    pub(crate) const fn value(self) -> u64 {
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
