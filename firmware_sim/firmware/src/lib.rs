//! What the images share: the board, memory, golden cases.
//!
//! All `unsafe` of the project is here, in [`board`] and [`Pool::take`]; the engine has none.

#![no_std]

pub mod board;
mod engine;
mod golden;
mod pool;

pub use engine::{Engine, bytes, engine};
pub use golden::{Golden, Recording, Trouble};
pub use pool::Pool;
