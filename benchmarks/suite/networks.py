"""The seeded networks and inputs of the suite."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

import tarry

TAU_SYN = 1e-3
SAMPLES = 256

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def yin_yang_like() -> tuple[tarry.Network, Floats]:
    """4-30-3 neurons that fire once, synaptic delays; first-spike inputs [sample, channel] in seconds."""
    rng = np.random.default_rng(1)
    sizes, names = (4, 30, 3), ("input", "hidden", "output")
    lif = tarry.Lif(tau_mem=2 * TAU_SYN, tau_syn=TAU_SYN, threshold=1.0, reset="once")
    projections = []
    for source, target, pre, post, mean in (
        (*names[:2], *sizes[:2], 1.2),
        (*names[1:], *sizes[1:], 0.4),
    ):
        weights = rng.normal(mean, 0.6 * mean, (post, pre))
        projections.append(
            tarry.Projection(source, target, weights, rng.uniform(0.1, 1.0, (post, pre)) * TAU_SYN)
        )
    populations = (
        tarry.Population("input", 4),
        tarry.Population("hidden", 30, lif),
        tarry.Population("output", 3, lif),
    )
    return tarry.Network(populations, tuple(projections)), rng.uniform(0.15, 2.0, (SAMPLES, 4)) * TAU_SYN


def many_spikes() -> tuple[tarry.Network, Integers, Integers]:
    """64-64-20 event-driven neurons with delays up to 62 ms; input spikes (ticks of 0.1 ms, channels) of 10 s."""
    rng = np.random.default_rng(2)
    lif = tarry.Lif(tau_mem=20e-3, tau_syn=5e-3, threshold=1.0, reset="by_subtraction", refractory=2e-3)
    populations = (
        tarry.Population("input", 64),
        tarry.Population("hidden", 64, lif),
        tarry.Population("output", 20, lif),
    )
    projections = tuple(
        tarry.Projection(
            source, target, rng.normal(0.05, 0.2, (post, 64)), rng.uniform(1e-3, 62e-3, (post, 64))
        )
        for source, target, post in (("input", "hidden", 64), ("hidden", "output", 20))
    )
    ticks = np.sort(rng.integers(0, 100_000, 10_000))
    return tarry.Network(populations, projections), ticks, rng.integers(0, 64, len(ticks))
