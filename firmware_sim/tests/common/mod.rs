//! A network and a recording small enough to count by hand, and large enough to touch every constant.
#![allow(dead_code, reason = "every test file uses its own part")]

use firmware_sim::{Axon, Census, Interval, Population, Rule, Run, Spike, Structure};

/// Everything a population needs besides its axons.
pub(crate) fn population(name: &str, input: bool, fan_in: u32, axons: Vec<Axon>) -> Population {
    let size = axons.len() as u32;
    Population {
        name: name.to_owned(),
        size,
        input,
        rule: (!input).then_some(Rule::Event),
        state_words: 2,
        synapses: u64::from(size) * u64::from(fan_in),
        fan_in,
        queue_capacity: 8,
        axons,
    }
}

pub(crate) fn structure(populations: Vec<Population>) -> Structure {
    Structure {
        populations,
        tick_seconds: 1e-3,
        tau_syn_seconds: Some(64e-3),
        weight_bits: 8,
        program_bytes: 3000,
        processor_bytes: 7000,
    }
}

/// 2 inputs -> 9216 neurons (delay 2) -> 4 neurons (two at delay 1, two at delay 3).
///
/// On Loihi 1 the 9216 neurons fill nine cores and the 4 take a tenth: three tiles, two by two.
pub(crate) fn large() -> Structure {
    let to_hidden = Axon { runs: vec![Run { delay: 2, target: 1, synapses: 9216 }] };
    let to_output = [1, 3].map(|delay| Run { delay, target: 2, synapses: 2 });
    structure(vec![
        population("input", true, 0, vec![to_hidden; 2]),
        population("hidden", false, 2, vec![Axon { runs: to_output.to_vec() }; 9216]),
        population("output", false, 9216, vec![Axon::default(); 4]),
    ])
}

/// Both inputs, three of the 9216 and one output spike; decided at tick 9.
pub(crate) fn large_census() -> Census {
    let spikes = [(0, 0, 0), (3, 0, 1), (5, 1, 0), (6, 1, 1), (7, 1, 2), (9, 2, 0)];
    Census {
        ticks: 10,
        spikes: spikes.map(|(tick, population, index)| Spike { tick, population, index }).to_vec(),
        touched: vec![0, 18_000, 8],
        arrivals: 127,
        predictions: 112,
        evaluations: 234,
        queue_peak: 5,
        ..Census::default()
    }
}

pub(crate) fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}

pub(crate) fn all_close(a: Interval, b: Interval) -> bool {
    close(a.low, b.low) && close(a.nominal, b.nominal) && close(a.high, b.high)
}
