//! Layers whose neurons spike many times, in continuous time, and their exact derivatives.
//!
//! [`forward()`] maps the spikes of a batch to the spikes of a layer, feed-forward or recurrent, with axonal, dendritic
//! or synaptic delays that are real numbers. [`backward()`] is the adjoint: `EventProp` (Wunderlich & Pehle 2021) with
//! delays. It needs the spikes alone, not the arrivals, so memory grows with spikes. [`read_out()`] integrates without
//! a threshold. Times are in seconds; the equations are in `docs/gradients.md`.

mod adjoint;
mod arrivals;
mod backward;
mod collect;
mod error;
mod forward;
mod grid;
mod layer;
mod membrane;
mod neuron;
mod pieces;
mod read_out;
mod spikes;
mod sweep;
mod synapses;
#[cfg(test)]
mod tests;

pub use backward::{Gradients, Options, backward};
pub use error::Error;
pub use forward::forward;
pub use layer::{Layer, Reset};
pub use membrane::Membrane;
pub use read_out::{Integrator, Reading, ReadingGradients, Values, read_out, read_out_backward};
pub use spikes::{Output, Spikes, TRACE};
pub use synapses::Synapses;
