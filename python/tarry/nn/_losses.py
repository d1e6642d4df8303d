"""Losses over first-spike times, each one operator that computes its value and its gradient at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tarry import _core
from tarry.nn._library import (
    Once,
    ReverseOnly,
    array,
    below_autograd,
    check_dtypes,
    check_labels,
    define,
    define_autograd,
    tensor,
)

Values = npt.NDArray[np.float64]


def shift_invariant_mse(times: Tensor, labels: Tensor, tau_syn: float, margin: float = 0.2) -> Tensor:
    """Mean over the batch of ``1/2 sum_k (t_k - t_true - margin [k != true])^2``, times in tau_syn (DelGrad).

    A sample whose true class is silent costs 100 and has no gradient.

    Args:
        times: spike times of the output neurons in seconds, (batch, classes); ``inf`` is silent.
        labels: int64, (batch,).
        tau_syn: synaptic time constant in seconds.
        margin: how much later the others should fire than the true class, in tau_syn.

    Returns:
        The loss, a scalar in the dtype of ``times``.

    Raises:
        ValueError: shapes that do not match, labels out of range, NaN.
    """
    loss: Tensor = _mse(times, labels, margin, tau_syn)[0]
    return loss


def time_to_first_spike_cross_entropy(
    times: Tensor, labels: Tensor, tau_syn: float, *, xi: float = 0.2, alpha: float = 0.005, beta: float = 1.0
) -> Tensor:
    """Mean cross-entropy of ``softmax(-t / (xi tau_syn))`` plus ``alpha exp(t_true / (beta tau_syn))``.

    The loss of Göltz et al. 2021 (arXiv 1912.11443). A sample whose true class is silent costs 100 and has no
    gradient.

    Args:
        times: spike times of the output neurons in seconds, (batch, classes); ``inf`` is silent.
        labels: int64, (batch,).
        tau_syn: synaptic time constant in seconds.
        xi: width of the softmax, in tau_syn.
        alpha: weight of the term that asks for early spikes.
        beta: scale of that term, in tau_syn.

    Returns:
        The loss, a scalar in the dtype of ``times``.

    Raises:
        ValueError: shapes that do not match, labels out of range, NaN.
    """
    loss: Tensor = _cross_entropy(times, labels, xi, alpha, beta, tau_syn)[0]
    return loss


def first_spike_mse(times: Tensor, targets: Tensor, tau_syn: float, silent_cost: float = 100.0) -> Tensor:
    """Mean over the batch of ``1/2 sum_k (t_k - target_k)^2``, times in tau_syn.

    A spike that is missing, or one where the target is silence, costs ``silent_cost`` and has no gradient: what wakes
    or silences a neuron is up to the trainer.

    Args:
        times: spike times in seconds, (batch, neurons); ``inf`` is silent.
        targets: spike times asked for, in seconds, in the shape of ``times``; ``inf`` asks for silence.
        tau_syn: synaptic time constant in seconds.
        silent_cost: cost of a spike too few or too many.

    Returns:
        The loss, a scalar in the dtype of ``times``.

    Raises:
        ValueError: another shape or an empty batch, NaN, a constant out of its range.
    """
    if times.ndim != 2 or times.shape != targets.shape or not times.numel():
        raise ValueError(
            f"times have shape {tuple(times.shape)} and targets {tuple(targets.shape)}; "
            "both must be (batch, neurons), at least one of each"
        )
    if not 0 < tau_syn < torch.inf or not 0 <= silent_cost < torch.inf:
        raise ValueError(
            f"tau_syn is {tau_syn} and silent_cost {silent_cost}; they must be finite, above 0 and at least 0"
        )
    if times.isnan().any() or targets.isnan().any():
        raise ValueError(
            "times or targets hold NaN; every element must be a time in seconds, or inf for silence"
        )
    fires, wanted = times.isfinite(), targets.isfinite()
    both = fires & wanted
    errors = (times.masked_fill(~both, 0.0) - targets.masked_fill(~both, 0.0)) / tau_syn
    return (0.5 * errors.square().sum() + silent_cost * (fires != wanted).sum()) / len(times)


def decide(times: Tensor) -> Tensor:
    """Class of each sample: the output that fires first, int64, (batch,).

    Ties go to the lowest index; -1 where all outputs are silent.

    Args:
        times: spike times of the output neurons, (batch, classes); ``inf`` is silent.
    """
    earliest, winner = times.detach().min(dim=1)
    return winner.masked_fill(earliest == torch.inf, -1)


def _define_loss(name: str, constants: str, compute: Callable[..., tuple[float, Values]]) -> Any:
    """Register a loss as an operator that returns its value and, for the backward pass, its gradient."""

    def kernel(times: Tensor, labels: Tensor, *values: float) -> tuple[Tensor, Tensor]:
        check_dtypes(name, times)
        check_labels(name, labels)
        loss, gradient = compute(array(times), labels.contiguous().numpy(), *values)
        return tensor(np.array(loss), times), tensor(gradient, times)

    def fake(times: Tensor, labels: Tensor, *values: float) -> tuple[Tensor, Tensor]:
        return times.new_empty(()), times.new_empty(times.shape)

    operator = define(
        f"{name}(Tensor times, Tensor labels, {constants}) -> (Tensor loss, Tensor gradient)", kernel, fake
    )

    class Loss(ReverseOnly):
        @staticmethod
        def forward(ctx: Any, times: Tensor, *rest: object) -> tuple[Tensor, Tensor]:
            loss, gradient = below_autograd(operator, times, *rest)
            ctx.save_for_backward(times, gradient)
            ctx.mark_non_differentiable(gradient)
            ctx.others = len(rest)
            return loss, gradient

        @staticmethod
        def backward(ctx: Any, of_loss: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
            times, gradient = ctx.saved_tensors
            of_times = of_loss * gradient
            if torch.is_grad_enabled():  # only where a second derivative may follow
                of_times = Once.apply(of_times, times)  # type: ignore[no-untyped-call]
            return of_times, *[None] * ctx.others

    define_autograd(operator, Loss.apply)
    return operator


_mse = _define_loss("shift_invariant_mse", "float margin, float tau_syn", _core.shift_invariant_mse)
_cross_entropy = _define_loss(
    "time_to_first_spike_cross_entropy",
    "float xi, float alpha, float beta, float tau_syn",
    _core.time_to_first_spike_cross_entropy,
)
