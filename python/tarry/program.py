"""A compiled program: immutable bytes, and what the compiler has to say about them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Self

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
        """The most that one tick can take: deliveries, and neuron updates (each at most one spike)."""
        populations, first = self.populations(), 0
        deliveries = neurons = 0
        for population in populations:
            lengths = [self.run_lengths(unit) for unit in range(first, first + population["size"])]
            first += population["size"]
            per_spike = [int(run.max()) if len(run) else 0 for run in lengths]
            fires_once = population.get("reset") == "once"
            # A channel can have one spike in flight per delay, so all its runs can fall due together, unless it
            # fires once; a history never holds more spikes than it has places.
            together = per_spike if fires_once else [int(run.sum()) for run in lengths]
            if population["kind"] == "input" and not population["is_binary"]:
                deliveries += population["capacity"] * max(per_spike, default=0)
            else:
                deliveries += sum(together)
            neurons += population["size"] if population["kind"] != "input" else 0
        return {"deliveries": deliveries, "updates": neurons}

    def __str__(self) -> str:
        """Size, memory plan, worst-case work."""
        work = self.work_per_tick()
        lines = [
            f"program of {len(self.bytes):,} bytes, tick {self.tick_seconds:.6g} s, {self.weight_bits}-bit weights, "
            f"{self.synapses:,} synapses, rule event",
            f"memory on this machine: {self.memory_bytes:,} bytes",
            f"at most per tick: {work['deliveries']:,} deliveries, {work['updates']:,} updates and spikes",
        ]
        for name, population in zip(self.names, self.populations(), strict=True):
            kind = (
                "input"
                if population["kind"] == "input"
                else f"lif, {population['reset']}, {population['constants']}"
            )
            lines.append(
                f"  {name}: {population['size']:,} {kind}{', output' if population['is_output'] else ''}; "
                f"history of {population['capacity']:,} places, delays up to {population['longest_delay']:,} ticks"
            )
        if self.report is not None:
            lines.append(
                f"compiled: {self.report.clipped_weights} weights cut, {self.report.pruned_weights} became 0, "
                f"{self.report.raised_delays} delays raised to one tick"
            )
            lines += [f"warning: {warning}" for warning in self.report.warnings]
            if self.report.task_error is not None:
                start, kept = self.report.task_error
                lines.append(
                    f"scales chosen among {self.report.programs_tried} programs: task error {start:.4f} -> {kept:.4f}"
                )
            else:
                lines.append("scales were not chosen by task error: pass calibration= to compile")
        return "\n".join(lines)


def names_of(program: _core.Program) -> list[str]:
    """Names of the populations, in order of declaration; numbers where the notes hold no names."""
    count = len(program.populations())
    try:
        given = [str(name) for name in json.loads(program.notes)["names"]]
    except (ValueError, KeyError, TypeError):
        given = []
    return given if len(given) == count else [f"population {i}" for i in range(count)]
