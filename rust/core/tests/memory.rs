//! No heap call after the processor is built.

mod common;

use common::{Vectors, columns, golden};
use tarry_core::{Processor, TICK_LIMIT};

#[test]
fn nothing_is_allocated() {
    let case = golden("yin_yang.bin").remove(0);
    let memory = Vectors::new(case.program.plan(), 0);
    let mut engine = Processor::new(case.program, memory, ()).unwrap();
    let inputs: Vec<_> = case.recordings.iter().map(|recording| columns(&recording.inputs)).collect();
    let mut spikes = 0;
    let info = allocation_counter::measure(|| {
        for (ticks, channels) in &inputs {
            engine.reset();
            let _ = engine.push(ticks, channels);
            // The smallest output buffer: the run stops for room after every output.
            while engine.run_until(u64::MAX) < TICK_LIMIT {
                while engine.pop().is_some() {
                    spikes += 1;
                }
            }
        }
    });
    assert_eq!(info.count_total, 0);
    assert!(spikes >= 3 * inputs.len() - 10);
}

#[test]
fn an_arena_that_is_too_short_is_named() {
    let case = golden("yin_yang.bin").remove(0);
    let mut plan = *case.program.plan();
    plan.entries -= 1;
    let error = Processor::new(case.program, Vectors::new(&plan, 0), ()).unwrap_err();
    assert_eq!((error.arena, error.needed, error.given), ("entries", plan.entries + 1, plan.entries));
}
