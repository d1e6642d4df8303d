"""Weights and delays that a clocked rule can hold (docs/semantics.md, Clocked rules)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..integer_neurons import LOIHI_DELAY
from .float_models import Rule

Integers = npt.NDArray[np.int64]

LOIHI_WEIGHT_BITS = 8


@dataclass(frozen=True)
class WeightRange:
    """The weights of a projection: multiples of ``step`` from ``least`` to ``largest``."""

    least: int
    largest: int
    step: int

    def __contains__(self, weights: npt.ArrayLike) -> bool:
        values = np.asarray(weights)
        return bool(np.all((values >= self.least) & (values <= self.largest) & (values % self.step == 0)))

    def __str__(self) -> str:
        step = f"multiples of {self.step} " if self.step > 1 else ""
        return f"{step}from {self.least} to {self.largest}"


def weight_range(rule: Rule, bits: int, weights: npt.ArrayLike) -> WeightRange:
    """What a projection with weights of these signs can hold at this width.

    ``delta`` and ``shift``: ±(2^(bits - 1) - 1), where one bit holds -1 and +1. ``loihi``: one sign has 8 bits of
    magnitude, both signs share them in steps of 2; fewer bits make the steps coarser.

    Raises:
        ValueError: a width the rule does not have.
    """
    fewest, most = (2, LOIHI_WEIGHT_BITS) if rule == "loihi" else (1, 16)
    if not fewest <= bits <= most:
        raise ValueError(f"weights of {bits} bits; rule {rule!r} has {fewest} to {most}")
    if rule != "loihi":
        largest = max((1 << (bits - 1)) - 1, 1)
        return WeightRange(-largest, largest, 1)
    values = np.asarray(weights)
    step = 1 << (LOIHI_WEIGHT_BITS - bits)
    if np.any(values > 0) and np.any(values < 0):
        return WeightRange(-256, 256 - 2 * step, 2 * step)
    largest = 256 - step
    return WeightRange(-largest, 0, step) if np.any(values < 0) else WeightRange(0, largest, step)


def quantise_weights(
    weights: npt.NDArray[np.float64], scale: npt.ArrayLike, rule: Rule, bits: int
) -> tuple[Integers, int]:
    """Integers of the weights (post, pre) in steps of their target's scale (post,), and how many were clipped.

    Nearest, ties to even, then clipped to what the projection can hold; one bit is the sign. Where both signs occur,
    ``loihi`` clips at 254 above and -256 below.
    """
    held = weight_range(rule, bits, weights)
    steps = np.rint(weights / (np.broadcast_to(np.asarray(scale), weights.shape[:1])[:, None] * held.step))
    clipped = int(np.count_nonzero((steps * held.step < held.least) | (steps * held.step > held.largest)))
    if bits == 1:
        steps = np.sign(weights)
    # The ends are multiples of the step, so clipping keeps the grid.
    integers = np.clip(steps * held.step, held.least, held.largest).astype(np.int64)
    return integers, clipped


def taken_weights(weights: npt.NDArray[np.float64], rule: Rule, bits: int, where: str) -> Integers:
    """Weights that are integers of the rule already, taken as they are.

    Raises:
        ValueError: one that the projection cannot hold.
    """
    held = weight_range(rule, bits, weights)
    if weights not in held:
        outside = next(w for w in weights.flat if w not in held)
        signs = ", positive and negative together," if held.least < 0 < held.largest else ""
        raise ValueError(
            f"{where}: a weight is {outside:g}; at {bits} bits the weights of a projection{signs} into rule {rule!r} "
            f"are whole numbers, {held}"
        )
    return weights.astype(np.int64)


def check_delays(delays: Integers, rule: Rule, where: str) -> None:
    """Refuse delays, in ticks, that the rule's platform cannot hold: ``loihi`` has at most 62 (Lava's delay + 1)."""
    longest = int(delays.max(initial=0))
    if rule == "loihi" and longest > LOIHI_DELAY:
        raise ValueError(
            f"{where}: a delay of {longest} ticks; rule 'loihi' holds at most {LOIHI_DELAY}: use a coarser tick or "
            "shorter delays"
        )
