"""What every peer's program shares: its arguments, the workload, the clock, the line of JSON it prints."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))
from head_to_head.workload import Workload, read


def arguments(description: str | None) -> tuple[Workload, int, argparse.Namespace]:
    """The workload, the number of recordings to run, and all that was said."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("workload", type=Path)
    parser.add_argument("--recordings", type=int, default=3)
    parser.add_argument("--out", type=Path, help="folder for what is built")
    given = parser.parse_args()
    return read(given.workload), given.recordings, given


class Stopwatch:
    """Sums wall and CPU seconds over the parts that are timed."""

    def __init__(self) -> None:
        self.wall = self.cpu = 0.0

    def __enter__(self) -> None:
        self._start = time.perf_counter(), time.process_time()

    def __exit__(self, *_: object) -> None:
        self.wall += time.perf_counter() - self._start[0]
        self.cpu += time.process_time() - self._start[1]


def answer(watch: Stopwatch, recordings: int, spikes: tuple[int, int], **more: Any) -> None:
    """Print the line of JSON."""
    found = {"recordings": recordings, "spikes_hidden_1": spikes[0], "spikes_hidden_2": spikes[1]}
    print(json.dumps({**found, "seconds": watch.wall, "cpu_seconds": watch.cpu, **more}), flush=True)


def tick_quantiles(seconds: Any) -> dict[str, float]:
    """Quantiles of tick latencies in microseconds."""
    import numpy as np

    p50, p99, p999, most = 1e6 * np.quantile(seconds, [0.5, 0.99, 0.999, 1.0])
    return {"p50": p50, "p99": p99, "p99.9": p999, "max": most}
