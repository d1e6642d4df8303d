//! Push in, step, pop out, tick by tick: what a call costs beside the work itself is kept small.

use super::Engine;
use tarry_core::Counts;

/// Deliveries and updates that take about 20 µs: from here on it pays to let other threads of Python run meanwhile,
/// which costs a tenth of a microsecond when there are none.
const LONG: u64 = 20_000;

/// The largest work that one tick had lately.
#[derive(Default)]
pub(crate) struct Pace {
    is_long: bool,
}

impl Pace {
    /// Does all ticks before `until`, or stops after the tick in which `count` outputs wait. `detach` does what it is
    /// given without the lock of the interpreter; the first tick with work is done with it, unless such ticks are long.
    pub(crate) fn run(
        &mut self,
        engine: &mut Engine,
        until: u64,
        count: usize,
        detach: impl FnOnce(&mut Engine) -> u64,
    ) -> u64 {
        let before = *engine.probe();
        if self.is_long {
            let reached = detach(engine);
            self.learn(&before, engine.probe());
            return reached;
        }
        let is_one_tick = until <= engine.now() + 1;
        let first = if is_one_tick { until } else { engine.next_deadline().saturating_add(1).min(until) };
        let reached = engine.run_until_outputs(first, count);
        self.learn(&before, engine.probe());
        // Stopped for room, or for the outputs that were asked for, or done.
        if reached < first || reached >= until || engine.waiting() >= count {
            return reached;
        }
        if engine.next_deadline() >= until { engine.run_until_outputs(until, count) } else { detach(engine) }
    }

    fn learn(&mut self, before: &Counts, after: &Counts) {
        let work = |counts: &Counts| counts.deliveries + counts.updates + counts.evaluations;
        let steps = after.steps - before.steps;
        if steps > 0 {
            self.is_long = work(after) - work(before) > LONG * steps;
        }
    }
}
