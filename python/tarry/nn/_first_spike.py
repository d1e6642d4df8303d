"""The exact first-spike layer: the operator ``tarry::first_spike`` and its adjoint."""

from __future__ import annotations

from typing import Any, NoReturn

import torch
from torch import Tensor

from tarry import _core
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


def first_spike(
    times: Tensor,
    weights: Tensor,
    delays: Tensor | None = None,
    *,
    tau_mem: float | Tensor,
    tau_syn: float | Tensor,
    threshold: float | Tensor = 1.0,
    slope_floor: float = 0.0,
    threads: int | None = None,
) -> Tensor:
    """First spike of each neuron of a layer, exact, with exact derivatives.

    The membrane is that of ``tarry.network.Lif``; spike times and derivatives are those of Göltz et al. 2021
    (arXiv 1912.11443) and DelGrad (arXiv 2404.19165), computed in float64.

    Args:
        times: spike times of the inputs in seconds, (batch, pre); ``inf`` is silent.
        weights: dimensionless, (post, pre).
        delays: seconds; None, (1, pre) axonal, (post, 1) dendritic or (post, pre) synaptic.
        tau_mem: membrane time constant in seconds, 1e-3 to 1e6 tau_syn; ``inf`` for the non-leaky neuron.
        tau_syn: synaptic time constant in seconds.
        threshold: potential at which a neuron fires. Each of the three may be a scalar tensor, () or (1,), which
            then has a derivative, too.
        slope_floor: least slope of the potential at the threshold that the derivatives divide by, in
            1/tau_syn; 0 is exact.
        threads: threads over the batch; None takes as many as the work is worth, at most
            ``torch.get_num_threads()``. The result has the same bits for any number.

    Returns:
        Spike times in seconds, (batch, post), in the dtype of ``times``; ``inf`` where a neuron stays silent,
        whose derivatives are 0.

    Raises:
        ValueError: shapes that do not match, NaN, constants out of range.
        TypeError: tensors that are not all float64 or all float32.
        NotImplementedError: tensors of another device than the CPU, forward-mode differentiation.
        RuntimeError: a second derivative.
    """
    constants = (tau_mem, tau_syn, threshold)
    neuron: Tensor | None = None
    if any(isinstance(value, Tensor) for value in constants):
        neuron = torch.stack([torch.as_tensor(value, dtype=times.dtype).reshape(()) for value in constants])
        constants = (0.0, 0.0, 0.0)  # not used
    spike_times: Tensor = _forward(times, weights, delays, neuron, *constants, slope_floor, threads or 0)
    return spike_times


def _forward_kernel(
    times: Tensor,
    weights: Tensor,
    delays: Tensor | None,
    neuron: Tensor | None,
    tau_mem: float,
    tau_syn: float,
    threshold: float,
    slope_floor: float,
    threads: int,
) -> Tensor:
    check_dtypes("first_spike", times, weights, delays, neuron)
    if neuron is not None:
        tau_mem, tau_syn, threshold = neuron.tolist()
    spike_times = _core.first_spike_forward(
        array(times),
        array(weights),
        None if delays is None else array(delays),
        tau_mem,
        tau_syn,
        threshold,
        worth(threads, times.shape[0] * weights.numel()),
    )
    return tensor(spike_times, times)


def _forward_fake(
    times: Tensor, weights: Tensor, delays: Tensor | None, neuron: Tensor | None, *constants: float
) -> Tensor:
    check_dtypes("first_spike", times, weights, delays, neuron)
    return times.new_empty((times.shape[0], weights.shape[0]))


def _backward_kernel(
    times: Tensor,
    weights: Tensor,
    delays: Tensor | None,
    neuron: Tensor | None,
    spike_times: Tensor,
    gradient: Tensor,
    tau_mem: float,
    tau_syn: float,
    threshold: float,
    slope_floor: float,
    threads: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    check_dtypes("first_spike_backward", times, weights, delays, neuron, spike_times, gradient)
    if neuron is not None:
        tau_mem, tau_syn, threshold = neuron.tolist()
    arguments = (
        array(times),
        array(weights),
        None if delays is None else array(delays),
        array(spike_times),
        array(gradient),
        tau_mem,
        tau_syn,
        threshold,
        slope_floor,
        worth(threads, times.shape[0] * weights.numel()),
    )
    times_gradient, weights_gradient, delays_gradient = _core.first_spike_backward(*arguments)
    return (
        tensor(times_gradient, times),
        tensor(weights_gradient, times),
        times.new_empty(0) if delays_gradient is None else tensor(delays_gradient, times),
        times.new_empty(0)
        if neuron is None
        else times.new_tensor(_core.first_spike_constants_backward(*arguments)),
    )


def _backward_fake(
    times: Tensor, weights: Tensor, delays: Tensor | None, neuron: Tensor | None, *rest: object
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return (
        times.new_empty(times.shape),
        times.new_empty(weights.shape),
        times.new_empty(0 if delays is None else delays.shape),
        times.new_empty(0 if neuron is None else 3),
    )


_CONSTANTS = "float tau_mem, float tau_syn, float threshold, float slope_floor, int threads"
_forward = define(
    f"first_spike(Tensor times, Tensor weights, Tensor? delays, Tensor? neuron, {_CONSTANTS}) -> Tensor",
    _forward_kernel,
    _forward_fake,
)
_backward = define(
    "first_spike_backward(Tensor times, Tensor weights, Tensor? delays, Tensor? neuron, Tensor spike_times, "
    f"Tensor gradient, {_CONSTANTS}) -> (Tensor, Tensor, Tensor, Tensor)",
    _backward_kernel,
    _backward_fake,
)


class _FirstSpike(ReverseOnly):
    @staticmethod
    def forward(
        ctx: Any,
        times: Tensor,
        weights: Tensor,
        delays: Tensor | None,
        neuron: Tensor | None,
        *constants: float,
    ) -> Tensor:
        spike_times: Tensor = below_autograd(_forward, times, weights, delays, neuron, *constants)
        ctx.save_for_backward(times, weights, delays, neuron, spike_times)
        ctx.constants = constants
        return spike_times

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        times, weights, delays, neuron, spike_times = ctx.saved_tensors
        of_times, of_weights, of_delays, of_neuron = _backward(
            times, weights, delays, neuron, spike_times, gradient, *ctx.constants
        )
        return (
            of_times,
            of_weights,
            None if delays is None else of_delays,
            None if neuron is None else of_neuron,
            *[None] * len(ctx.constants),
        )


class _FirstSpikeBackward(ReverseOnly):
    @staticmethod
    def forward(ctx: Any, *arguments: object) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        gradients: tuple[Tensor, Tensor, Tensor, Tensor] = below_autograd(_backward, *arguments)
        return gradients

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> NoReturn:
        raise RuntimeError(
            "tarry::first_spike has no second derivative; its gradient cannot be differentiated"
        )


define_autograd(_forward, _FirstSpike.apply)
define_autograd(_backward, _FirstSpikeBackward.apply)
