//! 10^8 spikes (or as many as the argument says) at twice the load that the histories can take: every tick and every count
//! is compared with a plain model, and calls to the allocator are counted.

#![allow(clippy::print_stdout)]

#[path = "../tests/common/mod.rs"]
mod common;
#[path = "../tests/common/overload.rs"]
mod model;

use common::{golden, numbered};
use model::{SETTINGS, Totals, add, overload, overloaded};
use std::time::Instant;

fn main() {
    let events: u64 = std::env::args().nth(1).map_or(100_000_000, |count| count.parse().unwrap());
    let cases: Vec<_> = golden("clocked.bin").into_iter().chain(golden("networks.bin")).collect();
    let share = events.div_ceil((cases.len() * SETTINGS.len()) as u64);
    let start = Instant::now();
    let (mut all, mut heap_calls, mut settings) = (0, 0, Vec::new());
    for (number, setting) in SETTINGS.into_iter().enumerate() {
        let mut sum = Totals::default();
        for (index, case) in cases.iter().enumerate() {
            let program = overloaded(case.program.bytes(), setting);
            let totals = overload(program, share, &mut numbered((1_000 * number + index) as u64));
            add(&mut sum.inputs, &totals.inputs);
            add(&mut sum.neurons, &totals.neurons);
            sum.deliveries += totals.deliveries;
            sum.ticks += totals.ticks;
            heap_calls += totals.heap_calls;
        }
        all += sum.inputs.offered + sum.neurons.offered;
        settings.push(described(setting.drops, setting.lists, &sum));
    }
    println!(
        "{{\"benchmark\": \"overload\", \"programs\": {}, \"offered\": {all}, \"heap_calls\": {heap_calls}, \
         \"seconds\": {:.0}, \"settings\": [\n{}\n]}}",
        cases.len(),
        start.elapsed().as_secs_f64(),
        settings.join(",\n")
    );
    assert_eq!(heap_calls, 0);
}

/// A line of JSON: any mismatch would have ended the run before.
fn described(drops: bool, lists: bool, sum: &Totals) -> String {
    let tally = |t: &tarry_core::Tally| {
        format!(
            "{{\"offered\": {}, \"accepted\": {}, \"rejected\": {}, \"dropped\": {}}}",
            t.offered, t.accepted, t.rejected, t.dropped
        )
    };
    let (policy, history) =
        (if drops { "drop" } else { "reject" }, if lists { "list" } else { "bitmap where possible" });
    format!(
        "{{\"policy\": \"{policy}\", \"history\": \"{history}\", \"inputs\": {}, \"neurons\": {}, \"deliveries\": {}, \
         \"ticks\": {}}}",
        tally(&sum.inputs),
        tally(&sum.neurons),
        sum.deliveries,
        sum.ticks
    )
}
