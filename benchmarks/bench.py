"""The figures of the README, measured side by side in one run: ``make bench``.

Every program checks its answers before its time counts. The C yardsticks are built from ../shared/tools/yardsticks
where that folder exists; without it those rows stand alone. Writes docs/results/bench.json.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
YARDSTICKS = ROOT.parent / "shared" / "tools" / "yardsticks"
BUILD = ROOT / "build" / "bench"

Row = dict[str, Any]


def json_lines(*command: str | Path) -> list[Row]:
    """Run a program in the repository and read its lines of JSON."""
    run = subprocess.run(
        [str(part) for part in command], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]


def example(package: str, name: str) -> Path:
    """Build a Rust example and return its path."""
    command = ["cargo", "build", "--quiet", "--release", "-p", package, "--example", name]
    subprocess.run(command, cwd=ROOT, check=True)
    return ROOT / "target" / "release" / "examples" / name


def yardstick(name: str) -> Path | None:
    """Build a C yardstick in a copy of its folder."""
    if not YARDSTICKS.exists():
        print(f"{YARDSTICKS} is absent: the C yardsticks are left out", file=sys.stderr)
        return None
    folder = BUILD / "yardsticks"
    folder.mkdir(exist_ok=True)
    for file in filter(Path.is_file, YARDSTICKS.iterdir()):
        shutil.copyfile(file, folder / file.name)
    subprocess.run(["make", "-s", "-C", folder, name], check=True)
    return folder / name


def training(rounds: int, epochs: int) -> list[Row]:
    """Samples per second of the whole training step, Rust core against C, taking turns."""
    core, rival = example("tarry-gradient", "train_yin_yang"), yardstick("first_spike")
    ours: dict[str, list[float]] = {}
    theirs: dict[str, list[float]] = {}
    for _ in range(rounds):
        for row in json_lines(core, "--epochs", str(epochs)):
            assert row["worst_gradient_error"] < 1e-5, row
            ours.setdefault(row["network"], []).append(row["samples_per_second"])
        for row in json_lines(rival, str(epochs)) if rival else []:
            assert row["worst_relative_error"] < 1e-5, row
            theirs.setdefault(row["network"], []).append(row["samples_per_second"])
    rows = []
    for network, speeds in ours.items():
        row = {"what": f"training {network}, batch 150, Rust core", "speed": rate(statistics.median(speeds))}
        if network in theirs:
            row["compared_with"] = f"C yardstick, {rate(statistics.median(theirs[network]))}"
            row["ratio"] = statistics.median(a / b for a, b in zip(speeds, theirs[network], strict=True))
        rows.append(row)
    return rows


def rate(per_second: float) -> str:
    """Samples per second for people."""
    return f"{per_second / 1000:.0f} k samples/s"


def inference(rounds: int) -> list[Row]:
    """One inference through the Processor, streamed, against a layer-wise loop."""
    program = example("tarry-core", "inference")
    results = [row for _ in range(rounds) for row in json_lines(program)]
    assert all(row["checked"] for row in results)
    middle = {
        key: statistics.median(result[key] for result in results) for key in results[0] if key.endswith("_ns")
    }
    what = "one inference, 4-30-3, tick τ/64, streamed: reset, pushes, run to three outputs, pops"
    rows = []
    for rival, ratio, note in [
        ("layer_wise_ns", "ratio", ""),
        ("layer_wise_closed_form_ns", "ratio_closed_form", ", with the engine's closed-form start"),
    ]:
        row = {
            "what": what,
            "speed": f"{middle['streaming_ns'] / 1000:.1f} µs",
            "compared_with": f"layer-wise loop, whole sample known{note}: {middle[rival] / 1000:.1f} µs (less is better)",
            "ratio": statistics.median(result[ratio] for result in results),
        }
        rows.append(row)
    return rows


def torch_step() -> list[Row]:
    """The training step through the torch operators, as a share of the Rust core's speed."""
    example("tarry-gradient", "train_yin_yang")
    return [
        {
            "what": f"training {row['network']}, batch {row['batch']}, torch operators",
            "speed": rate(row["torch_samples_per_second"]),
            "compared_with": f"Rust core alone, {rate(row['core_samples_per_second'])}",
            "ratio": row["ratio"],
        }
        for row in json_lines(sys.executable, ROOT / "benchmarks" / "training_step.py")
    ]


def all_prefix() -> list[Row]:
    """The published formula in torch, as slow as it is, against the Rust core."""
    example("tarry-gradient", "train_yin_yang")
    return [
        {
            "what": f"training {row['network']}, batch {row['batch']}, Rust core",
            "speed": rate(row["core_samples_per_second"]),
            "compared_with": f"all-prefix formula in torch, sums {row['sums']}: "
            f"{rate(row['formula_samples_per_second'])}",
            "ratio": row["ratio"],
        }
        for row in json_lines(sys.executable, ROOT / "benchmarks" / "all_prefix.py")
    ]


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=60)
    arguments = parser.parse_args()
    BUILD.mkdir(parents=True, exist_ok=True)
    rows = training(arguments.rounds, arguments.epochs) + inference(arguments.rounds) + torch_step()
    rows += all_prefix()
    machine = {"machine": platform.machine(), "python": platform.python_version(), "rows": rows}
    (ROOT / "docs" / "results" / "bench.json").write_text(json.dumps(machine, indent=1) + "\n")
    for row in rows:
        print(
            f"{row['what']}: {row['speed']}; {row.get('compared_with', 'alone')}; ratio {row.get('ratio', 1):.2f}"
        )


if __name__ == "__main__":
    main()
