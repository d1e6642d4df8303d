"""Tarry itself: a workload becomes a Network and a file of spikes, the Network a Program, and a Rust example runs it.

The example is built twice: as everybody builds it, and for the processor at hand in build/native.
"""

from __future__ import annotations

import os
import statistics
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import tarry

from .cases import Case
from .engine import ALL, Answer, Engine, Lines
from .paths import BUILD, ROOT
from .workload import Synapses, Workload, read

TICK = 1e-3
NAMES = ("input", "hidden_1", "hidden_2", "readout")
REPEATS = 7
EXAMPLE = ("firmware-sim", "fixed_workload")

Array = npt.NDArray[np.float64]


def network(load: Workload, bias: int = 0) -> tarry.Network:
    """The workload as a Network: delta neurons that carry their integers, whole weights, delays in seconds.

    With a bias the neurons never rest, whether anything is delivered or not.
    """
    neuron = partial(tarry.DeltaLif, beta=load.beta, reset="by_subtraction", bias=bias)
    neurons = [None, *(neuron(threshold=theta) for theta in load.thetas), neuron(threshold=None)]
    populations = zip(NAMES, load.sizes, neurons, strict=True)
    return tarry.Network(
        populations=tuple(tarry.Population(*population) for population in populations),
        projections=tuple(
            tarry.Projection(source, target, weights, delays)
            for source, target, synapses, size in zip(
                NAMES[:-1], NAMES[1:], load.projections, load.sizes[1:], strict=True
            )
            for weights, delays in matrices(synapses, size)
        ),
        outputs=("readout",),
    )


def matrices(synapses: Synapses, targets: int) -> list[tuple[Array, Array]]:
    """Weights (post, pre) and delays in seconds of the projections that a list of synapses becomes.

    One per delay with a scalar where a source meets a target several times; else one, axonal (1, pre) where all
    synapses of a source share their delay, or (post, pre). Absent synapses have weight 0 and a delay of one tick.
    """
    shape = (targets, len(synapses.first) - 1)
    cell = synapses.target * shape[1] + synapses.source
    if len(np.unique(cell)) < len(cell):
        levels = np.unique(synapses.delay)
        parts = [(synapses.delay == level, np.array(level * TICK)) for level in levels]
    else:
        delays = np.ones(shape)
        delays.flat[cell] = synapses.delay
        lowest, highest = delays.min(axis=0), delays.max(axis=0)
        shared = len(cell) == delays.size and np.array_equal(lowest, highest)
        parts = [(np.ones(len(cell), bool), (lowest[None] if shared else delays) * TICK)]
    found = []
    for kept, delays in parts:
        weights = np.zeros(shape)
        weights.flat[cell[kept]] = synapses.weight[kept]
        found.append((weights, delays))
    return found


def spike_bytes(load: Workload) -> bytes:
    """Little-endian u32: recordings, ticks of each, first spike of each recording and the end, ticks, channels."""
    words = ([load.recordings, load.ticks], load.spike_start, load.spike_tick, load.spike_channel)
    return b"".join(np.asarray(part).astype("<u4").tobytes() for part in words)


def compiled(case: Case) -> list[Path]:
    """Files of the program, of one that is awake without input, and of the spikes of a case.

    They are made anew every time: the compiler may have changed.
    """
    folder = BUILD / "tarry"
    folder.mkdir(parents=True, exist_ok=True)
    load = read(case.file)
    bits = 8 if all(np.abs(synapses.weight).max() < 128 for synapses in load.projections) else 16
    files = [folder / f"{case.name}.{kind}" for kind in ("tarry", "idle.tarry", "spikes")]
    for bias, file in enumerate(files[:2]):
        tarry.compile(network(load, bias), tick=TICK, weight_bits=bits).save(file)
    files[2].write_bytes(spike_bytes(load))
    return files


def example(native: bool) -> Path:
    """Build the Rust example."""
    package, name = EXAMPLE
    target = ROOT / "build" / "native" if native else ROOT / "target"
    flags = {"RUSTFLAGS": "-C target-cpu=native"} if native else {}
    command = ["cargo", "build", "--quiet", "--release", "-p", package, "--example", name]
    environment = {**os.environ, **flags, "CARGO_TARGET_DIR": str(target)}
    subprocess.run(command, cwd=ROOT, check=True, env=environment)
    return target / "release" / "examples" / name


def engine(name: str, native: bool) -> Engine:
    """Tarry as one of the engines."""

    def command(case: Case) -> list[str | Path]:
        return [example(native), *compiled(case), str(REPEATS)]

    def answers(lines: Lines) -> dict[str, Answer]:
        return {name: answer(lines[0])}

    how = "-C target-cpu=native" if native else "as built for everybody"
    return Engine((name,), command, answers, note=f"Tarry, {how}")


def answer(row: dict[str, Any]) -> Answer:
    """What the example says; how many deliveries were due is told by the simulation."""
    return Answer(
        recordings=ALL,
        spikes_hidden_1=row["spikes_hidden_1"],
        spikes_hidden_2=row["spikes_hidden_2"],
        readout_checksum=row["readout_checksum"],
        seconds=statistics.median(row["seconds"]),
        cpu_seconds=statistics.median(row["cpu_seconds"]),
        tick_us=row["tick_us"],
        memory_bytes=row["memory_bytes"],
        idle_tick_us=row["idle_tick_us"],
    )


def exists() -> bool:
    """Whether this version has the clocked engine and its example."""
    package, name = EXAMPLE
    folder = ROOT / package.replace("-", "_") / "examples"
    return hasattr(tarry, "DeltaLif") and any((folder / part).exists() for part in (name, f"{name}.rs"))


ENGINES = (engine("tarry", native=False), engine("tarry_native", native=True))
