//! What arrives at a neuron, in order of time.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A spike at its target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Arrival {
    pub time: f64,
    pub weight: f64,
}

impl Eq for Arrival {}

impl PartialOrd for Arrival {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The earliest is the greatest, as the heap wants it; weights settle ties, so that sums have one order.
impl Ord for Arrival {
    fn cmp(&self, other: &Self) -> Ordering {
        other.time.total_cmp(&self.time).then(other.weight.total_cmp(&self.weight))
    }
}

/// Arrivals that are known from the start, sorted once, and those that turn up on the way.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    sorted: Vec<Arrival>,
    next: usize,
    later: BinaryHeap<Arrival>,
}

impl Arrivals {
    /// Others.
    pub(crate) fn replace(&mut self, arrivals: impl Iterator<Item = Arrival>) {
        self.sorted.clear();
        self.sorted.extend(arrivals.filter(|arrival| arrival.weight != 0.0));
        self.sorted.sort_unstable_by(|a, b| b.cmp(a));
        self.next = 0;
        self.later.clear();
    }

    pub(crate) fn push(&mut self, arrival: Arrival) {
        self.later.push(arrival);
    }

    /// When the next one arrives; inf if none does.
    pub(crate) fn due(&self) -> f64 {
        let sorted = self.sorted.get(self.next).map_or(f64::INFINITY, |arrival| arrival.time);
        self.later.peek().map_or(sorted, |later| sorted.min(later.time))
    }

    /// Takes all that arrive at `time`, which is when the next one is due: their number and the sum of their weights.
    pub(crate) fn take(&mut self, time: f64) -> (usize, f64) {
        let (mut count, mut sum) = (0, 0.0);
        while self.sorted.get(self.next).is_some_and(|arrival| arrival.time <= time) {
            sum += self.sorted[self.next].weight;
            self.next += 1;
            count += 1;
        }
        while self.later.peek().is_some_and(|arrival| arrival.time <= time) {
            sum += self.later.pop().map_or(0.0, |arrival| arrival.weight);
            count += 1;
        }
        (count, sum)
    }
}
