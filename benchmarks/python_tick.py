"""What Python adds to one tick: push + run_until + pop_into with buffers reused, against the same calls from Rust.

    .venv/bin/python benchmarks/python_tick.py [--rounds N]

Rust and Python take turns, pass by pass, on the same program and spikes; their spikes and digests must agree. An empty
call of the extension (the property ``waiting``) is timed after every tick. Percentiles are of all ticks of a pass,
medians over the passes; nanoseconds, clock included.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import subprocess
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import numpy as np

import tarry
from bench import BUILD, example

TICKS, PERCENTILES = 20_000, (50, 99, 99.9)


def small() -> tarry.Network:
    """Four inputs, four neurons: next to no work, so that what is seen is the calls."""
    lif = tarry.Lif(20e-3, 0.0, threshold=1.5, reset="by_subtraction")
    projection = tarry.Projection("in", "out", np.full((4, 4), 0.6), 1e-3 * np.arange(4)[:, None])
    return tarry.Network((tarry.Population("in", 4), tarry.Population("out", 4, lif)), (projection,))


def clocked() -> tarry.Network:
    """700 inputs, 256 clocked neurons, delays up to 62 ticks: a tick of the fixed workload's first layer."""
    rng = np.random.default_rng(1)
    lif = tarry.DeltaLif(31000, 3000, reset="by_subtraction")
    weights, delays = rng.integers(-100, 128, (256, 700)), rng.integers(0, 63, (256, 700)) * 1e-3
    projection = tarry.Projection("in", "out", weights, delays)
    return tarry.Network((tarry.Population("in", 700), tarry.Population("out", 256, lif)), (projection,))


class Rust:
    """The example, waiting for its turn."""

    def __init__(self, program: tarry.Program, starts: np.ndarray, channels: np.ndarray) -> None:
        BUILD.mkdir(parents=True, exist_ok=True)
        paths = [BUILD / "tick.tarry", BUILD / "tick.bin"]
        program.save(paths[0])
        words = np.concatenate([[len(starts) - 1], starts, channels]).astype("<u4")
        paths[1].write_bytes(words.tobytes())
        command: list[str | Path] = [example("firmware-sim", "tick_by_tick"), *paths]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self) -> dict[str, Any]:
        """One pass, as the other side prints it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer


def run_python(
    processor: tarry.Processor, starts: np.ndarray, channels: np.ndarray, types: str
) -> dict[str, Any]:
    """One pass: nanoseconds of every tick and of every empty call."""
    time_type, channel_type = types.split()
    spans = list(zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True))
    pieces = [
        (np.full(end - first, tick, time_type), channels[first:end].astype(channel_type))
        for tick, (first, end) in enumerate(spans)
    ]
    out_times, out_channels = np.zeros(4096, time_type), np.zeros(4096, channel_type)
    whole, empty, spikes = np.zeros(len(pieces), np.int64), np.zeros(len(pieces), np.int64), 0
    push, run_until, pop_into, clock = (
        processor.push,
        processor.run_until,
        processor.pop_into,
        perf_counter_ns,
    )
    processor.reset()
    gc.disable()
    for tick, (times, numbers) in enumerate(pieces):
        before = clock()
        push(times, numbers)
        run_until(tick + 1)
        count = pop_into(out_times, out_channels)
        after = clock()
        processor.waiting  # noqa: B018
        last = clock()
        whole[tick], empty[tick] = after - before, last - after
        spikes += count
    gc.enable()
    return {"nanoseconds": whole, "empty": empty, "spikes": spikes, "digest": processor.digest()}


def main() -> None:
    """Time ticks from Rust and from Python in turns."""
    parser = argparse.ArgumentParser(description="What Python adds to one tick.")
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    rng = np.random.default_rng(0)
    for name, network, per_tick in (("small", small(), 1.0), ("clocked", clocked(), 8.0)):
        counts = rng.poisson(per_tick, TICKS)
        starts = np.concatenate([[0], np.cumsum(counts)])
        size = network.populations[0].size
        channels = rng.integers(0, size, starts[-1])
        program = tarry.compile(network, tick=1e-3, capacities={"in": 4096}, weight_bits=8)
        processor, rust = tarry.Processor(program), Rust(program, starts, channels)
        rows: dict[str, list[np.ndarray]] = {}
        for _ in range(rounds):
            ours = rust.run()
            rows.setdefault("rust", []).append(np.percentile(ours["nanoseconds"], PERCENTILES))
            for types in ("int64 int64", "uint64 uint32"):
                theirs = run_python(processor, starts, channels, types)
                if (theirs["spikes"], theirs["digest"]) != (ours["spikes"], ours["digest"]):
                    raise SystemExit(f"{name}: Python and Rust disagree")
                rows.setdefault(f"python, {types}", []).append(
                    np.percentile(theirs["nanoseconds"], PERCENTILES)
                )
                rows.setdefault(f"empty call, {types}", []).append(
                    np.percentile(theirs["empty"], PERCENTILES)
                )
        print(
            f"{name}: {ours['spikes']} output spikes, {rounds} passes of {TICKS} ticks; p50, p99, p99.9 in ns"
        )
        for row, found in rows.items():
            print(f"  {row:30}", *(f"{statistics.median(p):9.0f}" for p in zip(*found, strict=True)))


if __name__ == "__main__":
    main()
