//! Profile files: what comes with the crate is complete, and what breaks the format is refused with file, key and remedy.

use firmware_sim::load::{embedded, names, parse};
use firmware_sim::profile::Known;
use firmware_sim::units::Dimension;
use firmware_sim::{Group, Profile, ProfileError, Rule, price};

mod common;

#[test]
fn every_profile_is_complete() {
    assert_eq!(names(), ["loihi1", "seneca", "brainscales2", "cortex-m4"]);
    for name in names() {
        let profile = Profile::open(name).unwrap();
        assert_eq!(profile.id, name);
        let native = Rule::named(&profile.native_rule).unwrap_or(Rule::Event);
        assert_eq!(profile.rules[0], native, "{name}");
        for (key, constant) in profile.limits.iter().chain(&profile.costs) {
            let Some(value) = constant.value else {
                assert!(!constant.note.is_empty() && constant.known.is_none(), "{name}: {key}");
                continue;
            };
            assert!(value.is_ordered(), "{name}: {key}");
            assert!(constant.known.is_some() && constant.checked.is_some(), "{name}: {key}");
            assert!(!constant.source.is_empty(), "{name}: {key}");
            assert!(
                constant.source.iter().all(|source| profile.references.contains_key(source)),
                "{name}: {key}"
            );
            assert!(constant.known != Some(Known::Derived) || !constant.note.is_empty(), "{name}: {key}");
        }
        assert!(
            profile.references.values().all(|r| !r.citation.is_empty() && !r.locator.is_empty()),
            "{name}"
        );
    }
}

#[test]
fn every_line_multiplies_to_joules_or_seconds() {
    for name in names() {
        let profile = Profile::open(name).unwrap();
        let estimate = price(&profile, &common::large(), &common::large_census());
        for line in &estimate.lines {
            let dimensions = line.constants.iter().map(|key| profile.costs[*key].dimension);
            let dimensions: Vec<Dimension> =
                dimensions.filter(|dimension| *dimension != Dimension::Number).collect();
            // Powers are charged per second of latency; the speed-up is seconds per model second.
            let expected = match line.quantity {
                firmware_sim::Quantity::Latency => [Dimension::Time],
                firmware_sim::Quantity::Energy if matches!(line.group, Group::Static | Group::Host) => {
                    [Dimension::Power]
                }
                firmware_sim::Quantity::Energy => [Dimension::Energy],
            };
            assert_eq!(dimensions, expected, "{name}: {}", line.label);
        }
    }
}

#[test]
fn what_is_unsourced_is_named() {
    for (name, terms) in [
        ("loihi1", vec!["ring_write_energy", "ring_read_energy", "barrier_energy"]),
        ("seneca", vec!["static_power", "queue_circulation_time", "step_synchronisation_time"]),
        ("brainscales2", vec!["host_power"]),
        ("cortex-m4", vec![]),
    ] {
        let profile = Profile::open(name).unwrap();
        let unsourced = profile.costs.iter().filter(|(_, constant)| constant.value.is_none());
        let mut unsourced: Vec<&str> = unsourced.map(|(key, _)| key.as_str()).collect();
        let estimate = price(&profile, &common::large(), &common::large_census());
        for term in &terms {
            assert!(estimate.unknown.iter().any(|sentence| sentence.contains(term)), "{name}: {term}");
        }
        let mut terms = terms;
        terms.sort_unstable();
        unsourced.sort_unstable();
        assert_eq!(unsourced, terms, "{name}");
    }
}

/// Changes the text of a profile and returns the key and the problem of the refusal.
fn refusal(name: &str, from: &str, to: &str) -> (String, String) {
    let (file, text) = embedded(name).unwrap();
    assert!(text.contains(from), "{name} does not contain {from:?}");
    match parse(file, &text.replacen(from, to, 1)) {
        Err(ProfileError::Invalid { file: named, key, problem }) => {
            assert_eq!(named, file);
            (key, problem)
        }
        other => panic!("{from:?} -> {to:?} gave {other:?}"),
    }
}

#[test]
fn what_breaks_the_format_is_refused() {
    let cases = [
        // (from, to, key, what the problem says)
        ("high = 35.5", "high = 20", "costs.synaptic_event_energy.nominal", "low <= nominal <= high"),
        ("low = 23.6", "low = nan", "costs.synaptic_event_energy.nominal", "finite"),
        ("unit = \"pJ\"", "unit = \"pj\"", "costs.synaptic_event_energy.unit", "J, mJ, uJ, nJ, pJ, fJ"),
        ("unit = \"pJ\"", "unit = \"ns\"", "costs.synaptic_event_energy.unit", "J, mJ, uJ, nJ, pJ, fJ"),
        ("unit = \"pJ\"\n", "", "costs.synaptic_event_energy.unit", "missing"),
        ("known = \"simulation\"\n", "", "costs.synaptic_event_energy.known", "measurement"),
        ("checked = \"secondary\"\n", "", "costs.synaptic_event_energy.checked", "secondary"),
        ("source = [\"davies2018\", \"sanafe2025\"]\n", "", "costs.synaptic_event_energy.source", "missing"),
        (
            "[\"davies2018\", \"sanafe2025\"]",
            "[\"davis2018\"]",
            "costs.synaptic_event_energy.source",
            "davies2018",
        ),
        (
            "[costs.synaptic_event_energy]",
            "[costs.synaptic_energy]",
            "costs.synaptic_event_energy",
            "missing",
        ),
        (
            "[costs.barrier_energy]",
            "[costs.typo]\nstatus = \"unsourced\"\nnote = \"x\"\n[costs.barrier_energy]",
            "costs.typo",
            "barrier_time",
        ),
        (
            "status = \"unsourced\"\nnote",
            "status = \"free\"\nnote",
            "costs.ring_write_energy.status",
            "unsourced",
        ),
        (
            "status = \"unsourced\"\nnote",
            "status = \"unsourced\"\nlow = 0\nnote",
            "costs.ring_write_energy.status",
            "no numbers",
        ),
        ("nominal = 23.6\n", "", "costs.synaptic_event_energy.nominal", "low, nominal and high"),
        ("cores = { value = 128,", "cores = { low = 128,", "limits.cores.value", "one value"),
        ("grade = \"B\"", "grade = \"Z\"", "grade", "A, B, C, D, E"),
        ("rules = [\"loihi\"]", "rules = []", "rules", "event"),
        ("rules = [\"loihi\"]", "rules = [\"lohi\"]", "rules", "event, loihi, delta, shift"),
        ("schema = 1", "schema = 2", "schema", "reads 1"),
        ("energy = 1.30", "energy = 0.5", "model_form.energy", "from 1 to 1000"),
        ("grade = \"B\"", "grad = \"B\"", "line 7", "grade"),
        ("time_model = \"barrier\"", "time_model = \"barier\"", "line 6", "continuous"),
    ];
    for (from, to, key, problem) in cases {
        let (named, said) = refusal("loihi1", from, to);
        assert_eq!(named, key, "{to}: {said}");
        assert!(said.contains(problem), "{to}: {said}");
    }
}

#[test]
fn an_unknown_platform_is_answered_with_the_known_ones() {
    let message = Profile::open("loihi9").unwrap_err().to_string();
    assert!(
        message.contains("\"loihi9\"") && message.contains("loihi1, seneca, brainscales2, cortex-m4"),
        "{message}"
    );
}
