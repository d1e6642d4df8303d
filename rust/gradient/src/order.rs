//! Orders arrivals by time.

use crate::layer::{LANES, Lanes};

/// Indices in ascending order of their keys; allocated once for many sorts.
pub(crate) struct Order {
    order: Vec<u32>,
}

impl Order {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { order: Vec::with_capacity(capacity) }
    }

    /// Indices of the finite `keys` in ascending order, equal keys by index.
    pub(crate) fn sort(&mut self, keys: &[f64]) -> &[u32] {
        self.order.clear();
        self.order.extend((0..keys.len() as u32).filter(|&i| keys[i as usize] < f64::INFINITY));
        self.order.sort_unstable_by(|&a, &b| keys[a as usize].total_cmp(&keys[b as usize]).then(a.cmp(&b)));
        &self.order
    }
}

/// Sorts every lane of `keys` on its own and moves `weights` along (and `times`, unless empty): Batcher's merge
/// exchange (Knuth, The Art of Computer Programming 3, 5.2.2 M). Its comparisons do not depend on the data, so the
/// lanes keep step; n log² n of them are faster than a branching sort of each lane up to thousands of inputs.
#[inline(always)]
pub(crate) fn sort_lanes(keys: &mut [Lanes], weights: &mut [Lanes], times: &mut [Lanes]) {
    let n = keys.len();
    let top = n.next_power_of_two() / 2;
    let mut p = top;
    while p > 0 {
        let (mut q, mut r, mut d) = (top, 0, p);
        loop {
            for low in (0..n.saturating_sub(d)).filter(|i| i & p == r) {
                let swap: [bool; LANES] = std::array::from_fn(|l| keys[low + d][l] < keys[low][l]);
                exchange(keys, low, low + d, swap);
                exchange(weights, low, low + d, swap);
                if !times.is_empty() {
                    exchange(times, low, low + d, swap);
                }
            }
            if q == p {
                break;
            }
            d = q - p;
            q /= 2;
            r = p;
        }
        p /= 2;
    }
}

#[inline(always)]
fn exchange(values: &mut [Lanes], low: usize, high: usize, swap: [bool; LANES]) {
    let (a, b) = (values[low], values[high]);
    values[low] = std::array::from_fn(|l| if swap[l] { b[l] } else { a[l] });
    values[high] = std::array::from_fn(|l| if swap[l] { a[l] } else { b[l] });
}
