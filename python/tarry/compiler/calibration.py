"""Training data by which a compilation is judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .._core import Processor
from .quantise import spike_ticks

if TYPE_CHECKING:
    from ..program import Program


@dataclass(frozen=True, eq=False)
class FirstSpikes:
    """First-spike samples with labels; the decision is the earliest output, ties to the lowest index.

    Args:
        times: (samples, input channels), seconds, inf where silent.
        labels: (samples,), the right output.
    """

    times: npt.NDArray[np.float64]
    labels: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        if (
            np.ndim(self.times) != 2
            or np.shape(self.labels) != np.shape(self.times)[:1]
            or not len(self.labels)
        ):
            raise ValueError(
                f"times have shape {np.shape(self.times)} and labels {np.shape(self.labels)}; they must be "
                "(samples, channels) and (samples,), with at least one sample"
            )

    def decisions(self, program: Program) -> npt.NDArray[np.int64]:
        """What the program decides for every sample; -1 where no output fires."""
        ticks = spike_ticks(self.times, program.tick_seconds)
        return decide(Processor(program).first_spikes(ticks, stop_after=1))

    def error(self, program: Program) -> float:
        """The fraction of samples that the program decides wrongly."""
        return float(np.mean(self.decisions(program) != self.labels))


def decide(first: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The output with the smallest tick, ties to the lowest index; -1 where all are silent (-1)."""
    latest = np.iinfo(np.int64).max
    ticks = np.where(first < 0, latest, first)
    return np.where(ticks.min(axis=1) == latest, -1, ticks.argmin(axis=1))
