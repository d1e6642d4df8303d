//! Threads over the batch: a pool of our own that survives a fork.

use std::process;
use std::sync::{Arc, Mutex, PoisonError};

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::Error;

/// Samples whose gradients are summed in one go. Sums of chunks are added in order, so that the result does not depend
/// on the number of threads.
pub(crate) const CHUNK: usize = 32;

struct Held {
    process: u32,
    threads: usize,
    pool: Arc<ThreadPool>,
}

static POOL: Mutex<Option<Held>> = Mutex::new(None);

/// The pool of this process. After a fork the threads of the parent's pool do not exist, and dropping it would wait for
/// them: it is forgotten.
fn pool(threads: usize) -> Result<Arc<ThreadPool>, Error> {
    let mut slot = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(held) = slot.take() {
        if held.process != process::id() {
            std::mem::forget(held);
        } else if held.threads == threads {
            let pool = Arc::clone(&held.pool);
            *slot = Some(held);
            return Ok(pool);
        }
    }
    let pool =
        ThreadPoolBuilder::new().num_threads(threads).build().map_err(|_| Error::Threads { threads })?;
    let pool = Arc::new(pool);
    *slot = Some(Held { process: process::id(), threads, pool: Arc::clone(&pool) });
    Ok(pool)
}

/// Threads beyond which a request is taken for a mistake.
const MOST_THREADS: usize = 1024;

/// Refuses 0 threads and absurd numbers of them.
pub(crate) fn check_threads(threads: usize) -> Result<(), Error> {
    if (1..=MOST_THREADS).contains(&threads) { Ok(()) } else { Err(Error::Threads { threads }) }
}

/// Applies `work` to `tasks` and returns the results in order. One thread runs on the caller's, without a pool.
///
/// # Errors
/// [`Error::Threads`] for 0 threads, or more than can be started.
pub fn map_in_order<T: Send, R: Send>(
    threads: usize,
    tasks: Vec<T>,
    work: impl Fn(T) -> R + Sync + Send,
) -> Result<Vec<R>, Error> {
    check_threads(threads)?;
    if threads == 1 {
        return Ok(tasks.into_iter().map(work).collect());
    }
    let pool = pool(threads)?;
    Ok(pool.install(|| tasks.into_par_iter().with_max_len(1).map(work).collect()))
}
