//! One inference of the trained 4-30-3 network: streamed through the processor, against a layer-wise loop.
//!
//! Streaming is reset + pushes + run until three outputs + pops. Both are checked against the golden spikes before
//! their time counts; times are medians of interleaved passes. One line of JSON.

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
    let network = layer_wise::Network::new(&case.program);
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
        network.run(&recording.inputs, &mut hidden, &mut first, &mut arrivals);
        assert_eq!(first, expected, "layer-wise");
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

    let (mut streaming, mut layer_wise) = (Vec::new(), Vec::new());
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
        let start = Instant::now();
        for recording in &case.recordings {
            network.run(black_box(&recording.inputs), &mut hidden, &mut first, &mut arrivals);
            black_box(&first);
        }
        layer_wise.push(start.elapsed().as_secs_f64() / inputs.len() as f64);
    }
    let ratio = median(streaming.iter().zip(&layer_wise).map(|(s, l)| s / l).collect());
    let (streaming, layer_wise) = (1e9 * median(streaming), 1e9 * median(layer_wise));
    println!(
        "{{\"benchmark\": \"inference\", \"network\": \"4-30-3\", \"samples\": {}, \"checked\": true, \
         \"streaming_ns\": {streaming:.0}, \"layer_wise_ns\": {layer_wise:.0}, \"ratio\": {ratio:.2}}}",
        inputs.len()
    );
}
