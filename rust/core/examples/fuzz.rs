//! Ten million damaged programs and hostile streams: refused, or run without panic. Arguments: how many cases, and the
//! first of them (every case is drawn from its number, so one that fails can be run again alone).

#![allow(clippy::print_stdout, clippy::print_stderr)]

#[path = "../tests/common/mod.rs"]
mod common;

use common::fuzz::{Outcome, case, programs};
use common::numbered;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;
use std::time::Instant;

const THREADS: u64 = 2;

fn main() {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse().unwrap());
    let (cases, first) = (arguments.next().unwrap_or(10_000_000), arguments.next().unwrap_or(0));
    let programs = programs();
    let start = Instant::now();
    let run = |thread: u64| {
        let (mut outcome, mut slowest) = (Outcome::default(), 0.0_f64);
        for number in (first + thread..first + cases).step_by(THREADS as usize) {
            let began = Instant::now();
            let run = AssertUnwindSafe(|| case(&programs, &mut numbered(number), &mut outcome));
            if let Err(panic) = catch_unwind(run) {
                eprintln!("case {number}");
                resume_unwind(panic);
            }
            slowest = slowest.max(began.elapsed().as_secs_f64());
        }
        (outcome, slowest)
    };
    let outcomes: Vec<(Outcome, f64)> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || run(thread))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let sum = |field: fn(&Outcome) -> u64| outcomes.iter().map(|(outcome, _)| field(outcome)).sum::<u64>();
    println!(
        "{{\"benchmark\": \"fuzz\", \"cases\": {}, \"refused\": {}, \"too_large\": {}, \"ran\": {}, \"clocked\": {}, \
         \"spikes\": {}, \"dropped\": {}, \"snapshots\": {}, \"snapshots_refused\": {}, \"panics\": 0, \
         \"slowest_case_seconds\": {:.3}, \"seconds\": {:.0}}}",
        sum(|o| o.cases),
        sum(|o| o.refused),
        sum(|o| o.too_large),
        sum(|o| o.ran),
        sum(|o| o.clocked),
        sum(|o| o.spikes),
        sum(|o| o.dropped),
        sum(|o| o.snapshots),
        sum(|o| o.snapshots_refused),
        outcomes.iter().map(|&(_, slowest)| slowest).fold(0.0, f64::max),
        start.elapsed().as_secs_f64()
    );
}
