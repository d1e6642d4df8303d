"""The reference of the clocked rules itself: cases computed by hand, decays over their range, other implementations."""

from __future__ import annotations

import importlib.util
import math
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tarry
from generated import UNTIL, channels, draw
from tarry.reference import Clocked, Neurons, Outcome, Spike, Synapse, simulate_clocked
from tarry.reference.clocked import decayed_by_shift, fraction_of, shifted_sum, wrapped

WORKLOAD = Path(__file__).parents[2] / "shared/tools/yardsticks/workload.py"
HALF = 2**14


def one(rule: Any, decay: int, synapse_decay: int | None, threshold: int | None, **other: Any) -> Clocked:
    """A population of one neuron."""
    fields: dict[str, Any] = {"reset": "by_subtraction", "bias": [0], "increment": [0]} | other
    return Clocked(
        "out", rule, [decay], [synapse_decay], None if threshold is None else [threshold], **fields
    )


def run(neurons: Clocked, arrivals: dict[int, int], until: int) -> Outcome:
    """A neuron that gets these sums at these ticks."""
    synapses = [Synapse(("in", t), ("out", 0), w, 0) for t, w in arrivals.items()]
    return simulate_clocked([neurons], synapses, [Spike(t, "in", t) for t in arrivals], until)


def trace(neurons: Clocked, arrivals: dict[int, int], ticks: int) -> list[tuple[int, ...]]:
    """The state words after every tick."""
    return [run(neurons, arrivals, until).states["out"][0] for until in range(1, ticks + 1)]


def spikes(neurons: Clocked, arrivals: dict[int, int], ticks: int) -> list[int]:
    return [s.tick for s in run(neurons, arrivals, ticks).spikes]


def test_delta_by_hand() -> None:
    """Halving, towards zero on both sides; a spike at theta itself."""
    arrivals = {0: 9, 1: 6, 4: -9, 9: 11}
    subtracts = one("delta", HALF, None, 10)
    assert trace(subtracts, arrivals, 11) == [(u,) for u in (9, 0, 0, 0, -9, -4, -2, -1, 0, 1, 0)]
    assert spikes(subtracts, arrivals, 11) == [1, 9]
    to_zero = one("delta", HALF, None, 10, reset="to_zero", bias=[3])
    assert trace(to_zero, {0: 9}, 5) == [(0,), (3,), (4,), (5,), (5,)]
    assert spikes(to_zero, {0: 9}, 5) == [0]


def test_delta_refractory_by_hand() -> None:
    """u stays at 5 for two ticks, in which arrivals and bias are lost and nothing is tested."""
    neuron = one("delta", HALF, None, 10, refractory=2, bias=[1])
    arrivals = {0: 14, 1: 100, 2: 100, 4: 9}
    assert trace(neuron, arrivals, 6) == [(5,), (5,), (5,), (3,), (1,), (1,)]
    assert spikes(neuron, arrivals, 6) == [0, 4]


def test_delta_adaptation_by_hand() -> None:
    """theta + a: 10, then 10 + 8 -> 14 -> 12; a falls in refractory ticks too."""
    neuron = one("delta", 2**15, None, 10, rho=HALF, increment=[8])
    assert trace(neuron, {0: 10, 1: 13, 2: 1}, 4) == [(0, 8), (13, 4), (4, 10), (4, 5)]
    assert spikes(neuron, {0: 10, 1: 13, 2: 1}, 4) == [0, 2]
    refractory = one("delta", 2**15, None, 10, rho=HALF, increment=[8], refractory=3)
    assert trace(refractory, {0: 10, 4: 10}, 5) == [(0, 8), (0, 4), (0, 2), (0, 1), (0, 8)]


def test_shift_by_hand() -> None:
    """The decay takes at least 1; with k_syn the current goes on in refractory ticks, v stays."""
    assert trace(one("shift", 2, None, 99), {0: 9, 8: -5}, 12) == [
        (i, v)
        for i, v in zip(
            [9, 0, 0, 0, 0, 0, 0, 0, -5, 0, 0, 0], [9, 7, 6, 5, 4, 3, 2, 1, -5, -4, -3, -2], strict=True
        )
    ]
    neuron = one("shift", 3, 1, 10, refractory=1, bias=[-1])
    # i 8 4 2 1 0; v 7, 7-1+4-1 = 9, 9-1+2-1 = 9, 9-1+1-1 = 8, 6
    assert trace(neuron, {0: 8}, 5) == [(8, 7), (4, 9), (2, 9), (1, 8), (0, 6)]
    # i 12 6 3; v 11 fires -> 1, held, 1-1+3-1 = 2
    assert trace(neuron, {0: 12}, 3) == [(12, 1), (6, 1), (3, 2)]
    assert spikes(neuron, {0: 12}, 3) == [0]


def test_loihi_by_hand() -> None:
    """u and v in 64ths of weights; strictly above the threshold; reset to zero while u goes on."""
    neuron = one("loihi", 0, 2047, 3, reset="to_zero")
    assert trace(neuron, {0: 3}, 4) == [(192, 192), (96, 0), (48, 48), (24, 72)]
    assert spikes(neuron, {0: 3}, 4) == [1]
    held = one("loihi", 2048, 2047, 1, reset="to_zero", refractory=2, bias=[-3])
    # v 125 fires; held twice; then 12 + 0 - 3 = 9, 4 + 8 - 3 ... with u 64 32 16 8 4
    assert trace(held, {0: 2}, 5) == [(128, 0), (64, 0), (32, 0), (16, 13), (8, 11)]


def test_loihi_wraps_u_and_clips_v() -> None:
    edge = 2**23 // 64
    assert [
        run(one("loihi", 0, 4095, None), {0: w}, 1).states["out"][0] for w in (edge, edge + 1, -edge)
    ] == [
        (2**23, 2**23 - 1),
        (64 - 2**23, 64 - 2**23),
        (2**23, 2**23 - 1),
    ]
    assert [run(one("loihi", 0, 4095, None), {0: w}, 1).saturations for w in (edge, edge + 1, edge - 1)] == [
        1,
        0,
        0,
    ]
    assert [wrapped(u) for u in (2**23, 2**23 + 1, 1 - 2**23, -(2**23), 2**24)] == [
        2**23,
        1 - 2**23,
        1 - 2**23,
        2**23,
        0,
    ]


def test_clamps_are_counted() -> None:
    """u twice, in the ticks that change it; i and v each; a after the spike."""
    top = 2**31 - 1
    delta = run(one("delta", 2**15, None, None, bias=[top]), {0: 1}, 2)
    assert (delta.states["out"], delta.saturations) == ([(top,)], 2)
    shift = run(one("shift", 31, 31, None), {0: top + 5, 1: -3 * top}, 2)
    assert (shift.states["out"], shift.saturations) == ([(-top, -1)], 2)
    adaptive = run(one("delta", 0, None, 1, rho=HALF, increment=[top]), {0: 1, 1: top, 2: top}, 3)
    assert (adaptive.states["out"], adaptive.saturations) == ([(top - 1, top)], 2)


def test_exponents_shift_the_sum_of_each_projection() -> None:
    """(1 + 2) >> 1 = 1 and (-1 - 2) >> 1 = -2, where the weights alone would give 0 + 1 and -1 - 1."""
    sums = {(0, -1): (1, 2), (1, -1): (-1, -2), (2, 3): (5,)}
    synapses = [
        Synapse(("in", i), ("out", 0), w, 0, projection, exponent)
        for (projection, exponent), weights in sums.items()
        for i, w in enumerate(weights)
    ]
    inputs = [Spike(0, "in", 0), Spike(0, "in", 1)]
    outcome = simulate_clocked([one("loihi", 0, 0, None)], synapses, inputs, 1)
    assert outcome.states["out"] == [(64 * (1 - 2 + 40),) * 2]
    assert [shifted_sum(x, e) for x, e in ((-1, -8), (255, -8), (-3, 7))] == [-1, 0, -384]


def test_read_outs_by_hand() -> None:
    """v is 4, 2, 1, 0, -6, -3; the gain of the weighted one 1, 1/2, 1/4, ..."""
    arrivals = {0: 4, 4: -6}

    def read(readout: str, ticks: int = 6) -> int:
        neuron = one("delta", HALF, None, None, readout=readout, gamma=2**29)
        return run(neuron, arrivals, ticks).readouts["out"][0]

    assert (read("max"), read("sum"), read("last")) == (4, -2, -3)
    assert (read("max", 0), read("sum", 0), read("last", 0)) == (-(2**31), 0, 0)
    # 4 + 1 + 1/4 -> 0, then -6/16 and -3/32, each to -1
    assert read("weighted") == 4 + 1 + 0 + 0 - 1 - 1
    assert run(one("delta", 0, None, None), {}, 1).readouts == {}


def test_delays_repeats_and_binary_inputs() -> None:
    neuron = one("delta", 0, None, 5)
    synapses = [Synapse(("in", 0), ("out", 0), 3, 2), Synapse(("out", 0), ("out", 0), 5, 7)]
    twice = [Spike(1, "in", 0), Spike(1, "in", 0), Spike(2, "in", 0)]
    outcome = simulate_clocked([neuron], synapses, twice, 20)
    assert [s.tick for s in outcome.spikes] == [3, 10, 17]
    binary = simulate_clocked([neuron], synapses, twice, 20, binary={"in"})
    assert (binary.spikes, binary.dropped, outcome.dropped) == ([], 1, 0)


def test_the_digest_by_hand() -> None:
    """FNV-1a over tick, channel, u, a, as bytes written out here; the first population is no output."""
    neurons = [
        Clocked("x", "delta", [0], [None], None, "to_zero", [-2], [0]),
        Clocked("y", "shift", [0, 0], [None] * 2, [1, 9], "to_zero", [1, 3], [7, 7]),
    ]
    outcome = simulate_clocked(neurons, [], [], 1, outputs={"y"})
    words = "0000000000000000 00000000 feffffff 00000000 00000000 07000000 00000000 03000000 00000000"
    value = 0xCBF29CE484222325
    for byte in bytes.fromhex(words):
        value = ((value ^ byte) * 0x100000001B3) & (2**64 - 1)
    assert outcome.outputs == [(0, 0)]
    assert outcome.digest == value


@pytest.mark.parametrize("u", [1, 7, 32768, 1_000_003, 2**31 - 1])
def test_every_beta(u: int) -> None:
    for beta in range(2**15 + 1):
        expected = math.trunc(Fraction(u * beta, 2**15))
        assert fraction_of(u, beta, 15) == expected
        assert fraction_of(-u, beta, 15) == -expected


def test_every_decay_of_loihi() -> None:
    """All 4096 values of delta_u and delta_v, neuron by neuron, over ten ticks."""
    every = list(range(4096))
    for weight in (255, -256, 40_000):
        neurons = Clocked("out", "loihi", every, every[::-1], None, "to_zero", [0] * 4096, [0] * 4096)
        synapses = [Synapse(("in", 0), ("out", i), weight, 0) for i in every]
        u = v = np.zeros(4096, np.int64)
        got = simulate_clocked([neurons], synapses, [Spike(0, "in", 0)], 10).states["out"]
        for now in range(10):
            u = np.sign(u) * (np.abs(u) * (4096 - (np.array(every[::-1]) + 1)) // 4096) + 64 * weight * (
                now == 0
            )
            v = np.sign(v) * (np.abs(v) * (4096 - np.array(every)) // 4096) + u
            v = np.clip(v, 1 - 2**23, 2**23 - 1)
        assert got == list(zip(u.tolist(), v.tolist(), strict=True))


def test_every_shift() -> None:
    """Dense around zero and around every power of two: less in size by the larger of 1 and the 2^k-th part."""
    dense = {p + d for p in (0, *(2**e for e in range(32))) for d in range(-40, 41) if p + d >= 0}
    for k in range(32):
        for x in dense:
            left = decayed_by_shift(x, k)
            assert left == (x - max(x // 2**k, 1) if x else 0)
            assert decayed_by_shift(-x, k) == -left
            assert 0 <= left < x or x == 0


@pytest.mark.skipif(not WORKLOAD.exists(), reason="the yardsticks are not at hand")
def test_delta_equals_the_yardsticks_plain_simulation(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.spec_from_file_location("workload", WORKLOAD)
    assert spec is not None
    assert spec.loader is not None
    workload = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(workload)
    sizes, ticks, longest, thetas = (30, 8, 7, 5), 120, 25, (900, 700)
    monkeypatch.setattr(workload, "SIZES", sizes)
    monkeypatch.setattr(workload, "TICKS", ticks)
    rng = np.random.default_rng(3)
    recording = rng.random((ticks, sizes[0])) < 0.05
    names = ("in", "a", "b", "read")
    projections, synapses = [], []
    for layer, (pre, post) in enumerate(pairwise(sizes)):
        count = pre * post
        delays, weights = rng.integers(layer > 0, longest + 1, count), rng.normal(150, 400, count).astype(int)
        first, targets = np.arange(0, count + 1, post), np.tile(np.arange(post), pre)
        projections.append((first, targets, delays, weights))
        synapses += [
            Synapse(
                (names[layer], i // post),
                (names[layer + 1], int(targets[i])),
                int(weights[i]),
                int(delays[i]),
            )
            for i in range(count)
        ]
    *counts, checksum = workload.simulate_plainly(recording, projections, thetas, longest)
    populations = [
        Clocked(
            name,
            "delta",
            [31170] * n,
            [None] * n,
            None if theta is None else [theta] * n,
            "by_subtraction",
            [0] * n,
            [0] * n,
        )
        for name, n, theta in zip(names[1:], sizes[1:], (*thetas, None), strict=True)
    ]
    inputs = [Spike(int(t), "in", int(c)) for t, c in zip(*np.nonzero(recording), strict=True)]
    outcome = simulate_clocked(populations, synapses, inputs, ticks)
    assert [sum(s.population == name for s in outcome.spikes) for name in "ab"] == counts
    assert min(counts) > 50
    # Its checksum adds the states of all ticks.
    summed = [
        Clocked(
            p.name, p.rule, p.decay, p.synapse_decay, p.threshold, p.reset, p.bias, p.increment, readout="sum"
        )
        if p.threshold is None
        else p
        for p in populations
    ]
    sums = simulate_clocked(summed, synapses, inputs, ticks).readouts["read"]
    assert sum((k + 1) * total for k, total in enumerate(sums)) == checksum


@pytest.mark.parametrize("seed", range(0, 60, 4))
def test_event_driven_populations_are_those_of_the_event_reference(seed: int) -> None:
    """Spikes, states, saturations; and the digest of the processor."""
    case = draw(seed)
    expected = case.expected()
    neurons: list[Clocked | Neurons] = list(case.neurons)
    got = simulate_clocked(neurons, case.synapses, case.inputs, UNTIL, tick=case.tick)
    assert got.spikes == expected.spikes
    assert got.outputs == channels(case, expected.spikes)
    assert got.saturations == expected.saturations
    words = [state for states in got.states.values() for state in states]
    assert words == [(s.a, s.b, s.anchor) for s in expected.states.values()]
    processor = tarry.Processor(case.compile())
    processor.run(*case.arrays(), UNTIL)
    assert got.digest == processor.digest()
