//! The kernels for the instruction sets of this machine give the bits of the portable ones: spikes, states, read-outs, counts.

#[path = "../../rust/core/tests/common/mod.rs"]
mod common;

use common::sections::{HEADER, assemble, sections, vary};
use common::{Recording, Vectors, columns, golden, numbered};
use firmware_sim::Dispatched;
use tarry_core::{Counts, Kernels, Portable, Processor, Program, Spike};

/// All that can be seen of a recording.
#[derive(Debug, PartialEq)]
struct Seen {
    outputs: Vec<Spike>,
    digest: u64,
    values: Vec<i64>,
    counts: Counts,
    saturations: Vec<u64>,
}

fn run<K: Kernels>(program: &Program<Vec<u8>>, recording: &Recording, kernels: K) -> Seen {
    let memory = Vectors::new(program.plan(), 0);
    let mut engine = Processor::with_kernels(program.clone(), memory, Counts::default(), kernels).unwrap();
    let (ticks, channels) = columns(&recording.inputs);
    let _ = engine.push(&ticks, &channels);
    let mut outputs = Vec::new();
    while engine.run_until(recording.until) < recording.until {
        outputs.extend(std::iter::from_fn(|| engine.pop()));
    }
    outputs.extend(std::iter::from_fn(|| engine.pop()));
    Seen {
        outputs,
        digest: engine.digest(),
        values: (0..program.populations())
            .flat_map(|index| engine.values(index).collect::<Vec<_>>())
            .collect(),
        saturations: engine.populations().iter().map(|population| population.saturations).collect(),
        counts: *engine.probe(),
    }
}

#[test]
fn instruction_sets_change_nothing() {
    let (mut programs, mut spikes) = (0, 0);
    for (index, case) in golden("clocked.bin").iter().enumerate() {
        for variant in 0..4 {
            let mut sections = sections(case.program.bytes());
            if variant > 0 {
                vary(&mut sections, &mut numbered(10 * index as u64 + variant));
            }
            let Ok(program) = Program::parse(assemble(&case.program.bytes()[..HEADER], &sections)) else {
                continue;
            };
            programs += 1;
            for recording in &case.recordings {
                let portable = run(&program, recording, Portable);
                spikes += portable.counts.spikes;
                assert_eq!(run(&program, recording, Dispatched), portable, "case {index}, variant {variant}");
            }
        }
    }
    assert!(programs > 140 && spikes > 30_000, "{programs} programs, {spikes} spikes");
}
