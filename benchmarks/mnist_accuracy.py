"""First-spike training on MNIST, 784-350-10 or 16 x 16 pixels, to the end: ``make mnist``.

50 000 training, 10 000 validation, 10 000 test images of ../shared/data/mnist; the last epoch counts and the test set is
read once, at the very end. The settings below were chosen on the validation set. Writes docs/results/mnist.json, or the
file that ``--out`` names.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from math import inf
from pathlib import Path
from typing import Any

import torch

from tarry import data, nn, train

ROOT = Path(__file__).parents[1]
TAU_SYN = 1e-3
HIDDEN = {28: 350, 16: 246}
CLASSES = 10

# What helped on the validation set: neurons without leak, whose potential cannot graze the threshold; a high floor of
# the slope; dropping input spikes; no rule for silent neurons, as half of the hidden ones are silent for any digit.
LAYER: dict[str, Any] = {"tau_mem": inf, "tau_syn": TAU_SYN, "slope_floor": 0.2}
INITIAL = {
    28: ((0.03, 0.1), (0.1, 0.3)),
    16: ((0.06, 0.2), (0.1, 0.3)),
}  # mean and deviation of the weights by layer
FIT: dict[str, Any] = {
    "batch_size": 80,
    "learning_rate": 0.003,
    "delay_learning_rate": 0.003,
    "schedule": "cosine",
    "loss": "cross_entropy",
    "time_noise": 0.1,
    "spike_dropout": 0.2,
    "silent_limit": (1.0, 1.0),
}


def model(size: int, delay: nn.Delay | None, seed: int, threads: int) -> nn.Sequential:
    """The network with its initial parameters."""
    generator = torch.Generator().manual_seed(seed)
    sizes = (size * size, HIDDEN[size], CLASSES)
    return nn.Sequential(
        *(
            nn.Lif(
                inputs,
                outputs,
                delay=delay,
                weight_mean=mean,
                weight_deviation=deviation,
                threads=threads,
                generator=generator,
                **LAYER,
            )
            for inputs, outputs, (mean, deviation) in zip(sizes, sizes[1:], INITIAL[size], strict=False)
        )
    )


def main() -> None:
    """Train one network per seed and write what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", default=str(ROOT.parent / "shared" / "data" / "mnist"), help="folder of the files"
    )
    parser.add_argument("--size", type=int, default=28, choices=HIDDEN)
    parser.add_argument("--delay", default="none", choices=("none", "axonal", "dendritic", "synaptic"))
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--checkpoint", type=Path, help="folder to save to after every epoch, and to go on from"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "results" / "mnist.json")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    digits = data.mnist(TAU_SYN, arguments.data, size=arguments.size)
    delay = None if arguments.delay == "none" else arguments.delay
    results = [run(digits, arguments, delay, seed) for seed in range(arguments.seeds)]
    report = {
        "task": "mnist" if arguments.size == 28 else "mnist_16x16",
        "config": {
            "sizes": [arguments.size**2, HIDDEN[arguments.size], CLASSES],
            "delay": arguments.delay,
            "epochs": arguments.epochs,
            "threads": arguments.threads,
            "layer": {name: str(value) if value == inf else value for name, value in LAYER.items()},
            "initial_weights": INITIAL[arguments.size],
            "fit": FIT,
        },
        "seeds": list(range(arguments.seeds)),
        **{key: [result[key] for result in results] for key in results[0]},
        "command": "python benchmarks/mnist_accuracy.py " + " ".join(sys.argv[1:]),
    }
    arguments.out.write_text(json.dumps(report, indent=1) + "\n")


def run(
    digits: data.Dataset, arguments: argparse.Namespace, delay: nn.Delay | None, seed: int
) -> dict[str, Any]:
    """Train one network; accuracies are fractions, the curve has one validation accuracy per epoch."""
    network = model(arguments.size, delay, seed, arguments.threads)
    used = time.process_time()
    folder = arguments.checkpoint
    file = None if folder is None else folder / f"{arguments.size}_{arguments.delay}_{seed}.pt"
    resumed = file is not None and file.exists()
    history = train.fit(
        network, digits, epochs=arguments.epochs, seed=seed, checkpoint=file, progress=True, **FIT
    )
    return {
        "test_accuracy": train.evaluate(network, digits.test),
        "validation_accuracy": history.validation_accuracy[-1],
        "curve": history.validation_accuracy,
        "train_curve": history.train_accuracy,
        "seconds": history.seconds,
        "cpu_seconds": None if resumed else time.process_time() - used,
        "samples_per_second": history.samples_per_second,
    }


if __name__ == "__main__":
    main()
