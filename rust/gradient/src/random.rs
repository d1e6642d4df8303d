//! Random numbers and layers for the property tests.

use crate::{Delays, Layer, Neuron};

/// A linear congruential generator (Knuth's MMIX constants).
pub(crate) struct Random(pub u64);

impl Random {
    /// In \[0, 1).
    pub(crate) fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.uniform() * bound as f64) as usize
    }

    pub(crate) fn between(&mut self, low: f64, high: f64, count: usize) -> Vec<f64> {
        (0..count).map(|_| low + (high - low) * self.uniform()).collect()
    }

    /// Times within 4 `tau_syn` = 4 ms, a tenth of them silent.
    pub(crate) fn times(&mut self, count: usize) -> Vec<f64> {
        let silent = |time: f64, dice: f64| if dice < 0.1 { f64::INFINITY } else { time };
        (0..count).map(|_| silent(4e-3 * self.uniform(), self.uniform())).collect()
    }

    /// A layer with `tau_syn` = 1 ms and delays of the `kind`-th sort up to 2 ms.
    pub(crate) fn layer(&mut self, pre: usize, post: usize, tau_mem: f64, kind: usize) -> Layer {
        let neuron = Neuron::new(tau_mem, 1e-3, 0.5 + self.uniform()).expect("good constants");
        let weights = self.between(-1.5, 2.5, pre * post);
        let count = [0, 1, pre, post, pre * post][kind];
        let values = self.between(1e-4, 1.9e-3, count);
        let delays = match kind {
            0 => Delays::None,
            1 => Delays::Scalar(values[0]),
            2 => Delays::Axonal(&values),
            3 => Delays::Dendritic(&values),
            _ => Delays::Synaptic(&values),
        };
        Layer::new(pre, post, neuron, &weights, delays).expect("finite parameters")
    }
}

/// Closed forms first; then ratios above, below and next to one, far from it, and as good as infinite.
pub(crate) const TAU_MEMS: [f64; 9] =
    [1e-3, 2e-3, f64::INFINITY, 4e-3, 0.5e-3, 0.1e-3, 1.000_001e-3, 0.05, 1e2];
pub(crate) const KINDS: usize = 5;
