//! One tick: deliver what is due, update who has work, let spikes leave.

use crate::agenda::Agenda;
use crate::bitset::{Bitset, ones};
use crate::clock::Clock;
use crate::clock::queue::Histories;
use crate::digest::Digest;
use crate::history::Entry;
use crate::kernels::Kernels;
use crate::lif::Neuron;
use crate::probe::Probe;
use crate::program::{Kind, Population, Synapses, View, narrow, wide};
use crate::spike::{NEVER, Spike};

/// The arenas during one tick.
pub(crate) struct Tick<'a> {
    pub(crate) view: View<'a>,
    pub(crate) populations: &'a mut [Population],
    pub(crate) neurons: &'a mut [Neuron],
    pub(crate) entries: &'a mut [Entry],
    pub(crate) deliveries: Agenda<'a>,
    pub(crate) crossings: Agenda<'a>,
    pub(crate) work: Bitset<'a>,
    pub(crate) histories: Histories<'a>,
    pub(crate) clock: Clock<'a>,
}

/// The output buffer: a circular list, and the hash of all that entered it.
pub(crate) struct Outputs<'a> {
    pub(crate) spikes: &'a mut [Spike],
    pub(crate) head: usize,
    pub(crate) len: usize,
    pub(crate) digest: Digest,
}

impl Outputs<'_> {
    #[inline]
    fn push(&mut self, spike: Spike) {
        let position = self.head + self.len;
        let position = if position >= self.spikes.len() { position - self.spikes.len() } else { position };
        if let Some(slot) = self.spikes.get_mut(position) {
            *slot = spike;
            self.len += 1;
            self.digest = self.digest.spike(spike);
        }
    }
}

impl Tick<'_> {
    /// Back to rest before tick 0: states and queues are cleared; what was counted stays.
    pub(crate) fn clear(&mut self) {
        for population in self.populations.iter_mut() {
            population.history.clear();
        }
        for neuron in self.neurons.iter_mut() {
            *neuron = neuron.at_rest();
        }
        self.deliveries.clear();
        self.crossings.clear();
        if !self.clock.is_absent {
            self.clock.clear(self.populations, &mut self.histories);
        }
    }

    /// The next tick with work, from `now` on.
    #[inline]
    pub(crate) fn deadline(&self, now: u64) -> u64 {
        let clocked = self.clock.deadline(now, self.populations);
        self.deliveries.earliest().min(self.crossings.earliest()).min(clocked)
    }

    /// Sums all that is due at `tick`, and finds the neurons that have work.
    #[inline]
    pub(crate) fn deliver<K: Kernels, P: Probe>(&mut self, tick: u64, probe: &mut P) {
        if !self.clock.is_absent {
            let Self { clock, populations, histories, view, .. } = self;
            clock.hand_over::<K, P>(populations, histories, view, tick, probe);
        }
        while let Some(place) = self.deliveries.due(tick) {
            let next = self.hand_over(place, probe);
            self.deliveries.set(place, next);
        }
        while let Some(neuron) = self.crossings.due(tick) {
            self.work.insert(neuron);
            self.crossings.set(neuron, NEVER);
        }
    }

    /// Adds the next run of a spike in flight to its targets; returns when the run after it is due.
    #[inline]
    fn hand_over<P: Probe>(&mut self, place: usize, probe: &mut P) -> u64 {
        let Self { view, entries, neurons, work, .. } = self;
        let Some(entry) = entries.get_mut(place) else { return NEVER };
        let Some((run, next)) = view.run(entry.run).zip(view.run(entry.run + 1)) else { return NEVER };
        let range = run.first_synapse as usize..next.first_synapse as usize;
        probe.delivered(range.len() as u32);
        let mut add = |(target, weight): (usize, i64)| {
            if let Some(neuron) = neurons.get_mut(target) {
                neuron.sum += weight;
                work.insert(target);
            }
        };
        match view.synapses {
            Synapses::Narrow(all) => {
                all.get(range).unwrap_or_default().iter().for_each(|&synapse| add(narrow(synapse)));
            }
            Synapses::Wide(all) => {
                all.get(range).unwrap_or_default().iter().for_each(|&synapse| add(wide(synapse)));
            }
        }
        entry.run += 1;
        if entry.run < entry.end { entry.tick + u64::from(next.delay) } else { NEVER }
    }

    /// Updates and tests every neuron that has work, by population, then index.
    #[inline]
    pub(crate) fn update<K: Kernels, P: Probe>(&mut self, tick: u64, outputs: &mut Outputs, probe: &mut P) {
        if self.clock.is_absent {
            let mut work = core::mem::take(&mut self.work);
            work.drain(|member| self.visit(member, tick, outputs, probe));
            self.work = work;
            return;
        }
        for index in 0..self.populations.len() {
            let Some(population) = self.populations.get(index) else { return };
            match population.kind {
                Kind::Input => {}
                Kind::Lif => {
                    let members = population.first_neuron as usize..population.end_neuron();
                    let mut work = core::mem::take(&mut self.work);
                    work.drain_range(members, |member| self.visit(member, tick, outputs, probe));
                    self.work = work;
                }
                _ => self.update_clocked::<K, P>(index, tick, outputs, probe),
            }
        }
    }

    fn update_clocked<K: Kernels, P: Probe>(
        &mut self,
        index: usize,
        tick: u64,
        outputs: &mut Outputs,
        probe: &mut P,
    ) {
        let Some(population) = self.populations.get_mut(index) else { return };
        if !self.clock.update::<K>(population, &self.view, tick) {
            return;
        }
        probe.visited(index);
        for _ in 0..population.size {
            probe.updated();
        }
        if population.clocked.spikes {
            self.leave_all(index, tick, outputs, probe);
        }
    }

    /// Lets all spikes of a clocked population leave.
    fn leave_all<P: Probe>(&mut self, index: usize, tick: u64, outputs: &mut Outputs, probe: &mut P) {
        let Some(population) = self.populations.get_mut(index) else { return };
        let words = population.size.div_ceil(64) as usize;
        let fired = self.clock.fired.get_mut(..words).unwrap_or_default();
        if fired.iter().all(|&word| word == 0) {
            return;
        }
        let words = fired.iter().zip((0..).step_by(64));
        let spikes = words.flat_map(|(&word, first)| ones(word).map(move |bit| first + bit as u32));
        let count: u32 = fired.iter().map(|word| word.count_ones()).sum();
        if P::LISTENS || population.is_output {
            for within in spikes.clone() {
                probe.fired(index, within);
                if population.is_output {
                    outputs.push(Spike { tick, channel: population.first_channel + within });
                }
            }
        }
        let Self { view, entries, deliveries, histories, .. } = self;
        let mut readers = Readers { view, entries, deliveries, histories };
        let entered = readers.enter_all(population, spikes, tick, tick + 1);
        population.history.tally.offered += u64::from(count);
        population.history.tally.dropped += u64::from(count - entered);
        fired.fill(0);
    }

    #[inline]
    fn visit<P: Probe>(&mut self, member: usize, tick: u64, outputs: &mut Outputs, probe: &mut P) {
        let Some(neuron) = self.neurons.get_mut(member) else { return };
        let index = usize::from(neuron.population);
        let Some(population) = self.populations.get_mut(index) else { return };
        probe.visited(index);
        let saturations = &mut population.saturations;
        let fired = population.lif.step(self.view.tables, neuron, tick, saturations, probe);
        self.crossings.set(member, neuron.next);
        if fired {
            let within = member as u32 - population.first_neuron;
            probe.fired(index, within);
            self.leave(index, within, tick, outputs);
        }
    }

    /// Lets the spike of a neuron leave, and enter its history. Apart, since few updates end in a spike.
    #[inline(never)]
    fn leave(&mut self, index: usize, within: u32, tick: u64, outputs: &mut Outputs) {
        let Some(population) = self.populations.get_mut(index) else { return };
        if population.is_output {
            outputs.push(Spike { tick, channel: population.first_channel + within });
        }
        population.history.tally.offered += 1;
        let Self { view, entries, deliveries, histories, .. } = self;
        let mut readers = Readers { view, entries, deliveries, histories };
        if readers.enter_all(population, core::iter::once(within), tick, tick + 1) == 0 {
            population.history.tally.dropped += 1;
        }
    }
}

/// What a spike enters: the list of the event-driven projections, the queue of the clocked ones, or both.
pub(crate) struct Readers<'r, 'a> {
    pub(crate) view: &'r View<'a>,
    pub(crate) entries: &'r mut [Entry],
    pub(crate) deliveries: &'r mut Agenda<'a>,
    pub(crate) histories: &'r mut Histories<'a>,
}

impl Readers<'_, '_> {
    /// Lets spikes of one tick, at least one, into the history of their population while there is room; `before` is the
    /// first tick whose deliveries are still to be done. Returns how many entered, from the first on.
    #[inline]
    pub(crate) fn enter_all(
        &mut self,
        population: &mut Population,
        spikes: impl Iterator<Item = u32>,
        tick: u64,
        before: u64,
    ) -> u32 {
        if population.history.capacity == 0 {
            return self.enter_queue(population, spikes, tick, before);
        }
        // Where one found no room, none after it does.
        spikes.take_while(|&within| self.enter_entries(population, within, tick, before)).count() as u32
    }

    /// Where event-driven neurons listen, whether clocked ones do or not; one spike.
    #[inline]
    fn enter_entries(&mut self, population: &mut Population, within: u32, tick: u64, before: u64) -> bool {
        let (run, end) = self.view.runs_of((population.first_unit + within) as usize);
        let Some(place) = population.history.enter(self.entries, Entry { tick, run, end }, before) else {
            return false;
        };
        if run < end {
            let delay = self.view.run(run).map_or(0, |run| run.delay);
            self.deliveries.set(place, tick + u64::from(delay));
        }
        if population.queue.kept > 0 {
            let first = population.first_hand_over(tick);
            population.queue.enter(first, core::iter::once(within), self.histories);
        }
        true
    }

    /// Where no event-driven neuron listens.
    #[inline]
    fn enter_queue(
        &mut self,
        population: &mut Population,
        spikes: impl Iterator<Item = u32>,
        tick: u64,
        before: u64,
    ) -> u32 {
        let mut entered = 0;
        let spikes = spikes.inspect(|_| entered += 1);
        let first = population.first_hand_over(tick);
        if population.queue.kept == 0 {
            spikes.for_each(drop);
        } else if population.queue.is_bitmap {
            population.queue.enter(first, spikes, self.histories);
        } else {
            let oldest = before.saturating_sub(population.longest_hand_over().into());
            let taken = population.queue.since(oldest, self.histories.starts);
            let room = population.capacity.saturating_sub(taken);
            if room > 0 {
                population.queue.enter(first, spikes.take(room as usize), self.histories);
                population.history.tally.peak = population.history.tally.peak.max(taken + entered);
            }
        }
        population.history.tally.accepted += u64::from(entered);
        entered
    }
}
