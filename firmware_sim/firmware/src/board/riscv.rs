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
4:  call main
5:  j 5b
    .balign 4
trap:
    call fault
"#
);

/// Executed instructions since reset, in QEMU with `-icount shift=0`.
#[must_use]
pub fn instructions() -> u64 {
    let (mut low, mut high, mut again): (u32, u32, u32);
    loop {
        // SAFETY: reads counters.
        unsafe {
            asm!("csrr {0}, minstreth", "csrr {1}, minstret", "csrr {2}, minstreth",
                 out(reg) high, out(reg) low, out(reg) again, options(nomem, nostack));
        }
        if high == again {
            return u64::from(high) << 32 | u64::from(low);
        }
    }
}
