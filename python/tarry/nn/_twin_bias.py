"""What a grid does to a network: spike times and gradients of its discrete twin against continuous time."""

from __future__ import annotations

from collections.abc import Sequence
from math import pi
from typing import Any, NamedTuple

import torch
from torch import Tensor

from tarry import network
from tarry.nn._events import Spikes
from tarry.nn._events_operator import spiking
from tarry.nn._twin import HasNetwork, Twin
from tarry.nn._twin_grid import Raster, rasterise_events
from tarry.nn._twin_neuron import Gradient

ESTIMATORS: tuple[Gradient, ...] = ("spike_time", "surrogate")


class LayerBias(NamedTuple):
    """One layer at one length of ticks, against continuous time.

    Args:
        layer: name of the population.
        step: length of a tick in seconds.
        spikes: number of spikes in continuous time.
        same_count: share of neurons (in all samples) that spike as often as in continuous time.
        late: mean of the twin's spike times less the exact ones in seconds, over neurons of the same count.
        error: median of the absolute difference, in seconds.
        gradients: by estimator ("spike_time", "surrogate"), then by parameter of the projections into the layer
            ("weights", "delays", "recurrent_weights", "recurrent_delays"): cosine of the angle between the
            twin's gradient and the exact one, and the relative length of their difference.
    """

    layer: str
    step: float
    spikes: int
    same_count: float
    late: float
    error: float
    gradients: dict[str, dict[str, dict[str, float]]]


def grid_bias(
    source: network.Network | HasNetwork,
    inputs: Spikes,
    *,
    steps: Sequence[float],
    duration: float,
    width: float = 0.1,
    seed: int = 0,
) -> list[LayerBias]:
    """Compare the discrete twin of a network with continuous time, layer by layer and step by step.

    The loss is a sum over the output spikes of sin(2 pi t / period + phase), a period of a third of the duration
    and a random phase for each output of each sample: a smooth function of spike times, for any number of them.

    Args:
        source: a network, or a model with ``network()``; layers in a row, each with or without recurrence.
        inputs: its input spikes, from 0 to ``duration``.
        steps: lengths of a tick in seconds.
        duration: seconds; nothing after it counts.
        width: of the surrogate, as in ``Twin``.
        seed: of the phases.

    Returns:
        One entry per step and layer, steps in the given order.

    Raises:
        ValueError: a network that is not a row of layers, or inputs that do not fit.
    """
    plain = source if isinstance(source, network.Network) else source.network()
    layers = _layers(plain)
    outputs = plain.population(layers[-1]).size
    generator = torch.Generator().manual_seed(seed)
    phases = 2 * pi * torch.rand(inputs.batch, outputs, dtype=torch.float64, generator=generator)
    rate = 2 * pi / (duration / 3)

    exact, parameters = _exact(plain, layers, inputs, duration)
    last = exact[layers[-1]]
    loss = torch.sin(rate * last.times + phases[last.samples, last.channels]).sum()
    reference = torch.autograd.grad(loss, parameters)
    result = []
    for step in steps:
        rasters: dict[str, Raster] = {}
        gradients: dict[str, list[Tensor]] = {}
        for estimator in ESTIMATORS:
            twin = Twin(plain, step, gradient=estimator, width=width)
            raster = rasterise_events(
                inputs.times.detach(),
                inputs.channels,
                inputs.offsets,
                size=inputs.size,
                duration=duration,
                step=step,
            )
            rasters = twin(raster)
            output = rasters[layers[-1]]
            angle = rate * output.times() + phases.unsqueeze(2)  # (batch, outputs, ticks)
            loss = output.total(torch.sin(angle), rate * torch.cos(angle)).sum()
            learned = [*twin.weights, *twin.delays]
            gradients[estimator] = list(torch.autograd.grad(loss, learned))
        for name in layers:
            errors = {
                estimator: _parameter_errors(plain, name, values, reference)
                for estimator, values in gradients.items()
            }
            times = _time_errors(exact[name], rasters[name])
            result.append(LayerBias(name, step, len(exact[name].times), *times, errors))
    return result


def _layers(plain: network.Network) -> list[str]:
    """Names of the populations of neurons, in order; each may have synapses from the one before and from itself."""
    names = [p.name for p in plain.populations]
    before = dict(zip(names[1:], names, strict=False))
    pairs = [(p.source, p.target) for p in plain.projections]
    inputs = [p for p in plain.populations if p.neuron is None]
    rows = all(source in (target, before[target]) for source, target in pairs)
    if not rows or len(set(pairs)) < len(pairs) or len(inputs) > 1 or plain.populations[0].neuron is not None:
        raise ValueError(
            "the network must be one input and layers in a row, each with synapses from the one before and from itself"
        )
    return names[1:]


def _exact(
    plain: network.Network, layers: Sequence[str], inputs: Spikes, duration: float
) -> tuple[dict[str, Spikes], list[Tensor]]:
    """Spikes of each layer in continuous time; weights, then delays, of the projections in order."""

    def parameter(values: Any) -> Tensor:
        return torch.tensor(values, dtype=torch.float64).requires_grad_()

    weights = [parameter(p.weights) for p in plain.projections]
    delays = [parameter(p.delays) for p in plain.projections]
    every, spikes = {}, inputs
    for name in layers:
        model = plain.population(name).neuron
        assert model is not None  # only the first population is an input
        into: dict[bool, tuple[Tensor, Tensor]] = {}
        for i, projection in enumerate(plain.projections):
            if projection.target == name:
                d = delays[i].reshape(1, 1) if delays[i].dim() == 0 else delays[i]
                into[projection.source == name] = weights[i], d
        recurrent = into.get(True, (None, None))
        spikes = spiking(
            spikes,
            *into[False],
            *recurrent,
            tau_mem=model.tau_mem,
            tau_syn=model.tau_syn,
            threshold=torch.tensor(model.threshold, dtype=torch.float64),
            reset=model.reset,
            refractory=model.refractory,
            until=duration,
        )
        every[name] = spikes
    return every, [*weights, *delays]


def _time_errors(exact: Spikes, raster: Raster) -> tuple[float, float, float]:
    """Share of neurons with the same count, mean and median absolute time error of those, spike by spike."""
    counts = raster.spikes.detach().sum(2)
    same = exact.counts() == counts
    chosen = same[exact.samples, exact.channels]
    # Sorted by sample, neuron and time on both sides, spikes of the same count lie side by side.
    place = exact.samples * exact.size + exact.channels
    order = torch.argsort(place, stable=True)
    ours = exact.times.detach()[order][chosen[order]]
    at = (raster.spikes.detach() * same.unsqueeze(2)).nonzero()[:, 2].to(ours.dtype) * raster.step
    difference = at - ours
    if not len(difference):
        return float(same.double().mean()), float("nan"), float("nan")
    return float(same.double().mean()), float(difference.mean()), float(difference.abs().median())


def _parameter_errors(
    plain: network.Network, name: str, values: Sequence[Tensor], reference: Sequence[Tensor]
) -> dict[str, dict[str, float]]:
    errors = {}
    count = len(plain.projections)
    for i, projection in enumerate(plain.projections):
        if projection.target == name:
            kind = "recurrent_" if projection.source == name else ""
            for what, j in (("weights", i), ("delays", count + i)):
                ours, exact = values[j], reference[j]
                product = ours.norm() * exact.norm()
                errors[kind + what] = {
                    "cosine": float((ours * exact).sum() / product) if float(product) > 0 else 0.0,
                    "relative_error": float((ours - exact).norm() / exact.norm()),
                }
    return errors
