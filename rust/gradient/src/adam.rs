//! Adam (Kingma & Ba 2015), bias-corrected, with the defaults of torch: betas 0.9 and 0.999, epsilon 1e-8.

/// Running moments of the gradients of some parameters.
#[derive(Clone, Debug)]
pub struct Adam {
    mean: Vec<f64>,
    square: Vec<f64>,
    steps: i32,
}

const BETAS: [f64; 2] = [0.9, 0.999];
const EPSILON: f64 = 1e-8;

impl Adam {
    /// For so many parameters.
    #[must_use]
    pub fn new(parameters: usize) -> Self {
        Self { mean: vec![0.0; parameters], square: vec![0.0; parameters], steps: 0 }
    }

    /// Moves `values` one step against their `gradient`; all have the length given to [`Adam::new`].
    pub fn step(&mut self, values: &mut [f64], gradient: &[f64], rate: f64) {
        self.steps += 1;
        let correction = BETAS.map(|beta| 1.0 - beta.powi(self.steps));
        let (rate, root) = (rate / correction[0], correction[1].sqrt());
        let moments = self.mean.iter_mut().zip(&mut self.square);
        for ((value, &g), (mean, square)) in values.iter_mut().zip(gradient).zip(moments) {
            *mean += (g - *mean) * (1.0 - BETAS[0]);
            *square = *square * BETAS[1] + g * g * (1.0 - BETAS[1]);
            *value -= rate * *mean / (square.sqrt() / root + EPSILON);
        }
    }
}
