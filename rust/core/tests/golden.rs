//! The golden cases: the spikes and the digest of the reference, however the stream is split.

mod common;

use common::{Golden, Random, Recording, Vectors, columns, golden, networks};
use tarry_core::{NEVER, Processor, Readout, Spike};

type Engine<'p> = Processor<&'p [u8], Vectors>;

fn engine(case: &Golden, outputs: usize) -> Engine<'_> {
    let program = tarry_core::Program::parse(case.program.bytes()).unwrap();
    let memory = Vectors::new(program.plan(), outputs);
    Processor::new(program, memory, ()).unwrap()
}

fn drain(engine: &mut Engine, outputs: &mut Vec<Spike>) {
    outputs.extend(std::iter::from_fn(|| engine.pop()));
}

fn check(case: usize, engine: &mut Engine, outputs: &[Spike], recording: &Recording) {
    assert_eq!(outputs, recording.outputs, "case {case}");
    assert_eq!(engine.digest(), recording.digest, "case {case}");
    for population in engine.populations() {
        let tally = population.tally();
        assert_eq!(tally.offered, tally.accepted + tally.rejected + tally.dropped);
        // A binary input drops the second spike of a channel in a tick.
        assert_eq!(tally.rejected + if population.is_binary { 0 } else { tally.dropped }, 0);
    }
}

#[test]
fn whole_recordings() {
    for cases in [golden("networks.bin"), networks(), golden("yin_yang.bin")] {
        for (index, case) in cases.iter().enumerate() {
            let mut engine = engine(case, 4096);
            for recording in &case.recordings {
                engine.reset();
                let (ticks, channels) = columns(&recording.inputs);
                assert_eq!(engine.push(&ticks, &channels), Ok(ticks.len()));
                let mut outputs = Vec::new();
                assert_eq!(engine.run_until(recording.until), recording.until);
                drain(&mut engine, &mut outputs);
                check(index, &mut engine, &outputs, recording);
            }
        }
    }
}

/// Pushes and runs in random pieces, with the smallest output buffer, so that runs stop for room.
#[test]
fn any_split_of_the_stream() {
    let mut random = Random(1);
    for (index, case) in networks().iter().enumerate() {
        let mut engine = engine(case, 0);
        for recording in &case.recordings {
            engine.reset();
            let (ticks, channels) = columns(&recording.inputs);
            let (mut pushed, mut outputs) = (0, Vec::new());
            while engine.now() < recording.until {
                let stop = (engine.now() + 1 + random.below(30)).min(recording.until);
                let ahead = ticks.partition_point(|&tick| tick < stop + random.below(40));
                while pushed < ahead {
                    let piece = (pushed + 1 + random.below(5) as usize).min(ahead);
                    let taken = engine.push(&ticks[pushed..piece], &channels[pushed..piece]);
                    assert_eq!(taken, Ok(piece - pushed));
                    pushed = piece;
                }
                while engine.now() < stop {
                    engine.run_until_outputs(stop, 1 + random.below(3) as usize);
                    drain(&mut engine, &mut outputs);
                }
            }
            check(index, &mut engine, &outputs, recording);
        }
    }
}

/// Going from deadline to deadline misses nothing, and between deadlines nothing happens.
#[test]
fn deadlines_are_exact() {
    for (index, case) in networks().iter().enumerate() {
        let mut engine = engine(case, 0);
        for recording in &case.recordings {
            engine.reset();
            let (ticks, channels) = columns(&recording.inputs);
            assert_eq!(engine.push(&ticks, &channels), Ok(ticks.len()));
            let mut outputs = Vec::new();
            loop {
                let deadline = engine.next_deadline();
                if deadline >= recording.until {
                    break;
                }
                assert_eq!(engine.run_until(deadline), deadline);
                assert_eq!(engine.waiting(), 0, "something happened before the deadline");
                engine.run_until(deadline + 1);
                drain(&mut engine, &mut outputs);
            }
            check(index, &mut engine, &outputs, recording);
        }
    }
}

#[test]
fn a_processor_at_rest_has_no_deadline() {
    let case = &golden("yin_yang.bin")[0];
    let mut engine = engine(case, 0);
    assert_eq!(engine.next_deadline(), NEVER);
    assert_eq!(engine.run_until(u64::MAX), tarry_core::TICK_LIMIT);
}

/// Also where nothing happens in it: the largest potential so far is then that of neurons at rest.
#[test]
fn a_read_out_sees_its_first_tick() {
    let mut seen = 0;
    for case in &golden("clocked.bin") {
        let mut engine = engine(case, 4096);
        engine.run_until(1);
        for population in 0..engine.populations().len() {
            if engine.populations()[population].readout() == Readout::Max {
                assert!(engine.values(population).all(|largest| largest > i64::from(i32::MIN)));
                seen += 1;
            }
        }
    }
    assert!(seen > 3, "{seen}");
}
