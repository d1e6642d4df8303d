"""The shared circular queue of every population: how many spikes it holds, and in which form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ..network import Network, Population
from .blocks import Block, Synapses
from .layout import Runs, offsets

HistoryKind = Literal["auto", "list", "bitmap"]

#: Without a stated capacity, the history of an input gets no more places than this.
LARGEST_INPUT_HISTORY = 1 << 16
MOST_PLACES = 1 << 28
#: A list that clocked projections read counts positions modulo 2^16, and its places are a power of two.
MOST_LISTED = 1 << 15
#: Rows that are due are named by 16 bits where the history is a list.
MOST_DUE = 1 << 16


@dataclass(frozen=True)
class History:
    """The queue of one population.

    ``capacity`` spikes of up to ``longest_delay`` ticks; ``has_entries`` if event-driven projections read it, or nobody
    does; ``is_listed`` and ``is_bitmap`` say in which form clocked ones read it, if they do, and ``kept_ticks`` how far
    back (a power of two). A list that nobody asked for ``may_be_bitmap`` instead.
    """

    capacity: int
    longest_delay: int
    has_entries: bool
    is_listed: bool
    is_bitmap: bool
    kept_ticks: int = 0
    may_be_bitmap: bool = False

    @property
    def places(self) -> int:
        """Places of a list: a power of two."""
        return 1 << (self.capacity - 1).bit_length()


def plan_histories(
    network: Network,
    once: Mapping[str, bool],
    refractory: Mapping[str, int],
    runs: Runs,
    groups: Sequence[Synapses],
    capacities: Mapping[str, int],
    input_spikes: int | None,
    kind: HistoryKind,
    is_tight: bool,
) -> dict[str, History]:
    """Capacity of each history: as asked, else the worst case (docs/semantics.md, histories).

    Between neurons that is one place per neuron that fires once, else ceil((D + 1) / (R + 1)) per neuron; where clocked
    projections read it and that is too much for a list, or memory ``is_tight``, a bitmap. Inputs have no worst case;
    they get min(input_spikes, D + 1) places per channel, at most 2^16 in all (2^15 where clocked projections read them).

    Raises:
        ValueError: a capacity for a population that keeps no history, or below 1; more places than there can be; a
            bitmap for an input whose channels may spike twice in a tick.
    """
    unknown = set(capacities) - {p.name for p in network.populations}
    if unknown:
        raise ValueError(f"capacities name no population: {', '.join(sorted(unknown))}")
    first_unit, _ = offsets(network, ())
    histories = {}
    for population in network.populations:
        name, is_input = population.name, population.neuron is None
        first, end = runs.sources[[first_unit[name], first_unit[name] + population.size]]
        read = [group for group in groups if group.source == name]
        longest = max(
            int(runs.delays[first:end].max(initial=0)),
            max((group.longest for group in read), default=0) + (not is_input and bool(read)),
        )
        if not (is_input or read or first < end):
            worst = 0
        elif is_input:
            spikes = longest + 1 if input_spikes is None else min(input_spikes, longest + 1)
            most = MOST_LISTED if read else LARGEST_INPUT_HISTORY
            worst = max(population.size, min(population.size * spikes, most))
        elif once[name]:
            worst = population.size
        else:
            worst = population.size * -(-(longest + 1) // (refractory[name] + 1))
        capacity = capacities.get(name, worst)
        prefers_list = name in capacities or not (is_input or is_tight or worst > MOST_LISTED)
        is_bitmap = bool(read) and _is_bitmap(population, kind, prefers_list)
        has_entries = first < end or (is_input and not read)
        if name in capacities and (capacity < 1 or worst == 0):
            reason = "keeps no history: it has no synapses" if worst == 0 else "needs at least one place"
            raise ValueError(f"capacity of population {name!r} is {capacity}; it {reason}")
        most = MOST_LISTED if read and not is_bitmap else MOST_PLACES
        if capacity > most and (has_entries or not is_bitmap):
            raise ValueError(
                f"the history of population {name!r} needs {capacity:,} places for {population.size:,} sources "
                f"and delays up to {longest:,} ticks; at most {most:,} are possible: use a coarser tick, capacities= or, "
                'for clocked neurons, history="bitmap"'
            )
        histories[name] = History(
            min(capacity, MOST_PLACES),
            longest,
            has_entries,
            bool(read) and not is_bitmap,
            is_bitmap,
            may_be_bitmap=kind == "auto" and not is_input and name not in capacities,
        )
    return histories


def keep_ticks(
    network: Network, histories: Mapping[str, History], blocks: Sequence[Block], input_window: int
) -> dict[str, History]:
    """Say how many ticks clocked projections look back in a history; inputs may be pushed ``input_window`` ahead.

    Raises:
        ValueError: a list whose due rows are too many for one.
    """
    kept = _hold_due_rows(histories, blocks)
    for name, history in kept.items():
        if not (history.is_listed or history.is_bitmap):
            continue
        is_input = network.population(name).neuron is None
        if history.is_bitmap:
            ticks = 1 + max(block.history_ticks for block in blocks if block.synapses.source == name)
        else:
            ticks = history.longest_delay + 2 - (not is_input)
        ticks += input_window if is_input else 0
        kept[name] = replace(history, kept_ticks=1 << (ticks - 1).bit_length())
    return kept


def _hold_due_rows(histories: Mapping[str, History], blocks: Sequence[Block]) -> dict[str, History]:
    """Where due rows would be too many for a list, take a bitmap if that is free to be chosen."""
    held = dict(histories)
    for block in blocks:
        name, target = block.synapses.source, block.synapses.target
        history = held[name]
        if block.layout != "own" or not history.is_listed or history.places * block.blocks < MOST_DUE:
            continue
        if not history.may_be_bitmap:
            raise ValueError(
                f"projection {name!r} -> {target!r} in layout 'own' may have {history.places:,} spikes with "
                f"{block.blocks:,} rows each in a list of due rows; fewer than {MOST_DUE:,} are possible: "
                "use capacities=, a bitmap or another layout"
            )
        held[name] = replace(history, is_listed=False, is_bitmap=True)
    return held


def _is_bitmap(population: Population, kind: HistoryKind, prefers_list: bool) -> bool:
    can_be = population.neuron is not None or population.binary
    if kind == "bitmap" and not can_be:
        raise ValueError(
            f"population {population.name!r} is an input whose channels may spike more than once in a tick, and a bitmap "
            'holds one spike per channel and tick: declare it binary, or compile with history="list" or "auto"'
        )
    return can_be and (kind == "bitmap" or (kind == "auto" and not prefers_list))
