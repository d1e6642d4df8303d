"""What one tick costs from Python: push + run_until + pop, against an empty call of the extension.

The two take turns, tick by tick, so that whatever else the machine does hits both alike. The empty call reads a
processor's ``now``. Reading the clock is part of both. The ticks' outputs must equal those of one whole run.

    python benchmarks/call_latency.py                                    # an event-driven network, 64-64-20
    python benchmarks/call_latency.py --program build/bench/tarry/fixed.tarry --spikes build/bench/tarry/fixed.spikes

The second form runs the fixed workload of ``head_to_head``, which ``fixed_workload`` times from Rust. Buffers are
reused where the processor can fill the caller's (``pop_into``). Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import json
import os
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import numpy as np
import numpy.typing as npt

import tarry
from suite.networks import many_spikes

Integers = npt.NDArray[np.int64]
Recording = tuple[Integers, Integers]  # ticks and channels
ROOM = 4096


def event_driven() -> tuple[tarry.Program, list[Recording], int]:
    """A program, one recording, its ticks: what every version can run."""
    network, times, channels = many_spikes()
    program = tarry.compile(network, tick=1e-3, capacities={"input": 2048})
    ticks = times // 10
    return program, [(ticks, channels)], int(ticks[-1]) + 100


def from_files(program: Path, spikes: Path, recordings: int) -> tuple[tarry.Program, list[Recording], int]:
    """A program and the first recordings of a file of spikes, as ``head_to_head.tarry_engine`` writes them."""
    words = np.fromfile(spikes, "<u4").astype(np.int64)
    count, ticks = words[:2].tolist()
    starts, rest = words[2 : count + 3], words[count + 3 :]
    tick, channel = np.split(rest, 2)
    kept = [slice(*starts[r : r + 2]) for r in range(min(count, recordings))]
    return tarry.Program.load(program), [(tick[of].copy(), channel[of].copy()) for of in kept], ticks


def measure(
    processor: tarry.Processor, recording: Recording, until: int
) -> tuple[Integers, Integers, Recording]:
    """Nanoseconds of every tick and of every empty call between them, and the output spikes."""
    times, channels = recording
    bounds = np.searchsorted(times, np.arange(until + 1))
    pieces = [
        (times[start:end].copy(), channels[start:end].copy()) for start, end in itertools.pairwise(bounds)
    ]
    into = getattr(processor, "pop_into", None)
    room = np.zeros(ROOM, np.int64), np.zeros(ROOM, np.int64)
    ticks, empty, out = np.zeros(until, np.int64), np.zeros(until, np.int64), []
    push, run_until, pop = processor.push, processor.run_until, processor.pop
    processor.reset()
    for tick, (given_times, given_channels) in enumerate(pieces):
        start = perf_counter_ns()
        push(given_times, given_channels)
        run_until(tick + 1)
        found: Any = into(*room) if into else pop()
        end = perf_counter_ns()
        processor.now  # noqa: B018
        ticks[tick], empty[tick] = end - start, perf_counter_ns() - end
        out.append((room[0][:found].copy(), room[1][:found].copy()) if into else found)
    return ticks, empty, (np.concatenate([t for t, _ in out]), np.concatenate([c for _, c in out]))


def quantiles(nanoseconds: Integers) -> dict[str, float]:
    """In microseconds."""
    at = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}
    return {name: round(float(np.quantile(nanoseconds, q)) / 1e3, 3) for name, q in at.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--program", type=Path, help="a .tarry file; needs --spikes")
    parser.add_argument("--spikes", type=Path)
    parser.add_argument("--recordings", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    if (given.program is None) != (given.spikes is None):
        parser.error("--program and --spikes belong together")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    found = from_files(given.program, given.spikes, given.recordings) if given.program else event_driven()
    program, recordings, until = found
    processor = tarry.Processor(program)
    whole = [processor.run(*recording, until) for recording in recordings]
    gc.disable()
    rounds = []
    for _ in range(given.rounds):
        ticks, empty = [], []
        for recording, right in zip(recordings, whole, strict=True):
            of_ticks, of_empty, out = measure(processor, recording, until)
            if not all(np.array_equal(a, b) for a, b in zip(out, right, strict=True)):
                raise SystemExit("the ticks' output spikes differ from those of a whole run")
            ticks.append(of_ticks)
            empty.append(of_empty)
        rounds.append((quantiles(np.concatenate(ticks)), quantiles(np.concatenate(empty))))
    tick_us, empty_us = (
        {name: float(np.median([turn[which][name] for turn in rounds])) for name in rounds[0][which]}
        for which in (0, 1)
    )
    result = {
        "ticks": until * len(recordings),
        "rounds": given.rounds,
        "output_spikes": sum(len(times) for times, _ in whole),
        "tick_us": tick_us,
        "empty_call_us": empty_us,
        "p99.9_above_empty_call_us": round(tick_us["p99.9"] - empty_us["p99.9"], 3),
        "reused_buffers": hasattr(processor, "pop_into"),
        "checked": True,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
