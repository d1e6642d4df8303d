"""The choices of the compiler that must not change a bit: blocks of the delay queue, layouts, histories."""

from __future__ import annotations

from collections.abc import Mapping

import tarry
from generated_clocked import ClockedCase

Choices = Mapping[str, object]

#: Where memory counts, histories between neurons are bitmaps.
BITMAPS = {"memory_limit": 1 << 30}
#: Eleven, a prime, so that seeds at any stride meet all of them.
#: Blocks of the delay queue from the shared circular queue to the ring buffer, lists and bitmaps, all layouts.
CHOICES: tuple[Choices, ...] = (
    {},
    {"block": 1, "history": "list", "layout": "packed"},
    {"block": 1, "layout": "packed", **BITMAPS},
    {"block": 2, "layout": "packed", **BITMAPS},
    {"block": 4, "layout": "packed"},
    {"block": 8, "history": "list", "layout": "packed"},
    {"block": 1 << 16, "layout": "packed", **BITMAPS},
    {"layout": "shared", **BITMAPS},
    {"layout": "own", **BITMAPS},
    {"layout": "own", "history": "list"},
    {"layout": "shared", "history": "list"},
)


def compiled(case: ClockedCase, choices: Choices) -> tarry.Program:
    return tarry.compile(
        case.network,
        tick=case.tick,
        weight_bits=case.weight_bits,
        weight_scales=case.weight_scales,
        capacities=case.capacities,
        zero_delays="one_tick",
        **choices,  # type: ignore[arg-type]
    )
