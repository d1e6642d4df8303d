"""What a grid does to a network: spike times and gradients of its discrete twin against continuous time."""

from __future__ import annotations

from collections.abc import Sequence
from math import pi
from statistics import median
from typing import Any, NamedTuple

import torch
from torch import Tensor

from tarry import network
from tarry.nn._events import Spikes
from tarry.nn._events_operator import spiking
from tarry.nn._twin import HasNetwork, Twin, lif_of
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
            ("weights", "delays", "recurrent_weights", "recurrent_delays"): "cosine" of the angle between the
            twin's gradient and the exact one, and "relative_error", the length of their difference over that of
            the exact one; medians over the samples, each of which has a gradient of its own.
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

    The loss of a sample is a sum over its output spikes of sin(2 pi t / period + phase), a period of a third of the
    duration and a random phase for each output: a smooth function of spike times, for any number of them.

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
    generator = torch.Generator().manual_seed(seed)
    outputs = plain.population(layers[-1]).size
    phases = 2 * pi * torch.rand(inputs.batch, outputs, dtype=torch.float64, generator=generator)
    found: dict[tuple[float, str], list[_Sample]] = {(step, name): [] for step in steps for name in layers}
    for k in range(inputs.batch):
        times, channels = inputs.sample(k)
        sample = Spikes(times.detach(), channels, torch.tensor([0, len(times)]), inputs.size)
        exact, parameters = _exact(plain, layers, sample, duration)
        last = exact[layers[-1]]
        rate = 2 * pi / (duration / 3)
        loss = torch.sin(rate * last.times + phases[k, last.channels]).sum()
        reference = torch.autograd.grad(loss, parameters)
        for step in steps:
            raster = rasterise_events(
                sample.times, channels, sample.offsets, size=sample.size, duration=duration, step=step
            )
            gradients: dict[str, list[Tensor]] = {}
            for estimator in ESTIMATORS:
                twin = Twin(plain, step, gradient=estimator, width=width)
                rasters = twin(raster)
                output = rasters[layers[-1]]
                angle = rate * output.times() + phases[k].unsqueeze(1)  # (outputs, ticks)
                loss = output.total(torch.sin(angle), rate * torch.cos(angle)).sum()
                gradients[estimator] = list(torch.autograd.grad(loss, [*twin.weights, *twin.delays]))
            for name in layers:
                errors = {e: _parameter_errors(plain, name, g, reference) for e, g in gradients.items()}
                found[step, name].append(_Sample(*_time_errors(exact[name], rasters[name]), errors))
    return [_together(name, step, samples) for (step, name), samples in found.items()]


class _Sample(NamedTuple):
    spikes: int
    same: Tensor
    difference: Tensor
    errors: dict[str, dict[str, dict[str, float]]]


def _together(name: str, step: float, samples: Sequence[_Sample]) -> LayerBias:
    difference = torch.cat([s.difference for s in samples])
    nothing = float("nan")
    gradients = {
        estimator: {
            parameter: {
                figure: median(s.errors[estimator][parameter][figure] for s in samples) for figure in figures
            }
            for parameter, figures in parameters.items()
        }
        for estimator, parameters in samples[0].errors.items()
    }
    return LayerBias(
        layer=name,
        step=step,
        spikes=sum(s.spikes for s in samples),
        same_count=float(torch.cat([s.same for s in samples]).double().mean()),
        late=float(difference.mean()) if len(difference) else nothing,
        error=float(difference.abs().median()) if len(difference) else nothing,
        gradients=gradients,
    )


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
        model = lif_of(plain.population(name))
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


def _time_errors(exact: Spikes, raster: Raster) -> tuple[int, Tensor, Tensor]:
    """Number of spikes, which neurons spike as often, and for those the twin's times less the exact ones."""
    spikes = raster.spikes.detach()[0]
    same = exact.counts()[0] == spikes.sum(1)
    # Sorted by neuron and time on both sides, spikes of the same count lie side by side.
    order = torch.argsort(exact.channels, stable=True)
    chosen = order[same[exact.channels[order]]]
    at = (spikes * same.unsqueeze(1)).nonzero()[:, 1] * raster.step
    return len(exact.times), same, at - exact.times.detach()[chosen]


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
                    "relative_error": float((ours - exact).norm() / exact.norm().clamp(min=1e-300)),
                }
    return errors
