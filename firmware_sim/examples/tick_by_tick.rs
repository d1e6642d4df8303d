//! push + `run_until` + pop of one tick, timed from Rust; `benchmarks/python_tick.py` times the same calls from Python.
//!
//! `tick_by_tick PROGRAM.tarry SPIKES.bin` does one pass over all ticks for every line that it reads, and answers with a
//! line of JSON: nanoseconds of every tick, output spikes, digest. SPIKES.bin holds little-endian words: how many ticks,
//! where the spikes of each begin and the end, channels.

#![allow(clippy::print_stdout)]

use firmware_sim::{Dispatched, HostMemory};
use std::time::Instant;
use tarry_core::{Counts, Processor, Program};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, program, spikes] = arguments.as_slice() else {
        eprintln!("usage: tick_by_tick PROGRAM.tarry SPIKES.bin");
        std::process::exit(2);
    };
    let program = std::fs::read(program).expect("the program can be read");
    let program = Program::parse(program).expect("a program");
    let memory = HostMemory::new(program.plan(), 4096);
    let mut engine =
        Processor::with_kernels(program, memory, Counts::default(), Dispatched).expect("memory as planned");

    let words = std::fs::read(spikes).expect("the spikes can be read");
    let words: Vec<u32> = words.as_chunks::<4>().0.iter().map(|&word| u32::from_le_bytes(word)).collect();
    let (starts, channels) = words[1..].split_at(words[0] as usize + 1);
    let mut buffer = vec![(0_u64, 0_u32); 4096];

    for line in std::io::stdin().lines() {
        line.expect("a line");
        engine.reset();
        let (mut nanoseconds, mut spikes) = (Vec::with_capacity(starts.len()), 0);
        for (tick, span) in (0..).zip(starts.windows(2)) {
            let channels = &channels[span[0] as usize..span[1] as usize];
            let ticks = vec![tick; channels.len()];
            let start = Instant::now();
            let taken = engine.push(&ticks, channels);
            engine.run_until(tick + 1);
            let mut count = 0;
            while let Some(spike) = engine.pop() {
                buffer[count] = (spike.tick, spike.channel);
                count += 1;
            }
            nanoseconds.push(start.elapsed().as_nanos() as u64);
            assert_eq!(taken, Ok(channels.len()));
            spikes += count;
        }
        let answer = serde_json::json!({
            "nanoseconds": nanoseconds, "spikes": spikes, "digest": engine.digest()
        });
        println!("{answer}");
    }
}
