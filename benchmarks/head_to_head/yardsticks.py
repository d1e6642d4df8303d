"""The C yardsticks: the whole workload with 16- and 32-bit accumulators, and the inner loops alone."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .cases import Case
from .engine import ALL, Answer, Engine, Lines
from .paths import BUILD, YARDSTICKS


@dataclass(frozen=True)
class Kernel:
    """An inner loop of ``kernels.c``, and the cases whose engines are compared with it."""

    name: str
    cases: tuple[str, ...]


SCATTERED = ("fixed", "keep_10", "rate_500", "delay_250")
KERNELS = {
    "kernel_scatter_16": Kernel("scatter i16, 4 loads then 4 stores", SCATTERED),
    "kernel_scatter_32": Kernel("scatter i32, 4 loads then 4 stores", SCATTERED),
    "kernel_row_add_32": Kernel("row add i8 to i32", ("axonal", "levels_8")),
}


def build(name: str) -> Path:
    """Compile a yardstick in a copy of its folder; its own flags are -O3 -march=native."""
    folder = BUILD / "yardsticks"
    folder.mkdir(parents=True, exist_ok=True)
    for file in filter(Path.is_file, YARDSTICKS.iterdir()):
        if not (folder / file.name).exists() or (folder / file.name).read_bytes() != file.read_bytes():
            shutil.copyfile(file, folder / file.name)
    subprocess.run(["make", "-s", "-C", folder, name], check=True)
    return folder / name


def network_command(case: Case) -> list[str | Path]:
    """All recordings of a case, both widths taking turns, 7 passes."""
    return [build("delay_network"), case.file]


def read_network(lines: Lines) -> dict[str, Answer]:
    """The answers of both widths; the program itself stops unless they agree with each other."""
    row = lines[0]
    answers = {}
    for bits in (16, 32):
        timed = row[f"accumulators_{bits}_bit"]
        answers[f"yardstick_{bits}"] = Answer(
            recordings=ALL,
            spikes_hidden_1=row["spikes_hidden_1"],
            spikes_hidden_2=row["spikes_hidden_2"],
            readout_checksum=row["readout_checksum"],
            deliveries_due=row["deliveries_due"],
            seconds=row["deliveries_due"] / timed["deliveries_per_second"],
            cpu_seconds=row["deliveries_due"] / timed["deliveries_per_cpu_second"],
            tick_us=timed["tick_us"],
        )
    return answers


def kernels_command() -> list[str | Path]:
    """Every inner loop, taking turns, 7 passes."""
    return [build("kernels")]


def read_kernels(lines: Lines) -> dict[str, dict[str, Any]]:
    """Speeds of the inner loops that engines are compared with; the program checks its sums."""
    rows = {row["kernel"]: row for row in lines}
    return {name: rows[kernel.name] for name, kernel in KERNELS.items()}


ENGINE = Engine(
    ("yardstick_16", "yardstick_32"),
    network_command,
    read_network,
    note="C yardstick, ring buffer; both widths taking turns in one process; nothing proves 16 bits wide enough",
)
