"""Capacities traced on recordings: what was seen fits exactly, one place less does not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tarry
from generated_clocked import ClockedCase, draw_clocked


def settings(case: ClockedCase) -> dict[str, Any]:
    return {
        "tick": case.tick,
        "weight_bits": case.weight_bits,
        "weight_scales": case.weight_scales,
        "zero_delays": "one_tick",
    }


def live(program: tarry.Program, case: ClockedCase) -> tarry.Processor:
    """Every spike at its tick."""
    processor = tarry.Processor(program)
    times, channels = case.arrays()
    for tick in range(case.until):
        now = times == tick
        processor.feed(times[now], channels[now], tick + 1)
    return processor


@pytest.mark.parametrize("seed", range(24))
def test_what_was_seen_fits_and_one_place_less_does_not(seed: int) -> None:
    case = draw_clocked(seed)
    given = settings(case)
    found = tarry.traced_capacities(
        case.network, [case.arrays()], headroom=1, until=case.until, capacities=case.capacities, **given
    )
    whole = live(tarry.compile(case.network, history="list", capacities=case.capacities, **given), case)
    # Populations that nothing came from keep their worst case.
    fitted = live(tarry.compile(case.network, history="list", capacities=found, **given), case)
    assert fitted.digest() == whole.digest()
    for seen, roomy in zip(fitted.tallies(), whole.tallies(), strict=True):
        assert seen == roomy | {"capacity": seen["capacity"]}
    names = fitted.names
    for name, capacity in found.items():
        assert fitted.tallies()[names.index(name)]["peak"] == capacity
        if capacity == 1:
            continue
        program = tarry.compile(
            case.network, history="list", capacities=found | {name: capacity - 1}, **given
        )
        is_input = case.network.populations[names.index(name)].neuron is None
        if is_input:
            with pytest.raises(ValueError, match=r"full|does not fit"):
                live(program, case)
        else:
            assert live(program, case).tallies()[names.index(name)]["dropped"] > 0


def test_headroom_and_several_recordings() -> None:
    case = draw_clocked(0)
    times, channels = case.arrays()
    half = len(times) // 2
    pieces = [(times[:half], channels[:half]), (times, channels)]
    alone, both = (
        tarry.traced_capacities(
            case.network, given, headroom=2, until=case.until, capacities=case.capacities, **settings(case)
        )
        for given in (pieces[1:], pieces)
    )
    assert alone == both
    assert all(capacity % 2 == 0 for capacity in both.values())


def test_what_is_refused() -> None:
    case = draw_clocked(0)
    recording = case.arrays()
    with pytest.raises(ValueError, match=r"headroom is 0.5; it must be at least 1"):
        tarry.traced_capacities(case.network, [recording], headroom=0.5, **settings(case))
    with pytest.raises(ValueError, match="there are no recordings"):
        tarry.traced_capacities(case.network, [], **settings(case))
    small = {population.name: 1 for population in case.network.populations if population.neuron is None}
    with pytest.raises(ValueError, match=r"full|does not fit"):
        tarry.traced_capacities(case.network, [recording], capacities=small, **settings(case))
    many = np.zeros(3, np.int64)
    with pytest.raises(ValueError, match="tick -1"):
        tarry.traced_capacities(case.network, [(many - 1, many)], **settings(case))
