"""The Yin-Yang data set (Kriener, Göltz, Petrovici 2022, arXiv 2102.08211), bit for bit as published."""

from __future__ import annotations

from functools import cache
from math import hypot

import numpy as np
import numpy.typing as npt

from tarry.data._splits import Dataset, Split

SIZES = {"train": 5000, "validation": 1000, "test": 1000}
SEEDS = {"train": 42, "validation": 41, "test": 40}
BIG, SMALL = 0.5, 0.1


def yin_yang(tau_syn: float, *, early: float = 0.15, late: float = 2.0, bias: float | None = None) -> Dataset:
    """Generate the published Yin-Yang sets, one spike per feature.

    A point (x, y) of the unit square has the features v = (x, y, 1-x, 1-y), and feature v spikes at
    ``(early + (late - early) v) tau_syn``. The points and labels equal the published arrays
    (5000 / 1000 / 1000 samples, seeds 42 / 41 / 40).

    The labels are 0, 1, 2 = ``class_names`` ("yin", "yang", "dot") as published. Beware: the published
    generator gives index 1, named "yang", where its *yin* criterion holds. Indices and names are kept.

    Args:
        tau_syn: synaptic time constant in seconds: the unit of the other arguments.
        early: spike time of v = 0, in tau_syn.
        late: spike time of v = 1, in tau_syn.
        bias: time of the spike of a fifth channel, the same in every sample, in tau_syn; 0.9 in
            Göltz et al. 2021 (arXiv 1912.11443), none in DelGrad (arXiv 2404.19165).

    Raises:
        ValueError: a time that is negative or not finite, or ``late`` before ``early``.
    """
    if not 0 < tau_syn < float("inf"):
        raise ValueError(f"tau_syn is {tau_syn} s; it must be positive and finite")
    if not 0 <= early <= late < float("inf"):
        raise ValueError(f"early is {early} and late {late} tau_syn; they must satisfy 0 <= early <= late")
    if bias is not None and not 0 <= bias < float("inf"):
        raise ValueError(f"bias is {bias} tau_syn; it must be at least 0, or None for no bias spike")

    def split(name: str) -> Split:
        points, labels = _samples(SEEDS[name], SIZES[name])
        times = (early + (late - early) * points) * tau_syn
        if bias is not None:
            times = np.column_stack([times, np.full(len(times), bias * tau_syn)])
        return Split(points, times, labels)

    return Dataset(split("train"), split("validation"), split("test"), ("yin", "yang", "dot"), tau_syn)


@cache
def _samples(seed: int, size: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    # The published arrays were drawn with numpy's legacy generator; no other gives the same bits.
    random = np.random.RandomState(seed)
    points, labels = np.empty((size, 4)), np.empty(size, np.int64)
    for i in range(size):
        goal = random.randint(3)
        label = -1
        while label != goal:
            x, y = random.rand(2).tolist()
            label = _label(x, y)
        points[i], labels[i] = (x, y, 1 - x, 1 - y), label
    return points, labels


def _label(x: float, y: float) -> int:
    """Index of the class at (x, y) as the published generator has it; -1 outside the big circle."""
    if hypot(x - 0.5, y - 0.5) > BIG:
        return -1
    right, left = hypot(x - 0.75, y - 0.5), hypot(x - 0.25, y - 0.5)
    if right < SMALL or left < SMALL:
        return 2
    return int(right <= SMALL or SMALL < left <= BIG / 2 or (y > 0.5 and right > BIG / 2))
