"""Layers of spiking neurons one after the other, and the network they stand for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tarry import network
from tarry.nn._events import Spikes
from tarry.nn._events_lif import SpikingLif


class SpikingSequential(torch.nn.Module):
    """``SpikingLif`` layers in a row: the spikes of one are the inputs of the next.

    Args:
        layers: at least one; each has as many inputs as the one before has outputs.

    Raises:
        ValueError: no layer, something else than ``SpikingLif``, or sizes that do not follow.
    """

    def __init__(self, *layers: SpikingLif) -> None:
        super().__init__()
        if not layers:
            raise ValueError("a SpikingSequential needs at least one layer")
        for layer in layers:
            if not isinstance(layer, SpikingLif):
                raise ValueError(
                    f"a SpikingSequential is made of tarry.nn.SpikingLif layers, not {type(layer).__name__}"
                )
        for i, (before, after) in enumerate(pairwise(layers), start=1):
            if before.outputs != after.inputs:
                raise ValueError(
                    f"layer {i} has {after.inputs} inputs, but the one before it has {before.outputs} outputs"
                )
        self.layers = torch.nn.ModuleList(layers)

    def __iter__(self) -> Iterator[SpikingLif]:
        for layer in self.layers:
            assert isinstance(layer, SpikingLif)  # checked in the constructor; torch's list forgets the type
            yield layer

    def __len__(self) -> int:
        return len(self.layers)

    def forward(self, spikes: Spikes) -> list[Spikes]:
        """Spikes of every layer, the output last."""
        every = []
        for layer in self.layers:
            spikes = layer(spikes)
            every.append(spikes)
        return every

    def names(self) -> list[str]:
        """Names of the populations: "input", "hidden" or "hidden1", "hidden2", .., and "output"."""
        hidden = ["hidden"] if len(self) == 2 else [f"hidden{i}" for i in range(1, len(self))]
        return ["input", *hidden, "output"]

    def network(self) -> network.Network:
        """Return the network as plain data; the delays of a layer are those of the projection into it."""
        layers, names = list(self), self.names()
        populations = [network.Population("input", layers[0].inputs)]
        projections = []
        for source, target, layer in zip(names, names[1:], layers, strict=False):
            with torch.no_grad():
                tau_mem, tau_syn, threshold = (
                    value.detach().double().numpy() if isinstance(value, Tensor) else value
                    for value in layer.constants()
                )
                neuron = network.Lif(float(tau_mem), float(tau_syn), threshold, layer.reset, layer.refractory)
                populations.append(network.Population(target, layer.outputs, neuron))
                projections.append(
                    network.Projection(source, target, _plain(layer.weights), _plain(layer.delays()))
                )
                if layer.recurrent_weights is not None:
                    projections.append(
                        network.Projection(
                            target, target, _plain(layer.recurrent_weights), _plain(layer.recurrent_delays())
                        )
                    )
        return network.Network(tuple(populations), tuple(projections), (names[-1],))


def _plain(values: Tensor | None) -> npt.NDArray[np.float64]:
    return np.zeros(()) if values is None else np.asarray(values.detach().double().numpy(), np.float64)
