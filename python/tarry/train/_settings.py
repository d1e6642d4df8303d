"""The settings of a training, checked, and what follows from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from math import cos, inf, pi
from typing import Any, Literal

from torch import Tensor

from tarry import nn
from tarry.train._adam import Adam

Schedule = Literal["cosine", "constant"] | Callable[[float], float]
LossFunction = Callable[[Tensor, Tensor], Tensor]
Loss = Literal["mse", "cross_entropy"] | LossFunction

CROSS_ENTROPY: dict[str, float] = {
    "xi": 0.2,
    "alpha": 0.005,
    "beta": 1.0,
}  # Göltz et al. 2021 (arXiv 1912.11443)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Arguments of ``fit`` that decide its result; ValueError if one is out of range."""

    epochs: int
    batch_size: int
    learning_rate: float
    delay_learning_rate: float
    constant_learning_rate: float
    schedule: Schedule
    loss: Loss
    margin: float
    time_noise: float
    spike_dropout: float
    seed: int
    silent_limit: tuple[float, float]
    silent_bump: float
    weight_limit: float | None
    evaluate_every: int
    keep: Literal["last", "best"]

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "evaluate_every"):
            value = getattr(self, name)
            if value < 1:
                raise ValueError(f"{name} is {value}; it must be at least 1")
        for name in (
            "learning_rate",
            "delay_learning_rate",
            "constant_learning_rate",
            "margin",
            "time_noise",
            "silent_bump",
        ):
            value = getattr(self, name)
            if not 0 <= value < inf:
                raise ValueError(f"{name} is {value}; it must be at least 0 and finite")
        if not 0 <= self.spike_dropout < 1:
            raise ValueError(f"spike_dropout is {self.spike_dropout}; it must be at least 0 and below 1")
        if self.weight_limit is not None and not self.weight_limit > 0:
            raise ValueError(f"weight_limit is {self.weight_limit}; it must be positive, or None")
        if len(self.silent_limit) != 2 or not all(0 <= limit <= 1 for limit in self.silent_limit):
            raise ValueError(
                f"silent_limit is {self.silent_limit}; give two fractions 0..1, (hidden, output)"
            )
        if self.keep not in ("last", "best"):
            raise ValueError(f"keep is {self.keep!r}; it must be 'last' or 'best'")
        if not callable(self.schedule) and self.schedule not in ("cosine", "constant"):
            raise ValueError(f"schedule is {self.schedule!r}; it must be 'cosine', 'constant' or a function")
        if not callable(self.loss) and self.loss not in ("mse", "cross_entropy"):
            raise ValueError(f"loss is {self.loss!r}; it must be 'mse', 'cross_entropy' or a function")

    def rate_factor(self, epoch: int) -> float:
        """Factor on the learning rates in an epoch, counted from 0."""
        done = epoch / self.epochs
        if callable(self.schedule):
            return self.schedule(done)
        return (1 + cos(pi * done)) / 2 if self.schedule == "cosine" else 1.0

    def loss_function(self, tau_syn: float) -> LossFunction:
        """Return the loss of output times (batch, classes) in seconds and labels (batch,)."""
        if callable(self.loss):
            return self.loss
        if self.loss == "mse":
            return lambda times, labels: nn.shift_invariant_mse(times, labels, tau_syn, self.margin)
        return lambda times, labels: nn.time_to_first_spike_cross_entropy(
            times, labels, tau_syn, **CROSS_ENTROPY
        )

    def loss_constants(self) -> tuple[nn.LossName, list[float]]:
        """Return the same loss by name, for ``nn.first_spike_loss``."""
        if self.loss == "mse":
            return "shift_invariant_mse", [self.margin]
        return "time_to_first_spike_cross_entropy", list(CROSS_ENTROPY.values())

    def optimiser(self, model: nn.Sequential) -> Adam:
        """Return Adam over the parameters of the model: one group if both rates are the same."""
        weights = [layer.weights for layer in model]
        raw_delays = [layer.raw_delays for layer in model if layer.raw_delays is not None]
        constants = ([p for layer in model for p in layer.log_constants], self.constant_learning_rate)
        if self.delay_learning_rate == self.learning_rate:
            return Adam((weights + raw_delays, self.learning_rate), constants)
        return Adam((weights, self.learning_rate), (raw_delays, self.delay_learning_rate), constants)

    def fingerprint(self) -> dict[str, Any]:
        """Plain values that a checkpoint is compared by; functions by their names."""
        values = asdict(self)
        for name in ("schedule", "loss"):
            if callable(values[name]):
                function = values[name]
                values[name] = (
                    f"{function.__module__}.{getattr(function, '__qualname__', type(function).__name__)}"
                )
        return values
