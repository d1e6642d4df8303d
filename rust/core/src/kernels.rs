//! The loops that gain from wide vectors, as a choice of the caller: a host may compile them for several instruction
//! sets and pick one at run time. Every choice gives the same bits.

pub use crate::clock::rows::{Rows, add_rows};
pub use crate::clock::update::{Update, update};

/// The kernels of a processor.
pub trait Kernels {
    /// Updates a clocked population for one tick.
    fn update(task: &mut Update) {
        update(task);
    }

    /// Adds dense rows of weights to a row of sums.
    fn add_rows(sums: &mut [i32], rows: &Rows, numbers: &[u32]) {
        add_rows(sums, rows, numbers);
    }
}

/// The kernels as compiled for the target at hand.
#[derive(Clone, Copy, Debug, Default)]
pub struct Portable;

impl Kernels for Portable {}
