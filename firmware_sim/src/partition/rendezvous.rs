//! Where threads meet after every tick: none goes on before all have come.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::yield_now;

/// Looks at the others before a thread offers its core; about what a tick of a small network takes.
const SPINS: u32 = 256;

/// A barrier that spins first: a tick takes microseconds, and putting a thread to sleep takes longer.
///
/// All that a thread wrote before it came is seen by every thread after they met.
#[derive(Debug)]
pub(super) struct Rendezvous {
    threads: usize,
    come: AtomicUsize,
    round: AtomicUsize,
    is_broken: AtomicBool,
}

/// Somebody will never come: its thread ended early.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken;

impl Rendezvous {
    pub(super) const fn new(threads: usize) -> Self {
        Self {
            threads,
            come: AtomicUsize::new(0),
            round: AtomicUsize::new(0),
            is_broken: AtomicBool::new(false),
        }
    }

    /// Waits for all threads.
    pub(super) fn meet(&self) -> Result<(), Broken> {
        // It cannot change before this thread has come, too.
        let round = self.round.load(Ordering::Relaxed);
        if self.come.fetch_add(1, Ordering::AcqRel) + 1 == self.threads {
            // Nobody comes again before the next round is seen.
            self.come.store(0, Ordering::Relaxed);
            self.round.store(round.wrapping_add(1), Ordering::Release);
            return Ok(());
        }
        let mut looks = 0;
        while self.round.load(Ordering::Acquire) == round {
            if self.is_broken.load(Ordering::Relaxed) {
                return Err(Broken);
            }
            looks += 1;
            if looks < SPINS {
                spin_loop();
            } else {
                yield_now();
            }
        }
        Ok(())
    }

    /// Frees the others should this thread panic.
    pub(super) const fn guard(&self) -> Guard<'_> {
        Guard(self)
    }
}

/// Breaks the rendezvous when it is dropped in a panic.
#[derive(Debug)]
pub(super) struct Guard<'a>(&'a Rendezvous);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.is_broken.store(true, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Broken, Rendezvous};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    #[test]
    fn nobody_goes_on_before_all_have_come() {
        const THREADS: usize = 3;
        let rendezvous = Rendezvous::new(THREADS);
        let rounds: [AtomicUsize; THREADS] = Default::default();
        thread::scope(|scope| {
            for own in 0..THREADS {
                let (rendezvous, rounds) = (&rendezvous, &rounds);
                scope.spawn(move || {
                    for round in 1..=500 {
                        rounds[own].store(round, Ordering::Relaxed);
                        rendezvous.meet().unwrap();
                        // Others may be one round ahead, never behind.
                        assert!(rounds.iter().all(|other| other.load(Ordering::Relaxed) >= round));
                    }
                });
            }
        });
    }

    #[test]
    fn a_panic_frees_the_others() {
        let rendezvous = Rendezvous::new(2);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| rendezvous.meet());
            let failing = scope.spawn(|| {
                let _guard = rendezvous.guard();
                panic!("on purpose");
            });
            assert!(failing.join().is_err());
            assert_eq!(waiting.join().unwrap(), Err(Broken));
        });
    }
}
