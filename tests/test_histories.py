"""In which form the compiler keeps the spikes of neurons: lists on a host, bitmaps where memory counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tarry


def network(neurons: int = 8, longest: int = 20, own: int = 1) -> tarry.Network:
    """Inputs onto neurons onto others; each of the neurons has so many delays, up to the longest."""
    rng = np.random.default_rng(1)
    delays = longest - np.arange(own)[rng.permuted(np.tile(np.arange(own), (neurons, 1)), axis=1).T]
    return tarry.Network(
        (
            tarry.Population("in", 4),
            tarry.Population("neurons", neurons, tarry.DeltaLif(31000, 40)),
            tarry.Population("out", own, tarry.DeltaLif(31000, 40)),
        ),
        (
            tarry.Projection("in", "neurons", np.ones((neurons, 4))),
            tarry.Projection("neurons", "out", np.ones((own, neurons)), delays * 1e-3),
        ),
    )


def is_bitmap(net: tarry.Network, **choices: Any) -> bool:
    return bool(tarry.compile(net, tick=1e-3, **choices).populations()[1]["is_bitmap"])


@pytest.mark.parametrize("limit", ["memory_limit", "delay_limit"])
def test_lists_on_a_host_and_bitmaps_where_memory_counts(limit: str) -> None:
    assert not is_bitmap(network())
    assert is_bitmap(network(), **{limit: 1 << 20})
    assert is_bitmap(network(), platform="seneca")
    assert not is_bitmap(network(), **{limit: 1 << 20}, capacities={"neurons": 16})


def test_bitmaps_where_the_worst_case_is_too_much_for_a_list() -> None:
    assert not is_bitmap(network(512, longest=61))
    assert is_bitmap(network(512, longest=64))


def test_lists_of_due_rows_have_a_limit() -> None:
    """128 neurons and delays up to 21 ticks are 4096 places, with 20 rows each more than 16 bits name."""
    many = network(128, longest=21, own=20)
    assert is_bitmap(many, layout="own")
    limited = {"history": "list", "delay_limit": 1 << 20}
    for asked in ({"history": "list"}, limited, {"capacities": {"neurons": 4000}}):
        with pytest.raises(
            ValueError, match=r"4,096 spikes with 20 rows each .* fewer than 65,536 are possible"
        ):
            tarry.compile(many, tick=1e-3, layout="own", **asked)
    assert not is_bitmap(many, layout="own", history="list", capacities={"neurons": 2048})
