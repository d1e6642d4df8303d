//! Adam (Kingma & Ba 2015), bias-corrected, with the defaults of torch: betas 0.9 and 0.999, epsilon 1e-8.

use crate::lanes::Lanes;

/// Running moments of the gradients of some parameters.
#[derive(Clone, Debug)]
pub(crate) struct Adam {
    mean: Vec<Lanes>,
    square: Vec<Lanes>,
    steps: i32,
}

const BETAS: [f64; 2] = [0.9, 0.999];
const EPSILON: f64 = 1e-8;

impl Adam {
    pub(crate) fn new(parameters: usize) -> Self {
        Self { mean: vec![Lanes::ZERO; parameters], square: vec![Lanes::ZERO; parameters], steps: 0 }
    }

    /// Moves `values` one step against their `gradient`.
    pub(crate) fn step(&mut self, values: &mut [Lanes], gradient: &[Lanes], rate: f64) {
        self.steps += 1;
        let correction = BETAS.map(|beta| 1.0 - beta.powi(self.steps));
        let rate = Lanes::splat(rate / correction[0]);
        let root = Lanes::splat(1.0 / correction[1].sqrt());
        let [kept_mean, kept_square] = BETAS.map(Lanes::splat);
        let [new_mean, new_square] = BETAS.map(|beta| Lanes::splat(1.0 - beta));
        let moments = self.mean.iter_mut().zip(&mut self.square);
        for ((value, &g), (mean, square)) in values.iter_mut().zip(gradient).zip(moments) {
            *mean = kept_mean * *mean + new_mean * g;
            *square = kept_square * *square + new_square * g * g;
            *value -= rate * *mean / (square.sqrt() * root + Lanes::splat(EPSILON));
        }
    }
}
