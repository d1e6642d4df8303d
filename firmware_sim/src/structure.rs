//! What a program is made of, as far as its price is concerned.

use serde::Serialize;

use crate::rule::Rule;

/// A compiled network: its populations, who reaches whom after how many ticks, and its sizes in bytes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Structure {
    /// Inputs and neurons, in the order of the program.
    pub populations: Vec<Population>,
    /// Length of a tick in seconds.
    pub tick_seconds: f64,
    /// Synaptic time constant in seconds, where all neurons share one and it is not zero.
    pub tau_syn_seconds: Option<f64>,
    /// Bits of a weight, its sign included.
    pub weight_bits: u32,
    /// Bytes of the program file.
    pub program_bytes: u64,
    /// Bytes of working memory that the Processor asks for.
    pub processor_bytes: u64,
}

/// A group of input channels or neurons.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Population {
    /// Name in the program.
    pub name: String,
    /// Channels or neurons.
    pub size: u32,
    /// Whether it is an input: its spikes come from outside and nothing is updated.
    pub input: bool,
    /// What its neurons follow; inputs have none.
    pub rule: Option<Rule>,
    /// Words of one neuron that an update reads and writes.
    pub state_words: u32,
    /// Synapses that end here.
    pub synapses: u64,
    /// Synapses of the neuron that has most.
    pub fan_in: u32,
    /// Spikes that the delay queue may hold for this population.
    pub queue_capacity: u64,
    /// One per neuron or channel: where its spikes go. Empty axons for populations that reach nobody.
    pub axons: Vec<Axon>,
}

/// Where the spikes of one neuron go, in order of delay.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Axon {
    /// Groups of synapses of equal delay and target population, by ascending delay.
    pub runs: Vec<Run>,
}

/// The synapses of one axon that share a delay and a target population.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Run {
    /// Ticks from the spike to its arrival.
    pub delay: u32,
    /// Index of the target population.
    pub target: usize,
    /// How many synapses.
    pub synapses: u32,
}

impl Structure {
    /// Populations that hold neurons, with their index.
    pub fn neuron_populations(&self) -> impl Iterator<Item = (usize, &Population)> {
        self.populations.iter().enumerate().filter(|(_, population)| !population.input)
    }

    /// Number of neurons, inputs not counted.
    #[must_use]
    pub fn neurons(&self) -> u64 {
        self.neuron_populations().map(|(_, population)| u64::from(population.size)).sum()
    }

    /// The rules of its neurons, each once, in order of declaration.
    #[must_use]
    pub fn rules(&self) -> Vec<Rule> {
        let mut rules = Vec::new();
        for rule in self.populations.iter().filter_map(|population| population.rule) {
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        }
        rules
    }

    /// The names of these rules, as reports show them.
    #[must_use]
    pub fn rule_names(&self) -> String {
        self.rules().into_iter().map(Rule::name).collect::<Vec<_>>().join(", ")
    }

    /// State words of all neurons.
    #[must_use]
    pub fn state_words(&self) -> u64 {
        let words = |population: &Population| u64::from(population.size) * u64::from(population.state_words);
        self.neuron_populations().map(|(_, population)| words(population)).sum()
    }

    /// Number of synapses.
    #[must_use]
    pub fn synapses(&self) -> u64 {
        self.populations.iter().map(|population| population.synapses).sum()
    }

    /// Every axon of every population.
    pub fn axons(&self) -> impl Iterator<Item = &Axon> {
        self.populations.iter().flat_map(|population| &population.axons)
    }

    /// Longest delay in ticks; 0 without synapses.
    #[must_use]
    pub fn longest_delay(&self) -> u32 {
        self.axons().filter_map(Axon::longest_delay).max().unwrap_or(0)
    }

    /// Shortest delay in ticks; 0 without synapses.
    #[must_use]
    pub fn shortest_delay(&self) -> u32 {
        self.axons().filter_map(|axon| axon.runs.first()).map(|run| run.delay).min().unwrap_or(0)
    }

    /// Distinct pairs of an axon and a delay of at least one tick.
    #[must_use]
    pub fn delayed_levels(&self) -> u64 {
        self.axons().flat_map(Axon::levels).filter(|delay| *delay > 0).count() as u64
    }
}

impl Axon {
    /// The distinct delays in use, ascending.
    pub fn levels(&self) -> impl Iterator<Item = u32> {
        let first = self.runs.first().map(|run| run.delay);
        let changes =
            self.runs.windows(2).filter(|pair| pair[0].delay != pair[1].delay).map(|pair| pair[1].delay);
        first.into_iter().chain(changes)
    }

    /// The populations that it reaches, each once, ascending.
    #[must_use]
    pub fn targets(&self) -> Vec<usize> {
        let mut targets: Vec<usize> = self.runs.iter().map(|run| run.target).collect();
        targets.sort_unstable();
        targets.dedup();
        targets
    }

    /// Longest delay in use, none if the axon reaches nobody.
    #[must_use]
    pub fn longest_delay(&self) -> Option<u32> {
        self.runs.last().map(|run| run.delay)
    }
}
