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
4:  bl main
    b .
"#
);

/// Executed instructions since reset, in QEMU with `-icount shift=6`: 64 ns each, 1.6 ticks of the 25 MHz timer.
/// Good for 2.6e9 instructions, exact to one.
#[must_use]
pub fn instructions() -> u64 {
    // SAFETY: the value register of the timer that the startup code started; reading it changes nothing.
    let value = unsafe { (0x4000_0004 as *const u32).read_volatile() };
    u64::from(!value) * 5 / 8
}
