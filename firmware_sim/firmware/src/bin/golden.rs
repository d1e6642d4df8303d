//! Runs golden files, named on the command line: every recording whole, in pieces and from deadline to deadline.
//!
//! Prints a line of JSON per recording, per case that was not run, and per file. Exit status 0 if all that was run is
//! right and no file is damaged; cases too large for the arena are named and counted.

#![no_std]
#![no_main]

use core::ffi::CStr;
use tarry_core::{Program, Spike};
use tarry_firmware::board::{Console, Moment, arguments, stack_bytes};
use tarry_firmware::{Engine, Golden, Pool, Recording, Trouble, bytes, engine};

tarry_firmware::entry!(run);

const RIGHT: u32 = 0;
const WRONG: u32 = 1;
const NO_FILE: u32 = 2;

/// Room for output spikes when a recording is run whole.
const OUTPUTS: usize = 64;

fn run(mut arena: Pool<'static>) -> u32 {
    let Some(console) = Console::open() else { return NO_FILE };
    let mut words = [0; 512];
    let mut status = NO_FILE;
    for name in arguments(&mut words) {
        let right = Golden::open(name).is_some_and(|golden| run_file(golden, name, &mut arena, &console));
        status = match status {
            WRONG => WRONG,
            _ if right => RIGHT,
            _ => WRONG,
        };
    }
    status
}

/// What became of the recordings of a file.
#[derive(Default)]
struct Totals {
    recordings: u64,
    right: u64,
    not_run: u64,
    /// Most bytes of the arena that a case took.
    peak: u64,
}

fn run_file(mut golden: Golden, name: &CStr, arena: &mut Pool, console: &Console) -> bool {
    let mut totals = Totals::default();
    let mut whole = true;
    let mut case = 0;
    loop {
        let start = golden.place();
        match golden.skip_case() {
            Ok(Some(_)) => {}
            Ok(None) => break,
            Err(_) => {
                whole = false;
                break;
            }
        }
        let end = golden.place();
        golden.seek(start);
        if let Err(trouble) = run_case(&mut golden, case, arena.again(), &mut totals, console) {
            totals.not_run += 1;
            number(console, "{\"case\": ", case);
            console.text(", \"not_run\": \"");
            console.text(match trouble {
                Trouble::TooLarge => "too large",
                Trouble::Truncated => "truncated",
                Trouble::Refused => "refused",
            });
            console.text("\"}\n");
            whole &= trouble == Trouble::TooLarge;
        }
        golden.seek(end);
        case += 1;
    }
    console.text("{\"file\": \"");
    console.text(name.to_str().unwrap_or("?"));
    number(console, "\", \"cases\": ", case);
    number(console, ", \"not_run\": ", totals.not_run);
    number(console, ", \"recordings\": ", totals.recordings);
    number(console, ", \"right\": ", totals.right);
    number(console, ", \"arena_bytes\": ", totals.peak);
    number(console, ", \"stack_bytes\": ", stack_bytes() as u64);
    console.text(if whole { ", \"whole\": true}\n" } else { ", \"whole\": false}\n" });
    whole && totals.right == totals.recordings
}

fn run_case(
    golden: &mut Golden,
    case: u64,
    mut arena: Pool,
    totals: &mut Totals,
    console: &Console,
) -> Result<(), Trouble> {
    let room = arena.bytes();
    let program = golden.program(&mut arena)?;
    let program = Program::parse(program).map_err(|_| Trouble::Refused)?;
    let memory = bytes(program.plan(), OUTPUTS);
    let mut engine = engine(program, OUTPUTS, &mut arena).ok_or(Trouble::TooLarge)?;
    for recording in 0..golden.count()? {
        let mut scratch = arena.again();
        let expected = golden.recording(&mut scratch)?;
        totals.peak = totals.peak.max((room - scratch.bytes()) as u64);
        let (whole, digest, instructions) = whole(&mut engine, &expected);
        let right = whole && in_pieces(&mut engine, &expected) && by_deadlines(&mut engine, &expected);
        totals.recordings += 1;
        totals.right += u64::from(right);
        number(console, "{\"case\": ", case);
        number(console, ", \"recording\": ", recording.into());
        number(console, ", \"memory_bytes\": ", memory as u64);
        number(console, ", \"inputs\": ", expected.ticks.len() as u64);
        number(console, ", \"outputs\": ", expected.outputs.len() as u64);
        number(console, ", \"instructions\": ", instructions);
        console.text(", \"digest\": \"");
        console.hex(digest);
        console.text(if right { "\", \"right\": true}\n" } else { "\", \"right\": false}\n" });
    }
    Ok(())
}

fn number(console: &Console, label: &str, number: u64) {
    console.text(label);
    console.number(number);
}

/// The spikes that come out, held against those that must.
struct Comparison<'r> {
    expected: &'r Recording<'r>,
    left: core::slice::Iter<'r, Spike>,
    right: bool,
}

impl<'r> Comparison<'r> {
    fn new(engine: &mut Engine, expected: &'r Recording<'r>) -> Self {
        engine.reset();
        Self { expected, left: expected.outputs.iter(), right: true }
    }

    fn push(&mut self, engine: &mut Engine, first: usize, end: usize) {
        let ticks = self.expected.ticks.get(first..end).unwrap_or_default();
        let channels = self.expected.channels.get(first..end).unwrap_or_default();
        self.right &= engine.push(ticks, channels) == Ok(end - first);
    }

    fn pop(&mut self, engine: &mut Engine) {
        while let Some(spike) = engine.pop() {
            self.right &= self.left.next() == Some(&spike);
        }
    }

    /// Whether all came, and the digest.
    fn finish(mut self, engine: &mut Engine) -> (bool, u64) {
        let digest = engine.digest();
        (self.right && self.left.next().is_none() && digest == self.expected.digest, digest)
    }
}

/// Also says the digest, and how many instructions reset, push, run and pops took.
fn whole(engine: &mut Engine, expected: &Recording) -> (bool, u64, u64) {
    let start = Moment::now();
    let mut comparison = Comparison::new(engine, expected);
    comparison.push(engine, 0, expected.ticks.len());
    while engine.now() < expected.until {
        engine.run_until(expected.until);
        comparison.pop(engine);
    }
    let instructions = Moment::now().instructions_since(start);
    let (right, digest) = comparison.finish(engine);
    (right, digest, instructions)
}

/// Pushes and runs in random pieces: several pushes before a run, several runs between pushes.
fn in_pieces(engine: &mut Engine, expected: &Recording) -> bool {
    let mut random = Random(expected.digest);
    let mut comparison = Comparison::new(engine, expected);
    let mut pushed = 0;
    while engine.now() < expected.until {
        let stop = (engine.now() + 1 + random.below(30)).min(expected.until);
        let horizon = stop + random.below(40);
        let ahead = expected.ticks.partition_point(|&tick| tick < horizon);
        while pushed < ahead {
            let piece = (pushed + 1 + random.below(5) as usize).min(ahead);
            comparison.push(engine, pushed, piece);
            pushed = piece;
        }
        while engine.now() < stop {
            engine.run_until_outputs(stop, 1 + random.below(3) as usize);
            comparison.pop(engine);
        }
    }
    comparison.finish(engine).0
}

/// Goes from deadline to deadline: nothing is missed, and nothing happens between them.
fn by_deadlines(engine: &mut Engine, expected: &Recording) -> bool {
    let mut comparison = Comparison::new(engine, expected);
    comparison.push(engine, 0, expected.ticks.len());
    loop {
        let deadline = engine.next_deadline();
        if deadline >= expected.until {
            break;
        }
        engine.run_until(deadline);
        comparison.right &= engine.waiting() == 0;
        engine.run_until(deadline + 1);
        comparison.pop(engine);
    }
    engine.run_until(expected.until);
    comparison.finish(engine).0
}

/// A linear congruential generator: the same numbers everywhere.
struct Random(u64);

impl Random {
    const fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound.saturating_add((bound == 0) as u64)
    }
}
