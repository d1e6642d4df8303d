//! The fixed workload of the benchmarks: every recording through the processor, tick by tick, timed.
//!
//! `fixed_workload PROGRAM.tarry IDLE.tarry SPIKES.bin REPEATS` prints one line of JSON: spikes of the two hidden
//! populations and the checksum of the read-out, over all recordings; deliveries that were handed over; seconds of every
//! pass; microseconds of one tick (push + run_until + pop) in a pass of its own, and of a tick of IDLE.tarry, the same
//! network kept awake by biases and without input: what the neurons take where nothing is delivered.
//! `benchmarks/head_to_head` checks the answers before any time counts.

#![allow(clippy::print_stdout)]

mod recordings;

use firmware_sim::{Dispatched, HostMemory};
use recordings::Recordings;
use std::time::Instant;
use tarry_core::{Counts, Kernels, Processor, Program};

type Engine<'p, P, K> = Processor<&'p [u8], HostMemory, P, K>;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, program, idle, spikes, repeats] = arguments.as_slice() else {
        eprintln!("usage: fixed_workload PROGRAM.tarry IDLE.tarry SPIKES.bin REPEATS");
        std::process::exit(2);
    };
    let program = std::fs::read(program).expect("the program can be read");
    let idle = std::fs::read(idle).expect("the idle program can be read");
    let recordings = Recordings::read(&std::fs::read(spikes).expect("the spikes can be read"));
    let repeats: usize = repeats.parse().expect("a number of passes");

    let answers = check(&program, &recordings);
    let mut engine = build(&program, (), Dispatched);
    let (seconds, cpu_seconds): (Vec<f64>, Vec<f64>) =
        (0..repeats).map(|_| pass(&mut engine, &recordings)).unzip();
    let mut latencies = latencies(&mut engine, &recordings);
    latencies.sort_unstable_by(f64::total_cmp);
    let at = |fraction: f64| 1e6 * latencies[((latencies.len() - 1) as f64 * fraction).round() as usize];
    println!(
        "{}",
        serde_json::json!({
            "spikes_hidden_1": answers.spikes[0],
            "spikes_hidden_2": answers.spikes[1],
            "readout_checksum": answers.checksum,
            "first_recordings": answers.first,
            "deliveries": answers.deliveries,
            "seconds": seconds,
            "cpu_seconds": cpu_seconds,
            "idle_tick_us": 1e6 * idle_seconds(&idle, recordings.ticks),
            "tick_us": {"p50": at(0.5), "p99": at(0.99), "p99.9": at(0.999), "max": at(1.0)},
            "memory_bytes": engine.program().plan().bytes(),
            "delay_bytes": engine.program().plan().delay_bytes(),
            "program_bytes": program.len(),
        })
    );
}

fn build<P: tarry_core::Probe, K: Kernels>(bytes: &[u8], probe: P, kernels: K) -> Engine<'_, P, K> {
    let program = Program::parse(bytes).expect("a program");
    let memory = HostMemory::new(program.plan(), 1024);
    Processor::with_kernels(program, memory, probe, kernels).expect("memory as planned")
}

struct Answers {
    spikes: [u64; 2],
    checksum: i64,
    /// Of whole blocks, also those that are due after the end.
    deliveries: u64,
    /// Spikes of both populations and checksum of each of the first recordings.
    first: Vec<[i64; 3]>,
}

/// Runs everything once with a probe: what came out, and how many deliveries were due.
fn check(program: &[u8], recordings: &Recordings) -> Answers {
    let mut engine = build(program, Counts::default(), Dispatched);
    let mut answers = Answers { spikes: [0; 2], checksum: 0, deliveries: 0, first: Vec::new() };
    for recording in 0..recordings.count() {
        engine.reset();
        let before = offered(&mut engine);
        let mut checksum = 0;
        for tick in 0..recordings.ticks {
            step(&mut engine, recordings, recording, tick);
            let values = engine.values(3).enumerate().map(|(k, value)| (k as i64 + 1) * value);
            checksum += values.sum::<i64>();
        }
        let after = offered(&mut engine);
        let spikes = [after[0] - before[0], after[1] - before[1]];
        answers.first.push([spikes[0] as i64, spikes[1] as i64, checksum]);
        answers.spikes = [answers.spikes[0] + spikes[0], answers.spikes[1] + spikes[1]];
        answers.checksum += (recording as i64 + 1) * checksum;
    }
    answers.first.truncate(3);
    answers.deliveries = engine.probe().deliveries;
    answers
}

fn offered<P: tarry_core::Probe, K: Kernels>(engine: &mut Engine<P, K>) -> [u64; 2] {
    let populations = engine.populations();
    [populations[1].tally().offered, populations[2].tally().offered]
}

#[inline]
fn step<P: tarry_core::Probe, K: Kernels>(
    engine: &mut Engine<P, K>,
    recordings: &Recordings,
    recording: usize,
    tick: u64,
) {
    let (ticks, channels) = recordings.at(recording, tick);
    if !ticks.is_empty() {
        let taken = engine.push(ticks, channels);
        debug_assert_eq!(taken, Ok(ticks.len()));
    }
    engine.run_until(tick + 1);
    while engine.pop().is_some() {}
}

/// Seconds of one pass: on the wall, and of this thread.
fn pass<K: Kernels>(engine: &mut Engine<(), K>, recordings: &Recordings) -> (f64, f64) {
    let (start, cpu) = (Instant::now(), cpu_seconds());
    for recording in 0..recordings.count() {
        engine.reset();
        for tick in 0..recordings.ticks {
            step(engine, recordings, recording, tick);
        }
    }
    (start.elapsed().as_secs_f64(), cpu_seconds() - cpu)
}

/// CPU time of this process as Linux tells it; 0 elsewhere.
fn cpu_seconds() -> f64 {
    let statistics = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanoseconds = statistics.split(' ').next().and_then(|word| word.parse::<f64>().ok());
    1e-9 * nanoseconds.unwrap_or(0.0)
}

/// Seconds of a tick of a program that gets no input: what the neurons alone take.
fn idle_seconds(program: &[u8], ticks: u64) -> f64 {
    let mut engine = build(program, (), Dispatched);
    let mut times: Vec<f64> = (0..100)
        .map(|pass| {
            let start = Instant::now();
            for tick in pass * ticks..(pass + 1) * ticks {
                engine.run_until(tick + 1);
            }
            start.elapsed().as_secs_f64() / ticks as f64
        })
        .collect();
    times.sort_unstable_by(f64::total_cmp);
    times[times.len() / 2]
}

fn latencies<K: Kernels>(engine: &mut Engine<(), K>, recordings: &Recordings) -> Vec<f64> {
    let mut latencies = Vec::with_capacity(recordings.count() * recordings.ticks as usize);
    for recording in 0..recordings.count() {
        engine.reset();
        for tick in 0..recordings.ticks {
            let start = Instant::now();
            step(engine, recordings, recording, tick);
            latencies.push(start.elapsed().as_secs_f64());
        }
    }
    latencies
}
