"""A network in parts, on as many threads."""

from __future__ import annotations

from typing import Self

from . import _core
from .compiler.partition import Partition


class PartitionedProcessor(_core.PartitionedProcessor):
    """Runs a partition: its parts do each tick side by side and tell each other who spiked.

    Results are those of ``tarry.Processor`` and the program of the network in one piece, for any parts and threads.

    Args:
        partition: what ``tarry.partition`` made.
        threads: 1 to the number of parts, which is the default. Waiting threads look often, so give each a core.

    Raises:
        ValueError: another number of threads.
    """

    def __new__(cls, partition: Partition, threads: int | None = None) -> Self:
        """Take the memory of all parts."""
        parts = len(partition.programs)
        if threads is not None and not 1 <= threads <= parts:
            raise ValueError(f"threads is {threads}; there are {parts} parts: use 1 to {parts} threads")
        return super().__new__(
            cls,
            list(partition.populations),
            list(partition.programs),
            [list(units) for units in partition.units],
            threads or parts,
        )
