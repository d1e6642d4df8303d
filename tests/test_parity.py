"""The processor equals the reference on generated networks: every spike, every state, however the stream is split."""

from __future__ import annotations

import numpy as np
import pytest

import tarry
from generated import RATIOS, UNTIL, channels, draw
from tarry.network import RESETS

GROUPS, PER_GROUP = 25, 42


def run_in_pieces(
    processor: tarry.Processor, times: np.ndarray, chans: np.ndarray, seed: int, until: int = UNTIL
) -> list[tuple[int, int]]:
    """Push and run in random pieces: several pushes before a run, several runs between pushes."""
    rng = np.random.default_rng(seed)
    out: list[tuple[int, int]] = []
    pushed = now = 0
    while now < until:
        stop = min(until, now + int(rng.integers(1, 40)))
        ahead = int(np.searchsorted(times, stop + int(rng.integers(0, 60))))
        while pushed < ahead:
            piece = min(ahead, pushed + int(rng.integers(1, 6)))
            assert processor.push(times[pushed:piece], chans[pushed:piece]) == piece - pushed
            pushed = piece
        while processor.now < stop:
            processor.run_until(stop, stop_after=int(rng.integers(1, 4)))
            ticks, outputs = processor.pop()
            out += zip(ticks.tolist(), outputs.tolist(), strict=True)
        now = stop
    return out


@pytest.mark.parametrize("group", range(GROUPS))
def test_processor_equals_reference(group: int) -> None:
    lively = 0
    for seed in range(group * PER_GROUP, (group + 1) * PER_GROUP):
        case = draw(seed)
        expected = case.expected()
        spikes = channels(case, expected.spikes)
        lively += len(spikes) >= 10
        processor = tarry.Processor(case.compile())
        times, chans = case.arrays()
        got_times, got_channels = processor.run(times, chans, UNTIL)
        assert list(zip(got_times.tolist(), got_channels.tolist(), strict=True)) == spikes, f"seed {seed}"
        a, b, anchors = processor.states()
        states = [(s.a, s.b, s.anchor) for s in expected.states.values()]
        assert list(zip(a.tolist(), b.tolist(), anchors.tolist(), strict=True)) == states, f"seed {seed}"
        tallies = processor.tallies()
        assert sum(t["saturations"] for t in tallies) == expected.saturations, f"seed {seed}"
        assert all(t["offered"] == t["accepted"] + t["rejected"] + t["dropped"] for t in tallies)
        digest = processor.digest()
        processor.reset()
        assert run_in_pieces(processor, times, chans, seed) == spikes, f"seed {seed} in pieces"
        assert processor.digest() == digest
    assert lively >= 0.8 * PER_GROUP


def test_generated_networks_are_what_they_should_be() -> None:
    """Enough spikes, all kinds, zero sums: otherwise parity would say little."""
    total = GROUPS * PER_GROUP
    cases = [draw(seed) for seed in range(0, total, 7)]
    assert total >= 1000
    many = [len(c.expected().spikes) >= 10 for c in cases]
    assert np.mean(many) >= 0.9
    assert {c.neurons[0].reset for c in cases} == set(RESETS)
    assert len({c.neurons[0].tau_mem / (c.neurons[0].tau_syn or 1) for c in cases}) == len(RATIOS)
    assert any(c.neurons[0].refractory for c in cases)
    assert {1, 63} <= {s.delay for c in cases for s in c.synapses}
    zero_sums = sum(_zero_sums(c) > 0 for c in cases)
    assert zero_sums > len(cases) / 4


def _zero_sums(case) -> int:  # type: ignore[no-untyped-def]
    from collections import defaultdict

    by_source = defaultdict(list)
    for synapse in case.synapses:
        by_source[synapse.source].append(synapse)
    sums: dict[tuple[int, tuple[str, int]], list[int]] = defaultdict(list)
    for spike in case.inputs:
        for synapse in by_source[spike.population, spike.index]:
            sums[spike.tick + synapse.delay, synapse.target].append(synapse.weight)
    return sum(sum(weights) == 0 for weights in sums.values())
