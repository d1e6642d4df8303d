"""Clocked projections on their way into a program: synapses grouped and laid out, sums proved to fit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..network import Network
from .blocks import Block, LayoutKind, Synapses, largest_sum, lay_out, merged
from .histories import History
from .lower import ClockedNeurons
from .quantise import IntegerProjection

SUM_LIMIT = (1 << 31) - 1


@dataclass(frozen=True, eq=False)
class ClockedPopulation:
    """A clocked population, and the largest abs(sum of a tick + bias) of its neurons."""

    neurons: ClockedNeurons
    input_bound: int


def group_synapses(
    network: Network, projections: Iterable[IntegerProjection], clocked: Collection[str]
) -> list[Synapses]:
    """Collect the synapses into clocked populations: one group per source, target and exponent, sorted by target.

    Projections whose sum is shifted right stay apart: the bits that they lose do not add up.
    """
    order = {p.name: index for index, p in enumerate(network.populations)}
    groups: dict[tuple[int, int, int, int], list[IntegerProjection]] = {}
    for index, projection in enumerate(projections):
        if projection.target in clocked:
            exponent = projection.exponent
            alone = index if exponent < 0 else -1
            key = (order[projection.target], order[projection.source], exponent, alone)
            groups.setdefault(key, []).append(projection)
    collected = []
    for (target, source, exponent, _), members in sorted(groups.items(), key=lambda item: item[0]):
        from_, to = network.populations[source], network.populations[target]
        columns = []
        for member in members:
            post, pre = np.nonzero(member.weights)
            delay = member.delays[post, pre] - (from_.neuron is not None)
            columns.append((pre, post, delay, member.weights[post, pre]))
        pre, post, delay, weight = (np.concatenate(column) for column in zip(*columns, strict=True))
        group = Synapses(from_.name, to.name, exponent, from_.size, to.size, pre, post, delay, weight)
        collected += merged(group)
    return collected


def lay_out_groups(
    network: Network,
    groups: Sequence[Synapses],
    histories: Mapping[str, History],
    block: int | Mapping[str, int] | None,
    layout: LayoutKind | Mapping[str, LayoutKind] | None,
) -> list[Block]:
    """Lay out every group; ``block`` (B) and ``layout`` are for all, or by ``"source -> target"``.

    Raises:
        ValueError: a B that is no power of two, names that no clocked projection has.
    """
    names = [f"{group.source} -> {group.target}" for group in groups]
    for what, choice in (("block", block), ("layout", layout)):
        unknown = set(choice) - set(names) if isinstance(choice, Mapping) else set()
        if unknown:
            raise ValueError(
                f"{what} is given for {', '.join(sorted(map(repr, unknown)))}; the clocked projections are "
                f"{', '.join(map(repr, names)) or 'none'}"
            )
    blocks = []
    for group, name in zip(groups, names, strict=True):
        width = block.get(name) if isinstance(block, Mapping) else block
        if width is not None and (width < 1 or width & (width - 1)):
            raise ValueError(f"block of {name!r} is {width}; it must be a power of two: 1, 2, 4, ...")
        kind = layout.get(name) if isinstance(layout, Mapping) else layout
        blocks.append(
            lay_out(group, _at_once(network, group.source), histories[group.source].capacity, width, kind)
        )
    return blocks


def bound_inputs(
    network: Network,
    clocked: Mapping[str, ClockedNeurons],
    groups: Sequence[Synapses],
    histories: Mapping[str, History],
) -> dict[str, ClockedPopulation]:
    """Prove that the sum of a tick and the bias fit 32 bits.

    Raises:
        ValueError: a population whose sum could overflow, with the numbers.
    """
    proved = {}
    for name, neurons in clocked.items():
        bound = int(np.abs(neurons.bias).max(initial=0))
        for group in groups:
            if group.target == name:
                largest = largest_sum(
                    group, _at_once(network, group.source), histories[group.source].capacity
                )
                bound += (
                    largest << group.exponent if group.exponent >= 0 else (largest >> -group.exponent) + 1
                )
        # Loihi's current is the sum times 64, and wraps once.
        limit = SUM_LIMIT >> 8 if neurons.rule == "loihi" else SUM_LIMIT
        if bound > limit:
            raise ValueError(
                f"population {name!r}: the weights due in one tick can add up to {bound:,} and its accumulator holds "
                f"{limit:,}: use smaller weights, fewer synapses, a binary input or smaller capacities="
            )
        proved[name] = ClockedPopulation(neurons, bound)
    return proved


def _at_once(network: Network, source: str) -> int | None:
    """How often one source spikes at most in a tick: neurons and binary inputs once."""
    population = network.population(source)
    return 1 if population.neuron is not None or population.binary else None
