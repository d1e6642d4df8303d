"""The compiler: scales by task error, rounding, plans, limits, and one clear sentence for what does not fit."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

import tarry
from golden_file import GOLDEN
from tarry import data, nn, train
from tarry.compiler.quantise import spike_ticks, ticks

TAU = 1e-3


def network(**lif: Any) -> tarry.Network:
    arguments: dict[str, Any] = {"tau_mem": 2 * TAU, "tau_syn": TAU, "reset": "once"} | lif
    neuron = tarry.Lif(**arguments)
    weights = np.array([[0.5, -1.0], [0.25, 2.0], [1.0, 1.0]])
    return tarry.Network(
        (
            tarry.Population("in", 2),
            tarry.Population("hidden", 3, neuron),
            tarry.Population("out", 1, neuron),
        ),
        (
            tarry.Projection("in", "hidden", weights, np.array([[0.1, 0.2], [0.0, 0.4], [0.5, 0.6]]) * TAU),
            tarry.Projection("hidden", "out", np.ones((1, 3)), np.full((1, 3), 0.3) * TAU),
        ),
    )


@pytest.fixture(scope="module")
def trained() -> tarry.Network:
    return tarry.Network.load(GOLDEN / "yin_yang.npz")


def test_ticks_round_to_nearest_ties_to_even() -> None:
    assert ticks([0.5, 1.5, 2.5, 2.4999, 2.5001], 1.0).tolist() == [0, 2, 2, 2, 3]
    assert spike_ticks([[0.75, np.inf]], 0.5).tolist() == [[2, -1]]
    with pytest.raises(ValueError, match="negative, NaN or infinite"):
        ticks([-0.1], 1.0)
    with pytest.raises(ValueError, match="negative, NaN or infinite"):
        spike_ticks([np.nan], 1.0)


def test_report_and_print() -> None:
    program = tarry.compile(network(), tick=TAU / 64)
    assert program.report is not None
    assert program.report.weight_scales["hidden"] == [2.0 / 127]
    assert program.report.longest_delay == 38
    for low, high in program.report.theta.values():
        assert 1 <= low <= high < 2**20
    text = str(program)
    assert re.search(r"hidden: 3 lif, once, slow_membrane; history of 3 places, delays up to 19 ticks", text)
    assert "at most per tick:" in text
    assert "pass calibration=" in text


def test_scales_are_chosen_by_task_error(trained: tarry.Network) -> None:
    """At 4 bits the grid that holds every weight is bad, and the search finds a better one."""
    points = data.yin_yang(TAU)
    calibration = tarry.FirstSpikes(points.train.times[:1000], points.train.labels[:1000])
    by_maximum = tarry.compile(trained, tick=TAU / 64, weight_bits=4)
    chosen = tarry.compile(trained, tick=TAU / 64, weight_bits=4, calibration=calibration)
    finer = tarry.compile(trained, tick=TAU / 64, weight_bits=4, calibration=calibration, scale="neuron")
    assert calibration.error(chosen) < calibration.error(by_maximum)
    assert calibration.error(finer) <= calibration.error(chosen)
    assert chosen.report is not None
    assert chosen.report.task_error == (calibration.error(by_maximum), calibration.error(chosen))
    assert chosen.report.clipped_weights > 0


def test_a_function_may_be_the_error(trained: tarry.Network) -> None:
    tried: list[int] = []

    def error(program: tarry.Program) -> float:
        tried.append(len(program.bytes))
        return float(len(tried))

    program = tarry.compile(trained, tick=TAU / 64, calibration=error)
    assert program.report is not None
    assert program.report.programs_tried == len(tried) > 10
    assert program.report.task_error == (1.0, 1.0)


def test_direct_tables_hold_the_same_factors(trained: tarry.Network) -> None:
    ticks_in = spike_ticks(data.yin_yang(TAU).test.times[:200], TAU / 64)
    split = tarry.Processor(tarry.compile(trained, tick=TAU / 64)).first_spikes(ticks_in)
    direct = tarry.Processor(tarry.compile(trained, tick=TAU / 64, tables="direct")).first_spikes(ticks_in)
    assert np.array_equal(split, direct)


def test_given_scales_are_taken_as_they_are() -> None:
    program = tarry.compile(network(), tick=TAU / 64, weight_scales={"hidden": 0.25, "out": [0.5]})
    assert program.report is not None
    assert program.report.weight_scales == {"hidden": [0.25], "out": [0.5]}


def test_delays_that_round_to_zero_become_one_tick() -> None:
    small = network()
    projections = (small.projections[0], tarry.Projection("hidden", "out", np.ones((1, 3)), 1e-9))
    program = tarry.compile(replace(small, projections=projections), tick=TAU / 64)
    assert program.report is not None
    assert program.report.raised_delays == 3
    assert [program.delays(unit).tolist() for unit in (2, 3, 4)] == [[1]] * 3


def test_zero_delays_between_neurons() -> None:
    small = network()
    projections = (small.projections[0], tarry.Projection("hidden", "out", np.ones((1, 3)), 0.0))
    without = replace(small, projections=projections)
    with pytest.raises(ValueError, match=r"'hidden' -> 'out': a delay between neurons is 0 s"):
        tarry.compile(without, tick=TAU / 64)
    program = tarry.compile(without, tick=TAU / 64, zero_delays="one_tick")
    assert program.delays(2).tolist() == [1]


def test_histories_are_planned_at_the_worst_case() -> None:
    once = tarry.compile(network(), tick=TAU / 64).populations()
    assert [p["capacity"] for p in once] == [2, 3, 0]
    repeated = tarry.compile(network(reset="to_zero"), tick=TAU / 64).populations()
    assert [p["capacity"] for p in repeated] == [2 * 39, 3 * 20, 0]
    rested = tarry.compile(network(reset="to_zero", refractory=4 * TAU / 64), tick=TAU / 64).populations()
    assert [p["capacity"] for p in rested] == [2 * 39, 3 * 4, 0]
    asked = tarry.compile(network(reset="to_zero"), tick=TAU / 64, capacities={"in": 5, "hidden": 7})
    assert [p["capacity"] for p in asked.populations()] == [5, 7, 0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tick": 0.0}, r"tick is 0.0 s; it must be positive"),
        ({"tick": float("nan")}, r"tick is nan s"),
        ({"weight_bits": 0}, r"weight_bits is 0; it must be 1 to 16"),
        ({"weight_bits": 17}, r"weight_bits is 17; it must be 1 to 16"),
        ({"rule": "quantum"}, r"rule is 'quantum'; there is 'event'"),
        ({"scale": "synapse"}, r"scale is 'synapse'; it must be 'layer' or 'neuron'"),
        ({"tables": "foo"}, r"tables is 'foo'; it must be 'split' or 'direct'"),
        ({"zero_delays": "refused"}, r"zero_delays is 'refused'; it must be 'refuse' or 'one_tick'"),
        ({"input_policy": "Drop"}, r"input_policy is 'Drop'; it must be 'reject' or 'drop'"),
        ({"input_spikes": -3}, r"input_spikes is -3; it must be at least 1"),
        ({"tick": 1e-23}, r"ticks of 1e-23 s; the last tick is 2\^62: use a coarser tick"),
        ({"weight_scales": {"hidden": 1.0}}, r"give one for each of \['hidden', 'out'\]"),
        ({"weight_scales": {"hidden": 0.0, "out": 1.0}}, r"weight_scales must be positive"),
        ({"tick": 1e-15}, r"a delay of \d+ ticks; the longest is"),
        ({"capacities": {"nobody": 3}}, r"capacities name no population: nobody"),
        ({"capacities": {"out": 3}}, r"capacity of population 'out' is 3; it keeps no history"),
        ({"capacities": {"in": 0}}, r"capacity of population 'in' is 0; it needs at least one place"),
        ({"memory_limit": 100}, r"needs \d+ bytes of memory and the limit is 100"),
        ({"platform": "loihi1"}, r"neurons that fire once are unknown to it"),
        ({"platform": "loihi1", "rule": "event"}, r"rule is 'event'; loihi1 takes programs of rule 'loihi'"),
        (
            {"platform": "loihi1", "tick": TAU / 256, "once": "longest_refractory"},
            r"rule 'loihi' holds at most 62",
        ),
        ({"platform": "abacus"}, r"abacus"),
        ({"weight_scales": {"hidden": 1e9, "out": 1.0}}, r"threshold of neuron 0 is 0 in integers"),
    ],
)
def test_what_does_not_fit_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tarry.compile(network(), **({"tick": TAU / 64} | arguments))


def test_neurons_that_the_rule_cannot_run_are_refused() -> None:
    with pytest.raises(ValueError, match=r"'hidden' is non-leaky"):
        tarry.compile(network(tau_mem=float("inf")), tick=TAU / 64)
    with pytest.raises(ValueError, match=r"not a whole number, and needs a table of \d+ factors"):
        tarry.compile(network(tau_mem=TAU), tick=1.00003e-7)


@pytest.mark.parametrize(
    ("times", "labels"),
    [
        (np.zeros((0, 4)), np.zeros(0, int)),
        (np.zeros(4), np.zeros(4, int)),
        (np.zeros((3, 4)), np.zeros(2, int)),
    ],
)
def test_calibration_data_must_match(times: Any, labels: Any) -> None:
    with pytest.raises(ValueError, match=r"at least one sample"):
        tarry.FirstSpikes(times, labels)


def test_what_was_fine_tuned_is_compiled_as_it_is() -> None:
    """Weights and delays of a fine-tuned network lie on the grid of the program: nothing is left to round."""
    points = data.yin_yang(TAU)
    model = train.recipe("synaptic").model(4, 6, 3, tau_syn=TAU, seed=2)
    few: dict[str, Any] = {"epochs": 1, "seed": 2, "progress": False}
    tuned = train.fine_tune(model, points, weight_bits=5, delay_bits=6, tick=TAU / 64, scale="neuron", **few)
    network = tuned.network()
    program = tarry.compile(network, tick=TAU / 64, weight_bits=5, weight_scales=tuned.weight_scales)
    assert program.report is not None
    assert (
        program.report.clipped_weights == program.report.pruned_weights == program.report.raised_delays == 0
    )
    for projection in network.projections:
        scale = np.reshape(tuned.weight_scales[projection.target], (-1, 1))
        integers = projection.weights / scale
        assert np.allclose(integers, np.rint(integers), atol=1e-9)
        assert np.abs(np.rint(integers)).max() <= 15
        delays = projection.delays / (TAU / 64)
        assert np.allclose(delays, np.rint(delays), atol=1e-9)
    # The float network with these parameters and the program decide alike but for ticks.
    decided = nn.decide(tuned.model(torch.tensor(points.test.times))).numpy()
    calibration = tarry.FirstSpikes(points.test.times, points.test.labels)
    assert np.mean(decided == calibration.decisions(program)) > 0.9


def test_what_cannot_be_held_is_said_before_memory_is_asked_for() -> None:
    slow = tarry.Lif(20.0, 1e-3)
    net = tarry.Network(
        (tarry.Population("in", 1), tarry.Population("out", 1, slow)),
        (tarry.Projection("in", "out", np.ones((1, 1))),),
    )
    with pytest.raises(ValueError, match=r"the slowest time constant is 2,000,000,000 ticks"):
        tarry.compile(net, tick=1e-8)
    many = tarry.Lif(2e-3, 1e-3)
    net = tarry.Network(
        (tarry.Population("in", 1), tarry.Population("a", 1000, many), tarry.Population("out", 1, many)),
        (
            tarry.Projection("in", "a", np.ones((1000, 1))),
            tarry.Projection("a", "out", np.ones((1, 1000)), 1.0),
        ),
    )
    with pytest.raises(
        ValueError, match=r"history of population 'a' needs 1,000,001,000 places .* capacities="
    ):
        tarry.compile(net, tick=1e-6)


def test_states_that_may_clamp_are_warned_of() -> None:
    """Nearly equal time constants: k is large, and so are the states beside the threshold."""
    near = tarry.compile(network(tau_mem=1.001 * TAU, reset="to_zero"), tick=TAU / 64)
    assert near.report is not None
    assert "is clamped at 134,217,727 (tau_mem / |tau_mem - tau_syn| is 1e+03)" in near.report.warnings[0]
    assert "warning: population 'hidden'" in str(near)
    coarse = tarry.compile(network(tau_mem=(1 + 1e-7) * TAU), tick=TAU / 64)
    assert coarse.report is not None
    assert "fewer than 10 bits" in coarse.report.warnings[0]
    usual = tarry.compile(network(), tick=TAU / 64)
    assert usual.report is not None
    assert usual.report.warnings == ()


def test_inputs_get_places_for_the_spikes_they_are_said_to_have() -> None:
    assert tarry.compile(network(), tick=TAU / 64, input_spikes=3).populations()[0]["capacity"] == 6
    assert tarry.compile(network(), tick=TAU / 64, input_spikes=900).populations()[0]["capacity"] == 2 * 39
