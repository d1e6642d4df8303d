//! No heap call inside a sample: a batch of many samples makes as many as one of a single sample.

use tarry_gradient::loss::Loss;
use tarry_gradient::training::{Recipe, Samples, Training};
use tarry_gradient::{Delays, Layer, Neuron, backward, constant_gradients, forward};

/// Numbers in \[0, 1) that differ from one another.
fn spread(count: usize) -> Vec<f64> {
    (0..count).map(|k| ((k * k * 37 + k * 11) % 1009) as f64 / 1009.0).collect()
}

/// A chunk of the sums; more samples make more chunks, each with its own.
const CHUNK: usize = 32;
const TAU_MEMS: [f64; 4] = [1.0, 2.0, 5.0, f64::INFINITY];

fn layer(pre: usize, post: usize, tau_mem: f64, kind: usize) -> Layer {
    let neuron = Neuron::new(tau_mem, 1.0, 0.3).expect("positive constants");
    let delays = spread(pre * post);
    let delays = match kind {
        0 => Delays::None,
        1 => Delays::Axonal(&delays[..pre]),
        2 => Delays::Dendritic(&delays[..post]),
        _ => Delays::Synaptic(&delays),
    };
    let weights: Vec<f64> = spread(pre * post).into_iter().map(|w| 2.0 * w - 0.4).collect();
    Layer::new(pre, post, neuron, &weights, delays).expect("finite parameters")
}

fn heap_calls(work: impl FnMut()) -> u64 {
    allocation_counter::measure(work).count_total
}

#[test]
fn a_training_step_allocates_nothing_inside_a_sample() {
    let recipe = Recipe {
        loss: Loss::ShiftInvariantMse { margin: 0.2 },
        weight_rate: 1e-3,
        delay_rate: 1e-3,
        weight_decay: 0.0,
        slope_floor: 0.02,
        weight_limit: f64::INFINITY,
        allowed_silence: vec![1.0, 1.0],
        push: 0.0,
    };
    for (tau_mem, kind) in TAU_MEMS.into_iter().flat_map(|tau| (0..4).map(move |kind| (tau, kind))) {
        let layers = vec![layer(20, 13, tau_mem, kind), layer(13, 3, tau_mem, kind)];
        let labels: Vec<i64> = (0..64).map(|k| k % 3).collect();
        let samples = Samples::new(&layers[0], &spread(64 * 20), &labels).expect("good times");
        let mut training = Training::new(layers, 2.0, 1).expect("good layers");
        let all: Vec<usize> = (0..CHUNK).collect();
        training.step(&samples, &all, &recipe).expect("warm-up");
        let mut step = |batch: &[usize]| {
            heap_calls(|| {
                training.step(&samples, batch, &recipe).expect("good input");
            })
        };
        assert_eq!(step(&all[..1]), step(&all), "tau_mem {tau_mem}, delays {kind}");
    }
}

#[test]
fn single_layers_allocate_nothing_inside_a_sample() {
    for (tau_mem, kind) in TAU_MEMS.into_iter().flat_map(|tau| (0..4).map(move |kind| (tau, kind))) {
        let layer = layer(20, 13, tau_mem, kind);
        let calls = [1, CHUNK].map(|batch| {
            let times = spread(batch * 20);
            heap_calls(|| {
                let spikes = forward(&layer, &times, 1).expect("good times");
                let gradient = vec![1.0; spikes.len()];
                backward(&layer, &times, &spikes, &gradient, 0.02, 1).expect("good input");
                constant_gradients(&layer, &times, &spikes, &gradient, 0.02, 1).expect("good input");
            })
        });
        assert_eq!(calls[0], calls[1], "tau_mem {tau_mem}, delays {kind}");
    }
}
