"""Loss and gradients of a whole stack of first-spike layers in one operator, ``tarry::first_spike_loss``.

Layer by layer, spike times are handed out and taken in again between the layers, and each step of the graph
costs microseconds; training small networks takes less than half the time this way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

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
    worth,
)

LossName = Literal["shift_invariant_mse", "time_to_first_spike_cross_entropy"]


class StackLoss(NamedTuple):
    """What a batch comes to.

    Args:
        loss: mean over the samples, a scalar; differentiable in weights and delays.
        outputs: spike times of the last layer in seconds, (batch, classes), outside of the graph.
        silent: number of samples that each neuron missed, int64, (post,), by layer.
    """

    loss: Tensor
    outputs: Tensor
    silent: list[Tensor]


def first_spike_loss(
    times: Tensor,
    labels: Tensor,
    weights: Sequence[Tensor],
    delays: Sequence[Tensor | None],
    *,
    tau_mem: float,
    tau_syn: float,
    thresholds: Sequence[float],
    loss: LossName,
    constants: Sequence[float],
    slope_floor: float = 0.0,
    threads: int | None = None,
) -> StackLoss:
    """Mean loss of a stack of layers; ``first_spike`` layer by layer and then the loss, in one operator.

    Args:
        times: spike times of the inputs in seconds, (batch, pre), 0 to 100 tau_syn or ``inf``.
        labels: int64, (batch,).
        weights: by layer, (post, pre).
        delays: by layer, None or in a shape of ``first_spike``.
        tau_mem: membrane time constant of all layers in seconds.
        tau_syn: synaptic time constant of all layers in seconds.
        thresholds: by layer.
        loss: name of the loss.
        constants: (margin,) or (xi, alpha, beta), in tau_syn.
        slope_floor: as in ``first_spike``.
        threads: as in ``first_spike``.

    Raises:
        ValueError: shapes that do not match, labels out of range, times out of range, NaN.
        TypeError: tensors that are not all float64 or all float32, labels that are not int64.
        NotImplementedError: tensors of another device than the CPU, forward-mode differentiation, or times
            that require a gradient.
        RuntimeError: a second derivative.
    """
    value, outputs, silent, _ = _loss(
        times,
        labels,
        list(weights),
        list(delays),
        tau_mem,
        tau_syn,
        list(thresholds),
        loss,
        list(constants),
        slope_floor,
        threads or 0,
    )
    return StackLoss(value, outputs, silent)


def _kernel(
    times: Tensor,
    labels: Tensor,
    weights: list[Tensor],
    delays: list[Tensor | None],
    tau_mem: float,
    tau_syn: float,
    thresholds: list[float],
    loss: str,
    constants: list[float],
    slope_floor: float,
    threads: int,
) -> tuple[Tensor, Tensor, list[Tensor], list[Tensor]]:
    check_dtypes("first_spike_loss", times, *weights, *delays)
    check_labels("first_spike_loss", labels)
    value, outputs, silent, of_weights, of_delays = _core.first_spike_loss(
        array(times),
        labels.contiguous().numpy(),
        [array(w) for w in weights],
        [None if d is None else array(d) for d in delays],
        tau_mem,
        tau_syn,
        thresholds,
        loss,
        constants,
        slope_floor,
        worth(threads, times.shape[0] * sum(w.numel() for w in weights)),
    )
    return (
        times.new_full((), value),
        tensor(outputs, times),
        [torch.from_numpy(counts) for counts in silent],
        [tensor(g, times) for g in (*of_weights, *of_delays) if g is not None],
    )


def _fake(
    times: Tensor, labels: Tensor, weights: list[Tensor], delays: list[Tensor | None], *rest: object
) -> tuple[Tensor, Tensor, list[Tensor], list[Tensor]]:
    return (
        times.new_empty(()),
        times.new_empty((times.shape[0], weights[-1].shape[0])),
        [labels.new_empty((w.shape[0],)) for w in weights],
        [times.new_empty(p.shape) for p in (*weights, *delays) if p is not None],
    )


_loss = define(
    "first_spike_loss(Tensor times, Tensor labels, Tensor[] weights, Tensor?[] delays, float tau_mem, "
    "float tau_syn, float[] thresholds, str loss, float[] constants, float slope_floor, int threads) "
    "-> (Tensor loss, Tensor outputs, Tensor[] silent, Tensor[] gradients)",
    _kernel,
    _fake,
)


class _Loss(ReverseOnly):
    """Takes the parameters one by one, as torch follows tensors through arguments but not through lists."""

    @staticmethod
    def forward(
        ctx: Any, times: Tensor, labels: Tensor, delayed: list[bool], rest: Any, *parameters: Tensor
    ) -> Any:
        layers = len(delayed)
        given = iter(parameters[layers:])
        delays = [next(given) if has else None for has in delayed]
        loss, outputs, silent, gradients = below_autograd(
            _loss, times, labels, list(parameters[:layers]), delays, *rest
        )
        ctx.save_for_backward(*gradients, *parameters)
        ctx.mark_non_differentiable(outputs, *silent, *gradients)
        return loss, outputs, *silent, *gradients

    @staticmethod
    def backward(ctx: Any, of_loss: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        saved = ctx.saved_tensors
        gradients, parameters = saved[: len(saved) // 2], saved[len(saved) // 2 :]
        scaled = torch._foreach_mul(gradients, of_loss)
        if torch.is_grad_enabled():  # only where a second derivative may follow
            scaled = tuple(Once.apply(g, *parameters) for g in scaled)  # type: ignore[no-untyped-call]
        return None, None, None, None, *scaled


def _differentiable(
    times: Tensor, labels: Tensor, weights: list[Tensor], delays: list[Tensor | None], *rest: object
) -> tuple[Tensor, Tensor, list[Tensor], list[Tensor]]:
    if times.requires_grad:
        raise NotImplementedError(
            "tarry::first_spike_loss has no derivative with respect to the input times; "
            "call the layers one by one, or detach the times"
        )
    delayed = [d is not None for d in delays]
    parameters = [p for p in (*weights, *delays) if p is not None]
    loss, outputs, *others = _Loss.apply(times, labels, delayed, rest, *parameters)  # type: ignore[no-untyped-call]
    return loss, outputs, others[: len(weights)], others[len(weights) :]


define_autograd(_loss, _differentiable)
