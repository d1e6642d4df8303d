"""Grids for weights and delays, with straight-through gradients."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Quantisation:
    """The grids that a layer's weights and delays are rounded to; gradients pass as if nothing was rounded.

    Args:
        weight_scale: what one weight step is worth, a scalar () for the layer or (post, 1) per neuron.
        weight_bits: weights are ``weight_scale`` times an integer of -(2^(bits-1) - 1) .. 2^(bits-1) - 1.
        delay_step: seconds.
        delay_levels: least and greatest delay in steps.
    """

    weight_scale: Tensor
    weight_bits: int
    delay_step: float
    delay_levels: tuple[int, int]

    @property
    def weight_limit(self) -> Tensor:
        """Largest weight of the grid, in the shape of ``weight_scale``."""
        return self.weight_scale * float(2 ** (self.weight_bits - 1) - 1)

    def weights(self, weights: Tensor) -> Tensor:
        """Round weights (post, pre) to the grid, ties to even."""
        top = 2 ** (self.weight_bits - 1) - 1
        return _straight_through(
            weights, (weights / self.weight_scale).round().clamp(-top, top) * self.weight_scale
        )

    def delays(self, delays: Tensor) -> Tensor:
        """Round delays in seconds to the grid, ties to even."""
        return _straight_through(
            delays, (delays / self.delay_step).round().clamp(*self.delay_levels) * self.delay_step
        )


def _straight_through(values: Tensor, grid: Tensor) -> Tensor:
    # `values - values.detach()` is exactly 0: the result is the grid to the bit.
    return grid.detach() + (values - values.detach())
