//! Dense rows of weights onto one row of 32-bit sums.
//!
//! Up to 256 rows of at most 8 bits are added in 16 bits, where they cannot overflow, and widened once: the
//! loop runs at the speed of narrow sums and is exact. (Small targets without vectors add to the wide sums.) Weights
//! of 1, 2 and 4 bits lie 8, 4 and 2 to a byte, lowest bits first; one bit is −1 or +1, more are two's complement.

/// How many rows of 8-bit weights a 16-bit sum holds: 256 times −128 is −2^15.
const MOST_ROWS: usize = 256;
/// Sums that are kept in registers: of wide rows, and of what is left of them.
const MANY: usize = 128;
const FEW: usize = 32;

/// The weights of a projection and how long a row of them is.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    /// All rows, one after the other.
    pub weights: &'a [u8],
    /// Bits of a weight: 1, 2, 4, 8 or 16.
    pub weight_bits: u8,
    /// Bytes of a row.
    pub row_bytes: usize,
}

impl Rows<'_> {
    /// One weight of a row.
    pub(crate) fn weight(&self, number: u32, lane: u32) -> Option<i32> {
        let (bits, lane) = (usize::from(self.weight_bits), lane as usize);
        let first = number as usize * self.row_bytes + lane * bits / 8;
        let byte = *self.weights.get(first)?;
        let within = lane % (8 / bits.clamp(1, 8));
        Some(match bits {
            1 => unpacked::<1>(byte, within).into(),
            2 => unpacked::<2>(byte, within).into(),
            4 => unpacked::<4>(byte, within).into(),
            8 => unpacked::<8>(byte, within).into(),
            _ => i16::from_le_bytes([byte, *self.weights.get(first + 1)?]).into(),
        })
    }
}

/// Adds the rows of the given numbers.
#[inline(always)]
pub fn add_rows(sums: &mut [i32], rows: &Rows, numbers: &[u32]) {
    for numbers in numbers.chunks(MOST_ROWS) {
        match rows.weight_bits {
            1 => add::<1>(sums, rows, numbers),
            2 => add::<2>(sums, rows, numbers),
            4 => add::<4>(sums, rows, numbers),
            8 => add::<8>(sums, rows, numbers),
            _ => add_wide(sums, rows, numbers),
        }
    }
}

#[inline(always)]
fn add<const BITS: usize>(sums: &mut [i32], rows: &Rows, numbers: &[u32]) {
    // One loop for all lengths where code is dear.
    if cfg!(target_pointer_width = "32") {
        return numbers.iter().for_each(|&number| add_row::<BITS>(sums, rows, number, 0));
    }
    let (many, sums) = sums.as_chunks_mut::<MANY>();
    let (few, rest) = sums.as_chunks_mut::<FEW>();
    let mut at = 0;
    for block in many {
        widen(block, &narrow::<BITS, MANY>(rows, numbers, at));
        at += MANY * BITS / 8;
    }
    for block in few {
        widen(block, &narrow::<BITS, FEW>(rows, numbers, at));
        at += FEW * BITS / 8;
    }
    if rest.is_empty() {
        return;
    }
    // Lanes beyond a row are summed too, whatever lies there, and left out. At the end of the table nothing lies there.
    widen(rest, &narrow::<BITS, FEW>(rows, numbers, at));
    for &number in numbers {
        if number as usize * rows.row_bytes + at + FEW * BITS / 8 > rows.weights.len() {
            add_row::<BITS>(rest, rows, number, at);
        }
    }
}

/// Adds one row, from its byte `at` on.
#[inline(always)]
fn add_row<const BITS: usize>(sums: &mut [i32], rows: &Rows, number: u32, at: usize) {
    let bytes = rows.weights.get(number as usize * rows.row_bytes + at..).unwrap_or_default();
    for (sums, &byte) in sums.chunks_mut(8 / BITS).zip(bytes) {
        for (lane, sum) in sums.iter_mut().enumerate() {
            *sum = sum.wrapping_add(unpacked::<BITS>(byte, lane).into());
        }
    }
}

/// The sums of `N` lanes of some rows, from byte `at` of each on; rows that end before are left out.
#[inline(always)]
fn narrow<const BITS: usize, const N: usize>(rows: &Rows, numbers: &[u32], at: usize) -> [i16; N] {
    let mut sums = [0_i16; N];
    for &number in numbers {
        let first = number as usize * rows.row_bytes + at;
        let Some(bytes) = rows.weights.get(first..first + N * BITS / 8) else { continue };
        for (sums, &byte) in sums.chunks_exact_mut(8 / BITS).zip(bytes) {
            for (lane, sum) in sums.iter_mut().enumerate() {
                *sum = sum.wrapping_add(unpacked::<BITS>(byte, lane));
            }
        }
    }
    sums
}

#[inline(always)]
fn widen(sums: &mut [i32], narrow: &[i16]) {
    for (sum, &narrow) in sums.iter_mut().zip(narrow) {
        *sum = sum.wrapping_add(narrow.into());
    }
}

/// The weight of a lane of a byte.
#[inline(always)]
const fn unpacked<const BITS: usize>(byte: u8, lane: usize) -> i16 {
    let raised = byte << (8 - BITS - (BITS * lane) % 8);
    match BITS {
        1 => ((raised >> 6) & 2) as i16 - 1,
        _ => ((raised as i8) >> (8 - BITS)) as i16,
    }
}

#[inline(always)]
fn add_wide(sums: &mut [i32], rows: &Rows, numbers: &[u32]) {
    for &number in numbers {
        let first = number as usize * rows.row_bytes;
        let row = rows.weights.get(first..first + rows.row_bytes).unwrap_or_default();
        for (sum, &weight) in sums.iter_mut().zip(row.as_chunks::<2>().0) {
            *sum = sum.wrapping_add(i32::from(i16::from_le_bytes(weight)));
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::{vec, vec::Vec};

    /// Packs weights as the compiler does, bit by bit.
    fn pack(weights: &[i32], bits: usize) -> Vec<u8> {
        let mut bytes = vec![0_u8; (weights.len() * bits).div_ceil(8)];
        for (index, &weight) in weights.iter().enumerate() {
            let stored = if bits == 1 { u32::from(weight > 0) } else { weight as u32 };
            for bit in 0..bits {
                let at = index * bits + bit;
                bytes[at / 8] |= ((stored >> bit & 1) as u8) << (at % 8);
            }
        }
        bytes
    }

    #[test]
    fn rows_of_every_width_and_length_add_up() {
        let mut random = 3_u64;
        let mut below = move |bound: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % bound
        };
        for bits in [1_usize, 2, 4, 8, 16] {
            for targets in [1_usize, 3, 16, 20, 32, 63, 64, 65, 96, 130, 165, 256] {
                let (lowest, span) = (-(1_i32 << (bits - 1)), 1_u64 << bits);
                let rows: Vec<Vec<i32>> = (0..7)
                    .map(|row| {
                        let mut weight = || if row == 0 { lowest } else { below(span) as i32 + lowest };
                        (0..targets)
                            .map(|_| weight())
                            .map(|w| if bits == 1 { 2 * w + 1 } else { w })
                            .collect()
                    })
                    .collect();
                let weights: Vec<u8> = rows.iter().flat_map(|row| pack(row, bits)).collect();
                let rows_of = Rows {
                    weights: &weights,
                    weight_bits: bits as u8,
                    row_bytes: (targets * bits).div_ceil(8),
                };
                // As many rows of the most negative weight as a 16-bit sum can hold, and a mixture.
                for numbers in [vec![0; MOST_ROWS], vec![0; 3 * MOST_ROWS], vec![3, 1, 6, 6, 0, 2, 5]] {
                    let mut sums: Vec<i32> = (0..targets as i32).collect();
                    add_rows(&mut sums, &rows_of, &numbers);
                    for (target, &sum) in sums.iter().enumerate() {
                        let expected: i32 = numbers.iter().map(|&number| rows[number as usize][target]).sum();
                        assert_eq!(sum, target as i32 + expected, "{bits} bits, {targets} targets");
                    }
                }
            }
        }
    }
}
