//! A processor in memory from a pool.

use crate::Pool;
use tarry_core::{Memory, Plan, Processor, Program, each_arena};

/// A processor over borrowed bytes and borrowed arenas.
pub type Engine<'m> = Processor<&'m [u8], Memory<'m>>;

/// A processor with room for `outputs` spikes, or the least that its program needs. None if the pool is too small.
pub fn engine<'m>(program: Program<&'m [u8]>, outputs: usize, pool: &mut Pool<'m>) -> Option<Engine<'m>> {
    let plan = with_outputs(*program.plan(), outputs);
    Processor::new(program, arenas(&plan, pool)?, ()).ok()
}

macro_rules! declare {
    ($($(#[$doc:meta])* $name:ident: $element:ty,)*) => {
        fn arenas<'m>(plan: &Plan, pool: &mut Pool<'m>) -> Option<Memory<'m>> {
            Some(Memory { $($name: pool.take(plan.$name, <$element>::default())?,)* })
        }
    };
}

each_arena!(declare);

/// The bytes of those arenas.
#[must_use]
pub fn bytes(plan: &Plan, outputs: usize) -> usize {
    with_outputs(*plan, outputs).bytes()
}

fn with_outputs(plan: Plan, outputs: usize) -> Plan {
    Plan { outputs: plan.outputs.max(outputs), ..plan }
}
