//! Exact spike times of first-spike layers with delays, and their derivatives, in float64.
//!
//! A layer of current-based leaky integrate-and-fire neurons, each of which spikes at most once, maps input spike
//! times to output spike times, in closed form or by Newton's steps. [`forward()`] computes those times, [`backward()`]
//! the derivatives of a loss with respect to weights, input times and delays, [`constant_gradients()`] those with
//! respect to time constants and threshold. Silence is `+inf`.
//!
//! Equations and sources are in `docs/gradients.md`.
#![forbid(unsafe_code)]
// The loops over neurons become vector instructions only where all that they call is inlined.
#![allow(clippy::inline_always)]

mod adam;
mod adjoint;
mod backward;
mod constants;
mod distant;
mod error;
pub mod events;
mod forward;
mod general;
pub mod lambert;
mod lanes;
mod layer;
pub mod loss;
mod neuron;
mod order;
mod potential;
#[cfg(test)]
mod random;
mod search;
mod spikes;
pub mod stack;
pub mod threads;
pub mod training;

pub use backward::{Gradients, backward};
pub use constants::{ConstantGradients, constant_gradients};
pub use error::Error;
pub use forward::forward;
pub use layer::{Delays, Layer};
pub use neuron::{Neuron, Ratio};
