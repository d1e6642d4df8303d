"""Bytes that delays take in a running processor, predicted to the byte, and block widths that fit a limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..network import Network
from .blocks import Block, LayoutKind, Synapses
from .clocked import lay_out_groups
from .histories import History, keep_ticks

#: Bytes of a spike in flight that event-driven projections read.
ENTRY = 16
NARROW_SOURCES = 256


def history_bytes(size: int, history: History) -> int:
    """Bytes of the queue of a population of so many sources."""
    total = ENTRY * history.capacity if history.has_entries else 0
    if history.is_bitmap:
        return total + 8 * history.kept_ticks * -(-size // 64)
    if history.is_listed:
        return total + history.places * (1 if size <= NARROW_SOURCES else 2) + 2 * history.kept_ticks
    return total


def due_bytes(block: Block, history: History) -> int:
    """Bytes of the ring of due rows of a projection whose sources have delays of their own."""
    if block.layout != "own":
        return 0
    ticks = 1 << block.synapses.longest.bit_length()
    if history.is_bitmap:
        return 8 * ticks * -(-block.synapses.sources * block.blocks // 64)
    return 2 * (ticks + history.places * block.blocks)


def delay_bytes(network: Network, histories: Mapping[str, History], blocks: Sequence[Block]) -> int:
    """Bytes of all histories, lists of due rows and accumulators; equal to ``Program.delay_bytes``."""
    queues = sum(history_bytes(network.population(name).size, h) for name, h in histories.items())
    rings = sum(block.sum_bytes + due_bytes(block, histories[block.synapses.source]) for block in blocks)
    return queues + rings


def fit_blocks(
    network: Network,
    groups: Sequence[Synapses],
    histories: Mapping[str, History],
    layout: LayoutKind | Mapping[str, LayoutKind] | None,
    input_window: int,
    limit: int,
) -> tuple[list[Block], dict[str, History]]:
    """The largest block widths whose delays take at most ``limit`` bytes.

    From the ring buffer down, the projection with most bytes of sums is halved until all fits.

    Raises:
        ValueError: B = 1 everywhere is still too large, with the number.
    """
    names = [f"{group.source} -> {group.target}" for group in groups]
    widths = {name: 1 << group.longest.bit_length() for name, group in zip(names, groups, strict=True)}
    while True:
        blocks = lay_out_groups(network, groups, histories, widths, layout)
        kept = keep_ticks(network, histories, blocks, input_window)
        needed = delay_bytes(network, kept, blocks)
        if needed <= limit:
            return blocks, kept
        candidates = [b for b in blocks if b.layout == "packed" and b.width > 1]
        if not candidates:
            raise ValueError(
                f"the delays need {needed:,} bytes with blocks of one tick, and the limit is {limit:,}: use shorter "
                "delays, a coarser tick, smaller capacities= or input_window="
            )
        largest = max(candidates, key=lambda block: block.sum_bytes)
        widths[f"{largest.synapses.source} -> {largest.synapses.target}"] = largest.width // 2
