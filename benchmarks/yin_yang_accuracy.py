"""Accuracies on Yin-Yang per kind of delay: float, compiled to 8 bits, and fine-tuned with few bits.

For every seed a 4-30-3 network is trained by its recipe on the 5000 published training points; the last epoch counts.
Scales are chosen on the training points. The test set is read once per network, at the very end.
Writes docs/results/yin_yang.json; ``make accuracy`` runs it.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

import tarry
from tarry import data, train

TAU_SYN = 1e-3
SIZES = (4, 30, 3)
KINDS: tuple[train.Kind, ...] = ("none", "dendritic", "axonal", "synaptic")
TICKS_PER_TAU = (64, 128)
FINE_TUNED = {"weight_bits": 5, "delay_bits": 6, "ticks_per_tau": 64, "epochs": 50}


def one(job: tuple[train.Kind, int]) -> dict[str, Any]:
    """Train one network and read off all its accuracies (fractions)."""
    kind, seed = job
    torch.set_num_threads(1)
    points = data.yin_yang(TAU_SYN)
    recipe = train.recipe(kind)
    model = recipe.model(*SIZES, tau_syn=TAU_SYN, seed=seed, threads=1)
    start = time.perf_counter()
    train.fit(model, points, **recipe.fit, seed=seed, progress=False)
    seconds = time.perf_counter() - start
    result: dict[str, Any] = {"kind": kind, "seed": seed, "seconds": seconds}
    calibration = tarry.FirstSpikes(points.train.times, points.train.labels)
    test = tarry.FirstSpikes(points.test.times, points.test.labels)
    decided = np.asarray(model_decisions(model, points.test.times))
    result["validation"] = train.evaluate(model, points.validation)
    result["float"] = float(np.mean(decided == points.test.labels))
    network = model.network()
    for per_tau in TICKS_PER_TAU:
        program = tarry.compile(
            network, tick=TAU_SYN / per_tau, calibration=calibration, scale="neuron", zero_delays="one_tick"
        )
        fixed = test.decisions(program)
        result[f"fixed_{per_tau}"] = float(np.mean(fixed == points.test.labels))
        result[f"differing_{per_tau}"] = int(np.count_nonzero(fixed != decided))
    if kind == "synaptic":
        result["fine_tuned"] = fine_tuned(model, points, recipe, test, seed)
    return result


def model_decisions(model: Any, times: np.ndarray) -> np.ndarray:
    """What the float network decides."""
    from tarry import nn

    with torch.no_grad():
        decisions: np.ndarray = nn.decide(model(torch.tensor(times))).numpy()
    return decisions


def fine_tuned(model: Any, points: Any, recipe: train.Recipe, test: tarry.FirstSpikes, seed: int) -> float:
    """Few bits: fine-tune with quantised parameters, compile as they are, run in fixed point."""
    tick = TAU_SYN / FINE_TUNED["ticks_per_tau"]
    rates = {"epochs", "learning_rate", "delay_learning_rate"}
    settings = {key: value for key, value in recipe.fit.items() if key not in rates}
    tuned = train.fine_tune(
        model,
        points,
        weight_bits=FINE_TUNED["weight_bits"],
        delay_bits=FINE_TUNED["delay_bits"],
        tick=tick,
        epochs=FINE_TUNED["epochs"],
        scale="neuron",
        seed=seed,
        progress=False,
        **settings,
    )
    program = tarry.compile(
        tuned.network(), tick=tick, weight_bits=FINE_TUNED["weight_bits"], weight_scales=tuned.weight_scales
    )
    return 1 - test.error(program)


def main() -> None:
    """Run all kinds and seeds on two processes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--kinds", nargs="+", default=KINDS, choices=KINDS)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("docs/results/yin_yang.json"))
    arguments = parser.parse_args()
    jobs = [(kind, seed) for kind in arguments.kinds for seed in range(arguments.seeds)]
    start = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(arguments.processes) as pool:
        results = []
        for result in pool.imap(one, jobs):
            results.append(result)
            print({k: round(v, 4) if isinstance(v, float) else v for k, v in result.items()}, file=sys.stderr)
    report = {
        "task": "yin_yang",
        "config": {
            "sizes": SIZES,
            "weight_bits": 8,
            "ticks_per_tau": TICKS_PER_TAU,
            "fine_tuned": FINE_TUNED,
        },
        "seeds": list(range(arguments.seeds)),
        "kinds": {kind: columns([r for r in results if r["kind"] == kind]) for kind in arguments.kinds},
        "seconds": time.perf_counter() - start,
        "command": "python benchmarks/yin_yang_accuracy.py --seeds " + str(arguments.seeds),
    }
    arguments.out.write_text(json.dumps(report, indent=1) + "\n")


def columns(results: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Lists by key, in order of the seeds."""
    return {key: [result[key] for result in results] for key in results[0] if key not in {"kind", "seed"}}


if __name__ == "__main__":
    main()
