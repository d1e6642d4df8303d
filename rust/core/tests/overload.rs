//! Twice the load that the histories can take: every spike is accounted for, every delivery of an accepted one is made, and
//! nothing is allocated. `cargo run --release -p tarry-core --example overload` does 10^8 spikes.

mod common;
#[path = "common/overload.rs"]
mod model;

use common::{golden, numbered};
use model::{SETTINGS, Totals, add, overload, overloaded};

const EVENTS: u64 = 300;

#[test]
fn every_spike_is_accounted_for() {
    for (number, setting) in SETTINGS.into_iter().enumerate() {
        let mut sum = Totals::default();
        for (index, case) in golden("clocked.bin").iter().chain(&golden("networks.bin")[..40]).enumerate() {
            let program = overloaded(case.program.bytes(), setting);
            let totals = overload(program, EVENTS, &mut numbered((100 * number + index) as u64));
            assert_eq!(totals.heap_calls, 0, "case {index}");
            add(&mut sum.inputs, &totals.inputs);
            add(&mut sum.neurons, &totals.neurons);
            sum.deliveries += totals.deliveries;
        }
        // Otherwise nothing was overloaded.
        let lost = sum.inputs.rejected + sum.inputs.dropped;
        assert!(
            3 * lost > sum.inputs.offered && sum.deliveries > sum.inputs.accepted,
            "{setting:?}: {sum:?}"
        );
        assert!(sum.neurons.dropped > 0, "{setting:?}: {sum:?}");
    }
}
