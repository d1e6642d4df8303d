"""Simulation end to end: counts against the slow reference, totals, decisions, refusals, print and save."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tarry
from generated import draw
from tarry.simulate import Report, simulate

TAU = 1e-3
PLATFORMS = ["loihi1", "seneca", "brainscales2", "cortex-m4"]


def two_layers(tick: float = TAU / 32, weight_bits: int = 7) -> tarry.Program:
    """3 inputs -> 2 hidden -> 2 outputs; output 1 needs both hidden neurons, so it comes later."""
    lif = tarry.Lif(2 * TAU, TAU, 1.0, "once")
    populations = (
        tarry.Population("input", 3),
        tarry.Population("hidden", 2, lif),
        tarry.Population("output", 2, lif),
    )
    first = tarry.Projection("input", "hidden", np.full((2, 3), 2.0), np.array([[0.0, 0.5 * TAU, TAU]]))
    second = tarry.Projection(
        "hidden", "output", np.array([[3.0, 3.0], [1.2, 1.2]]), np.array([[0.25 * TAU, 0.5 * TAU]])
    )
    return tarry.compile(tarry.Network(populations, (first, second)), tick=tick, weight_bits=weight_bits)


RECORDING = (np.array([0, 3, 9]), np.array([0, 1, 2]))


def line(report: Report, platform: str, label: str, quantity: str = "energy") -> dict[str, Any]:
    """The one line of that label."""
    lines = report.platforms[platform]["lines"]
    (found,) = [entry for entry in lines if (entry["label"], entry["quantity"]) == (label, quantity)]
    return dict(found)


@pytest.mark.parametrize("seed", range(60))
def test_counts_are_those_of_the_slow_reference(seed: int) -> None:
    case = draw(seed)
    expected = case.expected().spikes
    if not expected:
        pytest.skip("the network is silent")
    ticks = min(spike.tick for spike in expected) + 1
    spikes = [(s.tick, (s.population, s.index)) for s in expected if s.tick < ticks]
    everything = spikes + [(s.tick, ("input", s.index)) for s in case.inputs if s.tick < ticks]
    synapses = [(synapse.source, synapse.target, synapse.delay) for synapse in case.synapses]
    deliveries = handed = circulations = packets = 0
    for tick, source in everything:
        runs = {(delay, target[0]) for origin, target, delay in synapses if origin == source}
        deliveries += sum(origin == source and tick + delay < ticks for origin, _, delay in synapses)
        handed += sum(tick + delay < ticks for delay, _ in runs)
        packets += bool(runs)
        if runs:
            circulations += min(max(delay for delay, _ in runs), ticks - 1 - tick) + 1
    neurons = sum(len(population.theta) for population in case.neurons)

    report = simulate(case.compile(), [case.arrays()])
    assert report.platforms["loihi1"]["realtime_seconds"] == pytest.approx(ticks * case.tick, rel=1e-12)
    assert line(report, "loihi1", "synaptic events")["count"] == deliveries
    assert line(report, "loihi1", "spikes")["count"] == len(spikes)
    assert line(report, "loihi1", "packets")["count"] == packets
    updates = [line(report, "loihi1", f"updates {kind} input")["count"] for kind in ("without", "with")]
    assert sum(updates) == ticks * neurons
    assert 0 < updates[1] <= deliveries
    assert line(report, "seneca", "queue circulations")["count"] == circulations
    assert line(report, "seneca", "spikes handed to cores")["count"] == handed
    assert line(report, "seneca", "additions of weights")["count"] == deliveries
    assert line(report, "cortex-m4", "arrivals")["count"] == updates[1]


def test_ratio_of_time_constants_is_read_from_the_program() -> None:
    for seed in range(30):
        case = draw(seed)
        report = simulate(case.compile(), [case.arrays()], platforms=["brainscales2"]).data
        tau_syn = case.neurons[0].tau_syn
        if tau_syn == 0:
            assert report["tau_syn_seconds"] is None
        else:
            assert report["tau_syn_seconds"] == pytest.approx(tau_syn, rel=1e-6)


def test_totals_are_the_sums_of_their_lines_and_bounds_are_ordered() -> None:
    report = simulate(two_layers(), [RECORDING, RECORDING])
    assert list(report.platforms) == PLATFORMS
    for entry in report.platforms.values():
        for bound in ("low", "nominal", "high"):
            latency = [part["value"][bound] for part in entry["lines"] if part["quantity"] == "latency"]
            energy = [
                part["value"][bound]
                for part in entry["lines"]
                if part["quantity"] == "energy" and part["group"] != "host"
            ]
            assert sum(latency) == pytest.approx(entry["latency_seconds"][bound], rel=1e-12)
            assert sum(energy) == pytest.approx(entry["energy_joules"][bound], rel=1e-12)
            groups = {name: part[bound] for name, part in entry["energy_by_group"].items() if name != "host"}
            assert sum(groups.values()) == pytest.approx(entry["energy_joules"][bound], rel=1e-12)
        for interval in (entry["latency_seconds"], entry["energy_joules"]):
            assert 0 < interval["low"] <= interval["nominal"] <= interval["high"]
        assert sum(part["bytes"] for part in entry["memory"]) == entry["memory_bytes"]


def test_brainscales2_energy_is_power_times_hardware_time() -> None:
    entry = simulate(two_layers(), [RECORDING], platforms=["brainscales2"]).platforms["brainscales2"]
    hardware = entry["realtime_seconds"] / TAU * 6e-6
    assert entry["latency_seconds"]["nominal"] == pytest.approx(hardware, rel=1e-6)
    assert entry["energy_joules"]["nominal"] == pytest.approx(0.175 * hardware, rel=1e-6)
    assert entry["realtime_energy_joules"] is None
    assert any("167 times faster" in sentence for sentence in entry["assumptions"])


def test_means_and_ranges_over_recordings() -> None:
    early, late = RECORDING, (RECORDING[0] + 40, RECORDING[1])
    program = two_layers()
    for name in PLATFORMS:
        alone = [simulate(program, [r], platforms=[name]).platforms[name] for r in (early, late)]
        both = simulate(program, [early, late], platforms=[name]).platforms[name]
        for bound in ("low", "nominal", "high"):
            expected = np.mean([entry["energy_joules"][bound] for entry in alone])
            assert both["energy_joules"][bound] == pytest.approx(expected, rel=1e-12)
        latencies = [entry["latency_seconds"]["nominal"] for entry in alone]
        assert both["latency_range_seconds"] == {"smallest": min(latencies), "largest": max(latencies)}
        assert both["recordings"] == 2


def test_decision_of_all_outputs_comes_later() -> None:
    program = two_layers()
    times, channels = tarry.Processor(program).run(RECORDING[0], RECORDING[1], 1000)
    ticks = {int(channel): int(tick) for tick, channel in zip(times, channels, strict=True)}
    assert ticks[0] < ticks[1]
    for decision, last in (("first", ticks[0]), ("all", ticks[1])):
        report = simulate(program, [RECORDING], decision=decision)  # type: ignore[arg-type]
        seconds = (last + 1) * program.tick_seconds
        assert report.platforms["loihi1"]["realtime_seconds"] == pytest.approx(seconds, rel=1e-12)
    with pytest.raises(ValueError, match='decision is "last"; it must be "first" or "all"'):
        simulate(program, [RECORDING], decision="last")  # type: ignore[arg-type]


def test_a_silent_recording_costs_until_the_network_is_quiet() -> None:
    program = two_layers()
    entry = simulate(program, [([4], [0])], platforms=["loihi1"]).platforms["loihi1"]
    # The spike of tick 4 arrives at once and fires nobody: 5 ticks.
    assert entry["realtime_seconds"] == pytest.approx(5 * program.tick_seconds, rel=1e-12)
    nothing = simulate(program, [([], [])], platforms=["loihi1"]).platforms["loihi1"]
    assert nothing["realtime_seconds"] == 0


def test_a_network_that_never_rests_is_refused() -> None:
    loop, silent = tarry.Lif(2 * TAU, TAU, 0.1), tarry.Lif(2 * TAU, TAU, 1e3)
    populations = (
        tarry.Population("input", 1),
        tarry.Population("loop", 1, loop),
        tarry.Population("output", 1, silent),
    )
    one, long = np.ones((1, 1)), np.full((1, 1), 100 * TAU)
    projections = (
        tarry.Projection("input", "loop", one),
        tarry.Projection("loop", "loop", one, long),
        tarry.Projection("loop", "output", one, long),
    )
    program = tarry.compile(
        tarry.Network(populations, projections, ("output",)), tick=TAU / 32, weight_bits=7
    )
    with pytest.raises(
        ValueError, match="recording 0: the network is neither decided nor quiet 1048576 ticks"
    ):
        simulate(program, [([0], [0])])


def test_what_does_not_fit_is_said_and_priced_all_the_same() -> None:
    entry = simulate(two_layers(TAU / 128, 10), [(np.array([0]), np.array([0]))]).platforms
    assert not entry["loihi1"]["fits"]
    assert len(entry["loihi1"]["reasons"]) == 2
    assert "128 ticks" in entry["loihi1"]["reasons"][1]
    assert "62 steps" in entry["loihi1"]["reasons"][1]
    assert entry["seneca"]["fits"]
    assert entry["seneca"]["reasons"] == []
    assert entry["loihi1"]["energy_joules"]["nominal"] > 0


def test_obstacles_need_no_recording() -> None:
    from tarry.platforms import obstacles

    assert obstacles(two_layers(), "loihi1") == []
    (sentence,) = obstacles(two_layers(TAU / 128).bytes, "loihi1")
    assert "62 steps" in sentence


def test_the_rule_is_said_in_one_sentence() -> None:
    entries = simulate(two_layers(), [RECORDING]).platforms
    assert all(entry["rule"] == "event" for entry in entries.values())
    assert "may differ" in entries["loihi1"]["rule_note"]
    assert "may differ" not in entries["cortex-m4"]["rule_note"]


def test_report_prints_saves_and_copies(tmp_path: Path) -> None:
    report = simulate(two_layers(), [RECORDING], platforms=["seneca", "loihi1"])
    text = str(report)
    table = text.split("\n\n")[1].splitlines()
    assert [row.split()[0] for row in table] == ["platform", "seneca", "loihi1"]
    assert (
        len(
            {
                row.index(cell) + len(cell)
                for row, cell in zip(table[1:], ("128 KiB", "KiB"), strict=False)
                if cell in row
            }
        )
        <= 1
    )
    # Numbers stand to the right: every row ends its latency where the header does.
    assert len({row.index("s", row.index("yes") + 3) for row in table[1:]}) == 1
    for sentence in report.platforms["loihi1"]["unknown"]:
        assert sentence in text
    assert "queue circulations" in report.breakdown("seneca")
    with pytest.raises(ValueError, match="no platform 'cortex-m4' in this report; there are seneca, loihi1"):
        report.breakdown("cortex-m4")
    report.save(tmp_path / "report.json")
    copy = report.to_dict()
    assert json.loads((tmp_path / "report.json").read_text()) == copy == report.data
    copy["platforms"].clear()
    assert report.platforms


def test_a_profile_file_is_priced_under_its_own_name(tmp_path: Path) -> None:
    source = Path(__file__).parents[1] / "firmware_sim/platforms/seneca.toml"
    text = source.read_text()
    path = tmp_path / "mine.toml"
    path.write_text(
        text.replace('id = "seneca"', 'id = "mine"').replace(
            "nominal = 15\nhigh = 30", "nominal = 30\nhigh = 30"
        )
    )
    report = simulate(two_layers(), [RECORDING], platforms=["seneca", path])
    assert list(report.platforms) == ["seneca", "mine"]
    mine, theirs = (
        line(report, name, "queue circulations")["value"]["nominal"] for name in ("mine", "seneca")
    )
    assert mine == pytest.approx(2 * theirs)
    path.write_text(text)
    with pytest.raises(ValueError, match="have the same name"):
        simulate(two_layers(), [RECORDING], platforms=["seneca", path])


@pytest.mark.parametrize(
    ("recordings", "message"),
    [
        ([], "no recordings"),
        ([([0, 5, 4], [0, 1, 2])], "recording 0: spike 2 has tick 4; times must not decrease"),
        ([RECORDING, ([-1], [0])], "recording 1: spike 0 has tick -1; ticks start at 0"),
        ([([0], [3])], "recording 0: spike 0 has channel 3; the program has 3"),
        ([([0], [-1])], "recording 0: spike 0 has channel -1"),
        ([([0, 1], [0])], "recording 0: there are 2 times and 1 channels"),
        ([([[0]], [0])], r"recording 0: times have shape \(1, 1\)"),
        ([([0] * 9, [0] * 9)], "recording 0: the history of an input is full at tick 0"),
    ],
)
def test_bad_recordings_are_refused(recordings: list[Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        simulate(two_layers(), recordings)


def test_other_bad_input_is_refused() -> None:
    program = two_layers()
    with pytest.raises(TypeError, match="recording 0: times have dtype float64; they must be integers"):
        simulate(program, [(np.array([0.5]), np.array([0]))])
    with pytest.raises(ValueError, match=r"no platform \"lohi\".*loihi1, seneca, brainscales2, cortex-m4"):
        simulate(program, [RECORDING], platforms=["lohi"])
    with pytest.raises(ValueError, match="platforms is empty; name at least one of loihi1"):
        simulate(program, [RECORDING], platforms=[])
    damaged = bytearray(program.bytes)
    damaged[damaged.index(b"names")] ^= 1
    with pytest.raises(ValueError, match="damaged"):
        simulate(bytes(damaged), [RECORDING])
    with pytest.raises(ValueError, match="ends too early"):
        simulate(b"", [RECORDING])
