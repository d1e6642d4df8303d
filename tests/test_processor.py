"""The processor from Python: bad input in one sentence, policies, counters, streaming."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tarry
from generated import exact_crossings
from golden_file import GOLDEN, fnv_1a, read

TICK = 1e-3 / 16


def relay(**compile_arguments: Any) -> tarry.Program:
    """Two inputs, one neuron each: every input spike fires its neuron at once."""
    lif = tarry.Lif(1e-3, 0.0, threshold=0.5)
    network = tarry.Network(
        (tarry.Population("in", 2), tarry.Population("out", 2, lif)),
        (tarry.Projection("in", "out", np.eye(2), 5 * TICK),),
    )
    return tarry.compile(network, tick=TICK, **compile_arguments)


def spikes(*pairs: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([t for t, _ in pairs], np.int64), np.array([c for _, c in pairs], np.int64)


def test_push_run_pop() -> None:
    processor = tarry.Processor(relay())
    assert processor.next_deadline() is None
    assert processor.push(*spikes((3, 0), (3, 1), (9, 1))) == 3
    assert processor.next_deadline() == 8
    assert processor.run_until(8) == 8
    assert [a.tolist() for a in processor.pop()] == [[], []]
    assert processor.run_until(100, stop_after=2) == 9
    assert [a.tolist() for a in processor.pop()] == [[8, 8], [0, 1]]
    assert processor.run_until(100) == processor.now == 100
    assert [a.tolist() for a in processor.pop()] == [[14], [1]]
    assert processor.counts()["deliveries"] == 3


@pytest.mark.parametrize("file", ["networks.bin", "yin_yang.bin"])
def test_golden_cases(file: str) -> None:
    for case in read(GOLDEN / file):
        processor = tarry.Processor(tarry.Program(case.program))
        for recording in case.recordings[:20]:
            times, channels = processor.run(*spikes(*recording.inputs), recording.until)
            assert list(zip(times.tolist(), channels.tolist(), strict=True)) == recording.outputs
            a, b, anchors = (x.tolist() for x in processor.states())
            states = list(zip(a, b, anchors, strict=True))
            assert processor.digest() == recording.digest == fnv_1a(recording.outputs, states)


@pytest.mark.parametrize(
    ("times", "channels", "error", "message"),
    [
        ([3, 2], [0, 0], ValueError, "spike 1 has tick 2; times must not decrease, and the next may be 3"),
        ([-1], [0], ValueError, "spike 0 has tick -1; ticks start at 0"),
        ([1], [2], ValueError, "spike 0 has channel 2; the program has 2, counted from 0"),
        ([1], [-1], ValueError, "spike 0 has channel -1"),
        ([1, 2], [0], ValueError, "there are 2 times and 1 channels"),
        ([2**62], [0], ValueError, "beyond the last tick"),
        ([1.5], [0], TypeError, "times must be a one-dimensional array of int64, not float64"),
        ([float("nan")], [0], TypeError, "times must be a one-dimensional array of int64"),
        ([[1]], [0], TypeError, r"not int64 of shape \(1, 1\)"),
        ([1], ["a"], TypeError, "channels must be"),
    ],
)
@pytest.mark.parametrize("call", ["push", "run"])
def test_bad_spikes(call: str, times: Any, channels: Any, error: type[Exception], message: str) -> None:
    processor = tarry.Processor(relay())
    arguments = (np.array(times), np.array(channels)) + ((2**63,) if call == "run" else ())
    with pytest.raises(error, match=message):
        getattr(processor, call)(*arguments)
    assert processor.tallies()[0]["accepted"] == 0 or call == "run"


def test_spikes_before_the_present_are_refused() -> None:
    processor = tarry.Processor(relay())
    processor.run_until(10)
    with pytest.raises(
        ValueError, match="spike 0 has tick 9; times must not decrease, and the next may be 10"
    ):
        processor.push(*spikes((9, 0)))


def test_a_full_queue_rejects_and_counts() -> None:
    processor = tarry.Processor(relay(capacities={"in": 2}))
    assert processor.push(*spikes((0, 0), (1, 0), (2, 0), (3, 1))) == 2
    tally = processor.tallies()[0]
    assert (tally["offered"], tally["accepted"], tally["rejected"], tally["dropped"]) == (4, 2, 2, 0)
    assert tally["peak"] == tally["capacity"] == 2
    # The place of the spike of tick 0 is free again when its delivery, at tick 5, is done.
    processor.run_until(5)
    assert processor.push(*spikes((5, 0))) == 0
    processor.run_until(6)
    assert processor.push(*spikes((6, 0))) == 1
    with pytest.raises(
        ValueError, match=r"spike 2 at tick 2 does not fit: .* compile with larger capacities"
    ):
        processor.run(*spikes((0, 0), (1, 0), (2, 0)), 50)


def test_a_full_queue_drops_and_counts() -> None:
    processor = tarry.Processor(relay(capacities={"in": 2}, input_policy="drop"))
    assert processor.push(*spikes((0, 0), (1, 0), (2, 0), (3, 1))) == 4
    tally = processor.tallies()[0]
    assert (tally["offered"], tally["accepted"], tally["rejected"], tally["dropped"]) == (4, 2, 0, 2)
    processor.run_until(50)
    assert processor.pop()[0].tolist() == [5, 6]


def test_a_full_history_of_neurons_drops_the_higher_indices() -> None:
    lif = tarry.Lif(1e-3, 0.0, threshold=0.5)
    network = tarry.Network(
        (tarry.Population("in", 1), tarry.Population("a", 3, lif), tarry.Population("b", 3, lif)),
        (tarry.Projection("in", "a", np.ones((3, 1))), tarry.Projection("a", "b", np.eye(3), 4 * TICK)),
    )
    processor = tarry.Processor(tarry.compile(network, tick=TICK, capacities={"a": 2}))
    times, channels = processor.run(*spikes((0, 0)), 20)
    assert (times.tolist(), channels.tolist()) == ([4, 4], [0, 1])
    tally = processor.tallies()[1]
    assert (tally["offered"], tally["accepted"], tally["dropped"]) == (3, 2, 1)


def test_binary_inputs_spike_once_per_tick() -> None:
    lif = tarry.Lif(1e-3, 0.0, threshold=1.5)
    for binary in (False, True):
        network = tarry.Network(
            (tarry.Population("in", 70, binary=binary), tarry.Population("out", 70, lif)),
            (tarry.Projection("in", "out", np.eye(70)),),
        )
        processor = tarry.Processor(tarry.compile(network, tick=TICK))
        # Two spikes of one channel in one tick count twice and fire the neuron; a binary input drops the second.
        times, _ = processor.run(*spikes((1, 65), (1, 3), (1, 65), (2, 3)), 5)
        assert len(times) == (1 if binary else 2)
        assert processor.tallies()[0]["dropped"] == int(binary)


def test_first_spikes() -> None:
    processor = tarry.Processor(relay())
    # Neurons that may fire again: a spike per channel in, the first of each output out, silent ones too.
    assert processor.first_spikes(np.array([[3, -1], [0, 4], [-1, -1]])).tolist() == [
        [8, -1],
        [5, 9],
        [-1, -1],
    ]
    case = next(read(GOLDEN / "yin_yang.bin"))
    processor = tarry.Processor(tarry.Program(case.program))
    with pytest.raises(ValueError, match="ticks have 3 columns; the program has 4 input channels"):
        processor.first_spikes(np.zeros((1, 3), np.int64))
    with pytest.raises(ValueError, match="C-contiguous"):
        processor.first_spikes(np.zeros((4, 2), np.int64).T)
    ticks = np.full((len(case.recordings), 4), -1, np.int64)
    for row, recording in zip(ticks, case.recordings, strict=True):
        for tick, channel in recording.inputs:
            row[channel] = tick
    for first, recording in zip(processor.first_spikes(ticks), case.recordings, strict=True):
        assert {c: t for c, t in enumerate(first.tolist()) if t >= 0} == {c: t for t, c in recording.outputs}


def test_first_spikes_of_many_outputs() -> None:
    """More outputs than the buffer holds: the run goes on when their spikes are taken."""
    count = 3000
    lif = tarry.Lif(1e-3, 0.0, threshold=0.5, reset="once")
    network = tarry.Network(
        (tarry.Population("in", 1), tarry.Population("out", count, lif)),
        (tarry.Projection("in", "out", np.ones((count, 1)), TICK * np.arange(count)[:, None]),),
    )
    first = tarry.Processor(tarry.compile(network, tick=TICK)).first_spikes(np.zeros((1, 1), np.int64))
    assert first.tolist() == [list(range(count))]


def test_programs_are_checked(tmp_path: Path) -> None:
    program = relay()
    path = tmp_path / "relay.tarry"
    program.save(path)
    assert tarry.Program.load(path).bytes == program.bytes
    assert str(tarry.Program.load(path)).startswith("program of")
    data = program.bytes
    path.write_bytes(data[:-1])
    with pytest.raises(ValueError, match=r"relay\.tarry: the program ends too early"):
        tarry.Program.load(path)
    for position in range(0, len(data), 7):
        flipped = bytearray(data)
        flipped[position] ^= 0x10
        with pytest.raises(ValueError, match=r"header|checksum|lie|ends too early|length"):
            tarry.Program(bytes(flipped))
    with pytest.raises(ValueError, match="ends too early"):
        tarry.Program(b"")


def test_notes_are_only_notes() -> None:
    """Another compiler may leave other notes; nothing but names depends on them."""
    import struct
    import zlib

    data = relay().bytes
    last = 40 + 16 * 10
    offset, length = struct.unpack_from("<II", data, last + 4)
    for notes in (b"", b"no json", b'{"names":["only one"]}', b"[]"):
        body = data[:offset] + notes + bytes(-len(notes) % 4)
        table = body[40:last] + struct.pack("<IIII", 10, offset, len(notes), zlib.crc32(notes))
        header = body[:12] + struct.pack("<I", len(body)) + body[16:32] + struct.pack("<I", zlib.crc32(table))
        other = tarry.Program(header + struct.pack("<I", zlib.crc32(header)) + table + body[last + 16 :])
        assert other.names == ["population 0", "population 1"]
        assert length > 0
        assert "population 1: 2 lif" in str(other)


def test_equality_fires() -> None:
    """V = theta exactly, at a predicted tick and at an arrival: >= and not >."""
    cases = list(exact_crossings())
    assert len(cases) >= 3
    for case in cases:
        times, _ = tarry.Processor(case.program).run(*spikes((0, 0)), case.crossing + 1)
        assert times.tolist() == [case.crossing]
    assert tarry.Processor(relay(weight_scales={"out": 0.5})).run(*spikes((0, 0)), 9)[0].tolist() == [5]
