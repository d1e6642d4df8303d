//! The training step against the functions for single layers.

use super::{Recipe, Samples, Training};
use crate::loss::{Loss, shift_invariant_mse};
use crate::random::{KINDS, Random, TAU_MEMS};
use crate::{Error, Layer, backward, forward};

fn recipe() -> Recipe {
    Recipe {
        loss: Loss::ShiftInvariantMse { margin: 0.2 },
        weight_rate: 1e-2,
        delay_rate: 1e-2,
        weight_decay: 0.0,
        slope_floor: 0.02,
        weight_limit: f64::INFINITY,
        allowed_silence: vec![1.0, 1.0],
        push: 0.0,
    }
}

struct Case {
    layers: Vec<Layer>,
    times: Vec<f64>,
    labels: Vec<i64>,
}

impl Case {
    fn draw(random: &mut Random, round: usize) -> Self {
        let (tau_mem, kind) = (TAU_MEMS[round % TAU_MEMS.len()], round / TAU_MEMS.len() % KINDS);
        let layers = vec![random.layer(4, 9, tau_mem, kind), random.layer(9, 3, tau_mem, kind)];
        let labels = (0..70).map(|_| random.below(3) as i64).collect();
        Self { layers, times: random.times(4 * 70), labels }
    }

    fn training(&self, threads: usize) -> (Training, Samples, Vec<usize>) {
        let samples = Samples::new(&self.layers[0], &self.times, &self.labels).expect("good input");
        let training = Training::new(self.layers.clone(), 2e-3, threads).expect("good layers");
        (training, samples, (0..70).rev().collect())
    }
}

#[test]
fn the_sums_equal_those_of_the_single_layers() {
    let mut random = Random(4);
    for round in 0..90 {
        let case = Case::draw(&mut random, round);
        let (mut training, samples, batch) = case.training(1);
        let loss = training.differentiate(&samples, &batch, &recipe()).expect("good input");
        let hidden = forward(&case.layers[0], &case.times, 1).expect("good input");
        let output = forward(&case.layers[1], &hidden, 1).expect("good input");
        let (expected, gradient) = shift_invariant_mse(&output, &case.labels, 0.2, 1e-3).expect("good input");
        assert!((loss / expected - 1.0).abs() < 1e-9, "{loss} and {expected}");
        let last = backward(&case.layers[1], &hidden, &output, &gradient, 0.02, 1).expect("good input");
        let first = backward(&case.layers[0], &case.times, &hidden, &last.times, 0.02, 1).expect("good");
        for (k, gradients) in [first, last].iter().enumerate() {
            let layer = &case.layers[k];
            let weights = crate::layer::unpack(&training.sums[k].weights, layer.pre, layer.post);
            let delays = layer.unpack_delays(&training.sums[k].delays);
            // The steps' derivatives are of the summed loss and in units of tau_syn.
            let scale = gradients.weights.iter().fold(1.0, |a: f64, w| a.max((w * 70.0).abs()));
            for (sum, w) in weights.iter().zip(&gradients.weights) {
                assert!((sum - w * 70.0).abs() < 1e-7 * scale, "{sum} and {}", w * 70.0);
            }
            for (sum, d) in delays.iter().zip(&gradients.delays) {
                assert!((sum - d * 70.0 * 1e-3).abs() < 1e-7 * scale, "{sum} and {}", d * 0.07);
            }
        }
    }
}

#[test]
fn the_same_bits_for_any_number_of_threads() {
    let mut random = Random(5);
    for round in 0..45 {
        let case = Case::draw(&mut random, round);
        let after = [1, 2, 3].map(|threads| {
            let (mut training, samples, batch) = case.training(threads);
            for _ in 0..3 {
                training.step(&samples, &batch, &recipe()).expect("good input");
            }
            training.layers().map(|layer| (layer.weights(), layer.delays())).collect::<Vec<_>>()
        });
        assert_eq!(after[0], after[1]);
        assert_eq!(after[0], after[2]);
    }
}

/// The first step of Adam moves every parameter by its learning rate, against its gradient.
#[test]
fn the_first_step() {
    let mut random = Random(6);
    let case = Case::draw(&mut random, 13);
    let (mut training, samples, batch) = case.training(1);
    training.differentiate(&samples, &batch, &recipe()).expect("good input");
    let sums = crate::layer::unpack(&training.sums[1].weights, 9, 3);
    training.step(&samples, &batch, &recipe()).expect("good input");
    let moved = training.layers().nth(1).expect("two layers").weights();
    for ((before, after), sum) in case.layers[1].weights().iter().zip(moved).zip(sums) {
        if sum.abs() > 0.1 {
            assert!((after - before + 1e-2 * sum.signum()).abs() < 1e-6);
        }
    }
}

#[test]
fn silent_neurons_are_pushed_and_weights_stay_within_the_limit() {
    let mut random = Random(7);
    let case = Case::draw(&mut random, 1);
    let silent = case.layers[0].with(&[-1.0; 36], &case.layers[0].delays()).expect("good parameters");
    let case = Case { layers: vec![silent, case.layers[1].clone()], ..case };
    let (mut training, samples, batch) = case.training(1);
    let pushing = Recipe { allowed_silence: vec![0.5, 1.0], push: 0.25, weight_limit: 0.9, ..recipe() };
    training.step(&samples, &batch, &pushing).expect("good input");
    let mut layers = training.layers();
    let hidden = layers.next().expect("two layers").weights();
    assert!(hidden.iter().all(|w| (w + 0.65).abs() < 1e-12), "{hidden:?}");
    assert!(layers.flat_map(Layer::weights).all(|w| w.abs() <= 0.9));
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut random = Random(8);
    let case = Case::draw(&mut random, 12);
    let other = random.layer(9, 3, 1e-3, 0);
    let refused = |layers: Vec<Layer>, range| Training::new(layers, range, 1).err();
    assert!(matches!(refused(vec![], 2e-3), Some(Error::Empty { .. })));
    assert!(matches!(refused(vec![case.layers[1].clone(); 2], 2e-3), Some(Error::Length { .. })));
    assert!(matches!(refused(case.layers.clone(), 1e-4), Some(Error::Element { .. })));
    let mixed = vec![random.layer(4, 9, 2e-3, 0), other];
    assert!(matches!(refused(mixed, 2e-3), Some(Error::Parameter { .. })));
    let (mut training, samples, _) = case.training(1);
    assert!(matches!(training.step(&samples, &[], &recipe()), Err(Error::Empty { .. })));
    let short = Recipe { allowed_silence: vec![], ..recipe() };
    assert!(matches!(training.step(&samples, &[0], &short), Err(Error::Length { .. })));
    let labels = Samples::new(&case.layers[0], &case.times, &[7; 70]).expect("times are good");
    assert!(matches!(training.step(&labels, &[0], &recipe()), Err(Error::Label { .. })));
}
