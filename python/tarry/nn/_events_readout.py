"""What is read from the potential of neurons without a threshold: the operator ``tarry::read_out`` and a layer."""

from __future__ import annotations

from math import inf, isfinite
from typing import Any, Literal, NoReturn

import torch
from torch import Tensor

from tarry import _core
from tarry.nn._events import Spikes
from tarry.nn._events_operator import integers
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

Reading = Literal["mean", "last", "max"]


def read_out(
    spikes: Spikes,
    weights: Tensor,
    delays: Tensor | None = None,
    *,
    tau_mem: float,
    tau_syn: float,
    reading: Reading = "mean",
    duration: float,
    decay: float = inf,
    threads: int | None = None,
) -> Tensor:
    """Read the potential of neurons without a threshold over 0 to ``duration``, exact, with exact derivatives.

    Args:
        spikes: of the inputs.
        weights: dimensionless, (post, pre).
        delays: seconds, in a shape of ``spiking``, or None.
        tau_mem: membrane time constant in seconds; ``inf`` = no leak.
        tau_syn: synaptic time constant in seconds; 0 for delta synapses.
        reading: "mean" over time of V(t) exp(-t / decay), "last" value, or "max" over time; the maximum is 0
            where V stays negative, as it starts there, and has no derivative then.
        duration: seconds; may be ``inf`` for "max".
        decay: seconds; ``inf`` is the plain mean. It makes early potentials count more.
        threads: as in ``spiking``.

    Returns:
        (batch, post), in the dtype of ``spikes.times``.

    Raises:
        ValueError, TypeError, NotImplementedError, RuntimeError: as ``spiking``.
    """
    if spikes.size != weights.shape[1]:
        raise ValueError(
            f"the spikes have {spikes.size} channels; the weights {tuple(weights.shape)} need {weights.shape[1]}"
        )
    if not decay > 0:
        raise ValueError(f"decay is {decay} s; it must be positive, or inf")
    constants = (tau_mem, tau_syn, reading, 1.0 / decay, duration, threads or 0)
    values: Tensor
    values, _ = _forward(spikes.times, spikes.channels, spikes.offsets, weights, delays, *constants)
    return values


class Integrator(torch.nn.Module):
    """Leaky neurons that never spike, behind learned weights and delays: the read-out of a spiking network.

    ``weights`` and ``raw_delays`` are those of ``SpikingLif``.

    Args:
        inputs: number of input channels.
        outputs: number of neurons.
        delay: None, "axonal", "dendritic" or "synaptic".
        tau_mem: membrane time constant in seconds; ``inf`` = no leak.
        tau_syn: synaptic time constant in seconds; 0 for delta synapses.
        reading: "mean", "last" or "max", see ``read_out``.
        duration: seconds that are read; may be ``inf`` for "max".
        decay: seconds; the mean is weighted by exp(-t / decay).
        delay_range: (low, high), the bounds of the delays in seconds; None is 0 to tau_mem.
        weight_deviation: standard deviation of the initial weights around 0; None is 1/sqrt(inputs).
        threads: as in ``SpikingLif``.
        dtype: of the parameters and values, float64 or float32.
        generator: where the initial values are drawn from; None is torch's global generator.

    Raises:
        ValueError: an argument out of its range.
    """

    weights: Tensor
    raw_delays: Tensor | None

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        delay: Literal["axonal", "dendritic", "synaptic"] | None = None,
        tau_mem: float,
        tau_syn: float,
        reading: Reading = "mean",
        duration: float,
        decay: float = inf,
        delay_range: tuple[float, float] | None = None,
        weight_deviation: float | None = None,
        threads: int | None = None,
        dtype: torch.dtype = torch.float64,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        shapes = {None: None, "axonal": (1, inputs), "dendritic": (outputs, 1), "synaptic": (outputs, inputs)}
        if inputs < 1 or outputs < 1:
            raise ValueError(f"a layer needs inputs and outputs, not {inputs} and {outputs}")
        if delay not in shapes:
            raise ValueError(f"delay is {delay!r}; it must be None, 'axonal', 'dendritic' or 'synaptic'")
        if reading not in ("mean", "last", "max"):
            raise ValueError(f"reading is {reading!r}; it must be 'mean', 'last' or 'max'")
        if not (duration > 0 and (isfinite(duration) or reading == "max")):
            raise ValueError(f"duration is {duration} s; it must be positive, and finite but for 'max'")
        low, high = delay_range or (0.0, tau_mem if isfinite(tau_mem) else tau_syn)
        if not 0 <= low < high < inf:
            raise ValueError(f"delay_range is {delay_range}; it must be seconds that satisfy 0 <= low < high")
        self.inputs, self.outputs, self.delay = inputs, outputs, delay
        self.tau_mem, self.tau_syn = float(tau_mem), float(tau_syn)
        self.reading, self.duration, self.decay = reading, float(duration), float(decay)
        self.delay_range, self.threads = (float(low), float(high)), threads
        deviation = inputs**-0.5 if weight_deviation is None else weight_deviation
        values = torch.empty((outputs, inputs), dtype=torch.float64).normal_(
            0.0, deviation, generator=generator
        )
        self.weights = torch.nn.Parameter(values.to(dtype))
        shape = shapes[delay]
        raw = None
        if shape is not None:
            spread = torch.empty(shape, dtype=torch.float64).uniform_(0.02, 0.98, generator=generator)
            raw = torch.nn.Parameter(spread.logit().to(dtype))
        self.register_parameter("raw_delays", raw)

    def delays(self) -> Tensor | None:
        """Delays in seconds, differentiable; None without delays."""
        low, high = self.delay_range
        return None if self.raw_delays is None else low + (high - low) * torch.sigmoid(self.raw_delays)

    def forward(self, spikes: Spikes) -> Tensor:
        """What is read, (batch, outputs)."""
        dtype = self.weights.dtype
        if spikes.times.dtype is not dtype:
            spikes = Spikes(spikes.times.to(dtype), spikes.channels, spikes.offsets, spikes.size)
        return read_out(
            spikes,
            self.weights,
            self.delays(),
            tau_mem=self.tau_mem,
            tau_syn=self.tau_syn,
            reading=self.reading,
            duration=self.duration,
            decay=self.decay,
            threads=self.threads,
        )

    def extra_repr(self) -> str:
        """Everything that decides the layer's result besides its parameters."""
        return (
            f"{self.inputs}, {self.outputs}, delay={self.delay!r} {self.delay_range} s, tau_mem={self.tau_mem!r}, "
            f"tau_syn={self.tau_syn!r}, reading={self.reading!r}, duration={self.duration!r}, decay={self.decay!r}"
        )


def _forward_kernel(
    times: Tensor,
    channels: Tensor,
    offsets: Tensor,
    weights: Tensor,
    delays: Tensor | None,
    *constants: Any,
) -> tuple[Tensor, Tensor]:
    check_dtypes("read_out", times, weights, delays)
    forward: tuple[Any, ...] = (
        array(times),
        integers(channels),
        integers(offsets),
        array(weights),
        None if delays is None else array(delays),
        *constants[:-1],
        worth(constants[-1], times.numel() * weights.shape[0]),
    )
    values, when = _core.read_out_forward(*forward)
    return tensor(values, times), torch.from_numpy(when)


def _forward_fake(
    times: Tensor, channels: Tensor, offsets: Tensor, weights: Tensor, delays: Tensor | None, *constants: Any
) -> tuple[Tensor, Tensor]:
    shape = (offsets.shape[0] - 1, weights.shape[0])
    count = shape[0] * shape[1] if constants[2] == "max" else 0
    return times.new_empty(shape), times.new_empty(count, dtype=torch.float64)


def _backward_kernel(
    times: Tensor,
    channels: Tensor,
    offsets: Tensor,
    weights: Tensor,
    delays: Tensor | None,
    when: Tensor,
    gradient: Tensor,
    *constants: Any,
) -> tuple[Tensor, Tensor, Tensor]:
    *others, threads = constants
    backward: tuple[Any, ...] = (
        array(times),
        integers(channels),
        integers(offsets),
        array(weights),
        None if delays is None else array(delays),
        *others,
        array(when),
        array(gradient),
        worth(threads, times.numel() * weights.shape[0]),
    )
    of_times, of_weights, of_delays = _core.read_out_backward(*backward)
    return (
        tensor(of_times, times),
        tensor(of_weights, times),
        times.new_empty(0) if of_delays is None else tensor(of_delays, times),
    )


def _backward_fake(
    times: Tensor, channels: Tensor, offsets: Tensor, weights: Tensor, delays: Tensor | None, *rest: object
) -> tuple[Tensor, Tensor, Tensor]:
    return (
        times.new_empty(times.shape),
        times.new_empty(weights.shape),
        times.new_empty(0 if delays is None else delays.shape),
    )


_TENSORS = "Tensor times, Tensor channels, Tensor offsets, Tensor weights, Tensor? delays"
_CONSTANTS = "float tau_mem, float tau_syn, str reading, float rate, float duration, int threads"
_forward = define(
    f"read_out({_TENSORS}, {_CONSTANTS}) -> (Tensor values, Tensor peaks)", _forward_kernel, _forward_fake
)
_backward = define(
    f"read_out_backward({_TENSORS}, Tensor peaks, Tensor gradient, {_CONSTANTS}) -> (Tensor, Tensor, Tensor)",
    _backward_kernel,
    _backward_fake,
)


class _ReadOut(ReverseOnly):
    @staticmethod
    def forward(ctx: Any, *arguments: Any) -> tuple[Tensor, Tensor]:
        values, when = below_autograd(_forward, *arguments)
        ctx.save_for_backward(*arguments[:5], when)
        ctx.constants = arguments[5:]
        ctx.mark_non_differentiable(when)
        return values, when

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        *given, when = ctx.saved_tensors
        of_times, of_weights, of_delays = _backward(*given, when, gradients[0], *ctx.constants)
        return of_times, None, None, of_weights, None if given[4] is None else of_delays, *[None] * 6


class _ReadOutBackward(ReverseOnly):
    @staticmethod
    def forward(ctx: Any, *arguments: object) -> tuple[Tensor, Tensor, Tensor]:
        gradients: tuple[Tensor, Tensor, Tensor] = below_autograd(_backward, *arguments)
        return gradients

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> NoReturn:
        raise RuntimeError("tarry::read_out has no second derivative; its gradient cannot be differentiated")


define_autograd(_forward, _ReadOut.apply)
define_autograd(_backward, _ReadOutBackward.apply)
