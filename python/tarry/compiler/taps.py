"""Synaptic currents for rules that have none: every synapse becomes several delta synapses, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from math import exp, log

import numpy as np

from ..network import Network, Projection
from ..neurons import Integrator, Lif

__all__ = ["spread_synapses"]


def spread_synapses(network: Network, taps: int) -> Network:
    """The network with delta synapses (tau_syn = 0), ``taps`` for each synapse that had a current.

    The charge of the current, ``exp(-t / tau_syn)``, is cut into ``taps`` equal parts. Each part arrives at once, at its
    end, with what the leak has left of it: the potential is the right one then, and below it in between. The last part,
    which has no end, arrives in whole at its mean. So potentials rise in steps, as often as there are taps, and a spike
    comes late by part of a step.

    Args:
        network: neurons in integers of a rule, and synapses without current, stay as they are.
        taps: for each synapse; 1 leaves the network as it is, and its currents to be dropped by the rule.

    Raises:
        ValueError: taps below 1.
    """
    if taps < 1:
        raise ValueError(f"taps is {taps}; a synapse becomes at least 1")
    if taps == 1:
        return network
    with_current = {
        p.name: p.neuron
        for p in network.populations
        if isinstance(p.neuron, (Lif, Integrator)) and p.neuron.tau_syn > 0
    }
    projections: list[Projection] = []
    for projection in network.projections:
        neuron = with_current.get(projection.target)
        if neuron is None:
            projections.append(projection)
            continue
        for share, later in _taps(neuron.tau_mem, neuron.tau_syn, taps):
            projections.append(
                replace(
                    projection,
                    weights=projection.weights * share,
                    delays=np.asarray(projection.delays) + later,
                )
            )
    populations = tuple(
        replace(p, neuron=replace(with_current[p.name], tau_syn=0.0)) if p.name in with_current else p
        for p in network.populations
    )
    return replace(network, populations=populations, projections=tuple(projections))


def _taps(tau_mem: float, tau_syn: float, taps: int) -> Iterator[tuple[float, float]]:
    """Shares of the weight, and seconds after the arrival of the spike."""
    ends = [-tau_syn * log(1 - part / taps) for part in range(taps)]
    rate = 1 / tau_syn - 1 / tau_mem
    for start, end in pairwise(ends):
        # The integral of exp(-u / tau_syn) / tau_syn exp(-(end - u) / tau_mem) over the part.
        kept = (exp(-start * rate) - exp(-end * rate)) / rate if rate else end - start
        yield exp(-end / tau_mem) * kept / tau_syn, end
    yield 1 / taps, ends[-1] + tau_syn
