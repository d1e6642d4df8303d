"""Snapshots: run, take one, go on, restore, go on again: the same spikes, state and counters; damage is refused."""

from __future__ import annotations

import pickle
import zlib
from typing import Any

import numpy as np
import pytest

import tarry
from generated import UNTIL, draw
from generated_clocked import draw_clocked
from layouts import CHOICES
from test_processor import relay, spikes
from test_processor_streaming import compiled

REFUSED = r"no snapshot of this version|the snapshot is damaged"
IMPOSSIBLE = ("no processor can be in", "output spikes wait")
Recording = tuple[np.ndarray, np.ndarray]


def go_on(processor: tarry.Processor, recording: Recording, pushed: int, until: int, seed: int) -> Any:
    """Feed the rest in random pieces and run to the end; everything that can be seen."""
    rng = np.random.default_rng(seed)
    times, channels = recording
    out: list[tuple[int, int]] = []
    while processor.now < until:
        stop = min(until, processor.now + int(rng.integers(1, 30)))
        end = max(pushed, int(np.searchsorted(times, stop)))
        out += pairs(processor.feed(times[pushed:end], channels[pushed:end], stop))
        pushed = end
    values = [processor.values(i).tolist() for i in range(len(processor.tallies()))]
    return out, processor.digest(), processor.counts(), processor.tallies(), values


def pairs(popped: Recording) -> list[tuple[int, int]]:
    return list(zip(popped[0].tolist(), popped[1].tolist(), strict=True))


def check(program: tarry.Program, recording: Recording, until: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    times = recording[0]
    processor = tarry.Processor(program)
    stop = int(rng.integers(0, until))
    # Some spikes lie ahead of the present, and some outputs wait.
    pushed = int(np.searchsorted(times, stop + int(rng.integers(0, 8))))
    for first in range(pushed):
        assert processor.push(times[first : first + 1], recording[1][first : first + 1]) == 1
        if first + 1 < pushed:
            processor.run_until(min(stop, int(times[first + 1])))
    processor.run_until(stop)
    snapshot = processor.snapshot()
    first = go_on(processor, recording, pushed, until, seed)
    processor.restore(snapshot)
    assert processor.now == stop
    assert go_on(processor, recording, pushed, until, seed) == first
    # In another processor, by way of a file, whatever that one did before.
    other = tarry.Processor(program)
    other.run(*recording, until)
    other.restore(tarry.Snapshot(snapshot.bytes))
    assert other.snapshot().bytes == snapshot.bytes
    assert go_on(other, recording, pushed, until, seed) == first


@pytest.mark.parametrize("group", range(6))
def test_event_driven_programs(group: int) -> None:
    for seed in range(group * 40, group * 40 + 40):
        case = draw(seed)
        check(case.compile(), case.arrays(), UNTIL, seed)


@pytest.mark.parametrize("group", range(6))
def test_clocked_and_mixed_programs(group: int) -> None:
    for seed in range(group * 30, group * 30 + 30):
        case = draw_clocked(seed)
        check(compiled(case, **CHOICES[seed // 6 % len(CHOICES)]), case.arrays(), case.until, seed)


def test_drops_and_rejections_are_restored() -> None:
    for policy in ("reject", "drop"):
        processor = tarry.Processor(relay(capacities={"in": 2}, input_policy=policy))
        processor.push(*spikes((0, 0), (1, 0), (2, 0), (3, 1)))
        snapshot, tallies = processor.snapshot(), processor.tallies()
        processor.push(*spikes((4, 0)))
        processor.restore(snapshot)
        assert processor.tallies() == tallies
        assert processor.push(*spikes((4, 0))) == (policy == "drop")


def test_snapshots_of_other_programs_are_refused() -> None:
    snapshot = tarry.Processor(relay()).snapshot()
    other = tarry.Processor(relay(weight_bits=4))
    other.run_until(7)
    with pytest.raises(ValueError, match="taken from another program; restore it to a processor of that one"):
        other.restore(snapshot)
    assert other.now == 7


def test_damaged_snapshots_are_refused() -> None:
    processor = tarry.Processor(draw(3).compile())
    processor.push(*(a[:9] for a in draw(3).arrays()))
    processor.run_until(40)
    snapshot = processor.snapshot()
    data = snapshot.bytes
    for position in range(len(data)):
        flipped = bytearray(data)
        flipped[position] ^= 1 << position % 8
        with pytest.raises(ValueError, match=REFUSED):
            tarry.Snapshot(bytes(flipped))
        with pytest.raises(ValueError, match=REFUSED):
            tarry.Snapshot(data[:position])
    with pytest.raises(ValueError, match="the snapshot is damaged"):
        tarry.Snapshot(data + b"\0")
    assert pickle.loads(pickle.dumps(snapshot)).bytes == data


@pytest.mark.parametrize("seed", range(0, 60, 5))
def test_right_checksums_are_not_enough(seed: int) -> None:
    """A state that no processor can be in is refused, and the processor reset; any other runs to its end."""
    case = draw_clocked(seed)
    processor = tarry.Processor(compiled(case, **CHOICES[seed % len(CHOICES)]))
    times, channels = case.arrays()
    end = int(np.searchsorted(times, 60))
    processor.feed(times[:end], channels[:end], 60)
    data = processor.snapshot().bytes
    rng = np.random.default_rng(seed)
    refused = 0
    for _ in range(60):
        changed = bytearray(data[:-4])
        for _ in range(int(rng.integers(1, 4))):
            position = int(rng.integers(20 + 4 + 56, len(changed)))
            changed[position] = int(rng.choice([0, 255, int(rng.integers(256))]))
        damaged = bytes(changed) + zlib.crc32(changed).to_bytes(4, "little")
        try:
            processor.restore(tarry.Snapshot(damaged))
        except ValueError as error:
            refused += any(reason in str(error) for reason in IMPOSSIBLE)
            continue
        until = processor.now + 200
        while processor.run_until(until) < until:
            processor.pop()
    assert refused
