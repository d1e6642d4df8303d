//! RV32IMC on the virt machine.

use core::arch::{asm, global_asm};

/// Above the RAM of the image.
pub(super) const IMAGE: usize = 0x8080_0000;

global_asm!(
    r#"
    .section .vectors, "ax", @progbits
    .global reset
reset:
    la sp, _stack_top
    la t0, trap
    csrw mtvec, t0
    la a0, _sdata
    la a1, _edata
    la a2, _sidata
1:  bgeu a0, a1, 2f
    lw a3, 0(a2)
    sw a3, 0(a0)
    addi a0, a0, 4
    addi a2, a2, 4
    j 1b
2:  la a0, _sbss
    la a1, _ebss
3:  bgeu a0, a1, 4f
    sw zero, 0(a0)
    addi a0, a0, 4
    j 3b
4:  la a0, _stack_floor      # paint the stack, to see later how deep it went
    li a2, 0x5AFE5AFE
5:  bgeu a0, sp, 6f
    sw a2, 0(a0)
    addi a0, a0, 4
    j 5b
6:  call main
7:  j 7b
    .balign 4
trap:
    call fault
"#
);

/// A moment, by the count of instructions; exact in QEMU with `-icount shift=0`.
#[derive(Clone, Copy)]
pub struct Moment(u32);

impl Moment {
    /// This one.
    #[must_use]
    pub fn now() -> Self {
        let count;
        // SAFETY: reads a counter.
        unsafe { asm!("csrr {0}, minstret", out(reg) count, options(nomem, nostack)) };
        Self(count)
    }

    /// Instructions executed from an earlier moment to this one; fewer than 4.2e9.
    #[must_use]
    pub const fn instructions_since(self, earlier: Self) -> u64 {
        self.0.wrapping_sub(earlier.0) as u64
    }
}
