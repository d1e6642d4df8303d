"""Streaming and batches: the same spikes however they enter and leave, and for any number of threads."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import tarry
from generated import UNTIL, draw
from generated_clocked import ClockedCase, draw_clocked
from test_processor import relay, spikes

READS = [
    seed for seed in range(40) if any(p.name == "read_0" for p in draw_clocked(seed).network.populations)
]


def compiled(case: ClockedCase, **choices: Any) -> tarry.Program:
    return tarry.compile(
        case.network,
        tick=case.tick,
        weight_bits=case.weight_bits,
        weight_scales=case.weight_scales,
        capacities=case.capacities,
        zero_delays="one_tick",
        **choices,
    )


def recordings_of(case: ClockedCase, count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """The recording of the case, and others of some of its spikes."""
    times, channels = case.arrays()
    rng = np.random.default_rng(count)
    kept = [rng.random(len(times)) < rng.random() for _ in range(count - 1)]
    return [(times, channels)] + [(times[k], channels[k]) for k in kept]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("types", [("i8", "i8"), ("u8", "u4"), ("i4", "i4"), ("u4", "u8")])
def test_buffers_of_the_caller(seed: int, types: tuple[str, str]) -> None:
    case = draw_clocked(seed)
    processor = tarry.Processor(compiled(case))
    times, channels = (a.astype(t) for a, t in zip(case.arrays(), types, strict=True))
    out_times, out_channels = (
        np.full(3, 7, np.uint64 if types[0] == "u8" else np.int64),
        np.full(3, 7, np.int64),
    )
    got: list[tuple[int, int]] = []
    for tick in range(case.until):
        first, end = np.searchsorted(times, [tick, tick + 1])
        assert processor.push(times[first:end], channels[first:end]) == end - first
        assert processor.run_until(tick + 1) == tick + 1
        while count := processor.pop_into(out_times, out_channels):
            got += zip(out_times[:count].tolist(), out_channels[:count].tolist(), strict=True)
        assert processor.waiting == 0
    assert got == case.expected().outputs
    assert processor.digest() == case.expected().digest


def test_every_other_element_of_an_array_will_do() -> None:
    processor = tarry.Processor(relay())
    times, channels = spikes((3, 0), (3, 0), (9, 1), (9, 1))
    assert processor.push(times[::2].astype(np.uint64)[::1], channels[::2]) == 2
    processor.run_until(20)
    out = np.zeros((2, 4), np.int64)
    assert processor.pop_into(out[0, ::2], out[1, ::2]) == 2
    assert out.tolist() == [[8, 0, 14, 0], [0, 0, 1, 0]]


@pytest.mark.parametrize(
    ("times", "channels", "error", "message"),
    [
        (np.zeros(2, np.int64), np.zeros(3, np.int64), ValueError, "room for 2 spikes and channels for 3"),
        (
            np.zeros(2),
            np.zeros(2, np.int64),
            TypeError,
            "times must be a one-dimensional array of int64 or uint64",
        ),
        (np.zeros(2, np.int64), np.zeros(2, np.int16), TypeError, "array of int64 or uint32, not int16"),
        ([0, 0], np.zeros(2, np.int64), TypeError, "not <class 'list'>"),
        (np.zeros(2, np.int64), np.broadcast_to(np.int64(0), 2), ValueError, "channels cannot be written to"),
    ],
)
def test_buffers_that_are_refused(times: Any, channels: Any, error: type[Exception], message: str) -> None:
    processor = tarry.Processor(relay())
    processor.push(*spikes((0, 0)))
    processor.run_until(9)
    with pytest.raises(error, match=message):
        processor.pop_into(times, channels)
    assert processor.waiting == 1


def test_one_array_for_both_is_refused() -> None:
    processor = tarry.Processor(relay())
    both = np.zeros(4, np.int64)
    with pytest.raises(ValueError, match="channels are in use by another call, or share memory"):
        processor.pop_into(both, both)
    with pytest.raises(ValueError, match="share memory"):
        processor.pop_into(both[:3], both[1:])
    assert processor.pop_into(both[:2], both[2:]) == 0


@pytest.mark.parametrize("until", [-1, 2**64])
def test_ends_out_of_range(until: int) -> None:
    processor = tarry.Processor(relay())
    with pytest.raises(ValueError, match=f"until is {until}; it must be a tick from 0"):
        processor.run_until(until)
    with pytest.raises(TypeError, match="until must be an integer, not"):
        processor.run_until("9")  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", [0, 2, 4, 5, *READS[:4]])
def test_batches_equal_single_runs(seed: int) -> None:
    case = draw_clocked(seed)
    program = compiled(case)
    recordings = recordings_of(case, 17)
    processor, alone = tarry.Processor(program), tarry.Processor(program)
    processor.run_until(3)
    for threads in (1, 2, 5, None):
        batch = processor.run_batch(recordings, case.until, threads)
        assert len(batch) == 17
        offered = [0] * len(alone.tallies())
        for i, recording in enumerate(recordings):
            before = [t["offered"] for t in alone.tallies()]
            expected = alone.run(*recording, case.until)
            assert [a.tolist() for a in batch[i]] == [a.tolist() for a in expected]
            assert batch.digests[i] == alone.digest()
            for name, values in batch.values.items():
                assert values[i].tolist() == alone.values(name).tolist()
            offered = [o + t["offered"] - b for o, t, b in zip(offered, alone.tallies(), before, strict=True)]
        assert [t["offered"] for t in batch.tallies] == offered
        assert ("read_0" in batch.values) == (seed in READS)
    assert batch[-1][0].tolist() == batch[16][0].tolist()
    assert processor.now == 3


def test_a_batch_in_a_child_of_a_fork() -> None:
    program = relay()
    recordings = [spikes((i, 0), (i, 1)) for i in range(9)]
    processor = tarry.Processor(program)
    expected = processor.run_batch(recordings, 40, 2).times.tolist()
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply_async(_times_of_batch, (program.bytes, recordings)).get(60) == expected
    assert processor.run_batch(recordings, 40, 2).times.tolist() == expected


def _times_of_batch(program: bytes, recordings: list[tuple[np.ndarray, np.ndarray]]) -> list[int]:
    times: list[int] = tarry.Processor(tarry.Program(program)).run_batch(recordings, 40, 2).times.tolist()
    return times


def test_batches_that_are_refused() -> None:
    processor = tarry.Processor(relay())
    good = spikes((1, 0))
    assert len(processor.run_batch([], 9)) == 0
    for threads in (1, 2):
        with pytest.raises(ValueError, match="recording 1: spike 0 has tick 9; the run ends before tick 9"):
            processor.run_batch([good, spikes((9, 0)), spikes((2, 0), (1, 0))], [9, 9, 9], threads)
        with pytest.raises(ValueError, match="recording 2: spike 1 has tick 1; times must not decrease"):
            processor.run_batch([good, good, spikes((2, 0), (1, 0))], 9, threads)
    with pytest.raises(TypeError, match="recording 1: times must be a one-dimensional array"):
        processor.run_batch([good, (np.zeros(1), np.zeros(1, int))], 9)  # type: ignore[list-item]
    with pytest.raises(ValueError, match="there are 2 ends and 3 recordings"):
        processor.run_batch([good] * 3, [9, 9])
    with pytest.raises(ValueError, match="threads is 0; it must be 1 to 1024"):
        processor.run_batch([good], 9, threads=0)
    with pytest.raises(ValueError, match="threads is 2000"):
        processor.run_batch([good], 9, threads=2000)


@pytest.mark.parametrize("seed", [1, 4, 5, READS[0]])
@pytest.mark.parametrize("slice_ticks", [1, 7, 64, 1000])
def test_slices_hold_what_a_run_holds(seed: int, slice_ticks: int) -> None:
    case = draw_clocked(seed)
    processor = tarry.Processor(compiled(case))
    times, channels = case.arrays()
    names = [p.name for p in case.network.populations]
    slices = list(processor.stream((times, channels), slice_ticks, case.until, values=[names[-1], 0]))
    assert [s.start_tick for s in slices] == list(range(0, case.until, slice_ticks))
    assert slices[-1].end_tick == case.until
    out = [pair for s in slices for pair in zip(s.times.tolist(), s.channels.tolist(), strict=True)]
    assert out == case.expected().outputs
    assert all(s.start_tick <= t < s.end_tick for s in slices for t in s.times)
    assert processor.digest() == case.expected().digest
    assert slices[-1].values[names[-1]].tolist() == processor.values(names[-1]).tolist()


def test_slices_of_a_source_that_comes_in_pieces() -> None:
    case = draw(7)
    processor = tarry.Processor(case.compile())
    times, channels = case.arrays()
    expected = processor.run(times, channels, UNTIL)
    asked: list[int] = []

    def pieces() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for first in range(0, len(times), 3):
            asked.append(first)
            yield times[first : first + 3], channels[first : first + 3]

    processor.reset()
    stream = processor.stream(pieces(), 5)
    start = next(stream)
    # No further than the slice needs.
    assert times[asked[-1]] <= start.end_tick or len(asked) == 1
    slices = [start, *stream]
    assert slices[-1].start_tick <= times[-1] < slices[-1].end_tick
    slices += processor.stream([], 5, UNTIL)
    assert np.concatenate([s.times for s in slices]).tolist() == expected[0].tolist()
    assert np.concatenate([s.channels for s in slices]).tolist() == expected[1].tolist()


def test_streams_that_are_refused() -> None:
    processor = tarry.Processor(relay())
    with pytest.raises(ValueError, match="slice_ticks is 0"):
        processor.stream([], 0)
    with pytest.raises(ValueError, match="there is no population 'x'; there are in, out"):
        processor.stream([], 1, values=["x"])
    with pytest.raises(ValueError, match="a spike at tick 9; the stream ends before tick 8"):
        list(processor.stream(spikes((1, 0), (9, 0)), 4, until=8))
    processor.reset()
    with pytest.raises(ValueError, match="times must not decrease"):
        list(processor.stream([spikes((5, 0)), spikes((4, 0))], 3))


def test_populations_by_name() -> None:
    processor = tarry.Processor(relay())
    processor.run(*spikes((0, 0)), 4)
    assert processor.values("out").tolist() == processor.values(1).tolist() == [0, 0]
    assert processor.values("in").tolist() == []
    for bad in (2, -1):
        with pytest.raises(ValueError, match=f"there is no population {bad}; there are 2, counted from 0"):
            processor.values(bad)
    with pytest.raises(ValueError, match="there is no population 'hidden'; there are in, out"):
        processor.words("hidden")
