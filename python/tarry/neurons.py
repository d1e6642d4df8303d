"""Neuron models in seconds and floats. Weights, thresholds and biases are dimensionless (docs/semantics.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Reset = Literal["to_zero", "by_subtraction", "once"]
Readout = Literal["max", "sum", "last", "weighted"]
#: A number for all neurons, or one per neuron; kept as a float or a tuple of floats.
Numbers: TypeAlias = float | Sequence[float] | npt.NDArray[np.float64]

RESETS: tuple[Reset, ...] = ("to_zero", "by_subtraction", "once")
READOUTS: tuple[Readout, ...] = ("max", "sum", "last", "weighted")


@dataclass(frozen=True, slots=True)
class Adaptation:
    """A threshold that every own spike raises and that falls back exponentially (ALIF).

    Args:
        tau: time constant of the fall in seconds.
        increment: what a spike adds to the threshold, dimensionless; a number or one per neuron.
    """

    tau: float
    increment: Numbers

    def __post_init__(self) -> None:
        if not 0 < self.tau < inf:
            raise ValueError(f"tau of the adaptation is {self.tau} s; it must be positive and finite")
        _keep_numbers(self, "increment", 0.0, "a number of at least 0")


@dataclass(frozen=True, slots=True)
class Lif:
    """Current-based leaky integrate-and-fire neuron, ``dV/dt = (bias - V)/tau_mem + I/tau_syn``.

    Args:
        tau_mem: membrane time constant in seconds; ``inf`` for the non-leaky neuron.
        tau_syn: synaptic time constant in seconds; 0 for delta synapses.
        threshold: potential at which the neuron fires, dimensionless; a number or one per neuron.
        reset: ``"to_zero"``, ``"by_subtraction"`` or ``"once"`` (at most one spike until ``reset()``).
        refractory: refractory period in seconds.
        bias: potential at which the neuron rests without input, dimensionless; a number or one per neuron. It starts
            at 0 and drifts there with ``tau_mem``. Like a weight it does not change when all times are scaled.
        adaptation: how own spikes raise the threshold, if they do.
    """

    tau_mem: float
    tau_syn: float
    threshold: Numbers = 1.0
    reset: Reset = "to_zero"
    refractory: float = 0.0
    bias: Numbers = 0.0
    adaptation: Adaptation | None = None

    def __post_init__(self) -> None:
        _check_time_constants(self.tau_mem, self.tau_syn)
        if self.reset not in RESETS:
            raise ValueError(f"reset is {self.reset!r}; it must be one of {', '.join(RESETS)}")
        if not (0 <= self.refractory < inf):
            raise ValueError(f"refractory is {self.refractory} s; it must be zero or positive")
        _keep_numbers(self, "threshold", np.nextafter(0.0, 1.0), "a positive number")
        _keep_bias(self, self.tau_mem)


@dataclass(frozen=True, slots=True)
class Integrator:
    """A ``Lif`` that never spikes; its potential is read with ``values()``.

    Args:
        tau_mem: membrane time constant in seconds; ``inf`` for the non-leaky neuron.
        tau_syn: synaptic time constant in seconds; 0 for delta synapses.
        bias: potential at which the neuron rests without input, as in ``Lif``.
        readout: what is read over the ticks since ``reset()``: the potential's largest value (``"max"``), its sum, its
            ``"last"`` value, or the sum weighted by ``exp(-t / readout_tau)``; None for the potential itself.
        readout_tau: time constant of the weighted sum in seconds.
    """

    tau_mem: float
    tau_syn: float = 0.0
    bias: Numbers = 0.0
    readout: Readout | None = None
    readout_tau: float | None = None

    def __post_init__(self) -> None:
        _check_time_constants(self.tau_mem, self.tau_syn)
        _keep_bias(self, self.tau_mem)
        check_readout(self.readout, "readout_tau", self.readout_tau)
        if self.readout_tau is not None and not self.readout_tau > 0:
            raise ValueError(f"readout_tau is {self.readout_tau} s; it must be positive")


def check_readout(readout: Readout | None, weight_name: str, weight: float | None) -> None:
    """Refuse an unknown read-out, and a weighted one without its weight or the other way round."""
    if readout is not None and readout not in READOUTS:
        raise ValueError(f"readout is {readout!r}; it must be None or one of {', '.join(READOUTS)}")
    if (readout == "weighted") != (weight is not None):
        raise ValueError(
            f"readout is {readout!r} and {weight_name} is {weight}: the weighted read-out needs it, the others take none"
        )


def _check_time_constants(tau_mem: float, tau_syn: float) -> None:
    if not tau_mem > 0:
        raise ValueError(f"tau_mem is {tau_mem} s; it must be positive")
    if not (0 <= tau_syn < inf):
        raise ValueError(f"tau_syn is {tau_syn} s; it must be zero (delta synapses) or positive")


def _keep_bias(neuron: Lif | Integrator, tau_mem: float) -> None:
    _keep_numbers(neuron, "bias", -inf, "a finite number")
    if tau_mem == inf and np.any(neuron.bias):
        raise ValueError("a neuron with tau_mem = inf has no potential to rest at: leave its bias at 0")


def _keep_numbers(model: object, name: str, least: float, what: str) -> None:
    """Replace a field by a float or a tuple of floats, so that models compare and are stored alike."""
    values = np.asarray(getattr(model, name), np.float64)
    if values.ndim > 1 or not values.size or not np.all(np.isfinite(values) & (values >= least)):
        raise ValueError(f"{name} must be {what}, or one such number per neuron")
    object.__setattr__(model, name, tuple(values.tolist()) if values.ndim else float(values))
