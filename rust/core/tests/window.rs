//! Spikes pushed as far ahead as the histories allow, of the fewest ticks that they may keep: what is given back finds room
//! later, and the result is that of the whole recording.

mod common;

use common::sections::{HEADER, assemble, sections, set_word, word};
use common::{Golden, Vectors, golden};
use tarry_core::{Kind, Population, Processor, Program, Section};

/// The same network with other records of its populations.
fn altered(program: &[u8], alter: impl Fn(&mut [u8])) -> Program<Vec<u8>> {
    let mut sections = sections(program);
    sections[Section::Populations as usize].chunks_exact_mut(64).for_each(alter);
    Program::parse(assemble(&program[..HEADER], &sections)).unwrap()
}

/// Histories keep as few ticks as they may.
fn shortest(record: &mut [u8]) {
    const BITMAP: u8 = 8;
    if word(record, 48) > 0 {
        let longest = word(record, 12) - u32::from(record[0] > 0);
        let beyond = if record[3] & BITMAP == 0 { 2 } else { 1 };
        set_word(record, 48, (longest + beyond).next_power_of_two());
    }
}

/// Inputs drop what they have no room for.
fn dropping(record: &mut [u8]) {
    const DROPS: u8 = 4;
    record[3] |= if record[0] == 0 { DROPS } else { 0 };
}

#[test]
fn as_far_ahead_as_can_be() {
    let (mut given_back, mut ahead) = (0, 0);
    for (index, Golden { program, recordings }) in golden("clocked.bin").iter().enumerate() {
        let program = altered(program.bytes(), shortest);
        let memory = Vectors::new(program.plan(), 0);
        let mut engine = Processor::new(program, memory, ()).unwrap();
        for recording in recordings {
            engine.reset();
            let (mut pushed, mut outputs) = (0, Vec::new());
            while engine.now() < recording.until {
                while let Some(spike) = recording.inputs.get(pushed) {
                    if engine.push(&[spike.tick], &[spike.channel]) == Ok(0) {
                        given_back += 1;
                        assert!(spike.tick > engine.now(), "a spike of the present finds room");
                        break;
                    }
                    ahead += u64::from(spike.tick > engine.now() + 1);
                    pushed += 1;
                }
                engine.run_until(engine.now() + 1);
                outputs.extend(std::iter::from_fn(|| engine.pop()));
            }
            assert_eq!((&outputs, engine.digest()), (&recording.outputs, recording.digest), "case {index}");
        }
    }
    assert!(given_back > 1_000 && ahead > 1_000, "{given_back} {ahead}");
}

/// The window is what the ticks kept leave beside the longest delay, to the tick; what lies beyond is given back, also by
/// inputs that drop what they have no room for.
#[test]
fn the_window_ends_where_it_should() {
    let programs = golden("clocked.bin").into_iter().map(|Golden { program, .. }| program);
    for program in programs.flat_map(|p| [altered(p.bytes(), |_| {}), altered(p.bytes(), dropping)]) {
        let memory = Vectors::new(program.plan(), 0);
        let mut engine = Processor::new(program, memory, ()).unwrap();
        let window = |p: &Population| p.kept_ticks() - p.longest_delay();
        let is_list = |p: &&Population| p.kind == Kind::Input && p.kept_ticks() > 0 && !p.is_bitmap();
        let Some(input) = engine.populations().iter().find(is_list).copied() else { continue };
        for now in [0, 1, 1_000] {
            engine.reset();
            while engine.run_until(now) < now {
                while engine.pop().is_some() {}
            }
            let first_beyond = now + u64::from(window(&input));
            assert_eq!(engine.push(&[first_beyond - 1], &[input.first_channel]), Ok(1));
            assert_eq!(engine.push(&[first_beyond], &[input.first_channel]), Ok(0));
        }
    }
}
