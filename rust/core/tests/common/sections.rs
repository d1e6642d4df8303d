//! The sections of a program, taken apart, changed and put together again with right lengths and checksums.

use super::Random;
use tarry_core::{Section, crc32};

pub const HEADER: usize = 40;
const SECTIONS: usize = 11;

/// Bytes of a record of a section, and its fields: offset and width.
type Fields = (usize, &'static [(usize, usize)]);

const POPULATION: Fields = (
    64,
    &[
        (0, 1),
        (1, 1),
        (2, 1),
        (3, 1),
        (4, 4),
        (8, 4),
        (12, 4),
        (16, 4),
        (20, 4),
        (24, 4),
        (28, 4),
        (32, 4),
        (36, 4),
        (48, 4),
    ],
);
const PROJECTION: Fields = (
    32,
    &[
        (0, 2),
        (2, 2),
        (4, 1),
        (5, 1),
        (6, 1),
        (7, 1),
        (8, 1),
        (9, 1),
        (10, 1),
        (12, 4),
        (16, 4),
        (20, 4),
        (24, 4),
        (28, 4),
    ],
);
const WORD: Fields = (4, &[(0, 4)]);
const SYNAPSE: Fields = (2, &[(0, 2), (1, 1)]);

pub fn word(bytes: &[u8], at: usize) -> u32 {
    field(bytes, at, 4)
}

pub fn set_word(bytes: &mut [u8], at: usize, value: u32) {
    set_field(bytes, at, 4, value);
}

fn field(bytes: &[u8], at: usize, width: usize) -> u32 {
    bytes[at..at + width].iter().rev().fold(0, |value, &byte| value << 8 | u32::from(byte))
}

fn set_field(bytes: &mut [u8], at: usize, width: usize, value: u32) {
    bytes[at..at + width].copy_from_slice(&value.to_le_bytes()[..width]);
}

/// Takes a program apart into its sections.
pub fn sections(program: &[u8]) -> Vec<Vec<u8>> {
    (0..SECTIONS)
        .map(|kind| {
            let at = HEADER + 16 * kind;
            let (offset, length) = (word(program, at + 4) as usize, word(program, at + 8) as usize);
            program[offset..offset + length].to_vec()
        })
        .collect()
}

/// Puts sections together again.
pub fn assemble(header: &[u8], sections: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = header[..HEADER].to_vec();
    bytes.resize(HEADER + 16 * SECTIONS, 0);
    for (kind, section) in sections.iter().enumerate() {
        let at = HEADER + 16 * kind;
        let offset = bytes.len() as u32;
        for (field, value) in
            [kind as u32, offset, section.len() as u32, crc32(section)].into_iter().enumerate()
        {
            set_word(&mut bytes, at + 4 * field, value);
        }
        bytes.extend(section);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    let length = bytes.len() as u32;
    set_word(&mut bytes, 12, length);
    let table = crc32(&bytes[HEADER..HEADER + 16 * SECTIONS]);
    set_word(&mut bytes, 32, table);
    let checksum = crc32(&bytes[..36]);
    set_word(&mut bytes, 36, checksum);
    bytes
}

/// Changes a few bytes, words or lengths of a section; values that sit on an edge come up often.
pub fn damage(section: &mut Vec<u8>, random: &mut Random) {
    const EDGES: [u32; 10] = [0, 1, 2, 0x7F, 0xFF, 0x100, 0xFFFF, 1 << 30, 0x7FFF_FFFF, u32::MAX];
    for _ in 0..=random.below(3) {
        let length = section.len();
        match random.below(8) {
            0 if length >= 8 => section.truncate(random.below(length as u64) as usize),
            1 => section.extend((0..random.below(9)).map(|byte| byte as u8)),
            2..=4 if length > 0 => {
                let at = random.below(length as u64) as usize;
                section[at] ^= 1 << random.below(8);
            }
            _ if length >= 4 => {
                let at = 4 * random.below(length as u64 / 4) as usize;
                let edge = EDGES[random.below(EDGES.len() as u64) as usize];
                let value = match random.below(3) {
                    0 => edge,
                    1 => word(section, at).wrapping_add(edge),
                    _ => word(section, 4 * random.below(length as u64 / 4) as usize),
                };
                set_word(section, at, value);
            }
            _ => {}
        }
    }
}

/// Changes fields of the records of the sections of clocked networks: to numbers that such fields have elsewhere, to their
/// neighbours and to powers of two.
pub fn damage_fields(sections: &mut [Vec<u8>], random: &mut Random) {
    const ALL: [(Section, Fields); 6] = [
        (Section::Populations, POPULATION),
        (Section::Projections, PROJECTION),
        (Section::Projections, PROJECTION),
        (Section::Rows, WORD),
        (Section::Parameters, WORD),
        (Section::Weights, SYNAPSE),
    ];
    for _ in 0..=random.below(3) {
        let (section, (record, fields)) = ALL[random.below(6) as usize];
        let bytes = &mut sections[section as usize];
        let records = (bytes.len() / record) as u64;
        if records == 0 {
            continue;
        }
        let (offset, width) = fields[random.below(fields.len() as u64) as usize];
        let at = record * random.below(records) as usize + offset;
        let old = field(bytes, at, width);
        let power = 1_u32 << random.below(8 * width as u64);
        let value = match random.below(7) {
            0 => random.below(70) as u32,
            1 => power,
            2 => power - 1,
            3 => old.wrapping_add(1),
            4 => old.wrapping_sub(1),
            5 => old ^ power,
            _ => field(bytes, record * random.below(records) as usize + offset, width),
        };
        set_field(bytes, at, width, value);
    }
}

/// Changes a clocked program into another right one: lists of a few places, other widths of accumulators, other weights,
/// parameters at their limits, a lie about the largest input.
pub fn vary(sections: &mut [Vec<u8>], random: &mut Random) {
    let few = random.below(2) == 0;
    for record in sections[Section::Populations as usize].chunks_exact_mut(64) {
        let is_clocked = record[0] >= 2;
        if few && word(record, 8) > 0 {
            set_word(record, 8, 1 + random.below(5) as u32);
        }
        if is_clocked && random.below(3) == 0 {
            set_word(record, 36, random.bits() as u32 >> random.below(31));
        }
        if is_clocked && random.below(3) == 0 {
            set_word(record, 16, random.below(4) as u32);
        }
    }
    let accumulator = random.below(4) as u8;
    for record in sections[Section::Projections as usize].chunks_exact_mut(32) {
        if record[4] == 0 && accumulator < 3 {
            record[9] = accumulator;
        }
    }
    vary_weights(sections, random);
    if random.below(2) == 0 {
        let parameters = &mut sections[Section::Parameters as usize];
        let words = (parameters.len() / 4) as u64;
        for _ in 0..random.below(4.min(words + 1)) {
            let at = 4 * random.below(words) as usize;
            let large = [i32::MAX, i32::MIN + 1, 1 << 15, 4095, 31, 1, 0];
            set_word(parameters, at, large[random.below(7) as usize] as u32);
        }
    }
}

/// Other weights at the same places, some as large as the accumulators of any width allow.
pub fn vary_weights(sections: &mut [Vec<u8>], random: &mut Random) {
    let (projections, weights) = (sections[Section::Projections as usize].clone(), Section::Weights as usize);
    for record in projections.chunks_exact(32) {
        let (first, length) = (word(record, 20) as usize, word(record, 24) as usize);
        let scale = random.below(4);
        for word in sections[weights][first..first + length].chunks_exact_mut(usize::from(record[5].max(1))) {
            match (*word).len() {
                // 14 bits and a sign, so that guarded sums may take them.
                4 if scale > 0 => {
                    let size = (1 + random.below(0x3FFF >> (4 * (scale - 1)))) as i16;
                    let weight = if random.below(3) == 0 { -size } else { size };
                    word[2..].copy_from_slice(&weight.to_le_bytes());
                }
                2 if scale > 0 => {
                    let bits = u32::from(record[6]);
                    let weight = 1 + random.below((1 << bits) - 1) as u32;
                    let offset = field(word, 0, 2) & ((1 << (16 - bits)) - 1);
                    set_field(word, 0, 2, offset | weight << (16 - bits));
                }
                1 if scale > 1 => word[0] = random.bits() as u8,
                _ => {}
            }
        }
    }
}
