//! Memory for a processor on a host: the arenas of `tarry-core` as vectors.

use tarry_core::{Arenas, Memory, Plan, each_arena};

macro_rules! declare {
    ($($(#[$doc:meta])* $name:ident: $element:ty,)*) => {
        /// Arenas of exactly the planned lengths, and an output buffer of at least the planned one.
        #[derive(Clone, Debug)]
        pub struct HostMemory {
            $($name: Vec<$element>,)*
        }

        impl HostMemory {
            /// Memory for a plan; `outputs` is the length of the output buffer if that is more than the plan's least.
            #[must_use]
            pub fn new(plan: &Plan, outputs: usize) -> Self {
                let plan = Plan { outputs: plan.outputs.max(outputs), ..*plan };
                Self { $($name: vec![Default::default(); plan.$name],)* }
            }
        }

        impl Arenas for HostMemory {
            #[inline]
            fn memory(&mut self) -> Memory<'_> {
                Memory { $($name: &mut self.$name,)* }
            }
        }
    };
}

each_arena!(declare);
