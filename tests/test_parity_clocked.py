"""The processor equals the reference on generated networks of clocked and mixed populations, whatever its layout."""

from __future__ import annotations

import numpy as np
import pytest

import tarry
from generated_clocked import ClockedCase, draw_clocked
from test_parity import run_in_pieces

GROUPS, PER_GROUP = 25, 42
Choices = dict[str, object]

#: Blocks of the delay queue from the shared circular queue to the ring buffer, lists and bitmaps, all layouts.
CHOICES: tuple[Choices, ...] = (
    {},
    {"block": 1, "history": "list", "layout": "packed"},
    {"block": 1, "layout": "packed"},
    {"block": 2, "layout": "packed"},
    {"block": 8, "history": "list", "layout": "packed"},
    {"block": 1 << 16, "layout": "packed"},
    {"layout": "shared"},
    {"layout": "own"},
    {"layout": "own", "history": "list"},
)


def compiled(case: ClockedCase, choices: Choices) -> tarry.Program:
    return tarry.compile(
        case.network,
        tick=case.tick,
        weight_bits=case.weight_bits,
        weight_scales=case.weight_scales,
        capacities=case.capacities if choices.get("history") != "list" else None,
        zero_delays="one_tick",
        **choices,  # type: ignore[arg-type]
    )


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
    for seed in range(group * PER_GROUP, (group + 1) * PER_GROUP):
        case = draw_clocked(seed)
        check(case, {}, f"seed {seed}")
