//! Puts arrivals in order of time.

use crate::lanes::Lanes;

/// Sorts keys; allocated once for many sorts.
pub(crate) struct Order {
    unsorted: Vec<Key>,
    sorted: Vec<Key>,
    buckets: Vec<u32>,
    /// Where the next key of each bucket goes.
    places: Vec<u32>,
}

/// A key and its index.
pub(crate) type Key = (f64, u32);

/// More keys than this go through buckets.
const FEW: usize = 16;
/// Keys in one bucket from which on buckets are of no use.
const CROWD: u32 = 16;

impl Order {
    pub(crate) fn new(keys: usize) -> Self {
        Self {
            unsorted: vec![(0.0, 0); keys],
            sorted: vec![(0.0, 0); keys],
            buckets: vec![0; keys],
            places: vec![0; keys],
        }
    }

    /// The finite `keys` in ascending order, equal keys by index.
    ///
    /// Spike times are spread rather evenly: as many buckets as keys leave little to do for an insertion sort. Where
    /// they are not, a general sort keeps n log n.
    pub(crate) fn sort(&mut self, keys: &[f64]) -> &[Key] {
        let mut count = 0;
        for (i, &key) in keys.iter().enumerate() {
            self.unsorted[count] = (key, i as u32);
            count += usize::from(key < f64::INFINITY);
        }
        let (unsorted, sorted) = (&mut self.unsorted[..count], &mut self.sorted[..count]);
        if count <= FEW {
            insertion_sort(unsorted);
            return unsorted;
        }
        let (low, high) = finite_range(keys);
        let scale = (count - 1) as f64 / (high - low);
        let (buckets, places) = (&mut self.buckets[..count], &mut self.places[..count]);
        if scale.is_finite() {
            places.fill(0);
            for (bucket, key) in buckets.iter_mut().zip(unsorted.iter()) {
                // Adding 2^52 leaves the nearest integer in the low bits: faster than a conversion.
                *bucket = ((key.0 - low) * scale + 4_503_599_627_370_496.0).to_bits() as u32;
            }
            for &bucket in buckets.iter() {
                places[bucket as usize] += 1;
            }
            let (mut crowd, mut start) = (0, 0);
            for place in places.iter_mut() {
                crowd = crowd.max(*place);
                (*place, start) = (start, start + *place);
            }
            if crowd <= CROWD {
                for (&bucket, &key) in buckets.iter().zip(unsorted.iter()) {
                    let place = &mut places[bucket as usize];
                    sorted[*place as usize] = key;
                    *place += 1;
                }
                insertion_sort(sorted);
                return sorted;
            }
        }
        unsorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        unsorted
    }
}

/// Smallest and largest of the finite `keys`, at least one, none negative.
fn finite_range(keys: &[f64]) -> (f64, f64) {
    let (chunks, rest) = keys.as_chunks();
    let silent = Lanes::splat(f64::INFINITY);
    let (mut low, mut high) = (silent, Lanes::ZERO);
    for keys in chunks.iter().copied().map(Lanes).chain(rest.iter().copied().map(Lanes::splat)) {
        low = keys.min(low);
        high = keys.less(silent).keep(keys).max(high);
    }
    let (low, high) = (low.0, high.0);
    (low.into_iter().fold(f64::INFINITY, f64::min), high.into_iter().fold(0.0, f64::max))
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
            assert_eq!(Order::new(count).sort(&keys), expected(&keys), "round {round}");
        }
        assert!(Order::new(3).sort(&[f64::INFINITY; 3]).is_empty());
        assert_eq!(Order::new(40).sort(&[7.0; 40]).len(), 40);
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
