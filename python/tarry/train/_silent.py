"""The silent-neuron rule: a spike that is missing has no gradient, so the weights are raised instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tarry.nn import Sequential


@dataclass(slots=True)
class SilentRule:
    """DelGrad's weight bump (arXiv 2404.19165, its public configurations).

    Where more than a limit of a layer's spikes are missing in a batch, the batch does not step along the
    gradient: all input weights of the neurons that missed a sample are raised instead, in the foremost such
    layer alone. The bump doubles while the same layer is bumped in succession.

    Args:
        limit: the largest allowed fractions of missing spikes, (hidden layers, output layer); 1 never bumps.
        bump: the first bump.
        layer: index of the layer that was bumped by the last batch, -1 if none was.
        height: what it was bumped by.
    """

    limit: tuple[float, float]
    bump: float
    layer: int = -1
    height: float = 0.0

    def apply(self, model: Sequential, silent: Sequence[Tensor], samples: int) -> tuple[bool, int]:
        """Bump if the rule asks for it; return whether it did, and the number of missing spikes.

        Args:
            model: the layers, whose weights are raised.
            silent: number of samples of the batch that each neuron missed, int64, (post,), by layer.
            samples: size of the batch.
        """
        missing = [int(missed.numpy().sum()) for missed in silent]  # numpy: a third of the time of torch
        for i, (missed, count) in enumerate(zip(silent, missing, strict=True)):
            if count > self.limit[i == len(silent) - 1] * len(missed) * samples:
                self.height = 2 * self.height if i == self.layer else self.bump
                self.layer = i
                with torch.no_grad():
                    model[i].weights[missed > 0] += self.height
                return True, sum(missing)
        self.layer = -1
        return False, sum(missing)
