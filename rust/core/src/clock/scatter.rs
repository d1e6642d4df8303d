//! Packed synapses onto a ring of accumulators: `ring[(offset + base) mod length] += weight`.
//!
//! A ring whose length is a constant power of two, indexed through a mask, needs no bounds check.

/// First word and end of a run of synapses.
pub(crate) type Range = [u32; 2];

/// An accumulator.
pub(crate) trait Sum: Copy {
    /// With a weight added, modulo its width.
    fn plus(self, weight: i32) -> Self;
    /// Negative iff it has left the band ± 2^14, from which one weight of at most 15 bits cannot overflow 16.
    fn beyond(self) -> i16;
}

impl Sum for i32 {
    #[inline(always)]
    fn plus(self, weight: i32) -> Self {
        self.wrapping_add(weight)
    }
    #[inline(always)]
    fn beyond(self) -> i16 {
        0
    }
}

impl Sum for i16 {
    #[inline(always)]
    fn plus(self, weight: i32) -> Self {
        self.wrapping_add(weight as Self)
    }
    #[inline(always)]
    fn beyond(self) -> i16 {
        self.wrapping_add(BAND)
    }
}

const BAND: i16 = 1 << 14;

/// A synapse: offset below, weight above.
pub(crate) trait Word: Copy {
    /// Its bits, and its weight where that begins at bit `shift`.
    fn read(self, shift: u32) -> (u32, i32);
}

impl Word for [u8; 4] {
    #[inline(always)]
    fn read(self, _shift: u32) -> (u32, i32) {
        let bits = u32::from_le_bytes(self);
        (bits, bits as i32 >> 16)
    }
}

impl Word for [u8; 2] {
    #[inline(always)]
    fn read(self, shift: u32) -> (u32, i32) {
        let bits = u16::from_le_bytes(self);
        (u32::from(bits), i32::from(bits as i16) >> (shift & 15))
    }
}

/// The synapses of a projection for one tick: its words, where a weight begins in a word, the place of the tick's row.
pub(crate) struct Synapses<'a, W> {
    pub(crate) words: &'a [W],
    pub(crate) shift: u32,
    pub(crate) base: u32,
}

/// Adds runs to the ring, whose length is a power of two up to 2^16. With `GUARD`, a sum that has left its band after a
/// run moves to the same place of `wide`; returns whether any did.
pub(crate) fn add_runs<A: Sum + Into<i32> + Default, W: Word, const GUARD: bool>(
    ring: &mut [A],
    wide: &mut [i32],
    synapses: &Synapses<W>,
    runs: &[Range],
) -> bool {
    // One loop for all lengths where code is dear.
    if cfg!(target_pointer_width = "32") {
        return plain::<A, W, GUARD>(ring, wide, synapses, runs);
    }
    match ring.len() {
        0x20 => unrolled::<A, W, GUARD, 0x20>(ring, wide, synapses, runs),
        0x40 => unrolled::<A, W, GUARD, 0x40>(ring, wide, synapses, runs),
        0x80 => unrolled::<A, W, GUARD, 0x80>(ring, wide, synapses, runs),
        0x100 => unrolled::<A, W, GUARD, 0x100>(ring, wide, synapses, runs),
        0x200 => unrolled::<A, W, GUARD, 0x200>(ring, wide, synapses, runs),
        0x400 => unrolled::<A, W, GUARD, 0x400>(ring, wide, synapses, runs),
        0x800 => unrolled::<A, W, GUARD, 0x800>(ring, wide, synapses, runs),
        0x1000 => unrolled::<A, W, GUARD, 0x1000>(ring, wide, synapses, runs),
        0x2000 => unrolled::<A, W, GUARD, 0x2000>(ring, wide, synapses, runs),
        0x4000 => unrolled::<A, W, GUARD, 0x4000>(ring, wide, synapses, runs),
        0x8000 => unrolled::<A, W, GUARD, 0x8000>(ring, wide, synapses, runs),
        0x10000 => unrolled::<A, W, GUARD, 0x10000>(ring, wide, synapses, runs),
        _ => plain::<A, W, GUARD>(ring, wide, synapses, runs),
    }
}

#[inline(never)]
#[allow(clippy::indexing_slicing, reason = "every index is masked by the length of the ring")]
fn unrolled<A: Sum + Into<i32> + Default, W: Word, const GUARD: bool, const L: usize>(
    ring: &mut [A],
    wide: &mut [i32],
    synapses: &Synapses<W>,
    runs: &[Range],
) -> bool {
    let Ok(ring) = <&mut [A; L]>::try_from(ring) else { return false };
    let Synapses { words, shift, base } = *synapses;
    let place = |bits: u32| bits.wrapping_add(base) as usize & (L - 1);
    let mut spilled = false;
    for &[first, end] in runs {
        let run = words.get(first as usize..end as usize).unwrap_or_default();
        let mut beyond = 0_i16;
        let mut add = |word: &W, counts: bool| {
            let (bits, weight) = word.read(shift);
            let sum = ring[place(bits)].plus(if counts { weight } else { 0 });
            if GUARD {
                beyond |= sum.beyond();
            }
            ring[place(bits)] = sum;
        };
        // Unrolled: a loop's own work beside that of one synapse was more than a tenth of a tick.
        let (many, rest) = run.as_chunks::<32>();
        for some in many {
            for word in some {
                add(word, true);
            }
        }
        let (few, rest) = rest.as_chunks::<4>();
        for some in few {
            for word in some {
                add(word, true);
            }
        }
        if let (1.., Some(last)) = (rest.len(), run.last_chunk::<4>()) {
            // What is left together with some before it, which do not count: a loop of so few would be mispredicted
            // run by run.
            for (lane, word) in last.iter().enumerate() {
                add(word, lane + rest.len() >= 4);
            }
        } else {
            for word in rest {
                add(word, true);
            }
        }
        if GUARD && beyond < 0 {
            spill(ring, wide, run, synapses);
            spilled = true;
        }
    }
    spilled
}

/// The same for any length, in one small loop: the reference, and what small targets run.
fn plain<A: Sum + Into<i32> + Default, W: Word, const GUARD: bool>(
    ring: &mut [A],
    wide: &mut [i32],
    synapses: &Synapses<W>,
    runs: &[Range],
) -> bool {
    let mask = ring.len().wrapping_sub(1);
    let mut spilled = false;
    for &[first, end] in runs {
        let run = synapses.words.get(first as usize..end as usize).unwrap_or_default();
        let mut beyond = 0;
        for word in run {
            let (bits, weight) = word.read(synapses.shift);
            if let Some(sum) = ring.get_mut(bits.wrapping_add(synapses.base) as usize & mask) {
                *sum = sum.plus(weight);
                beyond |= sum.beyond();
            }
        }
        if GUARD && beyond < 0 {
            spill(ring, wide, run, synapses);
            spilled = true;
        }
    }
    spilled
}

/// Moves the sums of a run that have left their band to the wide ones.
#[cold]
fn spill<A: Sum + Into<i32> + Default, W: Word>(
    ring: &mut [A],
    wide: &mut [i32],
    run: &[W],
    synapses: &Synapses<W>,
) {
    let mask = ring.len().wrapping_sub(1);
    for word in run {
        let place = word.read(synapses.shift).0.wrapping_add(synapses.base) as usize & mask;
        if let (Some(sum), Some(wide)) = (ring.get_mut(place), wide.get_mut(place))
            && sum.beyond() < 0
        {
            *wide = wide.wrapping_add((*sum).into());
            *sum = A::default();
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::{vec, vec::Vec};

    /// Runs of ascending offsets, and the ring that adding them one by one in 64 bits gives.
    #[test]
    fn every_kernel_gives_the_plain_sums() {
        let mut random = 7_u64;
        let mut below = move |bound: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % bound
        };
        for shift in 3..=16 {
            let length = 1_u32 << shift;
            let mut words: Vec<[u8; 4]> = Vec::new();
            let mut runs: Vec<Range> = Vec::new();
            for _ in 0..30 {
                let first = words.len() as u32;
                let mut offset = below(5) as u32;
                while offset < length && words.len() - (first as usize) < 40 {
                    let weight = below(32_767) as i32 - 16_383;
                    words.push((offset | (weight as u32) << 16).to_le_bytes());
                    offset += 1 + below(u64::from(length) / 20 + 1) as u32;
                }
                runs.push([first, words.len() as u32]);
            }
            let synapses = Synapses { words: &words, shift: 16, base: below(u64::from(length)) as u32 };
            let mut expected = vec![0_i64; length as usize];
            for &word in &words {
                let (bits, weight) = word.read(16);
                expected[((bits & 0xFFFF) + synapses.base) as usize % length as usize] += i64::from(weight);
            }
            let mut wide = vec![0_i32; length as usize];
            add_runs::<i32, _, false>(&mut wide, &mut [], &synapses, &runs);
            assert!(wide.iter().zip(&expected).all(|(&sum, &expected)| i64::from(sum) == expected));
            for fast in [true, false] {
                let (mut narrow, mut beside) = (vec![0_i16; length as usize], vec![0_i32; length as usize]);
                let add = if fast { add_runs::<i16, _, true> } else { plain::<i16, _, true> };
                let spilled = add(&mut narrow, &mut beside, &synapses, &runs);
                assert_eq!(spilled, beside.iter().any(|&sum| sum != 0));
                let sums = narrow.iter().zip(&beside).map(|(&sum, &wide)| i64::from(sum) + i64::from(wide));
                assert!(sums.eq(expected.iter().copied()), "guarded, ring of {length}");
            }
        }
    }

    /// The largest weight of either sign onto every sum near the edge of the band.
    #[test]
    fn no_guarded_sum_leaves_its_width_at_the_edge_of_the_band() {
        let most = (1 << 14) - 1;
        for edge in (most - 3..=most + 4).flat_map(|sum| [sum, -sum]) {
            for last in [most, -most] {
                let weights = [edge.clamp(-most, most), edge - edge.clamp(-most, most), last, last];
                let words: Vec<[u8; 4]> =
                    weights.map(|weight: i32| ((weight as u32) << 16).to_le_bytes()).into();
                let runs: Vec<Range> = (0..4).map(|run| [run, run + 1]).collect();
                let synapses = Synapses { words: &words, shift: 16, base: 0 };
                for add in [add_runs::<i16, _, true>, plain::<i16, _, true>] {
                    let (mut narrow, mut wide) = ([0_i16; 32], [0_i32; 32]);
                    add(&mut narrow, &mut wide, &synapses, &runs);
                    assert_eq!(i32::from(narrow[0]) + wide[0], weights.iter().sum::<i32>(), "{edge} {last}");
                }
            }
        }
    }
}
