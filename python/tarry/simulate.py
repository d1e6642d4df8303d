"""What a program costs on each platform: latency, energy, memory, with bounds and what is not known."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from . import _core
from ._tables import aligned, amount, amounts, size

__all__ = ["Report", "simulate"]

Recording = tuple[npt.ArrayLike, npt.ArrayLike]


@dataclass(frozen=True)
class Report:
    """Estimates of one program on several platforms, in SI units; ``print`` shows them as a table.

    ``platforms[name]`` holds at least ``fits``, ``reasons``, ``latency_seconds`` and ``energy_joules`` (each
    with ``low``, ``nominal``, ``high``; means over the recordings), ``realtime_seconds``,
    ``memory_bytes``, ``lines`` (whose sums the totals are), ``unknown`` (what is in no total),
    ``grade``, ``rule``, ``sources``.
    """

    data: Mapping[str, Any]

    @property
    def platforms(self) -> dict[str, dict[str, Any]]:
        """The estimates by platform, in the order asked for."""
        return dict(self.data["platforms"])

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain lists, dictionaries, strings and numbers; yours to change."""
        copy: dict[str, Any] = json.loads(json.dumps(self.data))
        return copy

    def save(self, path: str | PathLike[str]) -> None:
        """Write everything as JSON."""
        Path(path).write_text(json.dumps(self.data, indent=2) + "\n", encoding="utf-8")

    def breakdown(self, name: str) -> str:
        """The lines of one platform as a table: what was counted, how often, and what it comes to.

        Raises:
            ValueError: a platform that is not in the report.
        """
        if name not in self.platforms:
            raise ValueError(
                f"there is no platform {name!r} in this report; there are {', '.join(self.platforms)}"
            )
        rows = [["quantity", "group", "what", "count", "value", "low", "high", "sources"]]
        for line in self.platforms[name]["lines"]:
            unit = "s" if line["quantity"] == "latency" else "J"
            count = f"{line['count']:.4g}"
            what = [line["quantity"], line["group"].replace("_", " "), line["label"], count]
            rows.append([*what, *amounts(line["value"], unit), ", ".join(line["sources"])])
        return aligned(rows, right={3, 4, 5, 6})

    def __str__(self) -> str:
        """One row per platform; then what does not fit, what was assumed and what is in no total."""
        rows = [["platform", "fits", "latency", "low", "high", "energy", "low", "high", "memory", "grade"]]
        for name, entry in self.platforms.items():
            latency, energy = amounts(entry["latency_seconds"], "s"), amounts(entry["energy_joules"], "J")
            fits = "yes" if entry["fits"] else "no"
            rows.append([name, fits, *latency, *energy, size(entry["memory_bytes"]), entry["grade"]])
        parts = [self._subject(), aligned(rows, right=set(range(2, 9)))]
        for name, entry in self.platforms.items():
            notes = [
                f"  {sentence}" for sentence in [entry["rule_note"], *entry["assumptions"], _real_time(entry)]
            ]
            notes += [f"  does not fit: {reason}." for reason in entry["reasons"]]
            notes += [f"  not known: {sentence}" for sentence in entry["unknown"]]
            parts.append("\n".join([f"{name} ({entry['name']})", *notes]))
        return "\n\n".join(parts)

    def _subject(self) -> str:
        data = self.data
        when = "first output spike" if data["decision"] == "first" else "first spike of every output"
        return (
            f"{data['recordings']} recordings, each to the {when}; {data['neurons']} neurons, "
            f"{data['synapses']} synapses of {data['weight_bits']} bits, "
            f"tick {amount(data['tick_seconds'], 's')}, longest delay {data['longest_delay_ticks']} ticks"
        )


def _real_time(entry: Mapping[str, Any]) -> str:
    seconds, energy = amount(entry["realtime_seconds"], "s"), entry["realtime_energy_joules"]
    if energy is None:
        return f"It cannot wait for real time, in which a decision takes {seconds}."
    pace = "keeps up" if entry["keeps_up"] else "does not keep up"
    return f"In real time a decision takes {seconds} and {amount(energy['nominal'], 'J')}; it {pace} with it."


def simulate(
    program: _core.Program | bytes,
    recordings: Sequence[Recording],
    *,
    platforms: Sequence[str | PathLike[str]] | None = None,
    decision: Literal["first", "all"] = "first",
) -> Report:
    """Run recordings in the Processor, count every operation and price them on platforms (docs/platforms.md).

    Args:
        program: a compiled program, or the bytes of one.
        recordings: one (times, channels) pair per sample: integer arrays [spikes], ticks from 0 that do not
            decrease and input channels.
        platforms: names (``tarry.platforms`` has them) or paths of profile files; all by default.
        decision: a sample ends at the ``"first"`` output spike or when ``"all"`` outputs have spiked; if that
            never comes, when the network is quiet.

    Returns:
        The report: means over the recordings with low, nominal and high values.

    Raises:
        ValueError: an unknown platform, a damaged program, no recordings, unsorted or negative times,
            channels out of range, arrays of different lengths.
        TypeError: times or channels that are not integers.
    """
    data = program if isinstance(program, bytes) else program.bytes
    names = [fspath(platform) for platform in platforms] if platforms is not None else _core.platform_names()
    if not names:
        raise ValueError(f"platforms is empty; name at least one of {', '.join(_core.platform_names())}")
    pairs = [
        (_integers(times, f"recording {index}: times"), _integers(channels, f"recording {index}: channels"))
        for index, (times, channels) in enumerate(recordings)
    ]
    report = json.loads(_core.simulate_json(data, pairs, names, decision))
    if len(report["platforms"]) < len(names):
        raise ValueError(
            f"two of the platforms {', '.join(names)} have the same name; price one of them at a time"
        )
    return Report(report)


def _integers(values: npt.ArrayLike, what: str) -> npt.NDArray[np.int64]:
    array = np.asarray(values)
    if array.size == 0:
        array = array.astype(np.int64)
    if array.ndim != 1:
        raise ValueError(f"{what} have shape {array.shape}; they must be one-dimensional")
    if array.dtype.kind not in "iu":
        raise TypeError(
            f"{what} have dtype {array.dtype}; they must be integers: ticks are times / program.tick_seconds"
        )
    return np.ascontiguousarray(array, np.int64)
