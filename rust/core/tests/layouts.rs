//! How the synapses and histories of a network are kept never changes what it computes: the same spikes and the same state
//! with 32-bit and with guarded 16-bit sums, with lists and with bitmaps, also where weights are as large as they can be.

mod common;

use common::sections::{HEADER, assemble, sections, set_word, vary_weights, word};
use common::{Golden, Recording, Vectors, columns, golden, numbered};
use tarry_core::{Processor, Program, Section, Spike};

const WIDE: u8 = 0;
const NARROW: u8 = 1;
const GUARDED: u8 = 2;

fn with_accumulators(program: &[u8], accumulator: u8, weights: u64) -> Option<Program<Vec<u8>>> {
    let mut sections = sections(program);
    if weights > 0 {
        vary_weights(&mut sections, &mut numbered(weights));
    }
    for record in sections[Section::Projections as usize].chunks_exact_mut(32) {
        if record[4] == 0 {
            record[9] = accumulator;
        }
    }
    // Weights of 16 bits may be too large to be guarded.
    Program::parse(assemble(&program[..HEADER], &sections)).ok()
}

/// The outputs of a recording, the digest after it, and how often a state was cut.
fn run(program: &Program<Vec<u8>>, recording: &Recording) -> (Vec<Spike>, u64, Vec<u64>) {
    let memory = Vectors::new(program.plan(), 1 << 12);
    let mut engine = Processor::new(program.clone(), memory, ()).unwrap();
    let (ticks, channels) = columns(&recording.inputs);
    assert_eq!(engine.push(&ticks, &channels), Ok(ticks.len()));
    let mut outputs = Vec::new();
    while engine.run_until(recording.until) < recording.until {
        outputs.extend(std::iter::from_fn(|| engine.pop()));
    }
    outputs.extend(std::iter::from_fn(|| engine.pop()));
    assert!(engine.populations().iter().all(|p| p.is_binary || p.tally().dropped == 0));
    let saturations = engine.populations().iter().map(|population| population.saturations).collect();
    (outputs, engine.digest(), saturations)
}

#[test]
fn guarded_sums_are_wide_sums() {
    let (mut compared, mut overflowed) = (0, 0);
    for (index, case) in golden("clocked.bin").iter().enumerate() {
        let Golden { program, recordings } = case;
        for weights in 0..4 {
            let variant = if weights == 0 { 0 } else { 100 * index as u64 + weights };
            let [wide, narrow, guarded] =
                [WIDE, NARROW, GUARDED].map(|width| with_accumulators(program.bytes(), width, variant));
            let Some(((wide, narrow), guarded)) = wide.zip(narrow).zip(guarded) else { continue };
            let expected = run(&wide, &recordings[0]);
            assert_eq!(run(&guarded, &recordings[0]), expected, "case {index}, weights {weights}");
            compared += 1;
            overflowed += usize::from(run(&narrow, &recordings[0]) != expected);
            if weights == 0 {
                assert_eq!((&expected.0, expected.1), (&recordings[0].outputs, recordings[0].digest));
            }
        }
    }
    // Otherwise nothing had to be guarded.
    assert!(compared > 200 && overflowed > 5, "{compared} {overflowed}");
}

/// The same network with histories as lists that cannot be full, or as bitmaps, wherever that may be.
fn with_histories(program: &[u8], lists: bool) -> Option<Program<Vec<u8>>> {
    const BINARY: u8 = 2;
    const BITMAP: u8 = 8;
    let mut sections = sections(program);
    for record in sections[Section::Populations as usize].chunks_exact_mut(64) {
        let (size, longest, kept) = (word(record, 4), word(record, 12), word(record, 48));
        let has_choice = kept > 0 && (record[0] > 0 || record[3] & BINARY != 0);
        if has_choice {
            record[3] = record[3] & !BITMAP | if lists { 0 } else { BITMAP };
            // Recordings are pushed as a whole, so everything may lie ahead.
            set_word(record, 48, kept.max(4 * (longest + 3).next_power_of_two()));
            set_word(record, 8, (size * (longest + 1)).max(word(record, 8)).min(1 << 15));
        }
    }
    // A list of due rows may have too many.
    Program::parse(assemble(&program[..HEADER], &sections)).ok()
}

#[test]
fn lists_and_bitmaps_hold_the_same_spikes() {
    let mut compared = 0;
    for (index, Golden { program, recordings }) in golden("clocked.bin").iter().enumerate() {
        for lists in [true, false] {
            let Some(other) = with_histories(program.bytes(), lists) else { continue };
            for recording in recordings {
                let (outputs, digest, _) = run(&other, recording);
                assert_eq!((&outputs, digest), (&recording.outputs, recording.digest), "case {index}");
                compared += 1;
            }
        }
    }
    assert!(compared >= 100, "{compared}");
}
