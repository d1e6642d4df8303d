//! Semihosting: files, console and exit status, served by the emulator or a debugger
//! (Arm, *Semihosting for `AArch32` and `AArch64`*; the RISC-V calls have the same numbers).

use core::arch::asm;
use core::ffi::CStr;

const OPEN: usize = 0x01;
const WRITE: usize = 0x05;
const READ: usize = 0x06;
const SEEK: usize = 0x0A;
const GET_COMMAND_LINE: usize = 0x15;
const EXIT_EXTENDED: usize = 0x20;
const APPLICATION_EXIT: usize = 0x20026;

/// # Safety
/// `argument` must hold what the operation asks for: memory that it says it may read or write.
#[inline(never)]
unsafe fn call(operation: usize, argument: &[usize]) -> usize {
    let result;
    // SAFETY: the trap is served outside; it touches only the memory that the caller vouches for.
    #[cfg(target_arch = "arm")]
    unsafe {
        asm!("bkpt #0xAB", inout("r0") operation => result, in("r1") argument.as_ptr(), options(nostack));
    }
    // SAFETY: as above. The three instructions must be uncompressed and lie in one page.
    #[cfg(target_arch = "riscv32")]
    unsafe {
        asm!(".balign 16", ".option push", ".option norvc",
             "slli x0, x0, 0x1f", "ebreak", "srai x0, x0, 7", ".option pop",
             inout("a0") operation => result, in("a1") argument.as_ptr(), options(nostack));
    }
    result
}

/// Ends the emulation with an exit status.
pub fn exit(status: u32) -> ! {
    loop {
        // SAFETY: two words, nothing else.
        unsafe { call(EXIT_EXTENDED, &[APPLICATION_EXIT, status as usize]) };
    }
}

/// A file of the host, open.
pub struct File(usize);

impl File {
    /// Opens a file for reading; none if there is no such file.
    #[must_use]
    pub fn open(name: &CStr) -> Option<Self> {
        Self::with_mode(name, 1)
    }

    fn with_mode(name: &CStr, mode: usize) -> Option<Self> {
        // SAFETY: a name with its length; it ends in NUL.
        let handle = unsafe { call(OPEN, &[name.as_ptr() as usize, mode, name.count_bytes()]) };
        (handle != usize::MAX).then_some(Self(handle))
    }

    /// Fills the buffer; returns how many bytes there were.
    pub fn read(&mut self, buffer: &mut [u8]) -> usize {
        // SAFETY: a buffer of ours with its length.
        let missing = unsafe { call(READ, &[self.0, buffer.as_mut_ptr() as usize, buffer.len()]) };
        buffer.len().saturating_sub(missing)
    }

    /// Goes on at this place of the file.
    pub fn seek(&mut self, place: usize) {
        // SAFETY: two words, nothing else.
        unsafe { call(SEEK, &[self.0, place]) };
    }

    fn write(&self, bytes: &[u8]) {
        // SAFETY: bytes of ours with their length.
        unsafe { call(WRITE, &[self.0, bytes.as_ptr() as usize, bytes.len()]) };
    }
}

/// The words that the emulation was started with, written to `buffer`.
pub fn arguments(buffer: &mut [u8; 512]) -> impl Iterator<Item = &CStr> {
    // SAFETY: a buffer of ours with its length, less one for the last NUL.
    unsafe { call(GET_COMMAND_LINE, &[buffer.as_mut_ptr() as usize, buffer.len() - 1]) };
    for byte in buffer.iter_mut().filter(|byte| **byte == b' ') {
        *byte = 0;
    }
    buffer
        .split_inclusive(|&byte| byte == 0)
        .filter_map(|word| CStr::from_bytes_with_nul(word).ok())
        .filter(|word| !word.is_empty())
}

/// Where the emulator prints.
pub struct Console(File);

impl Console {
    /// The console; none where nothing serves it.
    #[must_use]
    pub fn open() -> Option<Self> {
        File::with_mode(c":tt", 4).map(Self)
    }

    /// Writes text.
    pub fn text(&self, text: &str) {
        self.0.write(text.as_bytes());
    }

    /// Writes a number in decimal.
    pub fn number(&self, number: u64) {
        self.digits(number, 10, 1);
    }

    /// Writes a number in 16 hexadecimal digits.
    pub fn hex(&self, number: u64) {
        self.digits(number, 16, 16);
    }

    fn digits(&self, mut number: u64, base: u64, least: usize) {
        let mut digits = [0; 20];
        let mut count = 0;
        for digit in digits.iter_mut().rev() {
            if number == 0 && count >= least {
                break;
            }
            let value = number.checked_rem(base).unwrap_or(0) as usize;
            *digit = b"0123456789abcdef".get(value).copied().unwrap_or(b'?');
            number = number.checked_div(base).unwrap_or(0);
            count += 1;
        }
        self.0.write(digits.get(digits.len() - count..).unwrap_or_default());
    }
}
