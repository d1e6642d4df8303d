"""The Processor as users see it: the engine of the extension, with names of populations, slices and batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from . import _core
from .program import names_of

__all__ = ["Batch", "Processor", "Slice"]

Integers = npt.NDArray[np.int64]
Spikes = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Slice:
    """What came out of some ticks: those from ``start_tick`` on and before ``end_tick``.

    ``values`` hold what was read at the end of the slice, by name of the population.
    """

    start_tick: int
    end_tick: int
    times: Integers
    channels: Integers
    values: Mapping[str, Integers]


@dataclass(frozen=True)
class Batch:
    """What came out of many recordings; ``batch[i]`` are the times and channels of recording ``i``.

    ``times`` and ``channels`` hold all output spikes, those of recording ``i`` from ``offsets[i]`` to ``offsets[i + 1]``.
    ``digests`` hold one number per recording, ``values`` [recordings, neurons] for every population whose neurons only
    integrate. ``tallies`` and ``counts`` are those of ``Processor``, summed over the recordings (peaks: the highest).
    """

    times: Integers
    channels: Integers
    offsets: Integers
    digests: npt.NDArray[np.uint64]
    values: Mapping[str, Integers]
    tallies: list[dict[str, int]]
    counts: dict[str, int]

    def __len__(self) -> int:
        """How many recordings."""
        return len(self.digests)

    def __getitem__(self, recording: int) -> tuple[Integers, Integers]:
        """Times and channels of the output spikes of one recording."""
        first, end = self.offsets[range(len(self))[recording] + np.arange(2)]
        return self.times[first:end], self.channels[first:end]


class Processor(_core.Processor):
    """Runs a program: push spikes in, run, pop spikes out.

    Ticks and channels are one-dimensional arrays of int64, uint64, int32 or uint32; uint64 ticks and uint32 channels
    are read in place. A population is named, or counted from 0 in order of declaration.

    Args:
        program: what ``tarry.compile`` made, or ``tarry.Program.load`` read.
    """

    __slots__ = ("program",)
    program: _core.Program

    def __new__(cls, program: _core.Program) -> Self:
        """Allocate all that the program will ever need."""
        processor = super().__new__(cls, program)
        processor.program = program
        return processor

    @property
    def names(self) -> list[str]:
        """Names of the populations, in order of declaration."""
        return names_of(self.program)

    def values(self, population: int | str) -> Integers:
        """What is read from a population: read-outs, or membranes where it has none; after the last tick, 0 before tick 0.

        Raises:
            ValueError: there is no such population.
        """
        return super().values(self._index(population))

    def words(self, population: int | str) -> npt.NDArray[np.int32]:
        """State words [neurons, words] of a clocked population, in the order of the digest (docs/semantics.md).

        Raises:
            ValueError: there is no such population.
        """
        return super().words(self._index(population))

    def run_batch(
        self,
        recordings: Sequence[tuple[Spikes, Spikes]],
        until: int | Sequence[int],
        threads: int | None = None,
    ) -> Batch:
        """Run many recordings in parallel, each from rest at tick 0; the processor itself stays as it is.

        Args:
            recordings: one (times, channels) pair each, as ``run`` takes them.
            until: the tick before which a recording ends; one for all, or one each.
            threads: None takes one per core. The result is the same for any number.

        Returns:
            Output spikes, digests and values of all recordings, in order.

        Raises:
            ValueError, TypeError: a recording that ``run`` refuses (the first one is named), or threads below 1.
        """
        if threads is not None and threads < 1:
            raise ValueError(f"threads is {threads}; it must be 1 to 1024, or None for one per core")
        ends = [until] if isinstance(until, int) else list(until)
        times, channels, offsets, digests, read, tallies, counts = _core.run_recordings(
            self.program, list(recordings), ends, threads or 0
        )
        names = self.names
        values = {names[index]: array for index, array in read}
        return Batch(times, channels, offsets, digests, values, tallies, counts)

    def stream(
        self,
        source: tuple[Spikes, Spikes] | Iterable[tuple[Spikes, Spikes]],
        slice_ticks: int,
        until: int | None = None,
        values: Sequence[int | str] = (),
    ) -> Iterator[Slice]:
        """Go on from the present, slice by slice, with spikes from a source.

        Args:
            source: arrays (times, channels), or an iterable of such pairs; times never decrease, from piece to piece
                too. A slice is done once a piece reaches beyond it, or the source has ended.
            slice_ticks: ticks of a slice.
            until: the stream ends before this tick; None ends it with the slice of the last spike of the source.
            values: populations whose values are read at the end of every slice.

        Yields:
            A ``Slice`` for every ``slice_ticks`` ticks, those without spikes too.

        Raises:
            ValueError, TypeError: as of ``push``; a spike at ``until`` or later; an input whose history is full.
        """
        if slice_ticks < 1:
            raise ValueError(f"slice_ticks is {slice_ticks}; a slice has at least one tick")
        read = {self._name(population): self._index(population) for population in values}
        return self._slices(_pieces(source), slice_ticks, until, read)

    def _slices(
        self,
        pieces: Iterator[tuple[Spikes, Spikes]],
        slice_ticks: int,
        until: int | None,
        read: Mapping[str, int],
    ) -> Iterator[Slice]:
        times: Spikes = np.zeros(0, np.int64)
        channels = times
        is_open = True
        while True:
            start = self.now
            end = start + slice_ticks if until is None else min(start + slice_ticks, until)
            # What is due in this slice is known once a later spike is.
            while is_open and (len(times) == 0 or times[-1] < end):
                piece = next(pieces, None)
                is_open = piece is not None
                if piece is not None:
                    times, channels = _joined(times, piece[0]), _joined(channels, piece[1])
            if start >= end or (until is None and not is_open and len(times) == 0):
                if len(times):
                    raise ValueError(
                        f"the source has a spike at tick {times[0]}; the stream ends before tick {until}"
                    )
                return
            due = int(np.searchsorted(times, end))
            out = self.feed(times[:due], channels[:due], end)
            times, channels = times[due:], channels[due:]
            yield Slice(
                start, end, *out, {name: super(Processor, self).values(i) for name, i in read.items()}
            )

    def _index(self, population: int | str) -> int:
        names = self.names
        if isinstance(population, str):
            if population not in names:
                raise ValueError(f"there is no population {population!r}; there are {', '.join(names)}")
            return names.index(population)
        if not 0 <= population < len(names):
            raise ValueError(f"there is no population {population}; there are {len(names)}, counted from 0")
        return population

    def _name(self, population: int | str) -> str:
        return self.names[self._index(population)]


def _pieces(
    source: tuple[Spikes, Spikes] | Iterable[tuple[Spikes, Spikes]],
) -> Iterator[tuple[Spikes, Spikes]]:
    if isinstance(source, tuple) and len(source) == 2 and isinstance(source[0], np.ndarray):
        return iter([(source[0], np.asarray(source[1]))])
    return iter(source)


def _joined(waiting: Spikes, more: Spikes) -> Spikes:
    return np.concatenate([waiting, more]) if len(waiting) else more
