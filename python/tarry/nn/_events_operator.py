"""Layers whose neurons spike many times: the operator ``tarry::spiking`` and its adjoint."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tarry import _core
from tarry.network import Reset
from tarry.nn._events import Spikes
from tarry.nn._library import (
    ReverseOnly,
    array,
    below_autograd,
    check_dtypes,
    define,
    define_autograd,
    tensor,
    worth,
)

MOST_SPIKES = 10_000  # of one neuron in one sample, before it is taken for a storm


def spiking(
    spikes: Spikes,
    weights: Tensor,
    delays: Tensor | None = None,
    recurrent_weights: Tensor | None = None,
    recurrent_delays: Tensor | None = None,
    *,
    tau_mem: float | Tensor,
    tau_syn: float | Tensor,
    threshold: float | Tensor = 1.0,
    reset: Reset = "to_zero",
    refractory: float = 0.0,
    until: float = torch.inf,
    most_spikes: int = MOST_SPIKES,
    slope_floor: float = 0.0,
    threads: int | None = None,
) -> Spikes:
    """All spikes of a layer in continuous time, exact, with exact derivatives (docs/gradients.md).

    The neuron is that of ``tarry.network.Lif``; its spikes are those of the Processor in the limit of short
    ticks. Derivatives are taken at a fixed number of spikes.

    Args:
        spikes: of the inputs.
        weights: dimensionless, (post, pre).
        delays: seconds; None, (1, 1), (1, pre) axonal, (post, 1) dendritic or (post, pre) synaptic.
        recurrent_weights: between the neurons, (post, post), or None.
        recurrent_delays: seconds, positive, in one of these shapes; needed with recurrent weights.
        tau_mem: membrane time constant in seconds, a number or a differentiable scalar; ``inf`` = no leak.
        tau_syn: synaptic time constant in seconds, likewise; 0 for delta synapses.
        threshold: a number, or a differentiable tensor, scalar or (post,).
        reset: "to_zero", "by_subtraction" or "once".
        refractory: refractory period in seconds.
        until: seconds; spikes at or after it are not computed.
        most_spikes: more spikes of one neuron in one sample are refused as a spike storm.
        slope_floor: least slope of the potential at a spike that derivatives divide by, in 1/second; 0 is exact.
        threads: threads over the samples; None takes as many as the work is worth, at most
            ``torch.get_num_threads()``. The result has the same bits for any number.

    Returns:
        The spikes of the neurons, each sample in order of time; times in the dtype of ``spikes.times``.

    Raises:
        ValueError: shapes that do not match, NaN, spikes out of order, constants out of range, a spike storm.
        TypeError: tensors that are not all float64 or all float32.
        NotImplementedError: tensors of another device than the CPU, forward-mode differentiation.
        RuntimeError: a second derivative.
    """
    post, pre = weights.shape
    if pre != spikes.size:
        raise ValueError(f"the spikes have {spikes.size} channels; the weights {(post, pre)} need {pre}")
    dtype = spikes.times.dtype
    times, channels, offsets, _ = _forward(
        spikes.times,
        spikes.channels,
        spikes.offsets,
        weights,
        delays,
        recurrent_weights,
        recurrent_delays,
        torch.as_tensor(threshold, dtype=dtype).expand(post),
        torch.as_tensor(tau_mem, dtype=dtype),
        torch.as_tensor(tau_syn, dtype=dtype),
        reset,
        refractory,
        until,
        most_spikes,
        slope_floor,
        threads or 0,
    )
    return Spikes(times, channels, offsets, post)


def _arguments(
    times: Tensor,
    channels: Tensor,
    offsets: Tensor,
    weights: Tensor,
    delays: Tensor | None,
    recurrent_weights: Tensor | None,
    recurrent_delays: Tensor | None,
    thresholds: Tensor,
    tau_mem: Tensor,
    tau_syn: Tensor,
) -> tuple[Any, ...]:
    check_dtypes(
        "spiking", times, weights, delays, recurrent_weights, recurrent_delays, thresholds, tau_mem, tau_syn
    )
    optional = (delays, recurrent_weights, recurrent_delays)
    return (
        array(times),
        integers(channels),
        integers(offsets),
        array(weights),
        *(None if values is None else array(values) for values in optional),
        array(thresholds),
        float(tau_mem),
        float(tau_syn),
    )


def integers(values: Tensor) -> npt.NDArray[np.int64]:
    """View an int64 CPU tensor as a C-contiguous array."""
    result: npt.NDArray[np.int64] = values.contiguous().numpy()
    return result


def _forward_kernel(*arguments: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    *tensors, reset, refractory, until, most_spikes, _, threads = arguments
    threads = worth(threads, tensors[0].numel() * tensors[3].shape[0])
    given: tuple[Any, ...] = (*_arguments(*tensors), reset, refractory, until, most_spikes, threads)
    times, channels, offsets, trace = _core.spiking_forward(*given)
    return (
        tensor(times, tensors[0]),
        torch.from_numpy(channels),
        torch.from_numpy(offsets),
        torch.from_numpy(trace),
    )


def _forward_fake(
    times: Tensor, channels: Tensor, offsets: Tensor, *rest: object
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    count = torch.library.get_ctx().new_dynamic_size()
    return (
        times.new_empty(count),
        channels.new_empty(count),
        offsets.new_empty(offsets.shape),
        times.new_empty((count, 3), dtype=torch.float64),
    )


def _backward_kernel(*arguments: Any) -> tuple[Tensor, ...]:
    *tensors, reset, refractory, spike_times, spike_channels, spike_offsets, trace, gradient = arguments[:-4]
    constants, of_times, slope_floor, threads = arguments[-4:]
    like = tensors[0]
    backward: tuple[Any, ...] = (
        *_arguments(*tensors),
        reset,
        refractory,
        array(spike_times),
        integers(spike_channels),
        integers(spike_offsets),
        array(trace),
        array(gradient),
        constants,
        of_times,
        slope_floor,
        worth(threads, tensors[0].numel() * tensors[3].shape[0]),
    )
    gradients = _core.spiking_backward(*backward)
    *arrays, of_tau_mem, of_tau_syn = gradients
    shaped = [like.new_empty(0) if values is None else tensor(values, like) for values in arrays]
    return (*shaped, like.new_full((), of_tau_mem), like.new_full((), of_tau_syn))


def _backward_fake(
    times: Tensor,
    channels: Tensor,
    offsets: Tensor,
    weights: Tensor,
    delays: Tensor | None,
    recurrent_weights: Tensor | None,
    recurrent_delays: Tensor | None,
    thresholds: Tensor,
    *rest: object,
) -> tuple[Tensor, ...]:
    optional = (delays, recurrent_weights, recurrent_delays)
    return (
        times.new_empty(times.shape),
        times.new_empty(weights.shape),
        *(times.new_empty(0 if values is None else values.shape) for values in optional),
        times.new_empty(thresholds.shape),
        times.new_empty(()),
        times.new_empty(()),
    )


_TENSORS = (
    "Tensor times, Tensor channels, Tensor offsets, Tensor weights, Tensor? delays, Tensor? recurrent_weights, "
    "Tensor? recurrent_delays, Tensor thresholds, Tensor tau_mem, Tensor tau_syn"
)
_forward = define(
    f"spiking({_TENSORS}, str reset, float refractory, float until, int most_spikes, float slope_floor, "
    "int threads) -> (Tensor times, Tensor channels, Tensor offsets, Tensor trace)",
    _forward_kernel,
    _forward_fake,
)
_backward = define(
    f"spiking_backward({_TENSORS}, str reset, float refractory, Tensor spike_times, Tensor spike_channels, "
    "Tensor spike_offsets, Tensor trace, Tensor gradient, bool constants, bool of_times, float slope_floor, int threads) -> "
    "(Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor)",
    _backward_kernel,
    _backward_fake,
)


class _Spiking(ReverseOnly):
    @staticmethod
    def forward(ctx: Any, *arguments: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        times, channels, offsets, trace = below_autograd(_forward, *arguments)
        ctx.save_for_backward(*arguments[:10], times, channels, offsets, trace)
        ctx.reset, ctx.refractory, _, _, ctx.slope_floor, ctx.threads = arguments[10:]
        ctx.mark_non_differentiable(channels, offsets, trace)
        return times, channels, offsets, trace

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        saved = ctx.saved_tensors
        needed = ctx.needs_input_grad
        of_times, *others = _backward(
            *saved[:10],
            ctx.reset,
            ctx.refractory,
            *saved[10:],
            gradients[0],
            needed[8] or needed[9],
            needed[0],
            ctx.slope_floor,
            ctx.threads,
        )
        given = [
            value if need else None
            for value, need in zip((of_times, *others), (needed[0], *needed[3:10]), strict=True)
        ]
        return given[0], None, None, *given[1:], *[None] * 6


class _SpikingBackward(ReverseOnly):
    @staticmethod
    def forward(ctx: Any, *arguments: object) -> tuple[Tensor, ...]:
        gradients: tuple[Tensor, ...] = below_autograd(_backward, *arguments)
        return gradients

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> NoReturn:
        raise RuntimeError("tarry::spiking has no second derivative; its gradient cannot be differentiated")


define_autograd(_forward, _Spiking.apply)
define_autograd(_backward, _SpikingBackward.apply)
