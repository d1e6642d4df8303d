"""A network in parts, on as many threads."""

from __future__ import annotations

from typing import Self

import numpy as np
import numpy.typing as npt

from . import _core
from .compiler.partition import Partition


class PartitionedProcessor(_core.PartitionedProcessor):
    """Runs a partition: its parts do each tick side by side and tell each other who spiked.

    Results are those of ``tarry.Processor`` and the program of the network in one piece, for any parts and threads.

    Args:
        partition: what ``tarry.partition`` made.
        threads: 1 to the number of parts, which is the default. A thread that waits looks all the time, so give each a
            core.

    Raises:
        ValueError: another number of threads.
    """

    __slots__ = ("names",)
    names: tuple[str, ...]

    def __new__(cls, partition: Partition, threads: int | None = None) -> Self:
        """Take the memory of all parts."""
        parts = len(partition.programs)
        if threads is not None and not 1 <= threads <= parts:
            raise ValueError(f"threads is {threads}; there are {parts} parts: use 1 to {parts} threads")
        processor = super().__new__(
            cls,
            list(partition.populations),
            list(partition.programs),
            [list(units) for units in partition.units],
            threads or parts,
        )
        processor.names = partition.names
        return processor

    def values(self, population: int | str) -> npt.NDArray[np.int64]:
        """What is read from a population: read-outs, or membranes where it has none; after the last tick.

        Raises:
            ValueError: there is no such population.
        """
        if not isinstance(population, str):
            return super().values(population)
        if population not in self.names:
            raise ValueError(f"there is no population {population!r}; there are {', '.join(self.names)}")
        return super().values(self.names.index(population))
