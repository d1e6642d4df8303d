"""Reading and writing golden files (tests/golden/README.md)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

GOLDEN = Path(__file__).parent / "golden"
Spikes = list[tuple[int, int]]


@dataclass(frozen=True)
class Run:
    """One recording: input and output spikes as (tick, channel)."""

    until: int
    inputs: Spikes
    outputs: Spikes
    digest: int


@dataclass(frozen=True)
class Golden:
    """A program and what it must do."""

    program: bytes
    recordings: list[Run] = field(default_factory=list)


def write(path: Path, cases: Iterable[Golden]) -> None:
    with path.open("wb") as file:
        for case in cases:
            file.write(struct.pack("<I", len(case.program)) + case.program)
            file.write(struct.pack("<I", len(case.recordings)))
            for run in case.recordings:
                file.write(struct.pack("<Q", run.until))
                for spikes in (run.inputs, run.outputs):
                    file.write(struct.pack("<I", len(spikes)))
                    file.write(b"".join(struct.pack("<QI", *spike) for spike in spikes))
                file.write(struct.pack("<Q", run.digest))


def read(path: Path) -> Iterator[Golden]:
    data = path.read_bytes()
    at = 0

    def take(form: str) -> int:
        nonlocal at
        (value,) = struct.unpack_from(form, data, at)
        at += struct.calcsize(form)
        return int(value)

    def spikes() -> Spikes:
        return [(take("<Q"), take("<I")) for _ in range(take("<I"))]

    while at < len(data):
        length = take("<I")
        program = data[at : at + length]
        at += length
        yield Golden(program, [Run(take("<Q"), spikes(), spikes(), take("<Q")) for _ in range(take("<I"))])


def fnv_1a(outputs: Spikes, states: Iterable[tuple[int, int, int]]) -> int:
    """The digest of docs/semantics.md §6, byte by byte."""
    data = b"".join(struct.pack("<QI", *spike) for spike in outputs)
    data += b"".join(struct.pack("<iiQ", *state) for state in states)
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value
