//! CRC-32 as in IEEE 802.3 (reflected, polynomial `0xEDB88320`), the one of zlib and Python's `zlib.crc32`.

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut value = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { (value >> 1) ^ 0xEDB8_8320 } else { value >> 1 };
            bit += 1;
        }
        #[allow(clippy::indexing_slicing, reason = "evaluated at compile time")]
        {
            table[byte] = value;
        }
        byte += 1;
    }
    table
}

static TABLE: [u32; 256] = table();

/// The CRC-32 of the bytes.
#[must_use]
pub fn crc32(bytes: &[u8]) -> u32 {
    !extended(!0, bytes)
}

/// The CRC-32 of more and more bytes.
#[derive(Clone, Copy)]
pub(crate) struct Checksum(u32);

impl Checksum {
    pub(crate) const EMPTY: Self = Self(!0);

    pub(crate) fn with(self, bytes: &[u8]) -> Self {
        Self(extended(self.0, bytes))
    }

    pub(crate) const fn value(self) -> u32 {
        !self.0
    }
}

fn extended(crc: u32, bytes: &[u8]) -> u32 {
    let step = |crc: u32, &byte: &u8| {
        // A byte cannot miss a table of 256; the fallback is never taken.
        let entry = TABLE.get(usize::from(crc as u8 ^ byte)).copied().unwrap_or_default();
        entry ^ (crc >> 8)
    };
    bytes.iter().fold(crc, step)
}

#[cfg(test)]
mod tests {
    #[test]
    fn matches_the_check_value_of_the_standard() {
        assert_eq!(super::crc32(b"123456789"), 0xCBF4_3926);
    }
}
