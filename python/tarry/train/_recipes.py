"""Settings that are known to work, by kind of delay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Literal

import torch

from tarry import nn

Kind = Literal["none", "axonal", "dendritic", "synaptic"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to build and train a network for one kind of delay.

    Args:
        kind: of the delays.
        tau_ratio: tau_mem / tau_syn.
        layer: arguments of each ``nn.Lif``.
        fit: arguments of ``train.fit``.
    """

    kind: Kind
    tau_ratio: float
    layer: Mapping[str, Any]
    fit: Mapping[str, Any]

    def model(self, *sizes: int, tau_syn: float, seed: int = 0, threads: int | None = None) -> nn.Sequential:
        """Build the layers, for example ``recipe.model(4, 30, 3, tau_syn=1e-3, seed=1)``.

        Args:
            sizes: inputs, hidden layers, outputs.
            tau_syn: synaptic time constant in seconds.
            seed: of the initial parameters.
            threads: as in ``nn.Lif``.
        """
        if len(sizes) < 2:
            raise ValueError(f"sizes are {sizes}; give the numbers of inputs and of outputs at least")
        generator = torch.Generator().manual_seed(seed)
        return nn.Sequential(
            *(
                nn.Lif(
                    inputs,
                    outputs,
                    delay=None if self.kind == "none" else self.kind,
                    tau_mem=self.tau_ratio * tau_syn,
                    tau_syn=tau_syn,
                    threads=threads,
                    generator=generator,
                    **self.layer,
                )
                for inputs, outputs in pairwise(sizes)
            )
        )


# Initial weights are those of DelGrad's public configurations (arXiv 2404.19165). Small batches, the cosine
# and gradients without a clip are worth more than anything else; the limit keeps out the outliers that coarse
# weights suffer from; the slope floor bounds the gradient of grazing crossings. Noise on the input times costs
# little and makes networks that bear the ticks of a program: without it a tick of tau_syn / 128 alone may cost
# two points. Chosen per kind by the mean validation accuracy of several seeds: with a delay for every synapse
# small weights are enough; with fewer delays, weights must do more.
_FIT = {
    "epochs": 600,
    "batch_size": 50,
    "learning_rate": 0.01,
    "delay_learning_rate": 0.01,
    "schedule": "cosine",
    "loss": "mse",
    "margin": 0.2,
    "time_noise": 0.005,
    "silent_limit": (0.3, 1.0),
}
_LAYER = {"weight_mean": 1.0, "weight_deviation": 1.0, "weight_limit": 6.0, "slope_floor": 0.02}
_RECIPES: dict[Kind, Recipe] = {
    "none": Recipe("none", 2.0, MappingProxyType(_LAYER | {"weight_mean": 0.5}), MappingProxyType(_FIT)),
    "axonal": Recipe("axonal", 2.0, MappingProxyType(_LAYER), MappingProxyType(_FIT)),
    "dendritic": Recipe("dendritic", 2.0, MappingProxyType(_LAYER), MappingProxyType(_FIT)),
    "synaptic": Recipe(
        "synaptic",
        2.0,
        MappingProxyType(_LAYER | {"weight_limit": 3.0}),
        MappingProxyType(_FIT | {"time_noise": 0.01}),
    ),
}


def recipe(kind: Kind) -> Recipe:
    """Return the recipe for a kind of delay: "none", "axonal", "dendritic" or "synaptic".

    Use it as ``train.fit(recipe.model(4, 30, 3, tau_syn=1e-3), points, **recipe.fit)``.

    Raises:
        ValueError: another kind.
    """
    if kind not in _RECIPES:
        raise ValueError(f"there is no recipe for the delays {kind!r}; there are {', '.join(_RECIPES)}")
    return _RECIPES[kind]
