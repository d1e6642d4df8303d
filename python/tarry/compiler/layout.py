"""Where the synapses of event-driven populations lie: in runs by (source, delay)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..network import Network
from .quantise import IntegerProjection

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Runs:
    """Synapses sorted by source unit, then delay, then target; a run is what shares source and delay.

    ``sources[u]`` is the first run of unit u (units count inputs and neurons in order of declaration), with one more
    entry for the end; ``first_synapse`` has one more entry than ``delays``.
    """

    sources: Integers
    delays: Integers
    first_synapse: Integers
    targets: Integers
    weights: Integers


def lay_out_runs(
    network: Network, projections: Sequence[IntegerProjection], event_driven: Collection[str]
) -> Runs:
    """Sort all synapses of weight other than 0 into the populations of these names into runs."""
    first_unit, first_neuron = offsets(network, event_driven)
    units = sum(p.size for p in network.populations)
    parts: list[tuple[Integers, ...]] = []
    for projection in projections:
        if projection.target not in event_driven:
            continue
        post, pre = np.nonzero(projection.weights)
        parts.append(
            (
                pre + first_unit[projection.source],
                projection.delays[post, pre],
                post + first_neuron[projection.target],
                projection.weights[post, pre],
            )
        )
    unit, delay, target, weight = (
        (np.concatenate(column).astype(np.int64) for column in zip(*parts, strict=True))
        if parts
        else (np.empty(0, np.int64) for _ in range(4))
    )
    order = np.lexsort((target, delay, unit))
    unit, delay, target, weight = unit[order], delay[order], target[order], weight[order]
    starts = np.flatnonzero(
        np.concatenate([[True], (np.diff(unit) != 0) | (np.diff(delay) != 0)])[: len(unit)]
    )
    return Runs(
        sources=np.searchsorted(unit[starts], np.arange(units + 1)),
        delays=delay[starts],
        first_synapse=np.append(starts, len(unit)),
        targets=target,
        weights=weight,
    )


def offsets(network: Network, event_driven: Collection[str]) -> tuple[dict[str, int], dict[str, int]]:
    """First unit of every population, and first neuron of the event-driven ones."""
    first_unit, first_neuron, units, neurons = {}, {}, 0, 0
    for population in network.populations:
        first_unit[population.name], first_neuron[population.name] = units, neurons
        units += population.size
        neurons += population.size if population.name in event_driven else 0
    return first_unit, first_neuron
