"""The bench of benchmarks/head_to_head: what it reads, simulates, converts and refuses to count."""

from __future__ import annotations

import struct
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from head_to_head import child
from head_to_head.cases import Case
from head_to_head.engine import Answer, Engine
from head_to_head.expected import DECAY, Rule, simulate
from head_to_head.figures import summary
from head_to_head.table import table
from head_to_head.tarry_engine import TICK, matrices, spike_bytes
from head_to_head.workload import Synapses, Workload, read

SIZES, TICKS, RECORDINGS = (6, 5, 4, 3), 40, 3
KINDS = ("synaptic", "pruned", "axonal", "levels")


def projection(rng: np.random.Generator, sources: int, targets: int, kind: str, least: int) -> Synapses:
    """Random synapses of one kind of delays."""
    levels = [least, 3, 7] if kind == "levels" else [0]
    delay = np.tile(np.repeat(levels, targets), (sources, 1))
    if kind == "axonal":
        delay = rng.integers(least, 8, (sources, 1)).repeat(targets, axis=1)
    elif kind != "levels":
        delay = rng.integers(least, 8, (sources, targets))
    weight = rng.integers(1, 90, delay.shape) * rng.choice([-1, 1, 1], delay.shape)
    kept = rng.random(delay.shape) < (0.5 if kind == "pruned" else 1.0)
    first = np.concatenate([[0], np.cumsum(kept.sum(axis=1))])
    target = np.broadcast_to(np.arange(delay.shape[1]) % targets, delay.shape)
    return Synapses(first, target[kept], delay[kept], weight[kept])


def draw(kind: str) -> Workload:
    """A small workload."""
    rng = np.random.default_rng(KINDS.index(kind))
    layers = [projection(rng, a, b, kind, int(i > 0)) for i, (a, b) in enumerate(pairwise(SIZES))]
    spikes = [np.nonzero(rng.random((TICKS, SIZES[0])) < 0.2) for _ in range(RECORDINGS)]
    start = np.cumsum([0, *(len(tick) for tick, _ in spikes)])
    tick, channel = (np.concatenate(parts) for parts in zip(*spikes, strict=True))
    stated = np.zeros((0, 3), np.int64)
    return Workload(
        TICKS, RECORDINGS, 7, 31170, (120, 90), SIZES, stated, tuple(layers), start, tick, channel
    )  # fmt: skip


def slow(load: Workload, rule: Rule, recording: int) -> list[float]:
    """Spikes of the hidden populations, checksum, deliveries due: synapse by synapse, neuron by neuron."""
    spikes = list(zip(*(part.tolist() for part in load.spikes(recording)), strict=True))
    found: list[float] = []
    due, checksum = 0, 0.0
    for layer, synapses in enumerate(load.projections):
        size = load.sizes[layer + 1]
        arriving = np.zeros((load.ticks + 10, size), np.int64)
        for tick, source in spikes:
            reached = set()
            for s in range(synapses.first[source], synapses.first[source + 1]):
                arrival = tick + (0 if rule == "no_delays" else int(synapses.delay[s]))
                arriving[arrival, synapses.target[s]] += synapses.weight[s]
                reached.add((arrival, int(synapses.target[s])) if rule == "no_delays" else (arrival, s))
            due += sum(arrival < load.ticks for arrival, _ in reached)
        u: list[float] = [0] * size
        spikes = []
        for tick in range(load.ticks):
            for k in range(size):
                value = u[k]
                if rule == "exact":
                    left = (load.beta * abs(int(value))) >> 15
                    u[k] = (-left if value < 0 else left) + int(arriving[tick, k])
                else:
                    u[k] = value * float(DECAY) + int(arriving[tick, k])
                if layer < 2 and u[k] >= load.thetas[layer]:
                    u[k] = 0 if rule == "to_zero" else u[k] - load.thetas[layer]
                    spikes.append((tick, k))
                elif layer == 2:
                    checksum += (k + 1) * u[k]
        if layer < 2:
            found.append(len(spikes))
    return [*found, checksum, due]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rule", ["exact", "to_zero", "no_delays"])
def test_the_simulation_equals_a_slow_one(kind: str, rule: Rule) -> None:
    load = draw(kind)
    wanted = np.array([slow(load, rule, recording) for recording in range(RECORDINGS)])
    found = simulate(load, rule, range(RECORDINGS))
    assert (wanted[:, :2].sum(axis=0) > 5).all()
    np.testing.assert_array_equal(found[:, [0, 1, 3]], wanted[:, [0, 1, 3]])
    np.testing.assert_allclose(found[:, 2], wanted[:, 2], rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_a_network_has_the_synapses_of_its_workload(kind: str) -> None:
    for synapses, size in zip(draw(kind).projections, SIZES[1:], strict=True):
        found = set()
        parts = matrices(synapses, size)
        for weights, delays in parts:
            ticks = np.broadcast_to(np.rint(delays / TICK).astype(int), weights.shape)
            found |= {
                (pre, post, int(ticks[post, pre]), int(w)) for (post, pre), w in np.ndenumerate(weights) if w
            }
        columns = (synapses.source, synapses.target, synapses.delay, synapses.weight)
        assert found == set(zip(*(column.tolist() for column in columns), strict=True))
        shapes = [delays.shape for _, delays in parts]
        sources = len(synapses.first) - 1
        wanted = {"levels": [()] * 3, "axonal": [(1, sources)]}.get(kind, [(size, sources)])
        assert shapes == wanted


def test_spikes_are_written_as_the_example_reads_them() -> None:
    load = draw("synaptic")
    words = struct.unpack(f"<{len(spike_bytes(load)) // 4}I", spike_bytes(load))
    assert words[:2] == (RECORDINGS, TICKS)
    starts, rest = words[2 : RECORDINGS + 3], words[RECORDINGS + 3 :]
    for recording, (start, end) in enumerate(pairwise(starts)):
        ticks, channels = load.spikes(recording)
        assert rest[start:end] == tuple(ticks.tolist())
        assert rest[starts[-1] + start : starts[-1] + end] == tuple(channels.tolist())


def test_a_workload_file_is_read(tmp_path: Path) -> None:
    load = draw("pruned")
    synapses = sum(len(part.weight) for part in load.projections)
    header = [0x57415259, TICKS, RECORDINGS, 7, 31170, 120, 90, *SIZES, synapses, len(load.spike_tick), 1]
    data = struct.pack("<14i3q", *header, 4, 5, -6)
    for part in load.projections:
        for values, kind in zip((part.first, part.target, part.delay, part.weight), "IHHh", strict=True):
            data += struct.pack(f"<{len(values)}{kind}", *values.tolist())
    for values, kind in zip((load.spike_start, load.spike_tick, load.spike_channel), "IHH", strict=True):
        data += struct.pack(f"<{len(values)}{kind}", *values.tolist())
    (tmp_path / "a.bin").write_bytes(data)
    found = read(tmp_path / "a.bin")
    assert (found.ticks, found.recordings, found.beta, found.thetas, found.sizes) == (
        TICKS, RECORDINGS, 31170, (120, 90), SIZES,
    )  # fmt: skip
    assert found.stated.tolist() == [[4, 5, -6]]
    np.testing.assert_array_equal(found.spike_channel, load.spike_channel)
    for ours, theirs in zip(found.projections, load.projections, strict=True):
        np.testing.assert_array_equal(ours.source, theirs.source)
        np.testing.assert_array_equal(ours.weight, theirs.weight)
    (tmp_path / "b.bin").write_bytes(b"x" * 100)
    with pytest.raises(ValueError, match="not a workload file"):
        read(tmp_path / "b.bin")


def test_no_speed_without_the_right_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    right = {"spikes_hidden_1": 1000, "spikes_hidden_2": 2000, "readout_checksum": -3.0, "deliveries_due": 50}

    class Found:
        def totals(self, recordings: int) -> dict[str, float]:
            assert recordings == 10
            return right

    monkeypatch.setattr("head_to_head.figures.expected", lambda *_: Found())
    case, exact = Case("fixed"), Engine(("a",), lambda _: [], lambda _: {})
    loose = Engine(("a",), lambda _: [], lambda _: {}, spikes_within=1e-3)

    def answer(
        first: int = 1000, checksum: int | None = -3, due: int | None = 50, seconds: float = 2
    ) -> Answer:
        return Answer(10, first, 2000, seconds, readout_checksum=checksum, deliveries_due=due)

    good = summary(case, exact, [answer(seconds=s) for s in (1, 2, 9)], [7, 9, 8])
    assert (good["checked"], good["deliveries_per_second"], good["peak_bytes"]) == (True, 25, 9)
    for wrong in (answer(first=1001), answer(checksum=-4), answer(due=51)):
        bad = summary(case, exact, [answer(), wrong], [1, 1])
        assert not bad["checked"]
        assert "deliveries_per_second" not in bad
    assert summary(case, loose, [answer(first=1001, checksum=None, due=None)], [1])["checked"]
    assert not summary(case, loose, [answer(first=1002, checksum=None, due=None)], [1])["checked"]


def test_the_table_has_every_engine_and_the_ratios_of_rounds() -> None:
    def row(speeds: list[float], **more: object) -> dict[str, object]:
        middle = sorted(speeds)[1]
        return {"checked": True, "deliveries_per_second": middle, "by_round": speeds, "rounds": 3} | more

    rows = {
        "tarry": row([4e9, 2e9, 2e9], p50_us=1.0, **{"p99_us": 2.0, "p99.9_us": 3.0}, peak_bytes=5e6),
        "yardstick_16": row([2e9, 1e9, 2e9], cpu_by_round=[1.0, 1.0, 1.0]),
        "brian2": row([1e8, 1e8, 4e8], note="Brian2's note"),
        "nest": {"checked": False, "why": "spikes"},
    }
    text = table({"machine": "M", "cases": {"fixed": rows, "axonal": {"tarry": row([1e9, 1e9, 1e9])}}})
    assert "| Tarry | 2,000 | 1,000 | 1, 2, 3 | 5 MB |" in text
    assert "| NEST | wrong |  |  |  |" in text
    assert "- fixed, Tarry: 2.00 × C, 16 bit; 20.0 × Brian2, the fastest peer" in text
    assert "Brian2's note" in text


def test_a_program_runs_and_its_peak_is_seen() -> None:
    held = "import time; kept = bytearray(80_000_000); print('{\"x\": 1}', flush=True); time.sleep(0.3)"
    lines, peak = child.run([sys.executable, "-c", held], core=0)
    assert lines == [{"x": 1}]
    assert 80e6 < peak < 400e6
    with pytest.raises(child.Failed, match="ended with 3"):
        child.run([sys.executable, "-c", "raise SystemExit(3)"], core=0)
