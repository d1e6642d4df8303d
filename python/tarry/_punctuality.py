"""How punctual a loop in real time was: counts, and latencies in buckets."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

#: Buckets of latencies: two per doubling, from a microsecond to more than half a minute.
SHORTEST, PER_DOUBLING, BUCKETS = 1e-6, 2, 52


def bucket_edges() -> npt.NDArray[np.float64]:
    """Upper ends, in seconds, of the buckets of ``Statistics.latencies``; the last one has none."""
    return np.append(SHORTEST * 2.0 ** (np.arange(BUCKETS - 1) / PER_DOUBLING), np.inf)


@dataclass(frozen=True)
class Statistics:
    """How a loop has fared so far.

    A step is late if its outputs came after the end of its period (``deadline_misses``). The latency of a step is the
    time from the beginning of its period until its outputs were handed to the sink; ``latencies`` count them by
    ``bucket_edges()``. ``steps + skipped_periods`` periods have passed. ``spikes_in`` and ``spikes_out`` count what the
    source and ``send`` gave and what the sink got. Of the spikes that histories did not hold, ``dropped`` were
    dropped; the most places that were ever taken are in ``queue_peaks`` by population. ``waiting`` spikes were sent and
    have had no step yet, ``inbox_peak`` is the most that ever did.
    """

    steps: int = 0
    deadline_misses: int = 0
    skipped_periods: int = 0
    spikes_in: int = 0
    spikes_out: int = 0
    dropped: int = 0
    waiting: int = 0
    inbox_peak: int = 0
    queue_peaks: dict[str, int] = field(default_factory=dict)
    longest_latency: float = 0.0
    latencies: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(BUCKETS, np.int64))

    def latency(self, share: float) -> float:
        """Seconds within which this share of the steps was done: the upper end of its bucket; NaN before any step."""
        if not 0 <= share <= 1:
            raise ValueError(f"share is {share}; it must be from 0 to 1")
        if self.steps == 0:
            return math.nan
        bucket = int(np.searchsorted(np.cumsum(self.latencies), max(share * self.steps, 1)))
        return min(float(bucket_edges()[bucket]), self.longest_latency)


def bucket_of(latency: float) -> int:
    """The bucket of a latency in seconds."""
    bucket = math.ceil(PER_DOUBLING * math.log2(max(latency, SHORTEST) / SHORTEST))
    return min(bucket, BUCKETS - 1)
