"""Spikes and delays on a grid of ticks, for the discrete twin."""

from __future__ import annotations

from math import inf, isfinite
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

Rounding = Literal["nearest", "linear"]

#: Kernels longer than this are applied by Fourier transform; both ways give the same sums.
LONGEST_DIRECT = 64


class Raster(NamedTuple):
    """Spikes on a grid.

    Args:
        spikes: number of spikes, (batch, neurons, ticks).
        offsets: seconds that a spike comes after its tick, same shape. All zero: they carry the derivatives
            of the spike times. None where spikes have no derivative with respect to time.
        step: length of a tick in seconds.
    """

    spikes: Tensor
    offsets: Tensor | None
    step: float

    def times(self) -> Tensor:
        """Time of each tick in seconds, (ticks,)."""
        return torch.arange(self.spikes.shape[2], dtype=self.spikes.dtype) * self.step

    def first(self) -> Tensor:
        """First spike of each neuron in seconds, (batch, neurons), differentiable; ``inf`` is silent.

        A missing spike counts as one at the end of the grid for surrogate gradients: then the derivative of
        the time is the sum of those of "has fired" over the ticks.
        """
        is_first = (self.spikes.detach().cumsum(2) <= 1).to(
            self.spikes.dtype
        )  # and what follows, until the second
        last = self.spikes.shape[2] * self.step
        times = last - (self.spikes * is_first * (last - self.times())).sum(2)
        if self.offsets is not None:
            times = times.detach() + (self.offsets * is_first).sum(2)
        return times.masked_fill(self.spikes.detach().sum(2) == 0, inf)

    def total(self, value: Tensor, slope: Tensor) -> Tensor:
        """Sum of a function of time over all spikes of each neuron, (batch, neurons), differentiable.

        Args:
            value: the function at each tick, (ticks,) or (neurons, ticks).
            slope: its derivative with respect to time, in the same shape.
        """
        total = (self.spikes * value).sum(2)
        if self.offsets is None:
            return total
        return total.detach() + (self.offsets * slope).sum(2)


def rasterise(times: Tensor, duration: float, step: float) -> Raster:
    """Put one spike per channel on the grid, at the nearest tick (ties to even).

    Args:
        times: seconds, (batch, channels); ``inf`` is silent. Their derivatives are those of the offsets.
        duration: seconds; the grid has ``floor(duration / step) + 1`` ticks.
        step: seconds.

    Raises:
        ValueError: NaN, times outside of 0 .. duration, a step or duration out of range.
    """
    ticks = _ticks(duration, step)
    spoken = torch.isfinite(times)
    at = (torch.where(spoken, times.detach(), 0.0) / step).round().long()
    if bool((times.isnan() | (times == -inf) | (spoken & ((at < 0) | (at >= ticks)))).any()):
        raise ValueError(f"spike times must lie in 0 .. {duration} s, or be inf for a silent channel")
    spikes = functional.one_hot(at, ticks).to(times.dtype) * spoken.unsqueeze(2)
    moved = torch.where(spoken, times - times.detach(), torch.zeros_like(times))
    return Raster(spikes, spikes * moved.unsqueeze(2), step)


def rasterise_events(
    times: Tensor, channels: Tensor, offsets: Tensor, *, size: int, duration: float, step: float
) -> Raster:
    """Put many spikes per channel on the grid; spikes of one channel and tick add up.

    Args:
        times: seconds, (events,), sample after sample.
        channels: int64, (events,).
        offsets: int64, (batch + 1,): sample b has the events ``offsets[b] .. offsets[b + 1]``.
        size: number of channels.
        duration: seconds; the grid has ``floor(duration / step) + 1`` ticks.
        step: seconds.

    Raises:
        ValueError: times outside of 0 .. duration, channels or offsets out of range.
    """
    ticks, batch = _ticks(duration, step), len(offsets) - 1
    at = (times.detach() / step).round().long()
    if len(times) and not (bool((at >= 0).all()) and bool((at < ticks).all())):
        raise ValueError(f"spike times must lie in 0 .. {duration} s")
    if len(times) and not (int(channels.min()) >= 0 and int(channels.max()) < size):
        raise ValueError(f"channels must lie in 0 .. {size - 1}")
    counts = offsets.diff()
    if int(offsets[0]) != 0 or int(offsets[-1]) != len(times) or bool((counts < 0).any()):
        raise ValueError(f"offsets must rise from 0 to the number of events, {len(times)}")
    place = (torch.repeat_interleave(torch.arange(batch), counts) * size + channels) * ticks + at
    zeros = torch.zeros(batch * size * ticks, dtype=times.dtype)
    spikes = zeros.index_add(0, place, torch.ones_like(times))
    moved = zeros.index_add(0, place, times - times.detach())
    shape = (batch, size, ticks)
    return Raster(spikes.view(shape), moved.view(shape), step)


def taps(delays: Tensor, step: float, rounding: Rounding, least: int) -> Tensor:
    """Kernels of delays, (*delays.shape, taps): tap n is what arrives n ticks later.

    "nearest" is 1 at the nearest tick (ties to even) with the derivative of linear interpolation, straight through;
    "linear" shares a spike between the two ticks around its delay.

    Args:
        delays: seconds.
        step: seconds.
        rounding: "nearest" or "linear".
        least: shortest delay in ticks; shorter ones become this long.
    """
    position = delays / step
    position = position + (position.detach().clamp(min=least) - position.detach())
    count = int(position.detach().max()) + 2  # one more than is used carries the derivative
    distance = position.unsqueeze(-1) - torch.arange(count, dtype=delays.dtype)
    triangle = (1 - distance.abs()).relu()
    if rounding == "linear":
        return triangle
    nearest = functional.one_hot(position.detach().round().long(), count).to(delays.dtype)
    return nearest + (triangle - triangle.detach())


def delayed(signal: Tensor, weights: Tensor, kernels: Tensor) -> Tensor:
    """Weighted, delayed sums (batch, post, ticks) of a signal (batch, pre, ticks).

    Args:
        signal: what leaves the sources at each tick.
        weights: (post, pre).
        kernels: delays as ``taps`` gives them: (taps,), (1, pre, taps), (post, 1, taps) or (post, pre, taps).
    """
    if kernels.dim() == 1 or kernels.shape[0] == 1 != weights.shape[0]:  # one delay, or one per source
        each = kernels.reshape(-1, 1, kernels.shape[-1]).expand(weights.shape[1], 1, -1)
        return weights @ _convolve(signal, each, weights.shape[1])
    if kernels.shape[1] == 1 != weights.shape[1]:
        return _convolve(weights @ signal, kernels, weights.shape[0])
    return _convolve(signal, weights.unsqueeze(2) * kernels, 1)


def _convolve(signal: Tensor, kernels: Tensor, groups: int) -> Tensor:
    """Causal convolution of (batch, channels, ticks) with (out, channels / groups, taps)."""
    ticks, length = signal.shape[2], min(kernels.shape[2], signal.shape[2])
    kernels = kernels[:, :, :length]
    if length <= LONGEST_DIRECT:
        return functional.conv1d(functional.pad(signal, (length - 1, 0)), kernels.flip(2), groups=groups)
    size = ticks + length
    spectrum, response = torch.fft.rfft(signal, size), torch.fft.rfft(kernels, size)
    if groups == 1:
        mixed = (spectrum.permute(2, 0, 1) @ response.permute(2, 1, 0)).permute(1, 2, 0)
    else:
        mixed = spectrum * response.squeeze(1)
    summed: Tensor = torch.fft.irfft(mixed, size)
    return summed[:, :, :ticks]


def _ticks(duration: float, step: float) -> int:
    if not (step > 0 and isfinite(duration) and duration >= step):
        raise ValueError(
            f"the grid has a step of {step} s and a duration of {duration} s; "
            "the step must be positive and at most the duration"
        )
    return int(duration / step * (1 + 1e-12)) + 1
