//! Snapshots: whatever the arenas held before, what is restored goes on as the original does.

mod common;

use common::{Golden, Vectors, columns, golden};
use tarry_core::{Arenas, Processor, Spike};

type Engine = Processor<Vec<u8>, Vectors>;

/// A processor in memory that something else has used.
fn engine(case: &Golden) -> Engine {
    let mut vectors = Vectors::new(case.program.plan(), 64);
    let memory = vectors.memory();
    memory.narrow_sources.fill(0xFF);
    memory.wide_sources.fill(0xFFFF);
    memory.starts.fill(0xABCD);
    memory.bits.fill(!0);
    memory.narrow_sums.fill(-3);
    memory.wide_sums.fill(-3);
    memory.states.fill(5);
    memory.readouts.fill(5);
    memory.fired.fill(!0);
    memory.seen.fill(!0);
    memory.work.fill(!0);
    memory.deliveries.fill(1);
    memory.crossings.fill(1);
    Processor::new(case.program.clone(), vectors, ()).unwrap()
}

fn outputs(engine: &mut Engine, until: u64) -> Vec<Spike> {
    let mut outputs = Vec::new();
    loop {
        let now = engine.run_until(until);
        outputs.extend(std::iter::from_fn(|| engine.pop()));
        if now == until {
            return outputs;
        }
    }
}

fn save(engine: &mut Engine) -> Vec<u8> {
    let mut snapshot = Vec::new();
    engine.save(b"here", |bytes| snapshot.extend_from_slice(bytes));
    snapshot
}

#[test]
fn memory_may_hold_anything_before() {
    for case in golden("clocked.bin").iter().chain(&golden("networks.bin")) {
        let recording = &case.recordings[0];
        let (mut original, mut other) = (engine(case), engine(case));
        let (ticks, channels) = columns(&recording.inputs);
        assert_eq!(original.push(&ticks, &channels), Ok(ticks.len()));
        for parts in 0..3 {
            let mut seen = outputs(&mut original, recording.until * parts / 3);
            if parts > 0 {
                outputs(&mut other, recording.until);
            }
            let snapshot = save(&mut original);
            assert_eq!(other.restore(&snapshot).unwrap(), b"here");
            assert_eq!(save(&mut other), snapshot);
            seen.extend(outputs(&mut other, recording.until));
            assert_eq!(other.digest(), recording.digest);
            if parts == 0 {
                assert_eq!(seen, recording.outputs);
            }
        }
        outputs(&mut original, recording.until);
        assert_eq!(original.digest(), recording.digest);
    }
}
