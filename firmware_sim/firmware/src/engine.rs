//! A processor in memory from a pool: the one place that knows which arenas there are.

use crate::Pool;
use tarry_core::{Entry, Memory, Neuron, Plan, Population, Processor, Program, Spike};

/// A processor over borrowed bytes and borrowed arenas.
pub type Engine<'m> = Processor<&'m [u8], Memory<'m>>;

/// A processor with room for `outputs` spikes, or the least that its program needs. None if the pool is too small.
pub fn engine<'m>(program: Program<&'m [u8]>, outputs: usize, pool: &mut Pool<'m>) -> Option<Engine<'m>> {
    let plan = with_outputs(*program.plan(), outputs);
    let memory = Memory {
        populations: pool.take(plan.populations, Population::default())?,
        neurons: pool.take(plan.neurons, Neuron::REST)?,
        entries: pool.take(plan.entries, Entry::default())?,
        deliveries: pool.take(plan.deliveries, 0)?,
        crossings: pool.take(plan.crossings, 0)?,
        work: pool.take(plan.work, 0)?,
        seen: pool.take(plan.seen, 0)?,
        outputs: pool.take(plan.outputs, Spike::default())?,
    };
    Processor::new(program, memory, ()).ok()
}

/// The bytes of those arenas.
#[must_use]
pub fn bytes(plan: &Plan, outputs: usize) -> usize {
    with_outputs(*plan, outputs).bytes()
}

fn with_outputs(plan: Plan, outputs: usize) -> Plan {
    Plan { outputs: plan.outputs.max(outputs), ..plan }
}
