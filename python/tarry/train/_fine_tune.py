"""Fine-tuning with quantised parameters: what is learned is what will run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch

from tarry import nn
from tarry.compiler.scales import CLIPS
from tarry.data import Dataset
from tarry.network import Network
from tarry.nn import Quantisation
from tarry.train._fit import fit
from tarry.train._history import History
from tarry.train._samples import accuracy, tensors

Scales = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class FineTuned:
    """A model whose layers are quantised.

    Args:
        model: the layers, each with its ``quantisation``.
        weight_scales: by population what one step of the weights into it is worth, a number () or one per
            neuron (post,): every weight of ``network()`` is a whole multiple.
        history: of the fine-tuning.
    """

    model: nn.Sequential
    weight_scales: dict[str, Scales]
    history: History

    def network(self) -> Network:
        """Return the network with exactly the quantised weights and delays.

        ``tarry.compile(tuned.network(), weight_scales=tuned.weight_scales, ...)`` takes them as they are.
        """
        return self.model.network()


def fine_tune(
    model: nn.Sequential,
    data: Dataset,
    *,
    weight_bits: int,
    delay_bits: int,
    tick: float,
    epochs: int = 50,
    learning_rate: float = 0.003,
    delay_learning_rate: float = 0.01,
    keep: Literal["last", "best"] = "best",
    scale: Literal["layer", "neuron"] = "layer",
    weight_scales: Mapping[str, npt.ArrayLike] | None = None,
    **settings: Any,
) -> FineTuned:
    """Train a copy of a model further while its weights and delays are on their integer grids.

    The forward pass sees quantised parameters, the gradients pass straight through to the ones that are
    learned. Delays are multiples of the delay range / 2^delay_bits, a whole number of ticks, and at least one
    step between neurons. The weight scales are a factor of 1, 0.9, .. 0.4 times the largest weight, chosen
    together for all layers by the errors on the training set, never by the errors of the weights; that takes
    7^layers evaluations.

    Args:
        model: trained layers; left as they are.
        data: as for ``fit``.
        weight_bits: of the weights, sign included, 2..16.
        delay_bits: of the delays, 1..16.
        tick: seconds.
        epochs: passes over the training samples.
        learning_rate: of the weights, lower than in training: a step should be small against the grid.
        delay_learning_rate: of the raw delays.
        keep: as in ``fit``; weights that hover between two steps of a coarse grid make single epochs differ.
        scale: one weight scale per "layer" or per "neuron".
        weight_scales: the scales by population, () or (post,), instead of a choice.
        settings: further arguments of ``fit``.

    Raises:
        ValueError: bits out of range, a delay step that is no whole number of ticks, scales that do not fit;
            and what ``fit`` raises.
    """
    if not 2 <= weight_bits <= 16:
        raise ValueError(f"weight_bits is {weight_bits}; it must be 2..16")
    if not 1 <= delay_bits <= 16:
        raise ValueError(f"delay_bits is {delay_bits}; it must be 1..16")
    if scale not in ("layer", "neuron"):
        raise ValueError(f"scale is {scale!r}; it must be 'layer' or 'neuron'")
    grids = [_delay_grid(layer, i, delay_bits, tick) for i, layer in enumerate(model)]

    def quantise(scales: Iterable[torch.Tensor]) -> nn.Sequential:
        copy = deepcopy(model)
        for layer, weight_scale, (step, levels) in zip(copy, scales, grids, strict=True):
            layer.quantisation = Quantisation(weight_scale, weight_bits, step, levels)
            layer.limit_weights()
        return copy

    if weight_scales is not None:
        quantised = quantise(_given_scales(model, weight_scales))
    else:
        times, labels = tensors(model, data.train, "the training set")
        top = [_largest_weights(layer, scale) / (2 ** (weight_bits - 1) - 1) for layer in model]
        candidates = (
            quantise(factor * scale for factor, scale in zip(factors, top, strict=True))
            for factors in product(CLIPS, repeat=len(top))
        )
        quantised = max(candidates, key=lambda candidate: accuracy(candidate, times, labels))
    history = fit(
        quantised,
        data,
        epochs=epochs,
        learning_rate=learning_rate,
        delay_learning_rate=delay_learning_rate,
        keep=keep,
        **settings,
    )
    grids_of = zip(quantised.names()[1:], quantised, strict=True)
    return FineTuned(quantised, {name: _scale(layer) for name, layer in grids_of}, history)


def _delay_grid(layer: nn.Lif, index: int, bits: int, tick: float) -> tuple[float, tuple[int, int]]:
    """Delay step in seconds, and the least and greatest delay in steps."""
    if not 0 < tick < float("inf"):
        raise ValueError(f"tick is {tick} s; it must be positive and finite")
    low, high = (bound * layer.tau_syn / tick for bound in layer.delay_range)
    ticks = (high - low) / 2**bits
    if layer.delay is not None and (round(ticks) < 1 or abs(ticks - round(ticks)) > 1e-6 * ticks):
        raise ValueError(
            f"delays of {bits} bits over {high - low:g} ticks have a step of {ticks:g} ticks; "
            "it must be a whole number: choose fewer bits or a finer tick"
        )
    step = max(round(ticks), 1)
    least = max(round(low / step), 1 if index else 0)  # the engine takes no delay of 0 between neurons
    return step * tick, (least, round(low / step) + 2**bits - 1)


def _largest_weights(layer: nn.Lif, scale: str) -> torch.Tensor:
    weights = layer.weights.detach().abs()
    largest = weights.max() if scale == "layer" else weights.max(1, keepdim=True).values
    return largest.clamp(min=torch.finfo(weights.dtype).tiny)


def _given_scales(model: nn.Sequential, given: Mapping[str, npt.ArrayLike]) -> list[torch.Tensor]:
    names = model.names()[1:]
    if set(given) != set(names):
        raise ValueError(f"weight_scales are for {sorted(given)}; give one for each of {sorted(names)}")
    scales = []
    for name, layer in zip(names, model, strict=True):
        scale = np.asarray(given[name], np.float64)
        if scale.shape not in ((), (layer.outputs,)) or not np.all(np.isfinite(scale) & (scale > 0)):
            raise ValueError(
                f"the weight scale of {name!r} must be positive and one number or {layer.outputs}, "
                f"but has shape {scale.shape}"
            )
        column = scale if scale.ndim == 0 else scale[:, None]
        scales.append(torch.tensor(column, dtype=layer.weights.dtype))
    return scales


def _scale(layer: nn.Lif) -> Scales:
    assert layer.quantisation is not None
    scale: Scales = layer.quantisation.weight_scale.double().numpy()
    return scale if scale.ndim == 0 else scale[:, 0]
