"""Runs a program on one core and reads its line of JSON and its peak of memory."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

POLL_SECONDS = 0.02
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"), "1"
)


class Failed(Exception):
    """The program ended with an error, or printed no JSON."""


def run(
    command: Sequence[str | Path], core: int, folder: Path | None = None
) -> tuple[list[dict[str, Any]], int]:
    """Run a command pinned to a core; return its lines of JSON and its peak resident bytes.

    The peak is the system's own high-water mark, read while the program runs: a program that ends within
    ``POLL_SECONDS`` of its peak may be under-read.
    """
    pinned = ["taskset", "--cpu-list", str(core)] if shutil.which("taskset") else []
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        child = subprocess.Popen(
            [*pinned, *map(str, command)],
            cwd=folder,
            stdout=out,
            stderr=err,
            env={**os.environ, **ONE_THREAD},
        )
        peak = 0
        while child.poll() is None:
            peak = max(peak, resident_peak(child.pid))
            time.sleep(POLL_SECONDS)
        out.seek(0), err.seek(0)
        lines = [json.loads(line) for line in out if line.startswith("{")]
        if child.returncode or not lines:
            raise Failed(f"{command[0]} ended with {child.returncode}: {err.read()[-2000:]}")
    return lines, peak


def resident_peak(process: int) -> int:
    """The high-water mark of a process's resident memory in bytes; 0 where the system does not tell."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmHWM")), 0)
