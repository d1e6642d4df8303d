"""What every labelled data set looks like: three splits of spike times and labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Samples with at most one spike per channel; read-only arrays.

    Args:
        points: features before the encoding, (n, features): float64, or uint8 for pixels.
        times: spike times in seconds, (n, channels); ``inf`` where a channel is silent.
        labels: class indices, int64, (n,).
    """

    points: npt.NDArray[Any]
    times: npt.NDArray[np.float64]
    labels: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        for array in (self.points, self.times, self.labels):
            array.setflags(write=False)

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """The three splits of a classification task.

    Args:
        train: what the parameters are learned from.
        validation: what settings are chosen on.
        test: read once, at the end.
        class_names: one name per label.
        tau_syn: the time constant in seconds that the spike times are in proportion to.
    """

    train: Split
    validation: Split
    test: Split
    class_names: tuple[str, ...]
    tau_syn: float
