"""Layout of clocked projections: packed runs by block of delays, or dense rows of weights.

The delay queue H(B) hands a spike over once per block of B delays, into B rows of sums: B = 1 is the shared circular
delay queue (arXiv 2404.10597), B above the longest delay the ring buffer. docs/delay_queue.md has the measurements
behind the choices made here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
LayoutKind = Literal["packed", "shared", "own"]
AccumulatorKind = Literal["wide", "narrow", "guarded"]
LAYOUTS: tuple[LayoutKind, ...] = ("packed", "shared", "own")
ACCUMULATORS: tuple[AccumulatorKind, ...] = ("wide", "narrow", "guarded")

#: Offsets of packed synapses and weights have 16 bits.
MOST_SUMS = 1 << 16
LARGEST_WEIGHT = (1 << 15) - 1
#: Dense rows pay where this fraction of their weights is a synapse.
LEAST_DENSITY = 0.25
#: Delays of dense rows: shared by all sources, or per source.
MOST_LEVELS = 16
#: A run costs as much as this many deliveries (measured on a host core), and may add this fraction to the time.
RUN_COST, OVERHEAD = 20.0, 0.05
#: The sums of a projection should leave room in a second-level cache.
CACHE_BYTES = 1 << 17
#: A guarded sum takes weights below this.
GUARD = 1 << 14


@dataclass(frozen=True, eq=False)
class Synapses:
    """All synapses between two populations whose sum is shifted by one exponent; no two share all of pre, post, delay.

    Delays are in ticks from the hand-over on: one less than from the spike if the source is a population of neurons.
    """

    source: str
    target: str
    exponent: int
    sources: int
    targets: int
    pre: Integers
    post: Integers
    delay: Integers
    weight: Integers

    @property
    def longest(self) -> int:
        """The longest delay."""
        return int(self.delay.max(initial=0))


@dataclass(frozen=True, eq=False)
class Block:
    """A clocked projection as it is stored: docs/format.md, projections."""

    synapses: Synapses
    layout: LayoutKind
    accumulator: AccumulatorKind
    word_bytes: int
    weight_bits: int
    width: int
    stride: int
    blocks: int
    rows: Integers
    weights: bytes = field(repr=False)

    @property
    def history_ticks(self) -> int:
        """How long after its first hand-over a spike is still read from the history."""
        if self.layout == "packed":
            return (self.blocks - 1) * self.width
        return self.synapses.longest if self.layout == "shared" else 0

    @property
    def sum_bytes(self) -> int:
        """Bytes of its sums."""
        if self.layout != "packed":
            return 4 * self.synapses.targets
        return {"wide": 4, "narrow": 2, "guarded": 6}[self.accumulator] * self.width * self.stride


def merged(synapses: Synapses) -> list[Synapses]:
    """Add synapses that share pre, post and delay into one, and leave out those whose weight is then 0.

    What does not fit 16 bits goes into a projection of its own.
    """
    order = np.lexsort((synapses.delay, synapses.post, synapses.pre))
    pre, post, delay = synapses.pre[order], synapses.post[order], synapses.delay[order]
    new = np.ones(len(order), bool)
    new[1:] = (np.diff(pre) != 0) | (np.diff(post) != 0) | (np.diff(delay) != 0)
    starts = np.flatnonzero(new)
    weight = np.add.reduceat(synapses.weight[order], starts) if len(starts) else synapses.weight
    parts = []
    while np.any(weight):
        held = np.clip(weight, -LARGEST_WEIGHT, LARGEST_WEIGHT)
        kept = starts[held != 0]
        parts.append(
            replace(synapses, pre=pre[kept], post=post[kept], delay=delay[kept], weight=held[held != 0])
        )
        weight = weight - held
    return parts


def lay_out(
    synapses: Synapses, spikes_per_tick: int | None, places: int, width: int | None, layout: LayoutKind | None
) -> Block:
    """Choose layout, block width and accumulators of a projection, and write its tables.

    Args:
        synapses: merged synapses, at least one.
        spikes_per_tick: how often one source spikes at most in a tick; None where nothing bounds it.
        places: spikes that the history of the source can hold.
        width: B, a power of two, or None to have it chosen.
        layout: the layout, or None to have it chosen.

    Raises:
        ValueError: more than 65 536 targets.
    """
    if synapses.targets > MOST_SUMS:
        raise ValueError(
            f"projection {synapses.source!r} -> {synapses.target!r} has {synapses.targets:,} targets; a clocked "
            "projection has at most 65 536"
        )
    chosen = layout or _choose_layout(synapses, places)
    if chosen == "packed":
        return _packed(synapses, spikes_per_tick, places, width)
    return _dense(synapses, chosen)


def largest_sum(synapses: Synapses, spikes_per_tick: int | None, places: int) -> int:
    """The largest abs(sum) that can be due at one neuron in one tick."""
    per_target = np.zeros(synapses.targets, np.int64)
    np.add.at(per_target, synapses.post, np.abs(synapses.weight))
    together = int(per_target.max(initial=0))
    # A spike has one age, so it brings one synapse to a neuron in a tick.
    in_flight = places * int(np.abs(synapses.weight).max(initial=0))
    return in_flight if spikes_per_tick is None else min(in_flight, spikes_per_tick * together)


def block_width(synapses: Synapses, sum_bytes: int = 4) -> int:
    """The smallest B whose runs add at most a twentieth to the time of the deliveries, within the cache."""
    delays = synapses.longest + 1
    fan_out = max(1.0, len(synapses.weight) / synapses.sources)
    wanted = min(delays, delays * RUN_COST / (OVERHEAD * fan_out))
    width = _power_of_two(int(np.ceil(wanted)))
    most = min(MOST_SUMS, CACHE_BYTES // sum_bytes) // _power_of_two(synapses.targets)
    return max(1, min(width, _power_of_two(most + 1) // 2 if most else 1))


def _choose_layout(synapses: Synapses, places: int) -> LayoutKind:
    shape = synapses.sources * synapses.targets
    levels = len(np.unique(synapses.delay))
    if levels <= MOST_LEVELS and len(synapses.weight) >= LEAST_DENSITY * levels * shape:
        return "shared"
    own = _own_delays(synapses).shape[1]
    rows_fit = _power_of_two(places) * own < 1 << 16 and own <= MOST_LEVELS
    if rows_fit and len(synapses.weight) >= LEAST_DENSITY * own * shape:
        return "own"
    return "packed"


def _packed(synapses: Synapses, spikes_per_tick: int | None, places: int, width: int | None) -> Block:
    stride = _power_of_two(synapses.targets)
    width = block_width(synapses) if width is None else width
    width = min(width, _power_of_two(synapses.longest + 1), MOST_SUMS // stride)
    blocks = synapses.longest // width + 1
    # A bit alone would hold no +1.
    bits = max(2, weight_width(synapses.weight))
    short = bits <= 8 and width * stride <= 1 << (16 - bits)
    accumulator: AccumulatorKind = "wide"
    if largest_sum(synapses, spikes_per_tick, places) < 1 << 15:
        accumulator = "narrow"
    row = synapses.pre * blocks + synapses.delay // width
    offset = synapses.delay % width * stride + synapses.post
    order = np.lexsort((offset, row))
    offset_bits = 16 - bits if short else 16
    words = offset[order] | synapses.weight[order] << offset_bits
    kind = "<u2" if short else "<u4"
    return Block(
        synapses,
        "packed",
        accumulator,
        2 if short else 4,
        bits if short else 16,
        width,
        stride,
        blocks,
        np.searchsorted(row[order], np.arange(synapses.sources * blocks + 1)),
        (words & (0xFFFF if short else 0xFFFFFFFF)).astype(kind).tobytes(),
    )


def _dense(synapses: Synapses, layout: LayoutKind) -> Block:
    if layout == "shared":
        levels = np.unique(synapses.delay)
        row = np.searchsorted(levels, synapses.delay) * synapses.sources + synapses.pre
        delays, count = levels, len(levels)
    else:
        own = _own_delays(synapses)
        count = own.shape[1]
        level = (own[synapses.pre] < synapses.delay[:, None]).sum(axis=1)
        row = synapses.pre * count + level
        delays = own.ravel()
    table = np.zeros((synapses.sources * count, synapses.targets), np.int64)
    table[row, synapses.post] = synapses.weight
    bits = next(b for b in (1, 2, 4, 8, 16) if b >= weight_width(table))
    return Block(synapses, layout, "wide", 0, bits, 1, 1, count, delays, pack(table, bits))


def _own_delays(synapses: Synapses) -> Integers:
    """The delays of each source in order, (sources, most delays); sources with fewer repeat what keeps the order."""
    pairs = np.unique(synapses.pre * (synapses.longest + 1) + synapses.delay)
    pre, delay = np.divmod(pairs, synapses.longest + 1)
    count = np.bincount(pre, minlength=synapses.sources)
    most = int(count.max(initial=1))
    own = np.full((synapses.sources, most), -1, np.int64)
    own[pre, np.arange(len(pre)) - (np.cumsum(count) - count)[pre]] = delay
    for source in np.flatnonzero(count < most):
        # Any further delays will do: their rows are empty.
        free = np.setdiff1d(np.arange(synapses.longest + 1), own[source])[: most - count[source]]
        own[source] = np.sort(np.concatenate([own[source, : count[source]], free]))
    return own


def weight_width(weights: Integers) -> int:
    """Bits that hold all weights: 1 where all are -1 or +1, else those of two's complement."""
    if np.all(np.abs(weights) == 1):
        return 1
    return max(2, int(max(weights.max(initial=0), -1 - weights.min(initial=0))).bit_length() + 1)


def pack(rows: Integers, bits: int) -> bytes:
    """Rows of weights, each in whole bytes, lowest bits first; one bit is -1 or +1."""
    if bits == 16:
        return rows.astype("<i2").tobytes()
    stored = (rows > 0) if bits == 1 else rows & ((1 << bits) - 1)
    per_byte = 8 // bits
    padded = np.zeros((rows.shape[0], -(-rows.shape[1] // per_byte) * per_byte), np.int64)
    padded[:, : rows.shape[1]] = stored
    lanes = padded.reshape(rows.shape[0], -1, per_byte) << (bits * np.arange(per_byte))
    packed: bytes = lanes.sum(axis=2).astype(np.uint8).tobytes()
    return packed


def _power_of_two(least: int) -> int:
    """The smallest power of two that is at least so much."""
    return 1 << max(0, int(least) - 1).bit_length()


def describe(block: Block) -> Mapping[str, int | str]:
    """What a person wants to know of the choice."""
    return {
        "layout": block.layout,
        "block": block.width,
        "blocks": block.blocks,
        "accumulator": block.accumulator,
        "sum_bytes": block.sum_bytes,
        "table_bytes": len(block.weights) + 4 * len(block.rows),
    }
