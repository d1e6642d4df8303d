//! One inference of the trained 4-30-3 network: streamed through the processor, against a layer-wise loop.
//!
//! Streaming is reset + pushes + run until three outputs + pops. Both are checked against the golden spikes before
//! their time counts; times are medians of interleaved passes. The loop runs twice: with Newton's steps from the
//! anchor, and from the closed-form start that the processor takes. One line of JSON.

#![allow(clippy::print_stdout)]

#[path = "../../tests/common/mod.rs"]
mod common;
mod layer_wise;

use common::{Vectors, columns, golden};
use std::hint::black_box;
use std::time::Instant;
use tarry_core::{NEVER, Processor};

const PASSES: usize = 201;

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let case = golden("yin_yang.bin").remove(0);
    let mut network = layer_wise::Network::new(&case.program);
    let memory = Vectors::new(case.program.plan(), 16);
    let mut engine = Processor::new(case.program, memory, ()).unwrap();
    let inputs: Vec<_> = case.recordings.iter().map(|recording| columns(&recording.inputs)).collect();
    let outputs = 3;
    let (mut hidden, mut first, mut arrivals) = (Vec::new(), Vec::new(), Vec::new());

    for recording in &case.recordings {
        let mut expected = vec![NEVER; outputs];
        for spike in &recording.outputs {
            expected[spike.channel as usize] = spike.tick;
        }
        for closed_form_start in [false, true] {
            network.closed_form_start = closed_form_start;
            network.run(&recording.inputs, &mut hidden, &mut first, &mut arrivals);
            assert_eq!(first, expected, "layer-wise");
        }
        let (ticks, channels) = columns(&recording.inputs);
        engine.reset();
        assert_eq!(engine.push(&ticks, &channels), Ok(ticks.len()));
        engine.run_until_outputs(u64::MAX, outputs);
        let mut streamed = vec![NEVER; outputs];
        while let Some(spike) = engine.pop() {
            streamed[spike.channel as usize] = spike.tick;
        }
        assert_eq!(streamed, expected, "streamed");
    }

    let mut times: [Vec<f64>; 3] = Default::default();
    let [streaming, newton, closed_form] = &mut times;
    for _ in 0..PASSES {
        let start = Instant::now();
        for (ticks, channels) in &inputs {
            engine.reset();
            for (tick, channel) in ticks.iter().zip(channels) {
                let _ = black_box(engine.push(std::slice::from_ref(tick), std::slice::from_ref(channel)));
            }
            engine.run_until_outputs(u64::MAX, outputs);
            while let Some(spike) = engine.pop() {
                black_box(spike);
            }
        }
        streaming.push(start.elapsed().as_secs_f64() / inputs.len() as f64);
        for (times, closed_form_start) in [(&mut *newton, false), (&mut *closed_form, true)] {
            network.closed_form_start = closed_form_start;
            let start = Instant::now();
            for recording in &case.recordings {
                network.run(black_box(&recording.inputs), &mut hidden, &mut first, &mut arrivals);
                black_box(&first);
            }
            times.push(start.elapsed().as_secs_f64() / inputs.len() as f64);
        }
    }
    let ratio_to =
        |layer_wise: &[f64]| median(streaming.iter().zip(layer_wise).map(|(s, l)| s / l).collect());
    let ratios = [ratio_to(newton), ratio_to(closed_form)];
    let [streaming, newton, closed_form] = times.map(|times| 1e9 * median(times));
    println!(
        "{{\"benchmark\": \"inference\", \"network\": \"4-30-3\", \"samples\": {}, \"checked\": true, \
         \"streaming_ns\": {streaming:.0}, \"layer_wise_ns\": {newton:.0}, \"ratio\": {:.2}, \
         \"layer_wise_closed_form_ns\": {closed_form:.0}, \"ratio_closed_form\": {:.2}}}",
        inputs.len(),
        ratios[0],
        ratios[1],
    );
}
