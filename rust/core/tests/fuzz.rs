//! Damaged programs: every one that damage changed is refused by its checksums; with the checksums made right again
//! it is refused, or it runs without panic. `cargo run --release -p tarry-core --example fuzz` does ten million.

mod common;

use common::fuzz::{Outcome, case, programs};
use common::sections::{assemble, sections};
use common::{golden, numbered};
use tarry_core::{Program, ProgramError, Section};

const CASES: u64 = 4_000;

#[test]
fn every_flipped_bit_is_noticed() {
    let program = programs().pop().unwrap();
    let mut damaged = program.clone();
    for byte in 0..program.len() {
        for bit in 0..8 {
            damaged[byte] ^= 1 << bit;
            assert!(Program::parse(damaged.as_slice()).is_err(), "byte {byte}, bit {bit}");
            damaged[byte] ^= 1 << bit;
        }
    }
    assert!(Program::parse(damaged).is_ok());
}

#[test]
fn every_truncation_is_noticed() {
    let program = programs().pop().unwrap();
    for length in 0..program.len() {
        assert!(Program::parse(&program[..length]).is_err(), "{length} bytes");
    }
    let longer: Vec<u8> = program.iter().copied().chain([0]).collect();
    assert!(Program::parse(longer).is_err());
}

/// What is compared pair by pair must be few enough: a program is refused before, not after hours.
#[test]
fn populations_times_projections_are_limited() {
    let program = golden("clocked.bin").remove(0).program;
    let mut sections = sections(program.bytes());
    for (section, copies) in [(Section::Populations, 1 << 13), (Section::Projections, 1 << 14)] {
        let section = &mut sections[section as usize];
        *section = section.repeat(copies);
    }
    let hostile = assemble(program.bytes(), &sections);
    assert_eq!(Program::parse(hostile).unwrap_err(), ProgramError::TooLarge);
}

#[test]
fn right_checksums_are_not_enough() {
    let (programs, mut outcome) = (programs(), Outcome::default());
    for number in 0..CASES {
        case(&programs, &mut numbered(number), &mut outcome);
    }
    assert_eq!(outcome.cases, outcome.refused + outcome.too_large + outcome.ran);
    // Otherwise the test would say little about one side or the other.
    assert!(outcome.refused > CASES / 4 && outcome.clocked > CASES / 10, "{outcome:?}");
    assert!(outcome.ran > outcome.clocked + CASES / 10 && outcome.spikes > CASES, "{outcome:?}");
    assert!(outcome.dropped > CASES / 4 && outcome.snapshots > 2 * outcome.snapshots_refused, "{outcome:?}");
    assert!(outcome.snapshots_refused > CASES / 20, "{outcome:?}");
}
