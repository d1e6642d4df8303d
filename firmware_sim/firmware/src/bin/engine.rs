//! The engine as a device has it: a program in memory, spikes pushed as they come, tick by tick, spikes popped.
//!
//! What lies in memory is a golden case of one recording, put there before reset. Exit status 0 if the digest is
//! right, 1 if it is wrong, 2 if program or memory are refused. Nothing is printed: this image is the one whose size
//! is told and whose symbols are looked at.

#![no_std]
#![no_main]

use tarry_core::Program;
use tarry_firmware::board::image;
use tarry_firmware::{Engine, Pool, engine};

tarry_firmware::entry!(run);

const RIGHT: u32 = 0;
const WRONG: u32 = 1;
const REFUSED: u32 = 2;

fn run(mut arena: Pool<'static>) -> u32 {
    let mut rest = image();
    #[cfg(feature = "control")]
    if rest[usize::from(rest[0]) << 13] == 1 {
        return WRONG;
    }
    let Some((mut engine, until)) = start(&mut rest, &mut arena) else { return REFUSED };
    let Some((inputs, outputs, digest)) = recording(rest) else { return REFUSED };
    let popped = stream(&mut engine, inputs, until);
    if popped == outputs && engine.digest() == digest { RIGHT } else { WRONG }
}

/// Reads the program and the end of its recording, builds the processor.
fn start(rest: &mut &'static [u8], arena: &mut Pool<'static>) -> Option<(Engine<'static>, u64)> {
    let length = u32::from_le_bytes(take(rest)?) as usize;
    let (program, after) = rest.split_at_checked(length)?;
    *rest = after;
    let _recordings: [u8; 4] = take(rest)?;
    let until = u64::from_le_bytes(take(rest)?);
    Some((engine(Program::parse(program).ok()?, 0, arena)?, until))
}

/// Input spikes, the number of output spikes, the digest.
fn recording(mut rest: &[u8]) -> Option<(&[[u8; 12]], usize, u64)> {
    let inputs = u32::from_le_bytes(take(&mut rest)?) as usize;
    let (inputs, after) = rest.split_at_checked(inputs.checked_mul(12)?)?;
    rest = after;
    let outputs = u32::from_le_bytes(take(&mut rest)?) as usize;
    rest = rest.get(outputs.checked_mul(12)?..)?;
    Some((inputs.as_chunks().0, outputs, u64::from_le_bytes(take(&mut rest)?)))
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (&first, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(first)
}

/// Pushes every spike at its tick; sleeps from deadline to deadline. Returns how many spikes came out.
fn stream(engine: &mut Engine, inputs: &[[u8; 12]], until: u64) -> usize {
    let mut inputs = inputs.iter().map(|spike| {
        let [t0, t1, t2, t3, t4, t5, t6, t7, c0, c1, c2, c3] = *spike;
        (u64::from_le_bytes([t0, t1, t2, t3, t4, t5, t6, t7]), u32::from_le_bytes([c0, c1, c2, c3]))
    });
    let mut next = inputs.next();
    let mut popped = 0;
    loop {
        let arrival = next.map_or(until, |(tick, _)| tick);
        let wake = engine.next_deadline().saturating_add(1).min(arrival).min(until);
        engine.run_until(wake);
        while engine.pop().is_some() {
            popped += 1;
        }
        if engine.now() >= until {
            return popped;
        }
        while let Some((tick, channel)) = next.filter(|&(tick, _)| tick <= engine.now()) {
            if engine.push(&[tick], &[channel]) != Ok(1) {
                return usize::MAX;
            }
            next = inputs.next();
        }
    }
}
