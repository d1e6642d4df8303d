//! Clocked populations: one tick is one algorithmic step.
//!
//! At the start of a tick every projection hands over what is due, onto its own sums ([`hand_over`]); then every
//! population reads and clears its row of those sums and applies its rule ([`update`]). Where every state is zero and
//! nothing is in flight, a tick changes nothing, and none is done.

mod batch;
pub(crate) mod delta;
pub(crate) mod hand_over;
pub(crate) mod queue;
pub(crate) mod readout;
pub(crate) mod rows;
pub(crate) mod rules;
pub(crate) mod scatter;
pub(crate) mod update;

use crate::kernels::Kernels;
use crate::probe::Probe;
use crate::program::{Layout, Population, Projection, Readout, View};
use crate::spike::NEVER;
use hand_over::{NOTHING, Sums, hand_over};
use queue::Histories;
use update::Update;

/// The arenas of clocked populations.
pub(crate) struct Clock<'a> {
    pub(crate) projections: &'a mut [Projection],
    pub(crate) sums: Sums<'a>,
    pub(crate) states: &'a mut [i32],
    pub(crate) readouts: &'a mut [i64],
    pub(crate) fired: &'a mut [u64],
    /// There are no clocked populations.
    pub(crate) is_absent: bool,
}

impl Clock<'_> {
    /// The next tick with work: `now` while any state is not zero or any delivery may be due, else that of the first
    /// spike that was pushed ahead.
    #[inline]
    pub(crate) fn deadline(&self, now: u64, populations: &[Population]) -> u64 {
        if self.is_absent {
            return NEVER;
        }
        let is_awake = populations.iter().any(|population| population.is_active)
            || self.projections.iter().any(|projection| projection.is_pending(now));
        if is_awake {
            return now;
        }
        populations.iter().filter_map(|population| population.queue.upcoming).min().unwrap_or(NEVER)
    }

    /// Hands over what is due at `tick`.
    #[inline]
    pub(crate) fn hand_over<K: Kernels, P: Probe>(
        &mut self,
        populations: &mut [Population],
        histories: &mut Histories,
        view: &View,
        tick: u64,
        probe: &mut P,
    ) {
        for population in populations.iter_mut().filter(|population| population.queue.kept > 0) {
            population.has_spiked = population.queue.begin(tick, histories);
        }
        for projection in self.projections.iter_mut() {
            let Some(source) = populations.get(usize::from(projection.source)) else { continue };
            if source.has_spiked {
                projection.reach = Some(tick + u64::from(projection.longest));
            }
            if projection.is_pending(tick) {
                hand_over::<K, P>(projection, &source.queue, histories, &mut self.sums, view, tick, probe);
            }
        }
        for population in populations.iter().filter(|population| population.queue.kept > 0) {
            population.queue.retire(tick, histories.bits);
        }
    }

    /// Updates a population for `tick`, unless nothing could change; says whether it did. Who spikes is marked in
    /// `fired`.
    #[inline]
    pub(crate) fn update<K: Kernels>(&mut self, population: &mut Population, view: &View, tick: u64) -> bool {
        let into = population.first_projection as usize..population.end_projection as usize;
        let projections = self.projections.get(into).unwrap_or_default();
        if !population.is_active && !projections.iter().any(|projection| projection.is_pending(tick)) {
            return false;
        }
        let size = population.size as usize;
        let first = population.clocked.first_state as usize;
        let states = first..first + size * population.clocked.planes() as usize;
        let first = population.readout.first as usize;
        let readouts = first..first + if population.readout.kind == Readout::None { 0 } else { size };
        K::update(&mut Update {
            population,
            projections,
            parameters: view.parameters,
            narrow: self.sums.narrow,
            wide: self.sums.wide,
            states: self.states.get_mut(states).unwrap_or_default(),
            readouts: self.readouts.get_mut(readouts).unwrap_or_default(),
            fired: self.fired,
            tick,
        });
        true
    }

    /// Back to before tick 0.
    pub(crate) fn clear(&mut self, populations: &mut [Population], histories: &mut Histories) {
        self.sums.narrow.fill(0);
        self.sums.wide.fill(0);
        self.states.fill(0);
        self.fired.fill(0);
        histories.bits.fill(0);
        for projection in self.projections.iter_mut() {
            (projection.reach, projection.spilled) = (None, None);
            let lists = projection.layout == Layout::Own
                && populations
                    .get(usize::from(projection.source))
                    .is_some_and(|source| !source.queue.is_bitmap);
            if lists {
                let heads =
                    projection.first_due as usize..(projection.first_due + projection.due_ticks()) as usize;
                histories.starts.get_mut(heads).unwrap_or_default().fill(NOTHING);
            }
        }
        for population in populations {
            population.queue.clear();
            population.readout.clear();
            // A read-out sees its first tick even if nothing happens in it.
            let is_read = population.readout.kind != Readout::None;
            population.is_active =
                population.kind.is_clocked() && (!population.clocked.is_unbiased || is_read);
            if is_read {
                let first = population.readout.first as usize;
                let own = self.readouts.get_mut(first..first + population.size as usize).unwrap_or_default();
                own.fill(population.readout.start());
            }
        }
    }
}
