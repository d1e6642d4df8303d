//! What holds for every network: order of the bounds, sums, and that more work never costs less.

mod common;

use common::{close, population, structure};
use firmware_sim::{
    Axon, Census, Estimate, Group, Interval, Profile, Quantity, Run, Spike, Structure, load, price,
};
use proptest::prelude::*;

/// Up to 4 inputs, 20 neurons, 3 outputs, one core: some delays, some spikes.
fn networks() -> impl Strategy<Value = (Structure, Census)> {
    let axon = |target| {
        prop::collection::btree_map(1_u32..50, 1_u32..20, 0..4).prop_map(move |runs| {
            let run = |(delay, synapses)| Run { delay, target, synapses };
            Axon { runs: runs.into_iter().map(run).collect() }
        })
    };
    let axons = |target, sizes| prop::collection::vec(axon(target), sizes);
    let spikes = prop::collection::vec((0_u64..60, 0_usize..2, 0_u32..100), 0..30);
    (axons(1, 1..5), axons(2, 1..21), 1_usize..4, spikes, 1_u64..80, 0_u64..40).prop_map(
        |(inputs, hidden, outputs, spikes, ticks, touched)| {
            let sizes = [inputs.len() as u32, hidden.len() as u32];
            let network = structure(vec![
                population("input", true, 0, inputs),
                population("hidden", false, 3, hidden),
                population("output", false, 5, vec![Axon::default(); outputs]),
            ]);
            let spike =
                |(tick, population, index)| Spike { tick, population, index: index % sizes[population] };
            let spikes = spikes.into_iter().filter(|(tick, _, _)| *tick < ticks).map(spike).collect();
            let touched = vec![0, touched, touched / 2];
            let census = Census {
                ticks,
                spikes,
                touched,
                arrivals: 30,
                predictions: 20,
                evaluations: 40,
                queue_peak: 3,
                ..Census::default()
            };
            (network, census)
        },
    )
}

fn sum(estimate: &Estimate, keep: impl Fn(Quantity, Group) -> bool) -> Interval {
    estimate.lines.iter().filter(|line| keep(line.quantity, line.group)).map(|line| line.value).sum()
}

fn at_least(more: &Estimate, less: &Estimate) -> bool {
    // Sums of the same terms may differ in the last bit.
    let not_below = |a: f64, b: f64| a >= b || close(a, b);
    let above = |a: Interval, b: Interval| {
        not_below(a.low, b.low) && not_below(a.nominal, b.nominal) && not_below(a.high, b.high)
    };
    above(more.energy_joules, less.energy_joules) && above(more.latency_seconds, less.latency_seconds)
}

fn profiles() -> Vec<Profile> {
    load::names().into_iter().map(|name| Profile::open(name).unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn bounds_are_ordered_and_totals_are_the_sums_of_their_lines((network, census) in networks()) {
        for profile in profiles() {
            let estimate = price(&profile, &network, &census);
            for line in &estimate.lines {
                prop_assert!(line.value.is_ordered(), "{}: {line:?}", profile.id);
                prop_assert!(line.quantity == Quantity::Energy || line.group != Group::Host);
            }
            prop_assert_eq!(sum(&estimate, |quantity, _| quantity == Quantity::Latency), estimate.latency_seconds);
            let energy = sum(&estimate, |quantity, group| quantity == Quantity::Energy && group != Group::Host);
            prop_assert_eq!(energy, estimate.energy_joules);
            prop_assert!(estimate.latency_seconds.is_ordered() && estimate.energy_joules.is_ordered());
        }
    }

    #[test]
    fn more_work_never_costs_less((network, census) in networks(), tick in 0_u64..80, choice in 0_usize..1000) {
        let mut spikier = census.clone();
        let index = choice as u32 % network.populations[1].size;
        spikier.spikes.push(Spike { tick: tick % census.ticks, population: 1, index });
        let mut busier = census.clone();
        busier.arrivals += 1;
        busier.predictions += 1;
        busier.evaluations += 1;
        let longer = Census { ticks: census.ticks + 1, ..census.clone() };
        let mut denser = network.clone();
        let axons = &mut denser.populations[0].axons;
        let count = axons.len();
        if let Some(run) = axons[choice % count].runs.first_mut() {
            run.synapses += 1;
            denser.populations[1].synapses += 1;
        }
        for profile in profiles() {
            let base = price(&profile, &network, &census);
            for (what, more) in [
                ("spike", price(&profile, &network, &spikier)),
                ("operations", price(&profile, &network, &busier)),
                ("tick", price(&profile, &network, &longer)),
                ("synapse", price(&profile, &denser, &census)),
            ] {
                prop_assert!(at_least(&more, &base), "{}: {what}", profile.id);
            }
        }
    }
}
