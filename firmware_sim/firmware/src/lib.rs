//! What the images share: the board, memory, golden cases.
//!
//! All `unsafe` of the project is in [`board`] and in [`Pool::take`]; the engine has none.

#![no_std]

#[allow(unsafe_code)]
pub mod board;
mod engine;
mod golden;
#[allow(unsafe_code)]
mod pool;

pub use engine::{Engine, bytes, engine};
pub use golden::{Golden, Recording, Trouble};
pub use pool::Pool;
