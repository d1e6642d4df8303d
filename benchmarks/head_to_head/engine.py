"""What the bench knows of an engine, and what an engine says of a case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .cases import Case
from .expected import Rule

Lines = list[dict[str, Any]]
Command = Callable[[Case], list[str | Path]]
ALL = 100  # recordings of a workload


@dataclass(frozen=True)
class Answer:
    """One run of a case: sums over its recordings, seconds of one pass over them, what is unknown is None."""

    recordings: int
    spikes_hidden_1: int
    spikes_hidden_2: int
    seconds: float
    cpu_seconds: float | None = None
    readout_checksum: int | None = None
    deliveries_due: int | None = None
    tick_us: dict[str, float] | None = None
    memory_bytes: int | None = None
    idle_tick_us: float | None = None  # neurons alone, nothing delivered


def one_answer(name: str) -> Callable[[Lines], dict[str, Answer]]:
    """Reads the line of a program whose keys are those of ``Answer``."""
    return lambda lines: {name: Answer(**lines[0])}


@dataclass(frozen=True)
class Engine:
    """A program and how to read it; it may speak for several names at once, which then share its process.

    ``command`` builds what it needs, once per case, and returns the program and its arguments. ``spikes_within`` is
    the share by which spike counts may differ from the simulation; 0 is equality. ``cases``: None is all.
    """

    names: tuple[str, ...]
    command: Command
    read: Callable[[Lines], dict[str, Answer]]
    rule: Rule = "exact"
    spikes_within: float = 0.0
    note: str = ""
    cases: tuple[str, ...] | None = None
