//! Every line of every platform, worked out by hand; and the proof that no constant can change unnoticed.

mod common;

use common::{all_close, close, large, large_census};
use firmware_sim::{Census, Estimate, Interval, Profile, Quantity, Structure, load, price};

/// What a line must come to before the model's factor, in joules or seconds.
struct Expected {
    quantity: Quantity,
    label: &'static str,
    value: Interval,
}

fn interval(low: f64, nominal: f64, high: f64) -> Interval {
    Interval { low, nominal, high }
}

fn picojoules(label: &'static str, count: f64, low: f64, nominal: f64, high: f64) -> Expected {
    let unit = count * 1e-12;
    Expected { quantity: Quantity::Energy, label, value: interval(low * unit, nominal * unit, high * unit) }
}

fn nanoseconds(label: &'static str, count: f64, low: f64, nominal: f64, high: f64) -> Expected {
    let unit = count * 1e-9;
    Expected { quantity: Quantity::Latency, label, value: interval(low * unit, nominal * unit, high * unit) }
}

/// Watts during the latency that the expected lines add up to.
fn watts(label: &'static str, lines: &[Expected], low: f64, nominal: f64, high: f64) -> Expected {
    let time = lines.iter().filter(|line| line.quantity == Quantity::Latency).map(|line| line.value);
    let time: Interval = time.sum();
    Expected { quantity: Quantity::Energy, label, value: time * interval(low, nominal, high) }
}

/// 18 442 synaptic events: 9216 for each of two inputs, and 4 + 4 + 2 (the last delay 3 ends at tick 10, too late).
/// 10 steps of 9220 neurons, 18 008 of the updates with input. Nine cores of 1024 and one of 4.
fn loihi1() -> Vec<Expected> {
    let hidden_active = 18_000.0;
    let mut lines = vec![
        nanoseconds("synaptic events, busiest core", 2.0 * 9216.0 / 9.0, 3.1, 3.8, 4.7),
        nanoseconds("updates without input, busiest core", (92_160.0 - hidden_active) / 9.0, 5.3, 6.0, 6.0),
        nanoseconds("updates with input, busiest core", hidden_active / 9.0, 8.4, 9.7, 9.7),
        nanoseconds("spikes, busiest core", 3.0 / 9.0, 30.0, 30.0, 30.0),
        nanoseconds("packets sent, busiest core", 3.0 / 9.0, 2.1, 5.1, 5.1),
        nanoseconds("packets received, busiest core", 2.0, 16.0, 16.0, 16.0),
        nanoseconds("barriers", 10.0, 113.0, 600.0, 600.0),
        nanoseconds("barriers across tiles", 10.0 * 3_f64.log2(), 70.4, 247.0, 400.0),
        picojoules("synaptic events", 18_442.0, 23.6, 23.6, 35.5),
        picojoules("updates without input", 92_200.0 - 18_008.0, 51.2, 52.0, 52.0),
        picojoules("updates with input", 18_008.0, 72.8, 81.0, 81.0),
        picojoules("spikes", 4.0, 0.0, 69.3, 69.3),
        picojoules("state resets, one per core", 10.0, 46_400.0, 46_400.0, 46_400.0),
        // Two input spikes go to nine cores each, three spikes to one.
        picojoules("packets", 21.0, 1.7, 1.7, 111.0),
        // Two places in a row are half a hop apart on average.
        picojoules("hops east and west", 10.5, 3.0, 3.0, 3.0),
        picojoules("hops north and south", 10.5, 4.0, 4.0, 4.2),
    ];
    lines.push(watts("static power of the chip", &lines, 0.080, 0.1044, 0.130));
    lines.push(watts("processors on the chip", &lines, 0.0653, 0.066, 0.0669));
    lines
}

/// Everything fits one core. Two weights of 8 bits to a word. Circulations: 3 + 3 for the inputs (delay 2), 4 + 4 + 3
/// for the others (delay 3, the last cut off by the decision). Handed over: 2 + 2 + 2 + 2 + 1 - 2 = 7 times.
fn seneca() -> Vec<Expected> {
    let (events, updates) = (18_442.0, 92_200.0);
    vec![
        nanoseconds("synaptic events, busiest core", 2.0 * 1152.0 + 5.0, 4.0, 8.0, 8.0),
        nanoseconds("neuron updates, busiest core", 10.0 * 1153.0 * 8.0, 2.0, 2.0, 2.0),
        nanoseconds("controller, busiest core", 7.0, 20.0, 40.0, 80.0),
        picojoules("weight loads", events / 2.0, 3.7, 3.7, 3.7),
        picojoules("additions of weights", events, 1.2, 1.4, 1.4),
        picojoules("state loads for synaptic events", events, 3.7 / 16.0, 3.7, 3.7),
        picojoules("state stores for synaptic events", events, 3.9 / 16.0, 3.9, 3.9),
        picojoules("state loads for updates", 2.0 * updates, 3.7, 3.7, 3.7),
        picojoules("arithmetic of updates", 3.0 * updates, 1.2, 1.4, 1.4),
        picojoules("threshold tests", updates, 1.1, 1.2, 1.2),
        picojoules("state stores for updates", 2.0 * updates, 3.9, 3.9, 3.9),
        picojoules("spikes captured", 4.0, 0.5, 0.5, 0.5),
        picojoules("spikes generated", 4.0, 1.1, 1.1, 1.1),
        picojoules("controller instructions", 7.0, 116.0, 232.0, 464.0),
        picojoules("controller memory accesses", 7.0, 10.0, 20.0, 40.0),
        picojoules("spikes handed to cores", 7.0, 2.0, 2.0, 2.0),
        picojoules("queue circulations", 17.0, 4.0, 15.0, 30.0),
        picojoules("delay comparisons", 17.0, 1.1, 1.2, 1.2),
    ]
}

/// 10 ms at a tau_syn of 64 ms are 10/64 of 6 us.
fn brainscales2() -> Vec<Expected> {
    let mut lines = vec![nanoseconds("model time in units of tau_syn", 10.0 / 64.0, 6000.0, 6000.0, 6000.0)];
    lines.push(watts("power of the chip, idle or active", &lines, 0.175, 0.175, 0.204));
    lines
}

/// Instructions times cycles per instruction times the cycle's 168, 120 or 64 MHz and its energy.
fn cortex_m4() -> Vec<Expected> {
    let instructions = [
        ("arrivals", interval(213.0, 220.0, 228.0) * 127.0),
        ("predictions", interval(82.0, 86.0, 90.0) * 112.0),
        ("evaluations of a potential", interval(14.0, 20.0, 27.0) * 234.0),
        ("lookups in two-level tables", interval(17.4, 18.0, 19.0) * (127.0 + 234.0)),
    ];
    let cycles = interval(1.03, 1.20, 1.38);
    let time = interval(5.952_381e-9, 8.333_333e-9, 15.625e-9);
    let energy = interval(155e-12, 355e-12, 577e-12);
    let latency = instructions.map(|(label, count)| Expected {
        quantity: Quantity::Latency,
        label,
        value: count * cycles * time,
    });
    let energies = instructions.map(|(label, count)| Expected {
        quantity: Quantity::Energy,
        label,
        value: count * cycles * energy,
    });
    let mut lines: Vec<Expected> = latency.into_iter().chain(energies).collect();
    lines.push(watts("power in sleep", &lines, 4.5e-6, 4.5e-6, 4.5e-6));
    lines
}

/// The golden expectations of a platform with the factors of its model, for energy and for time.
fn golden(name: &str) -> (Vec<Expected>, f64, f64) {
    match name {
        "loihi1" => (loihi1(), 1.30, 1.35),
        "seneca" => (seneca(), 1.5, 1.5),
        "brainscales2" => (brainscales2(), 1.15, 1.15),
        "cortex-m4" => (cortex_m4(), 2.0, 2.0),
        other => panic!("{other} has no golden expectations"),
    }
}

/// The check of a platform: what differs from the golden expectations.
fn check(name: &str, profile: &Profile, structure: &Structure, census: &Census) -> Vec<String> {
    let (expected, energy_factor, latency_factor) = golden(name);
    let Estimate { lines, .. } = price(profile, structure, census);
    let mut differences = Vec::new();
    if lines.len() != expected.len() {
        differences.push(format!("{} lines instead of {}", lines.len(), expected.len()));
    }
    for (line, expected) in lines.iter().zip(expected) {
        let factor = if expected.quantity == Quantity::Energy { energy_factor } else { latency_factor };
        let value = expected.value.widened(factor);
        if (line.quantity, line.label) != (expected.quantity, expected.label) || !all_close(line.value, value)
        {
            differences
                .push(format!("{:?} {}: {:?} instead of {value:?}", line.quantity, line.label, line.value));
        }
    }
    differences
}

#[test]
fn every_line_is_what_the_hand_says() {
    for name in load::names() {
        let profile = Profile::open(name).unwrap();
        assert_eq!(check(name, &profile, &large(), &large_census()), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn no_constant_can_be_doubled_unnoticed() {
    for name in load::names() {
        let profile = Profile::open(name).unwrap();
        let mut doubled = 0;
        for (key, constant) in &profile.costs {
            // The analog platform's speed-up serves networks without a tau_syn: another test has its number.
            let Some(value) = constant.value.filter(|_| key != "time_per_model_second") else { continue };
            let mut mutant = profile.clone();
            mutant.costs.get_mut(key).unwrap().value = Some(value * 2.0);
            assert_ne!(
                check(name, &mutant, &large(), &large_census()),
                Vec::<String>::new(),
                "{name}: {key}"
            );
            doubled += 1;
        }
        assert!(doubled >= 2, "{name}: only {doubled} constants");
    }
}

#[test]
fn no_bound_of_an_energy_can_be_doubled_unnoticed() {
    for name in load::names() {
        let profile = Profile::open(name).unwrap();
        for (key, constant) in
            profile.costs.iter().filter(|(key, _)| key.ends_with("_energy") || key.ends_with("_power"))
        {
            let Some(value) = constant.value else { continue };
            let high = Interval { high: value.high * 2.0, ..value };
            let low = Interval { low: value.low * 2.0, ..value };
            for mutated in [high, low].into_iter().filter(|mutated| *mutated != value) {
                let mut mutant = profile.clone();
                mutant.costs.get_mut(key).unwrap().value = Some(mutated);
                assert_ne!(
                    check(name, &mutant, &large(), &large_census()),
                    Vec::<String>::new(),
                    "{name}: {key}"
                );
            }
        }
    }
}

#[test]
fn without_a_tau_syn_the_analog_platform_is_a_thousand_times_faster() {
    let profile = Profile::open("brainscales2").unwrap();
    let structure = Structure { tau_syn_seconds: None, ..large() };
    let estimate = price(&profile, &structure, &large_census());
    assert!(close(estimate.latency_seconds.nominal, 10e-3 / 1000.0));
    assert!(close(estimate.energy_joules.nominal, 0.175 * 10e-6));
    assert!(estimate.assumptions.iter().any(|sentence| sentence.contains("1000 times faster")));
}

#[test]
fn memory_and_cores_are_counted() {
    let estimate = |name| price(&Profile::open(name).unwrap(), &large(), &large_census());
    let bytes = |estimate: &Estimate| estimate.memory.iter().map(|line| line.bytes).collect::<Vec<_>>();
    let synapses = 2 * 9216 + 4 * 9216;
    let loihi1 = estimate("loihi1");
    // 8 bits of weight, 6 of delay, 10 of target; ten cores of 128 KiB are set aside.
    assert_eq!((loihi1.cores, bytes(&loihi1)), (Some(10), vec![synapses * 3, 10 * 131_072 - synapses * 3]));
    let seneca = estimate("seneca");
    assert_eq!((seneca.cores, bytes(&seneca)), (Some(1), vec![synapses, 9220 * 4, 5 * 4]));
    assert_eq!(bytes(&estimate("brainscales2")), [synapses]);
    assert_eq!(bytes(&estimate("cortex-m4")), [5200, 3000, 7000, 400]);
}

#[test]
fn real_time_draws_the_static_power_longer() {
    let profile = Profile::open("loihi1").unwrap();
    let estimate = price(&profile, &large(), &large_census());
    assert!(close(estimate.realtime_seconds, 10e-3));
    let dynamic = estimate.energy_joules.nominal - 0.1044 * estimate.latency_seconds.nominal;
    assert!(close(estimate.realtime_energy_joules.unwrap().nominal, dynamic + 0.1044 * 10e-3));
    let analog = price(&Profile::open("brainscales2").unwrap(), &large(), &large_census());
    assert_eq!(analog.realtime_energy_joules, None);
}
