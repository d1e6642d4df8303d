//! The kernels of the processor for the instruction sets of x86-64 and 64-bit Arm, chosen when they are first called.
//!
//! A wheel is built for the least machine; with these it loses nothing on a better one. Every variant gives the same
//! bits.

use multiversion::multiversion;
use tarry_core::Kernels;
use tarry_core::kernels::{Rows, Update, add_rows, update};

/// Picks the widest vectors that the machine has.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dispatched;

impl Kernels for Dispatched {
    #[inline]
    fn update(task: &mut Update) {
        dispatched_update(task);
    }

    #[inline]
    fn add_rows(sums: &mut [i32], rows: &Rows, numbers: &[u32]) {
        dispatched_add_rows(sums, rows, numbers);
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl+avx512dq+avx2+bmi1+bmi2+fma", "x86_64+avx2+bmi1+bmi2+fma", "x86_64+sse4.1"))]
fn dispatched_update(task: &mut Update) {
    update(task);
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl+avx512dq+avx2+bmi1+bmi2+fma", "x86_64+avx2+bmi1+bmi2+fma", "x86_64+sse4.1"))]
fn dispatched_add_rows(sums: &mut [i32], rows: &Rows, numbers: &[u32]) {
    add_rows(sums, rows, numbers);
}
