"""What an engine must find: the workload simulated in numpy, recording by recording, under three rules.

``exact``      the rule of the workload: integers, reset by subtraction.
``to_zero``    float64, decay exp(-1/20), reset to zero: what NEST's neuron does.
``no_delays``  float64, decay exp(-1/20), reset by subtraction, all delays zero: what libraries without delays do.

The first recordings of ``exact`` are held to the slow simulation that the workload file states. Arrivals of a tick
are summed by counting over (tick, target) cells, whole recordings at once; it shares nothing with any engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from .cases import Case
from .workload import Synapses, Workload, read

Rule = Literal["exact", "to_zero", "no_delays"]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Spikes = npt.NDArray[np.bool_]
States = npt.NDArray[Any]  # int64 under the exact rule, else float64

TOGETHER = 10  # recordings simulated at once
DECAY = np.exp(-1 / 20)


@dataclass(frozen=True)
class Expected:
    """Per recording: spikes of hidden 1 and 2, read-out checksum, deliveries due within the recording."""

    hidden_1: Integers
    hidden_2: Integers
    checksum: Floats
    due: Integers

    def totals(self, recordings: int) -> dict[str, float]:
        """Sums over the first recordings; the checksum of recording r counts r + 1 times, as the yardsticks do."""
        weights = np.arange(1, recordings + 1)
        return {
            "spikes_hidden_1": int(self.hidden_1[:recordings].sum()),
            "spikes_hidden_2": int(self.hidden_2[:recordings].sum()),
            "readout_checksum": float((self.checksum[:recordings] * weights).sum()),
            "deliveries_due": int(self.due[:recordings].sum()),
        }


def expected(case: Case, rule: Rule, recordings: int) -> Expected:
    """Simulate the first recordings of a case, or read what an earlier run found."""
    cache = case.file.with_name(f"{case.name}.{rule}.npy")
    newest = max(path.stat().st_mtime for path in (case.file, Path(__file__)))
    if cache.exists() and cache.stat().st_mtime >= newest:
        found = np.load(cache)
        if len(found) >= recordings:
            return _split(found)
    load = read(case.file)
    found = np.concatenate(
        [
            simulate(load, rule, range(first, min(first + TOGETHER, recordings)))
            for first in range(0, recordings, TOGETHER)
        ]
    )
    if rule == "exact" and not np.array_equal(found[: len(load.stated), :3], load.stated[:recordings]):
        raise SystemExit(f"{case.file}: the simulation in numpy differs from the one that the file states")
    np.save(cache, found)
    return _split(found)


def _split(found: Floats) -> Expected:
    whole = found.astype(np.int64)
    return Expected(whole[:, 0], whole[:, 1], found[:, 2], whole[:, 3])


def simulate(load: Workload, rule: Rule, recordings: range) -> Floats:
    """Rows (spikes of hidden 1, of hidden 2, checksum, deliveries due) of the recordings."""
    spikes = np.zeros((len(recordings), load.ticks, load.sizes[0]), bool)
    for row, recording in zip(spikes, recordings, strict=True):
        row[load.spikes(recording)] = True
    fired, due = [], np.zeros(len(recordings), np.int64)
    checksum = np.zeros(len(recordings))
    for layer, synapses in enumerate(load.projections):
        if rule == "no_delays":
            synapses = Synapses(*_merged(synapses))
        size = load.sizes[layer + 1]
        arrivals = [_arrivals(row, synapses, size) for row in spikes]
        due += [count for _, count in arrivals]
        current = np.stack([total for total, _ in arrivals])
        if layer < 2:
            spikes = _hidden(current, load.thetas[layer], load.beta, rule)
            fired.append(spikes.sum(axis=(1, 2)))
        else:
            checksum = _readout(current, load.beta, rule)
    return np.stack([*fired, checksum, due], axis=1).astype(np.float64)


def _merged(synapses: Synapses) -> tuple[Integers, Integers, Integers, Integers]:
    """The synapses without delays: those of one source onto one target are one, and weight 0 is none."""
    sources, targets = len(synapses.first) - 1, int(synapses.target.max()) + 1
    cell = synapses.source * targets + synapses.target
    dense = np.bincount(cell, synapses.weight, sources * targets).astype(np.int64).reshape(sources, targets)
    source, target = np.nonzero(dense)
    first = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=sources))])
    return first, target, np.zeros_like(target), dense[source, target]


def _arrivals(spikes: Spikes, synapses: Synapses, size: int) -> tuple[Integers, int]:
    """Sums of weights [tick, target] that arrive within the recording, and how many they are."""
    ticks = len(spikes)
    tick, source = np.nonzero(spikes)
    count = np.diff(synapses.first)[source]
    run = np.cumsum(count) - count
    synapse = np.repeat(synapses.first[source] - run, count) + np.arange(count.sum())
    arrival = np.repeat(tick, count) + synapses.delay[synapse]
    due = arrival < ticks
    cell = arrival[due] * size + synapses.target[synapse[due]]
    total = np.bincount(cell, synapses.weight[synapse[due]], ticks * size)  # exact: far below 2^53
    return total.astype(np.int64).reshape(ticks, size), int(due.sum())


def _decayed(u: States, beta: int, rule: Rule) -> States:
    decayed: States = np.sign(u) * ((beta * np.abs(u)) >> 15) if rule == "exact" else u * DECAY
    return decayed


def _hidden(current: Integers, theta: int, beta: int, rule: Rule) -> Spikes:
    u: States = np.zeros(current[:, 0].shape, np.int64 if rule == "exact" else np.float64)
    spikes = np.zeros(current.shape, bool)
    for tick in range(current.shape[1]):
        u = _decayed(u, beta, rule) + current[:, tick]
        fires = spikes[:, tick] = u >= theta
        u = np.where(fires, 0, u) if rule == "to_zero" else u - theta * fires
    return spikes


def _readout(current: Integers, beta: int, rule: Rule) -> Floats:
    u: States = np.zeros(current[:, 0].shape, np.int64 if rule == "exact" else np.float64)
    place = np.arange(1, current.shape[2] + 1)
    total: States = np.zeros(len(current), u.dtype)
    for tick in range(current.shape[1]):
        u = _decayed(u, beta, rule) + current[:, tick]
        total += u @ place
    return total.astype(np.float64)
