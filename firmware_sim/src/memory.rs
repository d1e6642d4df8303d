//! Memory for a processor on a host: the arenas of `tarry-core` as vectors.

use tarry_core::{Arenas, Entry, Memory, Neuron, Plan, Population, Spike};

/// Arenas of exactly the planned lengths, and an output buffer of at least the planned one.
#[derive(Clone, Debug)]
pub struct HostMemory {
    populations: Vec<Population>,
    neurons: Vec<Neuron>,
    entries: Vec<Entry>,
    deliveries: Vec<u64>,
    crossings: Vec<u64>,
    work: Vec<u64>,
    seen: Vec<u64>,
    outputs: Vec<Spike>,
}

impl HostMemory {
    /// Memory for a plan; `outputs` is the length of the output buffer if that is more than the plan's least.
    #[must_use]
    pub fn new(plan: &Plan, outputs: usize) -> Self {
        Self {
            populations: vec![Population::default(); plan.populations],
            neurons: vec![Neuron::REST; plan.neurons],
            entries: vec![Entry::default(); plan.entries],
            deliveries: vec![0; plan.deliveries],
            crossings: vec![0; plan.crossings],
            work: vec![0; plan.work],
            seen: vec![0; plan.seen],
            outputs: vec![Spike::default(); plan.outputs.max(outputs)],
        }
    }
}

impl Arenas for HostMemory {
    #[inline]
    fn memory(&mut self) -> Memory<'_> {
        Memory {
            populations: &mut self.populations,
            neurons: &mut self.neurons,
            entries: &mut self.entries,
            deliveries: &mut self.deliveries,
            crossings: &mut self.crossings,
            work: &mut self.work,
            seen: &mut self.seen,
            outputs: &mut self.outputs,
        }
    }
}
