//! Ten million damaged programs and hostile streams (or as many as the argument says): refused, or run without panic.

#![allow(clippy::print_stdout)]

#[path = "../tests/common/mod.rs"]
mod common;

use common::fuzz::{Outcome, case};
use common::{Random, golden};
use std::thread;
use std::time::Instant;

const THREADS: u64 = 2;

fn main() {
    let cases: u64 = std::env::args().nth(1).map_or(10_000_000, |count| count.parse().unwrap());
    let programs: Vec<Vec<u8>> = ["networks.bin", "clocked.bin", "clocked.bin", "yin_yang.bin"]
        .iter()
        .flat_map(|file| golden(file))
        .map(|case| case.program.bytes().to_vec())
        .collect();
    let start = Instant::now();
    let outcomes: Vec<Outcome> = thread::scope(|scope| {
        let run = |seed| {
            let (mut random, mut outcome) = (Random(seed), Outcome::default());
            for _ in 0..cases / THREADS {
                case(&programs, &mut random, &mut outcome);
            }
            outcome
        };
        let threads: Vec<_> = (1..=THREADS).map(|seed| scope.spawn(move || run(seed))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let sum = |field: fn(&Outcome) -> u64| outcomes.iter().map(field).sum::<u64>();
    println!(
        "{{\"benchmark\": \"fuzz\", \"cases\": {}, \"refused\": {}, \"too_large\": {}, \"ran\": {}, \"spikes\": {}, \
         \"panics\": 0, \"seconds\": {:.0}}}",
        sum(|o| o.cases),
        sum(|o| o.refused),
        sum(|o| o.too_large),
        sum(|o| o.ran),
        sum(|o| o.spikes),
        start.elapsed().as_secs_f64()
    );
}
