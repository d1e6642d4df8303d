//! Cortex-M4F on MPS2 with AN386.

use core::arch::global_asm;

/// PSRAM.
pub(super) const IMAGE: usize = 0x2100_0000;

global_asm!(
    r#"
    .section .vectors, "a", %progbits
    .word _stack_top, reset
    .rept 14
    .word fault
    .endr

    .section .text.reset, "ax", %progbits
    .global reset
    .thumb_func
    .type reset, %function
reset:
    ldr r0, =0xE000ED88      @ CPACR: the compiler may keep words in registers of the FPU
    ldr r1, [r0]
    orr r1, r1, #0xF00000
    str r1, [r0]
    dsb
    isb
    ldr r0, =0x40000000      @ CMSDK timer 0: counts down from 2^32 - 1 at the clock of the CPU
    mvn r1, #0
    str r1, [r0, #8]
    str r1, [r0, #4]
    movs r1, #1
    str r1, [r0]
    ldr r0, =_sdata
    ldr r1, =_edata
    ldr r2, =_sidata
1:  cmp r0, r1
    bhs 2f
    ldr r3, [r2], #4
    str r3, [r0], #4
    b 1b
2:  ldr r0, =_sbss
    ldr r1, =_ebss
    movs r2, #0
3:  cmp r0, r1
    bhs 4f
    str r2, [r0], #4
    b 3b
4:  ldr r0, =_stack_floor    @ paint the stack, to see later how deep it went
    ldr r2, =0x5AFE5AFE
5:  cmp r0, sp
    bhs 6f
    str r2, [r0], #4
    b 5b
6:  bl main
    b .
"#
);

/// A moment, by the 25 MHz timer: 1.6 ticks per instruction in QEMU with `-icount shift=6` (64 ns each).
#[derive(Clone, Copy)]
pub struct Moment(u32);

impl Moment {
    /// This one.
    #[must_use]
    pub fn now() -> Self {
        // SAFETY: the value register of the timer that the startup code started; reading it changes nothing.
        Self(unsafe { (0x4000_0004 as *const u32).read_volatile() })
    }

    /// Instructions executed from an earlier moment to this one, to within one; fewer than 2.6e9.
    #[must_use]
    pub const fn instructions_since(self, earlier: Self) -> u64 {
        // It counts down.
        earlier.0.wrapping_sub(self.0) as u64 * 5 / 8
    }
}
