"""Weight scales chosen by the error at the task itself, never by the largest weight or by weight error alone.

Few outliers set the largest weight, and a grid that holds them is too coarse for all others; but cutting them where
the mean weight error is least ruins the network too. So every candidate is compiled and run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Scales = dict[str, Floats]

#: Fractions of the largest weight that the grid may be cut at.
CLIPS = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4)
ROUNDS = 2


@dataclass(frozen=True)
class Trial:
    """What the search tried and what it kept: task errors (fractions) by population and clip."""

    start: float
    kept: float
    clips: Mapping[str, float]
    tried: int


def choose_scales(
    largest: Scales, finest: Scales | None, error: Callable[[Scales], float]
) -> tuple[Scales, Trial]:
    """Search the scale of every population in turn, output first, keeping what lowers ``error``.

    ``largest`` are the scales that just hold every weight. With ``finest``, those that hold the weights of each neuron,
    a neuron that does not need the scale of its layer then gets its own finer one, where that lowers the error too.
    """
    clips = dict.fromkeys(largest, 1.0)
    scales: dict[str, Floats] = dict(largest)
    best = start = error(scales)
    tried = 1
    for _ in range(ROUNDS):
        before = dict(clips)
        for name in reversed(largest):
            for clip in CLIPS:
                if clip == clips[name]:
                    continue
                candidate = {**scales, name: clip * largest[name]}
                candidate_error = error(candidate)
                tried += 1
                if candidate_error < best:
                    best, scales, clips[name] = candidate_error, candidate, clip
        if clips == before:
            break
    for name in reversed(finest or {}):
        assert finest is not None
        candidate = {**scales, name: np.minimum(scales[name], finest[name])}
        candidate_error = error(candidate)
        tried += 1
        if candidate_error <= best:
            best, scales = candidate_error, candidate
    return scales, Trial(start, best, clips, tried)
