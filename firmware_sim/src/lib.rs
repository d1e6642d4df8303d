//! What a compiled spiking network costs on each platform: latency, energy, memory.

mod memory;

pub use memory::HostMemory;
