"""Layers one after the other, and the network they stand for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Literal, overload

import numpy as np
import torch
from torch import Tensor

from tarry import network
from tarry.nn._lif import Lif


class Sequential(torch.nn.Module):
    """First-spike layers in a row: the spike times of one are the inputs of the next.

    Args:
        layers: at least one ``Lif``; each has as many inputs as the one before has outputs.

    Raises:
        ValueError: no layer, something else than ``Lif``, or sizes that do not follow.
    """

    def __init__(self, *layers: Lif) -> None:
        super().__init__()
        if not layers:
            raise ValueError("a Sequential needs at least one layer")
        for layer in layers:
            if not isinstance(layer, Lif):
                raise ValueError(f"a Sequential is made of tarry.nn.Lif layers, not {type(layer).__name__}")
        for i, (before, after) in enumerate(pairwise(layers), start=1):
            if before.outputs != after.inputs:
                raise ValueError(
                    f"layer {i} has {after.inputs} inputs, but the one before it has {before.outputs} outputs"
                )
        self.layers = torch.nn.ModuleList(layers)

    def __iter__(self) -> Iterator[Lif]:
        for layer in self.layers:
            assert isinstance(layer, Lif)  # checked in the constructor; torch's list forgets the type
            yield layer

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, index: int) -> Lif:
        return list(self)[index]

    @overload
    def forward(self, times: Tensor, return_all: Literal[False] = False) -> Tensor: ...
    @overload
    def forward(self, times: Tensor, return_all: Literal[True]) -> list[Tensor]: ...
    def forward(self, times: Tensor, return_all: bool = False) -> Tensor | list[Tensor]:
        """Spike times of the last layer in seconds, (batch, outputs), or with ``return_all`` of each layer.

        Args:
            times: spike times of the inputs in seconds, (batch, inputs); ``inf`` is silent.
            return_all: return a list with the spike times of every layer, the output last.
        """
        every = []
        for layer in self.layers:
            times = layer(times)
            every.append(times)
        return every if return_all else times

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
            neuron = network.Lif(layer.tau_mem, layer.tau_syn, layer.threshold, reset="once")
            populations.append(network.Population(target, layer.outputs, neuron))
            with torch.no_grad():
                weights, delays = layer.synapses()
            values = np.zeros(()) if delays is None else delays.double().numpy()
            projections.append(network.Projection(source, target, weights.detach().double().numpy(), values))
        return network.Network(tuple(populations), tuple(projections))
