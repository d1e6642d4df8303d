"""Training in torch with the published all-prefix formula against the Rust core, in one run.

For every prefix of the sorted arrivals the closed form gives a spike time, and the earliest that falls between its own
last arrival and the next is the spike (Göltz et al. 2021, arXiv 1912.11443, methods; DelGrad, arXiv 2404.19165):
all prefixes of all neurons and samples at once, differentiated by autograd. As published, the weights of every prefix
stand in a tensor [batch, prefix, pre, post] and are summed; ``cumulative`` is the same formula over running sums, our
own saving. The networks
are those of the C yardstick: 4-30-3 with synaptic delays and 4-120-3 without, tau_mem = 2 tau_syn, batch 150, Adam,
one thread. Before anything is timed, times and derivatives must equal those of ``tarry.nn.first_spike``. The two take
turns; speeds are medians in samples per second of the whole training step. The ratio of the fastest steps and epochs
stands beside that of the medians: other jobs on the machine shift it less.

    cargo build --release -p tarry-gradient --example train_yin_yang
    python benchmarks/all_prefix.py
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import time
from pathlib import Path

import torch
from torch import Tensor

from tarry import data, nn

ROOT = Path(__file__).parents[1]
BATCH, MARGIN = 150, 0.2
NETWORKS = {"4-30-3": (30, True), "4-120-3": (120, False)}


def prefix_sums(weights: Tensor, values: Tensor, cumulative: bool) -> Tensor:
    """``sum_i weights_i values_i`` over every prefix, (batch, prefix, post), of (batch, pre, post)."""
    if cumulative:
        return (weights * values).cumsum(1)
    pre = weights.shape[1]
    within = torch.tril(torch.ones(pre, pre, dtype=weights.dtype))
    split = weights[:, None] * within[:, :, None]
    return torch.einsum("bnij,bij->bnj", split, values)


def all_prefix_spikes(times: Tensor, weights: Tensor, delays: Tensor | None, cumulative: bool) -> Tensor:
    """First spikes (batch, post) in tau_syn, threshold 1; arguments as those of ``nn.first_spike``."""
    arrivals = times[:, :, None].expand(-1, -1, len(weights))
    if delays is not None:
        arrivals = arrivals + delays.T
    arrivals, order = arrivals.sort(dim=1)
    sorted_weights = weights.T.expand(len(times), -1, -1).gather(1, order)
    arrived = arrivals.isfinite()
    # Values that do not count are replaced before they are used: 0 times inf has no derivative.
    growth = torch.exp(0.5 * torch.where(arrived, arrivals, 0.0))
    counted = torch.where(arrived, sorted_weights, 0.0)
    slow = prefix_sums(counted, growth, cumulative)
    fast = prefix_sums(counted, growth.square(), cumulative)
    square = slow.square() - 2 * fast
    root = torch.where(square > 0, square, 1.0).sqrt()
    valid = arrived & (square > 0) & (fast > 0) & (slow + root > 0)
    spikes = 2 * torch.log(torch.where(valid, 2 * fast, 1.0) / torch.where(valid, slow + root, 1.0))
    following = torch.cat([arrivals[:, 1:], torch.full_like(arrivals[:, :1], torch.inf)], dim=1)
    valid = valid & (arrivals <= spikes) & (spikes <= following)
    return torch.where(valid, spikes, torch.inf).amin(1)


def shift_invariant_mse(times: Tensor, labels: Tensor) -> Tensor:
    """Loss of output times in tau_syn; silent outputs count nothing, a sample whose label is silent 100."""
    true = times.gather(1, labels[:, None])
    counted = times.isfinite() & true.isfinite()
    error = torch.where(counted, times, 0.0) - torch.where(counted, true, 0.0)
    error = error - MARGIN * (torch.arange(times.shape[1]) != labels[:, None])
    losses = 0.5 * torch.where(counted, error, 0.0).square().sum(1)
    return torch.where(true[:, 0].isfinite(), losses, 100.0).mean()


def parameters(hidden: int, delayed: bool) -> list[tuple[Tensor, Tensor | None]]:
    """Weights and raw delays of both layers, drawn as DelGrad's public configurations have them."""
    generator = torch.Generator().manual_seed(1)

    def normal(mean: float, deviation: float, *shape: int) -> Tensor:
        values = mean + deviation * torch.randn(shape, generator=generator, dtype=torch.float64)
        return values.requires_grad_()

    shapes = [(hidden, 4), (3, hidden)]
    return [
        (normal(1.0 if delayed else 0.5, 1.0, *shape), normal(0.0, 0.25, *shape) if delayed else None)
        for shape in shapes
    ]


def check(times: Tensor, layers: list[tuple[Tensor, Tensor | None]], cumulative: bool) -> None:
    """Times and derivatives of the formula against the operator."""
    for weights, raw in layers:
        delays = None if raw is None else torch.sigmoid(raw)
        arguments = [times.detach(), weights, *([] if delays is None else [delays])]
        found = all_prefix_spikes(times.detach(), weights, delays, cumulative)
        expected = nn.first_spike(*arguments, tau_mem=2.0, tau_syn=1.0)
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-9)
        fires = expected.isfinite()
        derivatives = [
            torch.autograd.grad(spikes[fires].sum(), weights, retain_graph=True)[0]
            for spikes in (found, expected)
        ]
        torch.testing.assert_close(*derivatives, rtol=1e-6, atol=1e-6)
        times = expected


def formula_speed(hidden: int, delayed: bool, steps: int, cumulative: bool) -> tuple[float, float]:
    """Samples per second in torch: median step, fastest step."""
    points = data.yin_yang(1.0).train
    times, labels = torch.tensor(points.times), torch.tensor(points.labels)
    layers = parameters(hidden, delayed)
    check(times[:BATCH], layers, cumulative)
    optimiser = torch.optim.Adam([p for pair in layers for p in pair if p is not None], lr=0.01, fused=True)
    seconds = []
    losses = []
    for step in range(steps):
        start = time.perf_counter()
        begin = step * BATCH % (len(times) - BATCH)
        spikes = times[begin : begin + BATCH]
        for weights, raw in layers:
            spikes = all_prefix_spikes(
                spikes, weights, None if raw is None else torch.sigmoid(raw), cumulative
            )
        loss = shift_invariant_mse(spikes, labels[begin : begin + BATCH])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        for weights, _ in layers:
            torch.nn.utils.clip_grad_norm_(weights, 10.0)
        optimiser.step()
        losses.append(loss.item())
        seconds.append(time.perf_counter() - start)
    if not statistics.mean(losses[-10:]) < 0.9 * statistics.mean(losses[:10]):
        raise SystemExit(f"the formula does not learn: {losses[0]} to {losses[-1]}")
    return BATCH / statistics.median(seconds), BATCH / min(seconds)


def core_speeds(program: Path, epochs: int) -> dict[str, tuple[float, float]]:
    """Samples per second of the core's training program, median and fastest epoch, by network."""
    run = subprocess.run([program, "--epochs", str(epochs)], check=True, capture_output=True, text=True)
    return {
        row["network"]: (row["samples_per_second"], row["samples_per_second_in_fastest_epoch"])
        for row in map(json.loads, run.stdout.splitlines())
    }


def main() -> None:
    """Measure and print one line of JSON per network."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    program = target / "release/examples/train_yin_yang"
    parser.add_argument("--program", type=Path, default=program, help="the core's program")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--steps", type=int, default=60, help="of the formula, per turn")
    options = parser.parse_args()
    torch.set_num_threads(1)
    variants = [(name, cumulative) for name in NETWORKS for cumulative in (False, True)]
    formula: dict[tuple[str, bool], list[tuple[float, float]]] = {variant: [] for variant in variants}
    core: dict[str, list[tuple[float, float]]] = {name: [] for name in NETWORKS}
    for _ in range(options.turns):
        speeds = core_speeds(options.program, 20)
        for name in NETWORKS:
            core[name].append(speeds[name])
        for name, cumulative in variants:
            formula[name, cumulative].append(formula_speed(*NETWORKS[name], options.steps, cumulative))
    for name, cumulative in variants:
        ours, theirs = ([median for median, _ in turns] for turns in (core[name], formula[name, cumulative]))
        fastest = [max(speed for _, speed in turns) for turns in (core[name], formula[name, cumulative])]
        row = {
            "network": name,
            "sums": "cumulative" if cumulative else "of every prefix, as published",
            "batch": BATCH,
            "formula_samples_per_second": round(statistics.median(theirs)),
            "core_samples_per_second": round(statistics.median(ours)),
            "ratio": round(statistics.median(a / b for a, b in zip(ours, theirs, strict=True)), 1),
            "ratio_of_fastest": round(fastest[0] / fastest[1], 1),
        }
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
