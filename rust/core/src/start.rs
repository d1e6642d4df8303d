//! What the arenas hold when a processor is built: the parts of the program that it keeps at hand.

use crate::agenda::Agenda;
use crate::clock::rules::delta_is_bounded;
use crate::memory::{Memory, Plan};
use crate::program::{Kind, Population, Projection, View};

/// Fills the arenas from a program; states and queues are cleared elsewhere.
pub(crate) fn start(view: &View, plan: &Plan, memory: &mut Memory) {
    Agenda::new(memory.deliveries, plan.entries).build();
    Agenda::new(memory.crossings, plan.neurons).build();
    // Every tick leaves it empty.
    memory.work.fill(0);
    // Never read before they are written, but a snapshot takes all of them.
    memory.narrow_sources.fill(0);
    memory.wide_sources.fill(0);
    memory.starts.fill(0);
    for (slot, projection) in memory.projections.iter_mut().zip(view.projections()) {
        *slot = projection;
    }
    let projections = memory.projections.get(..plan.projections).unwrap_or_default();
    for (index, (slot, population)) in memory.populations.iter_mut().zip(view.populations()).enumerate() {
        *slot = completed(view, population, index, projections);
        let own = population.first_neuron as usize..population.end_neuron();
        for (neuron, member) in memory.neurons.get_mut(own.clone()).unwrap_or_default().iter_mut().zip(own) {
            (neuron.population, neuron.threshold) = (index as u16, view.threshold(member));
        }
    }
}

/// A population with what follows from its parameters and from the projections.
fn completed(
    view: &View,
    mut population: Population,
    index: usize,
    projections: &[Projection],
) -> Population {
    let from = projections.iter().filter(|projection| usize::from(projection.source) == index);
    population.queue.depth = from.map(Projection::history_ticks).max().unwrap_or(0);
    let begins = |projection: &Projection| usize::from(projection.target) < index;
    let ends = |projection: &Projection| usize::from(projection.target) <= index;
    population.first_projection = projections.partition_point(begins) as u32;
    population.end_projection = projections.partition_point(ends) as u32;
    if population.kind.is_clocked() {
        let size = population.size as usize;
        let clocked = &mut population.clocked;
        let [decays, _, _, biases, _] = clocked.parameter_places(size).map(|place| {
            let words = view.parameters.get(place).unwrap_or_default();
            words.iter().map(|&bytes| i32::from_le_bytes(bytes))
        });
        let largest_decay = decays.max().unwrap_or(0);
        clocked.shared = clocked.parameters(view.parameters, size, 0);
        clocked.is_unbiased = { biases }.all(|bias| bias == 0);
        clocked.is_bounded =
            population.kind == Kind::Delta && delta_is_bounded(largest_decay, clocked.input_bound);
    }
    population
}
