//! Damaged programs and hostile streams, drawn at random: refused, or run without panic.

use super::sections::{HEADER, assemble, damage, damage_fields, sections, vary};
use super::{Random, Vectors, golden};
use tarry_core::{Kind, Processor, Program, SnapshotError, crc32};

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
    /// Of those that ran: programs with clocked neurons.
    pub clocked: u64,
    /// Spikes that came out, and spikes that found a full list.
    pub spikes: u64,
    pub dropped: u64,
    /// Snapshots that were restored, and damaged ones that were refused.
    pub snapshots: u64,
    pub snapshots_refused: u64,
}

/// The programs that are damaged; as many clocked as event-driven ones.
pub fn programs() -> Vec<Vec<u8>> {
    let files = ["networks.bin", "clocked.bin", "clocked.bin", "yin_yang.bin"];
    files.iter().flat_map(|file| golden(file)).map(|case| case.program.bytes().to_vec()).collect()
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
        2..=5 => vary(&mut sections, random),
        6..=8 => damage_fields(&mut sections, random),
        kind => {
            if kind == 9 {
                vary(&mut sections, random);
            }
            for _ in 0..=random.below(2) {
                let section = random.below(sections.len() as u64) as usize;
                damage(&mut sections[section], random);
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
    outcome.clocked += u64::from(program.plan().states > 0);
    stream(program, random, outcome);
}

/// Pushes spikes, some of them bad, runs, pops and travels in time in random order.
fn stream(program: Program<Vec<u8>>, random: &mut Random, outcome: &mut Outcome) {
    let memory = Vectors::new(program.plan(), random.below(20) as usize);
    let mut engine = Processor::new(program, memory, ()).unwrap();
    let channels: u32 = engine.populations().iter().filter(|p| p.kind == Kind::Input).map(|p| p.size).sum();
    let mut is_genuine = true;
    while engine.now() < LAST_TICK {
        match random.below(8) {
            0..=2 => {
                let (ticks, channels) = spikes(engine.now(), channels, random);
                let _ = engine.push(&ticks, &channels);
            }
            3..=6 => {
                let until = engine.now() + random.below(100);
                engine.run_until_outputs(until, random.below(8) as usize);
            }
            _ if random.below(30) == 0 => engine.reset(),
            _ if random.below(8) == 0 => is_genuine &= travel(&mut engine, is_genuine, random, outcome),
            _ => {
                let deadline = engine.next_deadline();
                assert!(deadline >= engine.now() || engine.now() == 0);
            }
        }
        while engine.pop().is_some() {
            outcome.spikes += 1;
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
        assert!(tally.peak <= population.capacity() || !is_genuine);
        outcome.dropped += tally.dropped * u64::from(is_genuine);
    }
}

/// A group of spikes from now on, dense or sparse; a channel may be out of range, or a column too long.
fn spikes(now: u64, channels: u32, random: &mut Random) -> (Vec<u64>, Vec<u32>) {
    let apart = [1, 3, 20][random.below(3) as usize];
    let mut tick = now;
    let group = (0..random.below(20)).map(|_| {
        tick += random.below(apart);
        let beyond = u64::from(random.below(50) == 0);
        (tick, random.below(u64::from(channels) + beyond) as u32)
    });
    let (mut ticks, channels): (Vec<u64>, Vec<u32>) = group.unzip();
    if random.below(40) == 0 {
        ticks.push(random.bits() << random.below(33));
    }
    (ticks, channels)
}

/// Takes a snapshot and restores it, changed half of the time, with a right checksum. Returns false if the state may be one
/// that the processor could not have come to.
fn travel<B: AsRef<[u8]>>(
    engine: &mut Processor<B, Vectors>,
    is_genuine: bool,
    random: &mut Random,
    outcome: &mut Outcome,
) -> bool {
    let mut snapshot = Vec::new();
    engine.save(&[], |bytes| snapshot.extend_from_slice(bytes));
    if is_genuine && random.below(2) == 0 {
        let before = engine.digest();
        assert_eq!(engine.restore(&snapshot), Ok([].as_slice()));
        assert_eq!(engine.digest(), before);
        outcome.snapshots += 1;
        return true;
    }
    // Magic number, version, digest of the program and length of the notes stay.
    let end = snapshot.len() - 4;
    for _ in 0..=random.below(3) {
        let at = 24 + random.below(end as u64 - 24) as usize;
        snapshot[at] = [0, 1, 0xFF, snapshot[at] ^ 1 << random.below(8)][random.below(4) as usize];
    }
    let checksum = crc32(&snapshot[..end]);
    snapshot[end..].copy_from_slice(&checksum.to_le_bytes());
    let restored = engine.restore(&snapshot);
    assert!(matches!(restored, Ok(_) | Err(SnapshotError::Impossible | SnapshotError::Outputs { .. })));
    outcome.snapshots += u64::from(restored.is_ok());
    outcome.snapshots_refused += u64::from(restored.is_err());
    false
}
