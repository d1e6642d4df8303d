"""Where everything lies: synapses in runs by (source, delay), histories with their capacities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..network import Network
from .quantise import IntegerNeurons, IntegerProjection

Integers = npt.NDArray[np.int64]
#: Without a stated capacity, the history of an input gets no more places than this.
LARGEST_INPUT_HISTORY = 1 << 16
MOST_PLACES = 1 << 28


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


@dataclass(frozen=True)
class History:
    """The shared circular queue of one population: places, longest delay in ticks."""

    capacity: int
    longest_delay: int


def lay_out_runs(network: Network, projections: Sequence[IntegerProjection]) -> Runs:
    """Sort all synapses of weight other than 0 into runs."""
    first_unit, first_neuron = _offsets(network)
    units = sum(p.size for p in network.populations)
    parts: list[tuple[Integers, ...]] = []
    for projection in projections:
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


def plan_histories(
    network: Network,
    neurons: Mapping[str, IntegerNeurons],
    runs: Runs,
    capacities: Mapping[str, int],
    input_spikes: int | None,
) -> dict[str, History]:
    """Capacity of each history: as asked, else the worst case (docs/semantics.md §5).

    Between neurons that is one place per neuron that fires once, else ceil((D + 1) / (R + 1)) per neuron. Inputs have
    no worst case; they get min(input_spikes, D + 1) places per channel, at most 2^16 in all.

    Raises:
        ValueError: a capacity for a population that keeps no history, or below 1; more than 2^28 places in all.
    """
    first_unit, _ = _offsets(network)
    histories = {}
    for population in network.populations:
        first, end = runs.sources[
            [first_unit[population.name], first_unit[population.name] + population.size]
        ]
        longest = int(runs.delays[first:end].max(initial=0))
        if population.neuron is None:
            spikes = longest + 1 if input_spikes is None else min(input_spikes, longest + 1)
            worst = max(population.size, min(population.size * spikes, LARGEST_INPUT_HISTORY))
        elif first == end:
            worst = 0
        elif population.fires_once:
            worst = population.size
        else:
            worst = population.size * -(-(longest + 1) // (neurons[population.name].refractory + 1))
        capacity = capacities.get(population.name, worst)
        if population.name in capacities and (capacity < 1 or worst == 0):
            reason = "keeps no history: it has no synapses" if worst == 0 else "needs at least one place"
            raise ValueError(f"capacity of population {population.name!r} is {capacity}; it {reason}")
        if capacity > MOST_PLACES:
            raise ValueError(
                f"the history of population {population.name!r} needs {capacity:,} places for {population.size:,} sources "
                f"and delays up to {longest:,} ticks; at most 2^28 are possible: use a coarser tick or capacities="
            )
        histories[population.name] = History(capacity, longest)
    unknown = set(capacities) - set(histories)
    if unknown:
        raise ValueError(f"capacities name no population: {', '.join(sorted(unknown))}")
    return histories


def _offsets(network: Network) -> tuple[dict[str, int], dict[str, int]]:
    """First unit of every population and first neuron of those with neurons."""
    first_unit, first_neuron, units, neurons = {}, {}, 0, 0
    for population in network.populations:
        first_unit[population.name], first_neuron[population.name] = units, neurons
        units += population.size
        neurons += 0 if population.neuron is None else population.size
    return first_unit, first_neuron
