"""Reads a workload file; its format is told by the yardsticks' workload.py. Needs numpy alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

MAGIC = 0x57415259


@dataclass(frozen=True)
class Synapses:
    """Of one projection, sorted by source: those of source i are ``first[i] .. first[i + 1] - 1``."""

    first: npt.NDArray[np.int64]
    target: npt.NDArray[np.int64]
    delay: npt.NDArray[np.int64]
    weight: npt.NDArray[np.int64]

    @property
    def source(self) -> npt.NDArray[np.int64]:
        """The source of every synapse."""
        return np.repeat(np.arange(len(self.first) - 1), np.diff(self.first))


@dataclass(frozen=True)
class Workload:
    """A network and its recordings; ``stated`` is what a slow simulation found in the first recordings."""

    ticks: int
    recordings: int
    max_delay: int
    beta: int
    thetas: tuple[int, int]
    sizes: tuple[int, int, int, int]
    stated: npt.NDArray[np.int64]
    projections: tuple[Synapses, ...]
    spike_start: npt.NDArray[np.int64]
    spike_tick: npt.NDArray[np.int64]
    spike_channel: npt.NDArray[np.int64]

    def spikes(self, recording: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Ticks and channels of a recording, in order."""
        of = slice(self.spike_start[recording], self.spike_start[recording + 1])
        return self.spike_tick[of], self.spike_channel[of]


def read(path: str | Path) -> Workload:
    """Read a file; ValueError if it is something else."""
    with open(path, "rb") as file:

        def take(count: int, kind: str) -> npt.NDArray[np.int64]:
            dtype = np.dtype(kind)
            return np.frombuffer(file.read(int(count) * dtype.itemsize), dtype).astype(np.int64)

        header = take(14, "<i4").tolist()
        if header[0] != MAGIC:
            raise ValueError(f"{path} is not a workload file")
        _, ticks, recordings, max_delay, beta, *rest = header
        thetas, sizes, checked = rest[:2], rest[2:6], rest[8]
        stated = take(3 * checked, "<i8").reshape(-1, 3)
        projections = []
        for sources in sizes[:3]:
            first = take(sources + 1, "<u4")
            projections.append(Synapses(first, *(take(first[-1], kind) for kind in ("<u2", "<u2", "<i2"))))
        start = take(recordings + 1, "<u4")
        return Workload(
            ticks, recordings, max_delay, beta, tuple(thetas), tuple(sizes), stated, tuple(projections),
            start, take(start[-1], "<u2"), take(start[-1], "<u2"),
        )  # fmt: skip
