"""Training of many-spike layers: samples/s and peak memory.

    python benchmarks/many_spikes.py [--rate 11.4] [--duration 1.0] [--threads 2] [--repeats 3] [--json FILE]

A network 700-128-128-20 with a delay of 0 to 62 ms per synapse, in continuous time; about 8000 input spikes per sample
of one second. Each figure is the median over repeats of forward, loss and backward of a batch of 16. The last lines
show that cost grows with events: over the rate of the inputs and over the duration.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import time
from pathlib import Path

import numpy as np
import torch

from tarry import nn

CHANNELS, HIDDEN, CLASSES, BATCH = 700, 128, 20, 16
LONGEST_DELAY = 62e-3


def recordings(rate: float, duration: float, seed: int = 0) -> nn.Spikes:
    """Poisson spikes of all channels at ``rate`` per second."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(rate * duration * CHANNELS, BATCH)
    return nn.Spikes.of(
        [(np.sort(rng.uniform(0, duration, n)), rng.integers(0, CHANNELS, n)) for n in counts], CHANNELS
    )


def model(threads: int) -> nn.SpikingSequential:
    """Weights such that hidden neurons spike about ten times a second."""
    generator = torch.Generator().manual_seed(1)

    def layer(inputs: int, outputs: int, mean: float, deviation: float) -> nn.SpikingLif:
        return nn.SpikingLif(
            inputs,
            outputs,
            delay="synaptic",
            tau_mem=20e-3,
            tau_syn=5e-3,
            delay_range=(0.0, LONGEST_DELAY),
            weight_mean=mean,
            weight_deviation=deviation,
            threads=threads,
            generator=generator,
        )

    return nn.SpikingSequential(
        layer(CHANNELS, HIDDEN, 0.003, 0.04),
        layer(HIDDEN, HIDDEN, 0.03, 0.12),
        layer(HIDDEN, CLASSES, 0.03, 0.12),
    )


def step(network: nn.SpikingSequential, spikes: nn.Spikes) -> dict[str, float]:
    """Seconds of one forward and one backward, and what happened."""
    network.zero_grad()
    start = time.perf_counter()
    layers = network(spikes)
    middle = time.perf_counter()
    loss = torch.stack([layer.times.sum() for layer in layers]).sum()
    loss.backward()  # type: ignore[no-untyped-call]
    end = time.perf_counter()
    gradients = [p.grad for p in network.parameters()]
    if not all(g is not None and bool(torch.isfinite(g).all()) for g in gradients):
        raise SystemExit("a gradient is missing or not finite")
    return {
        "forward_seconds": middle - start,
        "backward_seconds": end - middle,
        "samples_per_second": BATCH / (end - start),
        "input_spikes": len(spikes.times) / BATCH,
        **{f"hidden{i}_spikes": len(layer.times) / BATCH for i, layer in enumerate(layers[:-1], start=1)},
        "output_spikes": len(layers[-1].times) / BATCH,
    }


def measure(rate: float, duration: float, threads: int, repeats: int) -> dict[str, float]:
    """Median of several steps, after one that warms up."""
    network, spikes = model(threads), recordings(rate, duration)
    step(network, spikes)
    runs = [step(network, spikes) for _ in range(repeats)]
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def main() -> None:
    """Print the table, and write it where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rate", type=float, default=11.4, help="input spikes per channel and second")
    parser.add_argument("--duration", type=float, default=1.0, help="seconds")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--scaling", action="store_true", help="also half and double the rate and the duration"
    )
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    settings = [(options.rate, options.duration)]
    if options.scaling:
        settings += [(options.rate * f, options.duration) for f in (0.25, 0.5, 2.0)]
        settings += [(options.rate, options.duration * f) for f in (0.5, 2.0, 4.0)]
    rows = []
    for rate, duration in settings:
        row = {
            "rate": rate,
            "duration": duration,
            **measure(rate, duration, options.threads, options.repeats),
        }
        row["peak_megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        rows.append(row)
        print("  ".join(f"{key} {value:.4g}" for key, value in row.items()), flush=True)
    if options.json:
        options.json.write_text(
            json.dumps({"threads": options.threads, "batch": BATCH, "rows": rows}, indent=1)
        )


if __name__ == "__main__":
    main()
