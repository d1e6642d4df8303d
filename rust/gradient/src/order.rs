//! Puts arrivals in order of time.

use std::ops::Range;

use crate::lanes::Lanes;

/// A key and its index.
pub(crate) type Key = (f64, u32);

/// Sorts keys, but only as many of the smallest as are asked for; allocated once for many sorts.
///
/// The search mostly ends after a third of the arrivals. They are dealt into buckets by value, and a bucket is sorted
/// when it is its turn.
pub(crate) struct Order {
    keys: Vec<Key>,
    buckets: Vec<u32>,
    /// Where each bucket ends in `keys`; the last one holds the silent ones.
    ends: Vec<u32>,
    next: usize,
}

/// Keys in a bucket, about.
const FILL: usize = 2;
/// More keys than this are worth a general sort.
const CROWD: usize = 24;

impl Order {
    pub(crate) fn new(keys: usize) -> Self {
        Self { keys: vec![(0.0, 0); keys], buckets: vec![0; keys], ends: vec![0; keys / FILL + 2], next: 0 }
    }

    /// Deals out other keys, none negative, `+inf` for those that do not count; as many as given to [`Order::new`].
    pub(crate) fn deal(&mut self, keys: &[f64]) {
        self.next = 0;
        let (low, high) = finite_range(keys);
        let silent = self.ends.len() - 1;
        let scale = (silent as f64 - 1.0) / (high - low);
        if !scale.is_finite() || silent == 1 {
            return self.deal_all(keys);
        }
        self.ends.fill(0);
        for (bucket, &key) in self.buckets.iter_mut().zip(keys) {
            // Adding 2^52 leaves the nearest integer in the low bits: faster than a conversion.
            let bounded = if key < high { key } else { high };
            let near = (bounded - low) * scale + 4_503_599_627_370_496.0;
            *bucket = if key > high { silent as u32 } else { near.to_bits() as u32 };
        }
        for &bucket in &self.buckets {
            self.ends[bucket as usize] += 1;
        }
        let mut start = 0;
        for end in &mut self.ends {
            (*end, start) = (start, start + *end);
        }
        for ((index, &key), &bucket) in (0..).zip(keys).zip(&self.buckets) {
            let place = &mut self.ends[bucket as usize];
            self.keys[*place as usize] = (key, index);
            *place += 1;
        }
    }

    /// All finite keys into the first bucket: they are few, or all the same.
    fn deal_all(&mut self, keys: &[f64]) {
        let mut count = 0;
        for (index, &key) in (0..).zip(keys) {
            self.keys[count] = (key, index);
            count += usize::from(key < f64::INFINITY);
        }
        self.ends.fill(count as u32);
    }

    /// The next of the finite keys in ascending order, equal keys by index; a few at a time, none at the end.
    pub(crate) fn next(&mut self) -> Range<usize> {
        while self.next + 1 < self.ends.len() {
            let start = if self.next == 0 { 0 } else { self.ends[self.next - 1] as usize };
            let places = start..self.ends[self.next] as usize;
            self.next += 1;
            if !places.is_empty() {
                let keys = &mut self.keys[places.clone()];
                if keys.len() > CROWD {
                    keys.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                } else {
                    insertion_sort(keys);
                }
                return places;
            }
        }
        0..0
    }

    /// The key at a place that `next` gave.
    pub(crate) fn key(&self, place: usize) -> Key {
        self.keys[place]
    }
}

/// Smallest and largest of the finite `keys`; (inf, 0) of none.
fn finite_range(keys: &[f64]) -> (f64, f64) {
    let (chunks, rest) = keys.as_chunks();
    let silent = Lanes::splat(f64::INFINITY);
    let (mut low, mut high) = (silent, Lanes::ZERO);
    let rest = rest.iter().copied().map(Lanes::splat);
    for keys in chunks.iter().copied().map(Lanes).chain(rest) {
        low = keys.min(low);
        high = keys.less(silent).keep(keys).max(high);
    }
    (low.0.into_iter().fold(f64::INFINITY, f64::min), high.0.into_iter().fold(0.0, f64::max))
}

fn insertion_sort(values: &mut [Key]) {
    for k in 1..values.len() {
        let value = values[k];
        let mut place = k;
        while place > 0 && value.0 < values[place - 1].0 {
            values[place] = values[place - 1];
            place -= 1;
        }
        values[place] = value;
    }
}

/// Batcher's merge exchange (Knuth, The Art of Computer Programming 3, 5.2.2 M) for a number of keys. Its comparisons
/// do not depend on the data, so that lanes keep step; n log² n of them are faster than a branching sort of each lane
/// up to thousands of keys.
pub(crate) struct Network {
    exchanges: Vec<(u32, u32)>,
}

impl Network {
    pub(crate) fn new(keys: usize) -> Self {
        let mut exchanges = Vec::new();
        let top = keys.next_power_of_two() / 2;
        let mut p = top;
        while p > 0 {
            let (mut q, mut r, mut d) = (top, 0, p);
            loop {
                let lows = (0..keys.saturating_sub(d)).filter(|i| i & p == r);
                exchanges.extend(lows.map(|low| (low as u32, (low + d) as u32)));
                if q == p {
                    break;
                }
                d = q - p;
                q /= 2;
                r = p;
            }
            p /= 2;
        }
        Self { exchanges }
    }

    /// Sorts every lane of `keys` on its own and moves `weights` along, and `times` unless it is empty.
    #[inline(always)]
    pub(crate) fn sort(&self, keys: &mut [Lanes], weights: &mut [Lanes], times: &mut [Lanes]) {
        for &(low, high) in &self.exchanges {
            let (low, high) = (low as usize, high as usize);
            let (a, b) = (keys[low], keys[high]);
            let exchange = |values: &mut [Lanes]| {
                let (at_a, at_b) = (values[low], values[high]);
                values[low] = b.choose(a, at_b, at_a);
                values[high] = b.choose(a, at_a, at_b);
            };
            exchange(keys);
            exchange(weights);
            if !times.is_empty() {
                exchange(times);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Network, Order};
    use crate::lanes::{LANES, Lanes};
    use crate::random::Random;

    fn expected(keys: &[f64]) -> Vec<(f64, u32)> {
        let mut sorted: Vec<(f64, u32)> =
            keys.iter().copied().zip(0..).filter(|(key, _)| key.is_finite()).collect();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        sorted
    }

    fn sorted(order: &mut Order, keys: &[f64]) -> Vec<(f64, u32)> {
        let mut sorted = Vec::new();
        order.deal(keys);
        loop {
            let next = order.next();
            if next.is_empty() {
                return sorted;
            }
            sorted.extend(next.map(|place| order.key(place)));
        }
    }

    #[test]
    fn keys_of_all_distributions_are_sorted_stably() {
        let mut random = Random(1);
        for round in 0..2000 {
            let count = 1 + random.below(200);
            let mut keys = random.between(1.0, 5.0, count);
            for key in &mut keys {
                match round % 5 {
                    0 => *key = (4.0 * *key).round(),
                    1 => *key = (60.0 * *key).exp(),
                    2 => *key = 1.0 + 1e-15 * (*key).round(),
                    3 if random.uniform() < 0.3 => *key = f64::INFINITY,
                    _ => {}
                }
            }
            if round % 7 == 0 {
                keys[0] = 1e100;
            }
            let mut order = Order::new(count);
            order.deal(&[2.0; 200][..count]);
            assert_eq!(sorted(&mut order, &keys), expected(&keys), "round {round}");
        }
        assert!(sorted(&mut Order::new(3), &[f64::INFINITY; 3]).is_empty());
        assert!(sorted(&mut Order::new(99), &[f64::INFINITY; 99]).is_empty());
        assert_eq!(sorted(&mut Order::new(40), &[7.0; 40]).len(), 40);
    }

    #[test]
    fn networks_of_all_sizes_sort_every_lane() {
        let mut random = Random(2);
        for count in 1..70 {
            let mut keys: Vec<Lanes> =
                (0..count).map(|_| Lanes(std::array::from_fn(|_| random.uniform()))).collect();
            let before = keys.clone();
            let (mut weights, mut times) = (keys.clone(), keys.clone());
            Network::new(count).sort(&mut keys, &mut weights, &mut times);
            assert!(keys == weights && keys == times);
            for l in 0..LANES {
                let mut lane: Vec<f64> = before.iter().map(|key| key.0[l]).collect();
                lane.sort_by(f64::total_cmp);
                assert!(keys.iter().map(|key| key.0[l]).eq(lane));
            }
        }
    }
}
