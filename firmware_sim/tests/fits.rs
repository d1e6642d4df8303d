//! What does not fit is refused in one sentence; one step less fits.

mod common;

use common::{population, structure};
use firmware_sim::{Axon, Census, Profile, Run, Structure, price};

/// `inputs` axons with these runs, onto a population of `neurons`.
fn network(inputs: usize, neurons: usize, runs: &[Run]) -> Structure {
    let fan_in = inputs as u32;
    structure(vec![
        population("input", true, 0, vec![Axon { runs: runs.to_vec() }; inputs]),
        population("output", false, fan_in, vec![Axon::default(); neurons]),
    ])
}

fn run(delay: u32, synapses: u32) -> Run {
    Run { delay, target: 1, synapses }
}

fn obstacles(platform: &str, network: &Structure, queue_peak: u64) -> Vec<String> {
    let census = Census { ticks: 1, touched: vec![0; 3], queue_peak, ..Census::default() };
    price(&Profile::open(platform).unwrap(), network, &census).obstacles
}

/// The network is refused with one sentence that contains the words; the other fits.
fn refused(platform: &str, network: &Structure, words: &[&str], fitting: &Structure) {
    let sentences = obstacles(platform, network, 1);
    assert_eq!(sentences.len(), 1, "{platform}: {sentences:?}");
    for word in words {
        assert!(sentences[0].contains(word), "{platform}: {:?} lacks {word:?}", sentences[0]);
    }
    assert_eq!(obstacles(platform, fitting, 1), Vec::<String>::new(), "{platform}");
}

#[test]
fn loihi1_delays() {
    refused(
        "loihi1",
        &network(2, 3, &[run(66, 3)]),
        &["66 ticks", "62 steps"],
        &network(2, 3, &[run(62, 3)]),
    );
}

#[test]
fn loihi1_weights() {
    let wide = Structure { weight_bits: 10, ..network(2, 3, &[run(1, 3)]) };
    refused("loihi1", &wide, &["10 bits", "holds 9"], &Structure { weight_bits: 9, ..wide.clone() });
}

#[test]
fn loihi1_cores() {
    let neurons = 128 * 1024;
    refused(
        "loihi1",
        &network(1, neurons + 1, &[run(1, 1)]),
        &["129 cores", "has 128"],
        &network(1, neurons, &[run(1, 1)]),
    );
}

#[test]
fn loihi1_axons_into_a_core() {
    refused(
        "loihi1",
        &network(4097, 1, &[run(1, 1)]),
        &["4097 axons", "4096"],
        &network(4096, 1, &[run(1, 1)]),
    );
}

#[test]
fn loihi1_axons_out_of_a_core() {
    // 1024 neurons on one core that reach five others each: 5120 axons; four others: 4096.
    let network = |targets: usize| {
        let axon = Axon { runs: vec![run(1, 1)] };
        structure(vec![
            population("pre", false, 0, vec![axon; 1024]),
            population("post", false, 10, vec![Axon::default(); targets * 1024]),
        ])
    };
    refused("loihi1", &network(5), &["send 5120 axons", "4096"], &network(4));
}

#[test]
fn loihi1_synapses_of_a_neuron() {
    // 1 048 576 bits for synapses of 8 + 10 bits: 58 254; only one axon, so that nothing else is wrong.
    let network = |fan_in| {
        let axon = Axon { runs: vec![run(1, fan_in)] };
        structure(vec![
            population("input", true, 0, vec![axon]),
            population("output", false, fan_in, vec![Axon::default()]),
        ])
    };
    refused("loihi1", &network(58_255), &["58255 synapses of 18 bits", "131072 bytes"], &network(58_254));
}

#[test]
fn seneca_data_memory_and_weights() {
    // 2 097 152 bits less two states of 16, at 8 bits each: 262 140 weights.
    let network = |fan_in| {
        let axon = Axon { runs: vec![run(1, fan_in)] };
        structure(vec![
            population("input", true, 0, vec![axon]),
            population("output", false, fan_in, vec![Axon::default()]),
        ])
    };
    refused("seneca", &network(262_141), &["\"output\"", "262144 bytes"], &network(262_140));
    let wide = Structure { weight_bits: 17, ..network(3) };
    refused("seneca", &wide, &["17 bits", "holds 16"], &network(3));
}

#[test]
fn brainscales2_delay_elements_and_circuits() {
    let levels = |count| (1..=count).map(|delay| run(delay, 1)).collect::<Vec<_>>();
    refused(
        "brainscales2",
        &narrow(network(1, 1, &levels(129))),
        &["129 distinct pairs", "128 delay elements"],
        &narrow(network(1, 1, &levels(128))),
    );
    // Ten delay elements take 20 circuits.
    refused(
        "brainscales2",
        &narrow(network(1, 493, &levels(10))),
        &["513 neuron circuits, 493 for neurons and 20"],
        &narrow(network(1, 492, &levels(10))),
    );
}

#[test]
fn brainscales2_weights_and_delay_span() {
    let eight = network(1, 1, &[run(1, 1)]);
    refused("brainscales2", &eight, &["8 bits", "holds 7"], &narrow(eight.clone()));
    // A tick is 6 us / 64 in hardware, the elements span 25 us: 266.7 ticks.
    let spread = |ticks: u32| narrow(network(1, 1, &[run(1, 1), run(1 + ticks, 1)]));
    refused("brainscales2", &spread(267), &["span 25.0 us in hardware", "span 25.0 us"], &spread(266));
}

/// Weights of 7 bits, as the chip has them.
fn narrow(network: Structure) -> Structure {
    Structure { weight_bits: 7, ..network }
}

#[test]
fn cortex_m4_flash_and_memory() {
    let base = network(1, 1, &[run(1, 1)]);
    let flash = 2 * 1024 * 1024 - 5200;
    let program = |bytes| Structure { program_bytes: bytes, ..base.clone() };
    refused("cortex-m4", &program(flash + 1), &["2097153 bytes of flash", "has 2097152"], &program(flash));
    let memory = 640 * 1024 - 400;
    let states = |bytes| Structure { processor_bytes: bytes, ..base.clone() };
    refused("cortex-m4", &states(memory + 1), &["655361 bytes of RAM", "has 655360"], &states(memory));
}

#[test]
fn several_obstacles_are_all_said() {
    let network = Structure { weight_bits: 12, ..network(4097, 1, &[run(70, 1)]) };
    assert_eq!(obstacles("loihi1", &network, 1).len(), 3);
}
