"""Training through the torch operators against the Rust core alone, in one run.

Both train 4-30-3 with synaptic delays on the 5000 training samples of Yin-Yang with Adam, one thread, taking
turns; speeds are medians over the turns in samples per second, without evaluation. The ratio of the fastest
turns stands beside that of the medians: other jobs on the machine shift it less. Stops with an error if a loss
does not fall. Build the core's program first, then run:

    cargo build --release -p tarry-gradient --example train_yin_yang
    python benchmarks/training_step.py
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import torch

from tarry import data, train

ROOT = Path(__file__).parents[1]
TAU_SYN = 1e-3


def torch_speed(batch: int, epochs: int) -> tuple[float, float, float]:
    """Samples per second, and the first and last loss."""
    points = data.yin_yang(TAU_SYN)
    recipe = train.recipe("synaptic")
    model = recipe.model(4, 30, 3, tau_syn=TAU_SYN, seed=1, threads=1)
    settings = dict(recipe.fit) | {
        "batch_size": batch,
        "epochs": epochs,
        "evaluate_every": epochs,
        "time_noise": 0.0,
    }
    history = train.fit(model, points, progress=False, **settings)
    return history.samples_per_second, history.loss[0], history.loss[-1]


def core_speed(program: Path, folder: Path, batch: int, epochs: int) -> float:
    """Median samples per second of the core's own training program on the same points."""
    arguments = {
        "delays": "synaptic", "hidden": 30, "batch": batch, "epochs": epochs, "threads": 1,
        "weight-rate": 0.01, "delay-rate": 0.01, "margin": 0.2, "floor": 0.02, "limit": 3, "data": folder,
    }  # fmt: skip
    command = [
        str(program),
        *(str(word) for name, value in arguments.items() for word in (f"--{name}", value)),
    ]
    line = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
    result = json.loads(line)
    if result["train_accuracy"] < 0.6:
        raise SystemExit(f"the core did not learn: {line}")
    return float(result["samples_per_second"])


def main() -> None:
    """Measure and print one line of JSON per batch size."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    program = target / "release/examples/train_yin_yang"
    parser.add_argument(
        "--program", type=Path, default=program, help="the core's program (default: %(default)s)"
    )
    parser.add_argument("--batches", type=int, nargs="+", default=[50, 150, 1500])
    parser.add_argument("--epochs", type=int, default=20, help="per turn")
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--out", type=Path, help="also write the results to this file")
    options = parser.parse_args()
    torch.set_num_threads(1)
    results = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        points = data.yin_yang(TAU_SYN)
        for split in ("train", "validation", "test"):
            np.save(folder / f"{split}_samples.npy", getattr(points, split).points)
            np.save(folder / f"{split}_labels.npy", getattr(points, split).labels)
        for batch in options.batches:
            ours: list[float] = []
            core: list[float] = []
            for _ in range(options.turns):
                speed, first, last = torch_speed(batch, options.epochs)
                if not last < 0.9 * first:
                    raise SystemExit(f"batch {batch}: the loss went from {first} to {last}; it must fall")
                ours.append(speed)
                core.append(core_speed(options.program, folder, batch, options.epochs))
            torch_median, core_median = statistics.median(ours), statistics.median(core)
            results.append(
                {
                    "network": "4-30-3 synaptic",
                    "batch": batch,
                    "torch_samples_per_second": round(torch_median),
                    "core_samples_per_second": round(core_median),
                    "ratio": round(statistics.median(a / b for a, b in zip(ours, core, strict=True)), 3),
                    "ratio_of_fastest": round(max(ours) / max(core), 3),
                    "loss": [first, last],
                }
            )
            print(json.dumps(results[-1]), flush=True)
    if options.out:
        options.out.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
