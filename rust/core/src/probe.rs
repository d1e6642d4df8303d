//! What a run did, counted: the prices of platforms are counts times constants.

/// Is told of every operation; the empty probe `()` costs nothing.
pub trait Probe {
    /// Whether it listens at all: where it does not, nobody walks through what it would be told.
    const LISTENS: bool = true;
    /// A run of synapses was handed over.
    fn delivered(&mut self, synapses: u32) {
        let _ = synapses;
    }
    /// A neuron of this population has work; what is told next, it does.
    fn visited(&mut self, population: usize) {
        let _ = population;
    }
    /// A neuron was updated: decayed to this tick, tested.
    fn updated(&mut self) {}
    /// A neuron fired; `index` is its place in its population.
    fn fired(&mut self, population: usize, index: u32) {
        let _ = (population, index);
    }
    /// The next crossing of a neuron was searched, with so many evaluations of its potential.
    fn searched(&mut self, evaluations: u32) {
        let _ = evaluations;
    }
    /// A tick with work is over.
    fn stepped(&mut self) {}
}

impl Probe for () {
    const LISTENS: bool = false;
}

/// Plain totals of everything a [`Probe`] is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Ticks that had work.
    pub steps: u64,
    /// Runs of synapses handed over, one touch of the history each.
    pub runs: u64,
    /// Synaptic deliveries.
    pub deliveries: u64,
    /// Neuron updates.
    pub updates: u64,
    /// Spikes of neurons.
    pub spikes: u64,
    /// Searches for a crossing.
    pub searches: u64,
    /// Evaluations of a potential in those searches.
    pub evaluations: u64,
}

impl Probe for Counts {
    #[inline]
    fn delivered(&mut self, synapses: u32) {
        self.runs += 1;
        self.deliveries += u64::from(synapses);
    }
    #[inline]
    fn updated(&mut self) {
        self.updates += 1;
    }
    #[inline]
    fn fired(&mut self, _population: usize, _index: u32) {
        self.spikes += 1;
    }
    #[inline]
    fn searched(&mut self, evaluations: u32) {
        self.searches += 1;
        self.evaluations += u64::from(evaluations);
    }
    #[inline]
    fn stepped(&mut self) {
        self.steps += 1;
    }
}
