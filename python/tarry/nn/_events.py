"""Batches of spikes in continuous time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Spikes:
    """The spikes of a batch of samples, each sample in order of time.

    Args:
        times: seconds, float64 or float32, (spikes,); may carry a gradient.
        channels: int64, (spikes,), each in 0..size - 1.
        offsets: int64, (batch + 1,); sample k holds the spikes ``offsets[k]`` to ``offsets[k + 1]``.
        size: number of channels.

    Values are checked where they are used: a layer refuses times that are not finite or not in order, and
    channels out of range. A sample without spikes is allowed here, as a layer may stay silent.
    """

    times: Tensor
    channels: Tensor
    offsets: Tensor
    size: int

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError(f"size is {self.size}; a batch of spikes needs at least one channel")
        if self.times.ndim != 1 or self.times.shape != self.channels.shape:
            raise ValueError(
                f"times have shape {tuple(self.times.shape)} and channels {tuple(self.channels.shape)}; "
                "both must be (spikes,)"
            )
        if self.offsets.ndim != 1 or len(self.offsets) < 2:
            raise ValueError(
                f"offsets have shape {tuple(self.offsets.shape)}; they must be (batch + 1,), at least one sample"
            )
        if not self.times.is_floating_point():
            raise TypeError(f"times are {self.times.dtype}; they must be float64 or float32, in seconds")
        for name, values in (("channels", self.channels), ("offsets", self.offsets)):
            if values.dtype is not torch.int64:
                raise TypeError(f"{name} are {values.dtype}; they must be int64")

    @classmethod
    def of(
        cls, samples: Sequence[tuple[npt.ArrayLike, npt.ArrayLike]], size: int, *, allow_empty: bool = False
    ) -> Spikes:
        """Join recordings, a pair (times in seconds, channels) per sample.

        Args:
            samples: at least one; times in ascending order.
            size: number of channels.
            allow_empty: take a sample without spikes.

        Raises:
            ValueError: no sample, an empty one, times that are not finite or not in order, channels out of range.
        """
        if not samples:
            raise ValueError("there are no samples; give at least one pair (times, channels)")
        parts = [(np.asarray(t, np.float64), np.asarray(c, np.int64)) for t, c in samples]
        for k, (times, channels) in enumerate(parts):
            if times.ndim != 1 or times.shape != channels.shape:
                raise ValueError(
                    f"sample {k}: times have shape {times.shape} and channels {channels.shape}; "
                    "both must be (spikes,)"
                )
            if not times.size and not allow_empty:
                raise ValueError(f"sample {k} is empty; drop it, or pass allow_empty=True")
            if not np.all(np.isfinite(times)):
                raise ValueError(f"sample {k}: a time is not finite; silent channels have no spike at all")
            if np.any(np.diff(times) < 0):
                raise ValueError(f"sample {k} is not in order of time; sort its spikes by time")
            if channels.size and not (channels.min() >= 0 and channels.max() < size):
                raise ValueError(f"sample {k}: a channel is outside of 0..{size - 1}")
        counts = [len(times) for times, _ in parts]
        return cls(
            torch.from_numpy(np.concatenate([t for t, _ in parts])),
            torch.from_numpy(np.concatenate([c for _, c in parts])),
            torch.from_numpy(np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)),
            size,
        )

    @classmethod
    def first(cls, times: Tensor) -> Spikes:
        """From first-spike times (batch, size), ``inf`` = silent, differentiable."""
        batch, size = times.shape
        order = times.detach().argsort(dim=1, stable=True)
        spoken = torch.isfinite(times.detach()).gather(1, order)
        offsets = torch.zeros(batch + 1, dtype=torch.int64)
        offsets[1:] = spoken.sum(dim=1).cumsum(0)
        return cls(times.gather(1, order)[spoken], order[spoken], offsets, size)

    @property
    def batch(self) -> int:
        """Number of samples."""
        return len(self.offsets) - 1

    @property
    def samples(self) -> Tensor:
        """Sample of each spike, int64, (spikes,)."""
        # numpy: torch starts threads for this, which costs more than the work.
        return torch.from_numpy(np.repeat(np.arange(self.batch), np.diff(self.offsets.numpy())))

    def sample(self, index: int) -> tuple[Tensor, Tensor]:
        """Times and channels of one sample."""
        start, end = int(self.offsets[index]), int(self.offsets[index + 1])
        return self.times[start:end], self.channels[start:end]

    def counts(self) -> Tensor:
        """Number of spikes, int64, (batch, size). No derivative: see ``spike_counts``."""
        places = self.samples * self.size + self.channels
        return torch.bincount(places, minlength=self.batch * self.size).reshape(self.batch, self.size)

    def ranks(self) -> Tensor:
        """How many spikes of the same channel and sample came before each, int64, (spikes,)."""
        places = self.samples * self.size + self.channels
        order = torch.argsort(places, stable=True)
        grouped = places[order]
        starts = torch.searchsorted(grouped, grouped)
        ranks = torch.empty_like(places)
        ranks[order] = torch.arange(len(places)) - starts
        return ranks

    def first_times(self) -> Tensor:
        """Time of the first spike of each channel, (batch, size), differentiable; ``inf`` where silent."""
        chosen = self.ranks() == 0
        first = torch.full((self.batch * self.size,), torch.inf, dtype=self.times.dtype)
        places = (self.samples * self.size + self.channels)[chosen]
        return first.index_put((places,), self.times[chosen]).reshape(self.batch, self.size)
