"""What a training came to, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Epoch:
    """One epoch.

    Args:
        loss: mean over the training samples, each taken before the step of its batch.
        train_accuracy: of the same outputs, a fraction.
        validation_accuracy: after the epoch, a fraction; NaN where it was not evaluated.
        silent: fraction of missing spikes over all layers.
        seconds: of training alone, without evaluation and checkpoint.
    """

    loss: float
    train_accuracy: float
    validation_accuracy: float
    silent: float
    seconds: float


@dataclass(frozen=True, slots=True)
class History:
    """One value per epoch, and the speed.

    Args:
        loss: mean training loss.
        train_accuracy: running accuracy on the training samples, a fraction.
        validation_accuracy: a fraction; NaN where it was not evaluated.
        silent: fraction of missing spikes over all layers.
        seconds: of training, without evaluation and checkpoints; resumed parts included.
        samples_per_second: training samples over these seconds.
    """

    loss: tuple[float, ...]
    train_accuracy: tuple[float, ...]
    validation_accuracy: tuple[float, ...]
    silent: tuple[float, ...]
    seconds: float
    samples_per_second: float

    @staticmethod
    def of(epochs: Sequence[Epoch], samples: int) -> History:
        """Collect epochs of ``samples`` training samples each."""
        seconds = sum(e.seconds for e in epochs)
        return History(
            tuple(e.loss for e in epochs),
            tuple(e.train_accuracy for e in epochs),
            tuple(e.validation_accuracy for e in epochs),
            tuple(e.silent for e in epochs),
            seconds,
            samples * len(epochs) / seconds,
        )
