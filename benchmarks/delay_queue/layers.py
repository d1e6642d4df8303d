"""Random layers with delays, compiled in every way, and what running them costs."""

from __future__ import annotations

import json
import struct
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import tarry

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "delay_queue"
TICK = 1e-3
BETA = 31170

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Case:
    """One layer and its input: a point of a sweep.

    ``rate`` is in input spikes per tick, ``levels`` are delays shared by all sources (0: a delay per synapse),
    ``widths`` the block widths to run, ``dense`` adds the dense layout, ``ring`` a plain ring buffer beside the engine.
    """

    sweep: str
    value: float
    sources: int
    targets: int
    fan_out: int
    longest: int
    rate: float
    levels: int = 0
    widths: tuple[int, ...] = ()
    dense: bool = False
    ring: bool = False
    ticks: int = 1000

    def but(self, sweep: str, value: float, **changes: Any) -> Case:
        """The same with changes, as a point of a sweep."""
        return replace(self, sweep=sweep, value=value, **changes)


def measure(case: Case, binary: Path, repeats: int) -> list[dict[str, Any]]:
    """One row per block width and layout.

    Raises:
        RuntimeError: programs that disagree.
    """
    BUILD.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([case.sources, case.targets, case.fan_out, case.longest, case.levels])
    pre, post, delay, weight = _synapses(case, rng)
    network = _network(case, pre, post, delay, weight)
    names = []
    choices: list[dict[str, Any]] = [{"block": width, "layout": "packed"} for width in case.widths]
    choices += [{"layout": "shared"}] if case.dense else []
    for number, choice in enumerate(choices):
        program = tarry.compile(network, tick=TICK, weight_bits=8, input_window=1, **choice)
        path = BUILD / f"{case.sweep}_{case.value:g}_{number}.tarry"
        program.save(path)
        names.append((str(path), _name(choice, case)))
    if case.ring:
        path = BUILD / "plain_ring.bin"
        path.write_bytes(_ring(case, pre, post, delay, weight))
        names.append((f"ring:{path}", "plain ring"))
    spikes = BUILD / "spikes.bin"
    spikes.write_bytes(_spikes(case, rng))
    command = [str(binary), str(spikes), str(repeats), *(name for name, _ in names)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rows = []
    for line, (_, label) in zip(output.splitlines(), names, strict=True):
        row = json.loads(line)
        if not row.pop("agree"):
            raise RuntimeError(f"programs disagree in sweep {case.sweep} at {case.value:g}")
        del row["name"]
        deliveries = len(weight) / case.sources * case.rate
        rows.append(
            {
                "sweep": case.sweep,
                "value": case.value,
                "what": label,
                "us_per_tick": 1e6 * row["seconds"] / row["ticks"],
                "deliveries_per_tick": deliveries,
                "runs_per_spike": row["runs"] / row["spikes"] if row["spikes"] else None,
                "delay_bytes": row["delay_bytes"],
                "table_bytes": row["program_bytes"],
            }
        )
    return rows


def _name(choice: dict[str, Any], case: Case) -> str:
    if choice["layout"] != "packed":
        return "dense rows"
    if choice["block"] == 1:
        return "B = 1 (SCDQ)"
    return "ring (B > D)" if choice["block"] > case.longest else f"B = {choice['block']}"


def _synapses(case: Case, rng: np.random.Generator) -> tuple[Integers, Integers, Integers, Integers]:
    if case.levels:
        levels = np.unique(np.rint(np.linspace(0, case.longest, case.levels)).astype(np.int64))
        pre, post, level = np.meshgrid(
            np.arange(case.sources), np.arange(case.targets), np.arange(len(levels)), indexing="ij"
        )
        pre, post, delay = pre.ravel(), post.ravel(), levels[level.ravel()]
    else:
        pre = np.repeat(np.arange(case.sources), case.fan_out)
        post = np.concatenate([rng.permutation(case.targets)[: case.fan_out] for _ in range(case.sources)])
        delay = rng.integers(0, case.longest + 1, len(pre))
    weight = rng.integers(1, 128, len(pre)) * rng.choice([-1, 1], len(pre))
    return pre, post, delay, weight


def _network(case: Case, pre: Integers, post: Integers, delay: Integers, weight: Integers) -> tarry.Network:
    populations = (
        tarry.Population("input", case.sources, binary=True),
        tarry.Population("layer", case.targets, tarry.DeltaLif(beta=BETA, threshold=None)),
    )
    shape = (case.targets, case.sources)
    projections = []
    for level in np.unique(delay) if case.levels else [None]:
        chosen = slice(None) if level is None else delay == level
        weights, delays = np.zeros(shape), np.zeros(shape)
        weights[post[chosen], pre[chosen]] = weight[chosen]
        delays[post[chosen], pre[chosen]] = delay[chosen] * TICK
        projections.append(
            tarry.Projection("input", "layer", weights, delays if level is None else float(level) * TICK)
        )
    return tarry.Network(populations, tuple(projections))


def _spikes(case: Case, rng: np.random.Generator) -> bytes:
    spiking = rng.random((case.ticks, case.sources)) < case.rate / case.sources
    tick, channel = np.nonzero(spiking)
    return (
        struct.pack("<IIII", 1, case.ticks, 0, len(tick))
        + tick.astype("<u4").tobytes()
        + channel.astype("<u4").tobytes()
    )


def _ring(case: Case, pre: Integers, post: Integers, delay: Integers, weight: Integers) -> bytes:
    slots = 1 << case.longest.bit_length()
    order = np.lexsort((post, pre))
    first = np.searchsorted(pre[order], np.arange(case.sources + 1))
    offsets = delay[order] * case.targets + post[order]
    words = np.concatenate([[BETA, case.sources, case.targets, slots], first, offsets]).astype("<u4")
    return words.tobytes() + weight[order].astype("<i2").tobytes()
