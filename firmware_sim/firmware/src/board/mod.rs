//! The board: startup, semihosting (files, console, exit of the emulator), a count of instructions.

#[cfg(target_arch = "arm")]
mod cortex_m;
#[cfg(target_arch = "riscv32")]
mod riscv;
mod semihosting;

#[cfg(target_arch = "arm")]
use cortex_m as cpu;
#[cfg(target_arch = "riscv32")]
use riscv as cpu;

use crate::Pool;
use core::mem::MaybeUninit;

pub use cpu::Moment;
pub use semihosting::{Console, File, arguments, exit};

/// RAM for a program, its recording and its arenas: what a small microcontroller has.
pub const ARENA_BYTES: usize = 128 << 10;

/// Exit status after a panic.
const PANICKED: u32 = 101;
/// Exit status after a fault of the processor.
const FAULT: u32 = 102;

/// Where QEMU puts the file of `qemu.sh --image` before reset, and how much of it is looked at.
const IMAGE_BYTES: usize = 1 << 20;

/// The file that was put into memory before reset.
#[must_use]
pub fn image() -> &'static [u8] {
    // SAFETY: RAM beyond all sections of the image (`boards/*.x`), which nothing here writes.
    unsafe { core::slice::from_raw_parts(cpu::IMAGE as *const u8, IMAGE_BYTES) }
}

/// Defines the entry of an image: a function from the arena to the exit status.
#[macro_export]
macro_rules! entry {
    ($run:path) => {
        /// Called by the startup code, once.
        // SAFETY: no other symbol has this name.
        #[allow(unsafe_code)]
        #[unsafe(no_mangle)]
        extern "C" fn main() -> ! {
            // SAFETY: the startup code calls `main` once, and nothing else does.
            let pool = unsafe { $crate::board::arena() };
            $crate::board::exit($run(pool))
        }
    };
}

/// The arena.
///
/// # Safety
/// May be called once.
pub unsafe fn arena() -> Pool<'static> {
    #[unsafe(link_section = ".arena")]
    static mut ARENA: [MaybeUninit<u64>; ARENA_BYTES / 8] = [MaybeUninit::uninit(); ARENA_BYTES / 8];
    let first = (&raw mut ARENA).cast();
    // SAFETY: the one reference to it, says the caller.
    Pool::new(unsafe { core::slice::from_raw_parts_mut(first, ARENA_BYTES) })
}

/// How many bytes of stack have been in use at once since reset, of the 32 KiB that the startup code painted.
#[must_use]
pub fn stack_bytes() -> usize {
    const PAINT: u32 = 0x5AFE_5AFE;
    unsafe extern "C" {
        static _stack_floor: u32;
        static _stack_top: u32;
    }
    let (floor, top) = (&raw const _stack_floor, &raw const _stack_top);
    let mut lowest = floor;
    // SAFETY: reads words between two addresses of RAM that the linker script gives, 32 KiB apart.
    while lowest < top && unsafe { lowest.read_volatile() } == PAINT {
        lowest = lowest.wrapping_add(1);
    }
    top.addr() - lowest.addr()
}

/// Stands in an image whose code can panic, and in no other: the test looks for it.
#[inline(never)]
fn tarry_panicked() -> ! {
    exit(PANICKED)
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    tarry_panicked()
}

// SAFETY: no other symbol has this name.
#[unsafe(no_mangle)]
extern "C" fn fault() -> ! {
    exit(FAULT)
}
