"""A compiled program: immutable bytes, and what the compiler has to say about them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, Self

from . import _core


@dataclass(frozen=True)
class CompileReport:
    """What a compilation rounded, cut and chosen.

    ``weight_scales`` hold one number per population, or one per neuron. ``input_bound`` is the largest state that the
    sources can drive a neuron to where their spikes are bounded, else None. ``task_error`` is the error on the
    calibration data with the grid that holds every weight, and with the one chosen. ``warnings`` are sentences about
    states or thresholds that may cost accuracy, ``losses`` about what lowering onto a clocked rule changed. ``queues``
    say how each clocked projection is laid out, ``delay_bytes`` what all delays take in memory, ``delay_bytes_of_ends``
    what they would take with blocks of one tick and as ring buffers.
    """

    tick: float
    weight_bits: int
    weight_scales: Mapping[str, list[float]]
    weight_shift: Mapping[str, int]
    theta: Mapping[str, tuple[int, int]]
    input_bound: Mapping[str, int | None]
    clipped_weights: int
    pruned_weights: int
    raised_delays: int
    longest_delay: int
    task_error: tuple[float, float] | None
    programs_tried: int
    warnings: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()
    queues: Mapping[str, Mapping[str, int | str]] = field(default_factory=dict)
    delay_bytes: int = 0
    delay_bytes_of_ends: tuple[int, int] | None = None

    def notes(self, names: list[str]) -> str:
        """The part of the report that travels in the program: names and scales, as JSON."""
        return json.dumps({"names": names, "weight_scales": dict(self.weight_scales)}, separators=(",", ":"))


class Program(_core.Program):
    """A checked integer program; run it with ``tarry.Processor``.

    Args:
        data: the bytes of a ``.tarry`` file.
        report: what the compiler has to say; None for a program that was loaded.

    Raises:
        ValueError: bytes that are no program, or a damaged one.
    """

    report: CompileReport | None

    def __new__(cls, data: bytes, report: CompileReport | None = None) -> Self:
        """Check the bytes completely."""
        program = super().__new__(cls, data)
        program.report = report
        return program

    @staticmethod
    def load(path: str | PathLike[str]) -> Program:
        """Read a ``.tarry`` file; ValueError if it is damaged or something else."""
        try:
            return Program(Path(path).read_bytes())
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error

    def save(self, path: str | PathLike[str]) -> None:
        """Write the bytes to a ``.tarry`` file."""
        Path(path).write_bytes(self.bytes)

    @property
    def names(self) -> list[str]:
        """Names of the populations, in order of declaration; numbers where the notes hold no names."""
        return names_of(self)

    def work_per_tick(self) -> dict[str, int]:
        """The most that one tick can take: deliveries, neuron updates (each at most one spike), queue touches.

        A queue touch is a spike that a projection looks up for one run, block or level of its delays, or a spike that
        enters a history. Padding of dense rows counts as deliveries. No refractory period is counted on.
        """
        populations = self.populations()
        deliveries = touches = first = 0
        for population in populations:
            size = population["size"]
            runs = [self.run_lengths(unit) for unit in range(first, first + size)]
            first += size
            # A channel can have one spike in flight per delay, so all its runs can fall due together, unless it
            # fires once.
            once = population.get("reset") == "once"
            together = [[int(run.max(initial=0))] if once else run.tolist() for run in runs]
            work = _together(population, together)
            deliveries, touches = deliveries + work[0], touches + work[1]
            touches += _entering(population)
        for index, projection in enumerate(self.projections()):
            # Every block or level reads the spikes of one tick.
            work = _together(populations[projection["source"]], self.hand_over_lengths(index).tolist())
            deliveries, touches = deliveries + work[0], touches + work[1]
        updates = sum(p["size"] for p in populations if p["kind"] != "input")
        return {"deliveries": deliveries, "updates": updates, "queue_touches": touches}

    @property
    def rules(self) -> list[str]:
        """The integer rules of its neurons, in order of declaration (docs/semantics.md)."""
        kinds = [p["kind"] for p in self.populations() if p["kind"] != "input"]
        return list(dict.fromkeys("event" if kind == "lif" else kind for kind in kinds))

    def __str__(self) -> str:
        """Size, memory plan, worst-case work; per clocked projection how its delays are kept; what was lost."""
        work = self.work_per_tick()
        lines = [
            f"program of {len(self.bytes):,} bytes, tick {self.tick_seconds:.6g} s, {self.weight_bits}-bit weights, "
            f"{self.synapses:,} synapses, rule {', '.join(self.rules)}",
            f"memory on this machine: {self.memory_bytes:,} bytes, {self.delay_bytes:,} of them for delays"
            + self._ends(),
            f"at most per tick: {work['deliveries']:,} deliveries, {work['updates']:,} updates and spikes, "
            f"{work['queue_touches']:,} queue touches",
        ]
        for name, population in zip(self.names, self.populations(), strict=True):
            kind = population["kind"]
            if kind == "lif":
                kind = f"lif, {population['reset']}, {population['constants']}"
            history = "a bitmap" if population["is_bitmap"] else f"{population['capacity']:,} places"
            lines.append(
                f"  {name}: {population['size']:,} {kind}{', output' if population['is_output'] else ''}; "
                f"history of {history}, delays up to {population['longest_delay']:,} ticks"
            )
        for projection in self.projections():
            source, target = self.names[projection["source"]], self.names[projection["target"]]
            how = f"{projection['blocks']:,} delays" + (
                " per source" if projection["layout"] == "own" else ""
            )
            if projection["layout"] == "packed":
                how = f"B = {projection['block']:,}, {projection['blocks']:,} blocks"
            lines.append(f"  {source} -> {target}: {projection['layout']}, {how}")
        if self.report is not None:
            lines.append(
                f"compiled: {self.report.clipped_weights} weights cut, {self.report.pruned_weights} became 0, "
                f"{self.report.raised_delays} delays raised to one tick"
            )
            lines += [f"warning: {warning}" for warning in self.report.warnings]
            lines += [f"lost: {loss}" for loss in self.report.losses]
            if self.report.task_error is not None:
                start, kept = self.report.task_error
                lines.append(
                    f"scales chosen among {self.report.programs_tried} programs: task error {start:.4f} -> {kept:.4f}"
                )
            else:
                lines.append("scales were not chosen by task error: pass calibration= to compile")
        return "\n".join(lines)

    def _ends(self) -> str:
        ends = None if self.report is None else self.report.delay_bytes_of_ends
        return "" if ends is None else f" (B = 1 would take {ends[0]:,}, a ring buffer {ends[1]:,})"


def _together(population: Mapping[str, Any], lengths: list[list[int]]) -> tuple[int, int]:
    """Deliveries and looked-up spikes of one tick at most; ``lengths`` of what a spike of each source hands over."""
    is_plain_input = population["kind"] == "input" and not population["is_binary"]
    places = population["capacity"] if not population["is_bitmap"] else 0
    every = sum(map(sum, lengths)), sum(map(len, lengths))
    # A spike has one age: it is looked up once per projection and tick, and a list holds so many.
    held = places * max((max(row, default=0) for row in lengths), default=0), places
    if is_plain_input:
        return held
    return (min(every[0], held[0]), min(every[1], held[1])) if places else every


def _entering(population: Mapping[str, Any]) -> int:
    """Spikes that enter a history in one tick at most."""
    if population["kind"] == "input" and not population["is_binary"]:
        return int(population["capacity"])
    return int(population["size"])


def names_of(program: _core.Program) -> list[str]:
    """Names of the populations, in order of declaration; numbers where the notes hold no names."""
    count = len(program.populations())
    try:
        given = [str(name) for name in json.loads(program.notes)["names"]]
    except (ValueError, KeyError, TypeError):
        given = []
    return given if len(given) == count else [f"population {i}" for i in range(count)]
