//! Which neurons go to which core: in order of declaration, each core filled before the next is opened.

use serde::Serialize;

use crate::structure::{Population, Structure};

/// The cores in use.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Mapping {
    /// Each with its share of the populations.
    pub cores: Vec<Core>,
}

/// The neurons on one core.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Core {
    /// Parts of populations, in order.
    pub parts: Vec<Part>,
    /// Bits of memory that they take.
    pub bits: u64,
}

/// Some neurons of one population.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Index of the population.
    pub population: usize,
    /// How many of its neurons.
    pub neurons: u32,
}

/// What one core offers; none is no limit.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Neurons.
    pub neurons: Option<u64>,
    /// Bits for synapses and states.
    pub bits: Option<u64>,
}

/// Fills cores one after the other. A neuron larger than a core gets one of its own: the caller must refuse it.
#[must_use]
pub fn pack(structure: &Structure, room: Room, bits_per_neuron: impl Fn(&Population) -> u64) -> Mapping {
    let mut mapping = Mapping::default();
    for (index, population) in structure.neuron_populations() {
        let bits = bits_per_neuron(population).max(1);
        let mut left = population.size;
        while left > 0 {
            let free = mapping.cores.last().map_or(0, |core| space(core, room, bits));
            let mut core = if free > 0 { mapping.cores.pop().unwrap_or_default() } else { Core::default() };
            let neurons = u64::from(left).min(space(&core, room, bits).max(1)) as u32;
            core.parts.push(Part { population: index, neurons });
            core.bits += u64::from(neurons) * bits;
            mapping.cores.push(core);
            left -= neurons;
        }
    }
    mapping
}

impl Mapping {
    /// Number of cores that hold neurons of any of these populations: the packets that one spike becomes.
    #[must_use]
    pub fn cores_of(&self, populations: &[usize]) -> u64 {
        let holds = |core: &&Core| core.parts.iter().any(|part| populations.contains(&part.population));
        self.cores.iter().filter(holds).count() as u64
    }
}

impl Core {
    /// Neurons on this core.
    #[must_use]
    pub fn neurons(&self) -> u64 {
        self.parts.iter().map(|part| u64::from(part.neurons)).sum()
    }

    /// What of a count per population falls on this core, the neurons of a population being alike.
    #[must_use]
    pub fn share(&self, structure: &Structure, count: impl Fn(usize) -> f64) -> f64 {
        let fraction =
            |part: &Part| f64::from(part.neurons) / f64::from(structure.populations[part.population].size);
        self.parts.iter().map(|part| count(part.population) * fraction(part)).sum()
    }
}

/// How many more neurons of so many bits the core takes.
fn space(core: &Core, room: Room, bits: u64) -> u64 {
    let by_neurons = room.neurons.map_or(u64::MAX, |limit| limit.saturating_sub(core.neurons()));
    let by_bits = room.bits.map_or(u64::MAX, |limit| limit.saturating_sub(core.bits) / bits);
    by_neurons.min(by_bits)
}

#[cfg(test)]
mod tests {
    use super::{Mapping, Part, Room, pack};
    use crate::rule::Rule;
    use crate::structure::{Population, Structure};

    fn structure(sizes: &[u32]) -> Structure {
        let population = |size: &u32| Population {
            name: size.to_string(),
            size: *size,
            input: false,
            rule: Some(Rule::Event),
            state_words: 2,
            synapses: 0,
            fan_in: 0,
            queue_capacity: 0,
            axons: Vec::new(),
        };
        Structure {
            populations: sizes.iter().map(population).collect(),
            tick_seconds: 1e-3,
            tau_syn_seconds: None,
            weight_bits: 8,
            program_bytes: 0,
            processor_bytes: 0,
        }
    }

    fn parts(mapping: &Mapping) -> Vec<Vec<(usize, u32)>> {
        let pair = |part: &Part| (part.population, part.neurons);
        mapping.cores.iter().map(|core| core.parts.iter().map(pair).collect()).collect()
    }

    #[test]
    fn cores_fill_in_order_and_share_populations() {
        let structure = structure(&[5, 6]);
        let mapping = pack(&structure, Room { neurons: Some(4), bits: None }, |_| 1);
        assert_eq!(parts(&mapping), [vec![(0, 4)], vec![(0, 1), (1, 3)], vec![(1, 3)]]);
        assert_eq!((mapping.cores_of(&[0]), mapping.cores_of(&[1]), mapping.cores_of(&[0, 1])), (2, 2, 3));
        // A fifth of the 10 of population 0 and half of the 30 of population 1.
        assert!(
            (mapping.cores[1].share(&structure, |population| [10.0, 30.0][population]) - 17.0).abs() < 1e-12
        );
    }

    #[test]
    fn memory_closes_a_core_too() {
        let mapping = pack(&structure(&[5]), Room { neurons: Some(4), bits: Some(25) }, |_| 10);
        assert_eq!(parts(&mapping), [vec![(0, 2)], vec![(0, 2)], vec![(0, 1)]]);
        let oversized = pack(&structure(&[2]), Room { neurons: None, bits: Some(5) }, |_| 10);
        assert_eq!(parts(&oversized), [vec![(0, 1)], vec![(0, 1)]]);
    }
}
