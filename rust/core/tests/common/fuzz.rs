//! Damaged programs and hostile streams, drawn at random: refused, or run without panic.

use super::{Random, Vectors};
use tarry_core::{Kind, Processor, Program, crc32};

const HEADER: usize = 40;
const SECTIONS: usize = 11;
/// Programs that ask for more are not run: they are accepted, but a caller would refuse them the memory.
const MOST_MEMORY: usize = 1 << 20;
const LAST_TICK: u64 = 100;

/// What became of the cases.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    pub cases: u64,
    pub refused: u64,
    pub too_large: u64,
    pub ran: u64,
    pub spikes: u64,
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn set_word(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
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

/// Puts sections together again, with right lengths and checksums.
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
fn damage(section: &mut Vec<u8>, random: &mut Random) {
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

/// One case: a damaged program with right checksums, and a stream of spikes through it if it is accepted.
pub fn case(programs: &[Vec<u8>], random: &mut Random, outcome: &mut Outcome) {
    outcome.cases += 1;
    let program = &programs[random.below(programs.len() as u64) as usize];
    let mut header = program[..HEADER].to_vec();
    let mut sections = sections(program);
    match random.below(12) {
        0 => damage(&mut header, random),
        1 => {}
        _ => {
            for _ in 0..=random.below(2) {
                damage(&mut sections[random.below(SECTIONS as u64) as usize], random);
            }
        }
    }
    if header.len() < HEADER {
        outcome.refused += u64::from(Program::parse(header).is_err());
        return;
    }
    let Ok(program) = Program::parse(assemble(&header, &sections)) else {
        outcome.refused += 1;
        return;
    };
    if program.plan().bytes() > MOST_MEMORY {
        outcome.too_large += 1;
        return;
    }
    outcome.ran += 1;
    outcome.spikes += stream(program, random);
}

/// Pushes spikes, some of them bad, runs and pops in random order; returns how many spikes came out.
fn stream(program: Program<Vec<u8>>, random: &mut Random) -> u64 {
    let memory = Vectors::new(program.plan(), random.below(20) as usize);
    let mut engine = Processor::new(program, memory, ()).unwrap();
    let channels: u32 = engine.populations().iter().filter(|p| p.kind == Kind::Input).map(|p| p.size).sum();
    let mut spikes = 0;
    while engine.now() < LAST_TICK {
        match random.below(8) {
            0..=2 => {
                let mut tick = engine.now();
                let group: Vec<(u64, u32)> = (0..random.below(12))
                    .map(|_| {
                        tick += random.below(20);
                        let beyond = u64::from(random.below(50) == 0);
                        (tick, random.below(u64::from(channels) + beyond) as u32)
                    })
                    .collect();
                let (mut ticks, channels): (Vec<u64>, Vec<u32>) = group.into_iter().unzip();
                if random.below(40) == 0 {
                    ticks.push(random.bits() << random.below(33));
                }
                let _ = engine.push(&ticks, &channels);
            }
            3..=6 => {
                let until = engine.now() + random.below(100);
                engine.run_until_outputs(until, random.below(8) as usize);
            }
            _ if random.below(30) == 0 => engine.reset(),
            _ => {
                let deadline = engine.next_deadline();
                assert!(deadline >= engine.now() || engine.now() == 0);
            }
        }
        while engine.pop().is_some() {
            spikes += 1;
        }
        // An idle network would otherwise wait for long.
        if random.below(20) == 0 {
            engine.run_until(engine.now() + 50);
        }
    }
    engine.digest();
    for population in engine.populations() {
        let tally = population.tally();
        assert_eq!(tally.offered, tally.accepted + tally.rejected + tally.dropped);
        assert!(tally.peak <= population.capacity());
    }
    spikes
}
