//! One clocked layer on a stream of input spikes, timed: what a block width or a layout costs.
//!
//! `delay_queue SPIKES.bin REPEATS PROGRAM.tarry...` runs all programs in turns, so that noise hits them alike, checks that
//! they agree (spikes, states), and prints one line of JSON per program. A program named `ring:FILE` is a plain ring
//! buffer of 32-bit sums over the synapses in that file, the yardstick beside the engine.

#![allow(clippy::print_stdout)]

#[path = "../fixed_workload/recordings.rs"]
mod recordings;
mod ring;

use firmware_sim::{Dispatched, HostMemory};
use recordings::Recordings;
use ring::Ring;
use std::time::Instant;
use tarry_core::{Counts, Probe, Processor, Program};

type Engine<P> = Processor<Vec<u8>, HostMemory, P, Dispatched>;

enum Subject {
    Engine(Box<Engine<()>>),
    Ring(Ring),
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, spikes, repeats, names @ ..] = arguments.as_slice() else {
        eprintln!("usage: delay_queue SPIKES.bin REPEATS PROGRAM.tarry...");
        std::process::exit(2);
    };
    let recordings = Recordings::read(&std::fs::read(spikes).expect("the spikes can be read"));
    let repeats: usize = repeats.parse().expect("a number of passes");
    let mut subjects: Vec<Subject> = names.iter().map(|name| subject(name)).collect();
    let counts: Vec<Option<(Counts, u64)>> = names.iter().map(|name| count(name, &recordings)).collect();
    let mut sums: Vec<i64> = Vec::new();
    let mut seconds = vec![Vec::new(); names.len()];
    for _ in 0..repeats {
        for (subject, seconds) in subjects.iter_mut().zip(&mut seconds) {
            let start = Instant::now();
            let sum = pass(subject, &recordings);
            seconds.push(start.elapsed().as_secs_f64());
            sums.push(sum);
        }
    }
    let agree = sums.windows(2).all(|pair| pair[0] == pair[1]);
    for (((name, subject), counts), mut seconds) in names.iter().zip(&subjects).zip(counts).zip(seconds) {
        seconds.sort_unstable_by(f64::total_cmp);
        let (delay_bytes, program_bytes) = match subject {
            Subject::Engine(engine) => {
                (engine.program().plan().delay_bytes(), engine.program().bytes().len())
            }
            Subject::Ring(ring) => (ring.delay_bytes(), ring.table_bytes()),
        };
        println!(
            "{}",
            serde_json::json!({
                "name": name,
                "agree": agree,
                "seconds": seconds[seconds.len() / 2],
                "ticks": recordings.count() as u64 * recordings.ticks,
                "deliveries": counts.map(|(counts, _)| counts.deliveries),
                "runs": counts.map(|(counts, _)| counts.runs),
                "spikes": counts.map(|(_, spikes)| spikes),
                "delay_bytes": delay_bytes,
                "program_bytes": program_bytes,
            })
        );
    }
}

fn subject(name: &str) -> Subject {
    let read = |path: &str| std::fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    match name.strip_prefix("ring:") {
        Some(path) => Subject::Ring(Ring::read(&read(path))),
        None => Subject::Engine(Box::new(engine(&read(name), ()))),
    }
}

fn engine<P: Probe>(bytes: &[u8], probe: P) -> Engine<P> {
    let program = Program::parse(bytes.to_vec()).expect("a program");
    let memory = HostMemory::new(program.plan(), 1024);
    Processor::with_kernels(program, memory, probe, Dispatched).expect("memory as planned")
}

/// What the engine counts in one pass, and how many input spikes it took.
fn count(name: &str, recordings: &Recordings) -> Option<(Counts, u64)> {
    if name.starts_with("ring:") {
        return None;
    }
    let mut engine = engine(&std::fs::read(name).ok()?, Counts::default());
    run(&mut engine, recordings);
    let spikes = engine.populations()[0].tally().accepted;
    Some((*engine.probe(), spikes))
}

fn pass(subject: &mut Subject, recordings: &Recordings) -> i64 {
    match subject {
        Subject::Engine(engine) => run(engine, recordings),
        Subject::Ring(ring) => ring.run(recordings),
    }
}

/// All recordings; returns the sum of the states after each, which every subject must agree on.
fn run<P: Probe>(engine: &mut Engine<P>, recordings: &Recordings) -> i64 {
    let mut sum = 0;
    for recording in 0..recordings.count() {
        engine.reset();
        for tick in 0..recordings.ticks {
            let (ticks, channels) = recordings.at(recording, tick);
            if !ticks.is_empty() {
                let taken = engine.push(ticks, channels);
                assert_eq!(taken, Ok(ticks.len()));
            }
            engine.run_until(tick + 1);
            while engine.pop().is_some() {}
        }
        sum += engine.values(1).enumerate().map(|(k, value)| (k as i64 + 1) * value).sum::<i64>();
    }
    sum
}
