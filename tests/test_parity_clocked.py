"""The processor equals the reference on generated networks of clocked and mixed populations, whatever its layout."""

from __future__ import annotations

import pytest

import tarry
from generated_clocked import ClockedCase, crowd, draw_clocked, metronome
from layouts import CHOICES, Choices, compiled
from test_parity import run_in_pieces

GROUPS, PER_GROUP = 25, 42


def check(case: ClockedCase, choices: Choices, where: str) -> tarry.Processor:
    expected = case.expected()
    processor = tarry.Processor(compiled(case, choices))
    times, channels = case.arrays()
    got_times, got_channels = processor.run(times, channels, case.until)
    spikes = list(zip(got_times.tolist(), got_channels.tolist(), strict=True))
    assert spikes == expected.outputs, where
    assert processor.digest() == expected.digest, where
    return processor


@pytest.mark.parametrize("group", range(GROUPS))
def test_processor_equals_reference(group: int) -> None:
    """Every spike, state, read-out and saturation, in one layout and in pieces."""
    for seed in range(group * PER_GROUP, (group + 1) * PER_GROUP):
        case, where = draw_clocked(seed), f"seed {seed}"
        expected = case.expected()
        processor = check(case, CHOICES[seed % len(CHOICES)], where)
        names = [p.name for p in case.network.populations]
        for name, values in expected.readouts.items():
            assert processor.values(names.index(name)).tolist() == values, where
        tallies = processor.tallies()
        assert sum(t["saturations"] for t in tallies) == expected.saturations, where
        assert sum(t["dropped"] for t in tallies) == expected.dropped, where
        assert all(t["offered"] == t["accepted"] + t["rejected"] + t["dropped"] for t in tallies)
        processor.reset()
        times, channels = case.arrays()
        pieces = run_in_pieces(processor, times, channels, seed, case.until)
        assert pieces == expected.outputs, f"{where} in pieces"
        assert processor.digest() == expected.digest, f"{where} in pieces"


@pytest.mark.parametrize("choices", CHOICES, ids=str)
def test_no_layout_changes_a_bit(choices: Choices) -> None:
    for seed in range(0, GROUPS * PER_GROUP, 21):
        check(draw_clocked(seed), choices, f"seed {seed}")


@pytest.mark.parametrize("is_shared", [True, False])
@pytest.mark.parametrize("choices", CHOICES, ids=str)
def test_many_spikes_at_once(choices: Choices, is_shared: bool) -> None:
    case = crowd(is_shared)
    assert len(case.expected().outputs) > 100
    check(case, choices, "a crowd")


def test_a_bias_keeps_neurons_awake() -> None:
    case = metronome()
    assert case.expected().outputs == [(tick, 0) for tick in range(20)]
    check(case, {}, "a metronome")
