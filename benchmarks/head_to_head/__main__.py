"""Run the fixed workload on every engine: ``python -m head_to_head`` in benchmarks/, or ``make head-to-head``.

Writes build/bench/head_to_head.json, ``{case: {engine: figures}}``; a run of everything also writes
docs/results/head_to_head.json, from which the table of the README is made. Ends with 1 if an engine's answer differs
from the simulation.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

from . import child, peer_engines, tarry_engine, yardsticks
from .cases import CASES
from .engine import Answer, Engine
from .figures import Figures, kernel_summary, summary
from .paths import BUILD, ROOT, YARDSTICKS

ENGINES = (yardsticks.ENGINE, *tarry_engine.ENGINES, *peer_engines.ENGINES)


def main() -> None:
    """Measure, check, write, print."""
    parser = argparse.ArgumentParser(
        prog="head_to_head", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [name for engine in ENGINES for name in engine.names] + ["kernels"]
    parser.add_argument(
        "--engines", nargs="+", choices=names, default=names, metavar="ENGINE", help=", ".join(names)
    )
    parser.add_argument(
        "--cases", nargs="+", choices=CASES, default=list(CASES), metavar="CASE", help=", ".join(CASES)
    )
    parser.add_argument("--rounds", type=int, default=3, help="each engine runs each case once a round")
    parser.add_argument(
        "--core", type=int, default=os.cpu_count() - 1, help="the processor core (default: the last)"
    )
    given = parser.parse_args()
    if not YARDSTICKS.exists():
        raise SystemExit(f"{YARDSTICKS} is absent: the workload is made by the yardsticks")
    engines = [engine for engine in ENGINES if set(engine.names) & set(given.engines)]
    if not tarry_engine.exists():
        print("this version has no clocked engine: tarry is left out", file=sys.stderr)
        engines = [engine for engine in engines if engine not in tarry_engine.ENGINES]
    results = measure(engines, given.cases, given.rounds, given.core, "kernels" in given.engines)
    if given.engines == names and given.cases == list(CASES):
        about = {"machine": machine(), "date": datetime.date.today().isoformat(), "cases": results}
        (ROOT / "docs" / "results" / "head_to_head.json").write_text(json.dumps(about, indent=1) + "\n")
    print_table(results)
    wrong = [
        (case, name) for case, rows in results.items() for name, row in rows.items() if not row["checked"]
    ]
    for case, name in wrong:
        print(f"{case}, {name}: {results[case][name]['why']}", file=sys.stderr)
    sys.exit(bool(wrong))


def measure(
    engines: list[Engine], cases: list[str], rounds: int, core: int, kernels: bool
) -> dict[str, dict[str, Figures]]:
    """Build everything, then let the engines take turns."""
    commands = {}
    for case in map(CASES.get, cases):
        case.make()
        for engine in engines:
            commands[case.name, engine] = engine.command(case)
    answers: dict[tuple[str, str], list[Answer]] = {}
    peaks: dict[tuple[str, str], list[int]] = {}
    inner: dict[str, list[dict[str, Any]]] = {}
    results: dict[str, dict[str, Figures]] = {case: {} for case in cases}
    for turn in range(rounds):
        for (case, engine), command in commands.items():
            print(f"round {turn + 1} of {rounds}: {case}, {', '.join(engine.names)}", file=sys.stderr)
            folder = Path(command[0]).parent  # Brian2's program reads its arrays from where it stands
            lines, peak = child.run(command, core, folder)
            for name, answer in engine.read(lines).items():
                answers.setdefault((case, name), []).append(answer)
                peaks.setdefault((case, name), []).append(peak)
                results[case][name] = summary(CASES[case], engine, answers[case, name], peaks[case, name])
            write(results)  # what a run that is broken off has found
        if kernels:
            lines, _ = child.run(yardsticks.kernels_command(), core)
            for name, row in yardsticks.read_kernels(lines).items():
                inner.setdefault(name, []).append(row)
                for case in set(yardsticks.KERNELS[name].cases) & set(cases):
                    results[case][name] = kernel_summary(inner[name])
            write(results)
    return results


def write(results: dict[str, dict[str, Figures]]) -> None:
    """To build/bench/head_to_head.json."""
    BUILD.mkdir(parents=True, exist_ok=True)
    (BUILD / "head_to_head.json").write_text(json.dumps(results, indent=1) + "\n")


def machine() -> str:
    """The processor's name and what compiled and ran the engines."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def print_table(results: dict[str, dict[str, Figures]]) -> None:
    """What was found, for people."""
    print(f"{'':10} {'':18} {'M/s':>9} {'M/CPU-s':>9} {'p50 us':>9} {'p99 us':>9} {'peak MB':>9}")
    for case, rows in results.items():
        for name, row in rows.items():
            if row["checked"]:
                speeds = (row["deliveries_per_second"], row["deliveries_per_cpu_second"])
                sizes = [value and value / 1e6 for value in (*speeds, row["peak_bytes"])]
                cells = [*sizes[:2], row["p50_us"], row["p99_us"], sizes[2]]
                text = " ".join(f"{'':>9}" if value is None else f"{value:9.1f}" for value in cells)
            else:
                text = "wrong"
            print(f"{case:10} {name:18} {text}")


if __name__ == "__main__":
    main()
