"""A network in parts gives the spikes, states and read-outs of its program in one piece."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import tarry
from generated_clocked import MIXES, ClockedCase, draw_clocked
from layouts import BITMAPS, CHOICES, compiled
from tarry import _core

CLOCKED = [index for index, mix in enumerate(MIXES) if "event" not in mix]
SEEDS = [seed for seed in range(162) if seed % len(MIXES) in CLOCKED]
TICK = 1e-3


def arguments_of(case: ClockedCase, **choices: Any) -> dict[str, Any]:
    own = {"tick": case.tick, "weight_bits": case.weight_bits, "zero_delays": "one_tick"}
    return own | {"capacities": case.capacities} | choices


def check_same(
    network: tarry.Network,
    whole: tarry.Program,
    parts: int | Sequence[float],
    spikes: tuple[np.ndarray, np.ndarray],
    until: int,
    arguments: dict[str, Any],
    where: str = "",
    threads: int = 1,
) -> int:
    """Spikes, digest and what is read from every population; returns the number of spikes."""
    processor = tarry.Processor(whole)
    expected = processor.run(*spikes, until)
    in_parts = tarry.PartitionedProcessor(tarry.partition(network, parts, **arguments), threads)
    for _ in range(2 if threads == 1 else 1):
        found = in_parts.run(*spikes, until)
        assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True)), where
        assert in_parts.digest() == processor.digest(), where
        for index in range(len(network.populations)):
            assert np.array_equal(in_parts.values(index), processor.values(index)), where
    return len(expected[0])


@pytest.mark.parametrize("group", range(6))
def test_parts_equal_the_whole(group: int) -> None:
    """1, 2, 3 and uneven parts of 108 networks, on one thread or two, in every layout."""
    spikes = 0
    for place, seed in enumerate(SEEDS[group::6]):
        case = draw_clocked(seed)
        choices = CHOICES[place % len(CHOICES)]
        neurons = sum(p.size for p in case.network.populations if p.neuron is not None)
        whole = compiled(case, choices)
        # A limit is for one processor; it is here for its bitmaps.
        choices = {name: choice for name, choice in choices.items() if name not in BITMAPS}
        for parts in (1, 2, 3, [2, 1])[: 4 - place % 2]:
            if (parts if isinstance(parts, int) else len(parts)) > neurons:
                continue
            # Threads that wait for a core are slow; what they could change is seen in a few networks.
            threads = 2 if place % 6 == 0 and parts in (2, 3) else 1
            where = f"seed {seed}, parts {parts}, {choices}"
            spikes += check_same(
                case.network,
                whole,
                parts,
                case.arrays(),
                case.until,
                arguments_of(case, **choices),
                where,
                threads,
            )
    assert spikes > 1000


def float_network() -> tarry.Network:
    """Neurons of every kind that rules can lower, delays 0 to 20 ms, recurrence."""
    rng = np.random.default_rng(7)
    hidden = tarry.Lif(20e-3, 5e-3, np.linspace(0.5, 1.5, 13), "to_zero", 2e-3)
    return tarry.Network(
        (
            tarry.Population("in", 9),
            tarry.Population("hidden", 13, hidden),
            tarry.Population("read", 5, tarry.Integrator(10e-3, 2e-3, readout="sum", bias=0.1)),
        ),
        (
            tarry.Projection("in", "hidden", rng.normal(0.6, 0.5, (13, 9)), rng.uniform(0, 20e-3, (13, 9))),
            tarry.Projection(
                "hidden", "hidden", rng.normal(0, 0.3, (13, 13)), rng.uniform(TICK, 20e-3, (13, 1))
            ),
            tarry.Projection("hidden", "read", rng.normal(0, 0.3, (5, 13)), 3e-3),
        ),
        ("hidden", "read"),
    )


def poisson(channels: int, until: int, rate: float) -> tuple[np.ndarray, np.ndarray]:
    times, numbers = np.nonzero(np.random.default_rng(3).random((until, channels)) < rate)
    return times, numbers


@pytest.mark.parametrize("rule", ["delta", "loihi", "shift"])
@pytest.mark.parametrize("scale", ["layer", "neuron"])
def test_float_networks_are_quantised_once(rule: Any, scale: Any) -> None:
    """The parts have the scales, thresholds and weights of the whole, not of their slices."""
    network = float_network()

    def error(program: tarry.Program) -> float:
        return abs(len(tarry.Processor(program).run(*poisson(9, 100, 0.05), 100)[0]) - 200)

    arguments: dict[str, Any] = {"tick": TICK, "rule": rule, "scale": scale, "calibration": error}
    whole = tarry.compile(network, **arguments)
    for parts in (2, 5):
        spikes = check_same(network, whole, parts, poisson(9, 300, 0.05), 300, arguments)
        assert spikes > 50


def pair(
    neuron: tarry.DeltaLif, size: int = 4, delay: float = 2e-3, *, binary: bool = False
) -> tarry.Network:
    rng = np.random.default_rng(1)
    return tarry.Network(
        (tarry.Population("in", size, binary=binary), tarry.Population("out", size, neuron)),
        (
            tarry.Projection("in", "out", 60 * np.eye(size), delay),
            tarry.Projection("out", "out", rng.integers(-20, 20, (size, size)), delay),
        ),
        ("out",),
    )


def test_blocks_and_layouts_by_name_reach_the_parts_that_have_them() -> None:
    network = pair(tarry.DeltaLif(30000, 50), delay=9e-3)
    arguments: dict[str, Any] = {
        "tick": TICK,
        "block": {"in -> out": 2, "out -> out": 4},
        "layout": {"out -> out": "packed", "in -> out": "packed"},
    }
    whole = tarry.compile(network, **arguments)
    assert check_same(network, whole, 2, poisson(4, 200, 0.2), 200, arguments) > 50
    with pytest.raises(ValueError, match="block is given for 'in -> in'"):
        tarry.partition(network, 2, tick=TICK, block={"in -> in": 1})


def test_adaptation_that_a_slice_lacks_stays_in_the_digest() -> None:
    network = pair(tarry.DeltaLif(30000, 50, adaptation=tarry.IntegerAdaptation(0, [0, 0, 0, 9])))
    whole = tarry.compile(network, tick=TICK)
    assert check_same(network, whole, 4, poisson(4, 100, 0.3), 100, {"tick": TICK}) > 10


def test_bursts_fit_wherever_they_fit_in_one_piece() -> None:
    """A slice may have shorter delays, or not hear an input at all; its channels may still spike often in a tick."""
    weights, delays = np.diag([0.0, 90.0, 90.0, 90.0]), np.array([[0.0], [0.0], [5e-3], [9e-3]])
    network = tarry.Network(
        (tarry.Population("in", 4), tarry.Population("out", 4, tarry.DeltaLif(30000, 500))),
        (tarry.Projection("in", "out", weights, delays),),
    )
    times = np.repeat(np.arange(5), 10 * 4)
    channels = np.tile(np.arange(4), 50)
    arguments: dict[str, Any] = {"tick": TICK, "capacities": {"in": 300}}
    assert check_same(network, tarry.compile(network, **arguments), 4, (times, channels), 40, arguments) > 10
    few: dict[str, Any] = {"tick": TICK, "capacities": {"in": 30}}
    with pytest.raises(
        ValueError, match=r"a spike of channel \d at tick 0 does not fit: the history of its input"
    ):
        tarry.PartitionedProcessor(tarry.partition(network, 2, **few)).run(times, channels, 40)


def test_quiet_ticks_cost_nothing() -> None:
    network = pair(tarry.DeltaLif(20000, 50))
    times = np.array([0, 50, 10**12])
    channels = np.array([0, 1, 2])
    until = 1 << 61
    assert (
        check_same(network, tarry.compile(network, tick=TICK), 3, (times, channels), until, {"tick": TICK})
        >= 3
    )


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (0, "parts is 0; the network has 4 neurons and every part needs one: use 1 to 4 parts"),
        (-1, "parts is -1; the network has 4 neurons"),
        (5, "parts is 5; the network has 4 neurons"),
        ([], "parts is 0; the network has 4 neurons"),
        ([1, -1], "each must be a positive number"),
    ],
)
def test_wrong_numbers_of_parts_are_refused(parts: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        tarry.partition(pair(tarry.DeltaLif(30000, 50)), parts, tick=TICK)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"delay_limit": 4096}, "delay_limit is for the memory of one processor"),
        ({"memory_limit": 4096}, "memory_limit is for the memory of one processor"),
        ({"input_policy": "drop"}, "parts would drop different spikes"),
        ({"capacities": {"out": 9}}, "capacities names population 'out'"),
        ({"weight_bits": 4}, "a weight is 60"),
    ],
)
def test_what_parts_cannot_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        tarry.partition(pair(tarry.DeltaLif(30000, 50)), 2, **{"tick": TICK} | arguments)


def test_event_driven_neurons_are_refused() -> None:
    with pytest.raises(
        ValueError, match="population 'hidden' is event-driven, and parts meet after every tick"
    ):
        tarry.partition(float_network(), 2, tick=TICK)


def test_recordings_are_checked_as_by_a_processor() -> None:
    network = pair(tarry.DeltaLif(30000, 50))
    in_parts = tarry.PartitionedProcessor(tarry.partition(network, 2, tick=TICK))
    processor = tarry.Processor(tarry.compile(network, tick=TICK))
    wrong = [([5, 4], [0, 0], 9), ([1], [4], 9), ([1, 2], [0], 9), ([1, 9], [0, 0], 9), ([-1], [0], 9)]
    for times, channels, until in wrong:
        with pytest.raises(ValueError) as said:  # noqa: PT011
            processor.run(np.array(times), np.array(channels), until)
        with pytest.raises(ValueError, match=re.escape(str(said.value))):
            in_parts.run(np.array(times), np.array(channels), until)
    for threads in (0, 3):
        with pytest.raises(ValueError, match=f"threads is {threads}; there are 2 parts: use 1 to 2 threads"):
            tarry.PartitionedProcessor(tarry.partition(network, 2, tick=TICK), threads)
    with pytest.raises(ValueError, match="there is no population 2; there are 2"):
        in_parts.values(2)
    with pytest.raises(ValueError, match="there is no population 'hidden'; there are in, out"):
        in_parts.values("hidden")
    assert in_parts.values("out").shape == (4,)


def test_parts_that_make_up_no_network_are_refused() -> None:
    network = pair(tarry.DeltaLif(30000, 50))
    made = tarry.partition(network, 2, tick=TICK)
    assert made.units == ((0, 4, 4), (0, 4, 6))
    whole = [(4, True, False), (4, False, True)]
    for units, message in [
        ([[0, 4, 4], [0, 4]], "part 1 has 3 populations and 2 first units"),
        ([[0, 4, 4], [0, 4, 4]], "part 1: neuron 4 belongs to another part, too"),
        ([[0, 4, 4], [0, 4, 7]], "units 7..9 are no population of the network"),
        ([[0, 4, 0], [0, 4, 6]], "are no clocked neurons, no outputs, or not in order"),
    ]:
        with pytest.raises(ValueError, match=re.escape(message)):
            _core.PartitionedProcessor(whole, list(made.programs), units, 2)
    with pytest.raises(ValueError, match="neuron 6 belongs to no part"):
        _core.PartitionedProcessor(whole, list(made.programs[:1]), [[0, 4, 4]], 1)


def test_a_partition_says_what_its_parts_are() -> None:
    made = tarry.partition(pair(tarry.DeltaLif(30000, 50)), [3, 1], tick=TICK)
    assert str(made).startswith("2 parts\n  part 0: 3 neurons, program of ")
    assert made.units == ((0, 4, 4), (0, 4, 7))
