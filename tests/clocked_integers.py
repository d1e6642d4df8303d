"""Networks in integers as the reference takes them: by plain rounding, independent of the compiler."""

from __future__ import annotations

from typing import Any

import numpy as np

import tarry
from generated import _threshold
from tarry.reference import Clocked, Neurons, Synapse


def integers_of(
    network: tarry.Network, tick: float, weight_scales: dict[str, float]
) -> tuple[list[Clocked | Neurons], list[Synapse]]:
    """Populations and synapses of the reference; scales are those of event-driven populations."""
    synapses = []
    for number, projection in enumerate(network.projections):
        scale = weight_scales.get(projection.target, 1.0)
        delays = np.broadcast_to(projection.delays, projection.weights.shape)
        for (post, pre), weight in np.ndenumerate(projection.weights):
            if round(weight / scale):
                synapses.append(
                    Synapse(
                        (projection.source, pre),
                        (projection.target, post),
                        round(weight / scale),
                        round(float(delays[post, pre]) / tick),
                        number,
                        projection.exponent,
                    )
                )
    populations: list[Clocked | Neurons] = []
    for population in network.populations:
        if population.neuron is not None:
            populations.append(_population(population, tick, weight_scales))
    return populations, synapses


def _population(
    population: tarry.Population, tick: float, weight_scales: dict[str, float]
) -> Clocked | Neurons:
    rule: Any
    synapse_decay: list[Any]
    reset: Any
    name, size, neuron = population.name, population.size, population.neuron
    if isinstance(neuron, tarry.Lif):
        assert isinstance(neuron.threshold, float)
        assert neuron.reset == "by_subtraction"
        theta, shift = _threshold(neuron.threshold, neuron.tau_mem, neuron.tau_syn, weight_scales[name])
        refractory = round(neuron.refractory / tick)
        return Neurons(name, neuron.tau_mem, neuron.tau_syn, [theta] * size, shift, neuron.reset, refractory)

    def each(value: Any) -> list[Any]:
        return list(value) if isinstance(value, tuple) else [value] * size

    assert isinstance(neuron, tarry.DeltaLif | tarry.ShiftLif | tarry.LoihiLif)
    threshold = None if neuron.threshold is None else each(neuron.threshold)
    if isinstance(neuron, tarry.LoihiLif):
        reset, increment, rho = "to_zero", [0] * size, 0
        biases = zip(each(neuron.bias_mantissa), each(neuron.bias_exponent), strict=True)
        bias = [mantissa * 2**exponent for mantissa, exponent in biases]
        rule, decay, synapse_decay = ("loihi", each(neuron.delta_v), each(neuron.delta_u))
    else:
        reset, bias = neuron.reset, each(neuron.bias)
        adaptation = neuron.adaptation or tarry.IntegerAdaptation(0, 0)
        rho, increment = adaptation.rho, each(adaptation.increment)
        if isinstance(neuron, tarry.DeltaLif):
            rule, decay, synapse_decay = ("delta", each(neuron.beta), [None] * size)
        else:
            rule, decay, synapse_decay = ("shift", each(neuron.k_mem), each(neuron.k_syn))
    return Clocked(
        name,
        rule,
        decay,
        synapse_decay,
        threshold,
        reset,
        bias,
        increment,
        rho,
        neuron.refractory,
        neuron.readout,
        neuron.readout_gamma or 0,
    )
