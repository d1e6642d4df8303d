"""Test accuracy on Yin-Yang over hidden sizes and kinds of delay, float networks: ``make sizes``.

4-H-3 for H = 5, 10, 15, 20, 30 and every kind of delay, by the recipe of the kind; and H = 26 for axonal and dendritic
delays, which have 212 and 211 parameters where 30 hidden neurons without delays and 15 with synaptic ones have 210. The
last epoch counts, the test set is read once per network. Finished networks are kept in the file and not trained again, so
that the command may be stopped and goes on. Writes docs/results/yin_yang_sizes.json.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import torch

from tarry import data, train
from tarry.train._recipes import Kind

TAU_SYN = 1e-3
HIDDEN = (5, 10, 15, 20, 30)
KINDS: tuple[Kind, ...] = ("none", "dendritic", "axonal", "synaptic")
EQUAL: dict[Kind, int] = {"dendritic": 26, "axonal": 26}
# With few hidden neurons an output may start below the threshold for good: the rule must be able to raise it.
CHANGED = {"silent_limit": (0.3, 0.3)}
Job = tuple[Kind, int, int, int]


def parameters(kind: Kind, hidden: int) -> int:
    """Number of weights and delays of 4-H-3."""
    weights = 4 * hidden + hidden * 3
    return weights + {"none": 0, "axonal": 4 + hidden, "dendritic": hidden + 3, "synaptic": weights}[kind]


def one(job: Job) -> tuple[Job, dict[str, Any]]:
    """Train one network."""
    kind, hidden, seed, epochs = job
    torch.set_num_threads(1)
    points = data.yin_yang(TAU_SYN)
    recipe = train.recipe(kind)
    model = recipe.model(4, hidden, 3, tau_syn=TAU_SYN, seed=seed, threads=1)
    settings = dict(recipe.fit) | CHANGED | {"epochs": epochs, "evaluate_every": max(1, epochs // 10)}
    start = time.perf_counter()
    history = train.fit(model, points, **settings, seed=seed, progress=False)
    return job, {
        "seed": seed,
        "test_accuracy": train.evaluate(model, points.test),
        "validation_accuracy": history.validation_accuracy[-1],
        "curve": [round(accuracy, 4) for accuracy in history.train_accuracy[:: max(1, epochs // 20)]],
        "seconds": round(time.perf_counter() - start, 1),
        "samples_per_second": round(history.samples_per_second),
    }


def report(done: dict[Job, dict[str, Any]], epochs: int, command: str) -> dict[str, Any]:
    """Rows by kind and size; lists in order of the seeds."""
    rows = []
    for kind, hidden in sorted({job[:2] for job in done}, key=lambda pair: (KINDS.index(pair[0]), pair[1])):
        results = sorted(
            (result for job, result in done.items() if job[:2] == (kind, hidden)), key=lambda r: r["seed"]
        )
        columns = {key + "s" * (key == "seed"): [result[key] for result in results] for key in results[0]}
        rows.append({"kind": kind, "hidden": hidden, "parameters": parameters(kind, hidden), **columns})
    return {
        "task": "yin_yang_sizes",
        "config": {
            "sizes": "4-H-3",
            "epochs": epochs,
            "recipe": "tarry.train.recipe(kind)",
            "changed": CHANGED,
        },
        "rows": rows,
        "seconds": sum(sum(row["seconds"]) for row in rows),
        "samples_per_second": statistics.median(s for row in rows for s in row["samples_per_second"]),
        "command": command,
    }


def kept(path: Path, epochs: int) -> dict[Job, dict[str, Any]]:
    """The networks that an earlier run has finished; none of another number of epochs."""
    if not path.exists():
        return {}
    earlier = json.loads(path.read_text())
    if earlier["config"]["epochs"] != epochs:
        raise SystemExit(
            f"{path} holds networks of {earlier['config']['epochs']} epochs; remove it to start over"
        )
    names = {"seeds": "seed"}
    columns = ("seeds", "test_accuracy", "validation_accuracy", "curve", "seconds", "samples_per_second")
    return {
        (row["kind"], row["hidden"], seed, epochs): {names.get(key, key): row[key][i] for key in columns}
        for row in earlier["rows"]
        for i, seed in enumerate(row["seeds"])
    }


def main() -> None:
    """Train what is not in the file yet, seed by seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("docs/results/yin_yang_sizes.json"))
    arguments = parser.parse_args()
    sizes = [(kind, hidden) for kind in KINDS for hidden in HIDDEN] + list(EQUAL.items())
    jobs: list[Job] = [(*size, seed, arguments.epochs) for seed in range(arguments.seeds) for size in sizes]
    done = kept(arguments.out, arguments.epochs)
    missing = [job for job in jobs if job not in done]
    command = f"python benchmarks/yin_yang_sizes.py --seeds {arguments.seeds} --epochs {arguments.epochs}"
    with multiprocessing.get_context("spawn").Pool(arguments.processes) as pool:
        for job, result in pool.imap_unordered(one, missing):
            done[job] = result
            print(job, result["test_accuracy"], f"{result['seconds']} s", file=sys.stderr, flush=True)
            arguments.out.write_text(json.dumps(report(done, arguments.epochs, command), indent=1) + "\n")


if __name__ == "__main__":
    main()
