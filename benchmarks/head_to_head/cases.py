"""The six cases and their workload files."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .paths import BUILD, YARDSTICKS


@dataclass(frozen=True)
class Case:
    """A workload: its name, and the options that make it."""

    name: str
    options: tuple[str, ...] = ()

    @property
    def file(self) -> Path:
        """The workload file."""
        return BUILD / "workloads" / f"{self.name}.bin"

    def make(self) -> None:
        """Write the workload file unless it is there."""
        if self.file.exists():
            return
        self.file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.file.with_suffix(".part")
        command = [sys.executable, str(YARDSTICKS / "workload.py"), *self.options, str(unfinished)]
        subprocess.run(command, check=True, stdout=sys.stderr)
        unfinished.rename(self.file)


CASES = {
    case.name: case
    for case in (
        Case("fixed"),
        Case("axonal", ("--axonal",)),
        Case("levels_8", ("--levels", "8")),
        Case("keep_10", ("--keep", "0.1")),
        Case("rate_500", ("--rate", "500")),
        Case("delay_250", ("--max-delay", "250")),
    )
}
