"""The field's way to learn delays on a grid: a temporal convolution in torch with one learned delay per synapse.

Every synapse has a weight and a real-number delay; its convolution kernel is a narrow bump at the delay, Gaussian
or triangular, of unit area (dilated convolution with learnable spacings: Hammouamri et al. 2024, arXiv 2306.17670;
the code here is our own). Neurons are current-based LIF, reset to zero, trained by surrogate gradients through time;
the read-out is the mean potential of neurons that do not fire, with cross-entropy. One run measures whole training
steps: input already on the grid, kernels, forward, loss, backward, Adam.

    python benchmarks/conv1d_delays.py                      # 1 ms, 63 taps; then 10 ms, 25 taps
    python benchmarks/conv1d_delays.py --step 1 --taps 63   # one setting, in this process

The whole time loop of a layer is one autograd node with a backward loop of its own, over tensors laid out by time:
torch records three nodes per layer instead of some ten per step.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from math import exp
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

TAU_MEM, TAU_SYN, THRESHOLD = 20e-3, 5e-3, 1.0
SIZES = (700, 128, 128, 20)
DURATION = 1.0  # seconds
INPUT_SPIKES = 8000  # per sample
LONGEST_DELAY = 62e-3  # seconds


def events(
    samples: int, seed: int = 0, spikes: int = INPUT_SPIKES, duration: float = DURATION
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Poisson input of each sample: sorted times in seconds and channels."""
    random = np.random.default_rng(seed)
    result = []
    for _ in range(samples):
        count = random.poisson(spikes)
        result.append((np.sort(random.uniform(0, duration, count)), random.integers(0, SIZES[0], count)))
    return result


def parameters(seed: int = 0, sizes: Sequence[int] = SIZES) -> list[tuple[np.ndarray, np.ndarray]]:
    """Weights (post, pre) and synaptic delays in seconds by layer; hidden neurons fire some ten times a second."""
    random = np.random.default_rng(seed)
    layers = []
    for pre, post, (mean, deviation) in zip(
        sizes, sizes[1:], [(0.003, 0.07), (0.02, 0.18), (0.0, 0.2)], strict=False
    ):
        layers.append(
            (random.normal(mean, deviation, (post, pre)), random.uniform(0, LONGEST_DELAY, (post, pre)))
        )
    return layers


def peak_mib() -> float:
    """Peak memory of this process so far; getrusage counts that of the parent, too."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def binned(samples: list[tuple[np.ndarray, np.ndarray]], step: float, duration: float = DURATION) -> Tensor:
    """Spike counts on the grid, float32, (batch, channels, ticks)."""
    counts = torch.zeros(len(samples), SIZES[0], round(duration / step))
    for i, (times, channels) in enumerate(samples):
        ticks = np.minimum((times / step).astype(np.int64), counts.shape[2] - 1)
        counts[i].index_put_(
            (torch.from_numpy(channels), torch.from_numpy(ticks)), torch.ones(()), accumulate=True
        )
    return counts


class Membrane(torch.autograd.Function):
    """LIF neurons over all ticks: input current (ticks, batch, n) in, spikes or potentials of the same shape out."""

    @staticmethod
    def forward(ctx: Any, arrivals: Tensor, syn: float, mem: float, drive: float, threshold: float) -> Tensor:
        """Spikes, or potentials where the threshold is infinite; the constants are per step."""
        zero, decay = torch.zeros(()), torch.tensor(syn)  # as tensors: numbers are wrapped anew by every call
        gain = torch.tensor(drive)
        current = torch.zeros_like(arrivals[0])
        potential = torch.zeros_like(current)
        potentials = torch.empty_like(arrivals)
        fires = threshold < float("inf")
        for arrived, kept in zip(arrivals.unbind(0), potentials.unbind(0), strict=True):
            torch.add(current, potential, alpha=mem / drive, out=kept).mul_(gain)  # V <- mem V + drive I
            current.mul_(decay).add_(arrived)
            potential = torch.where(kept < threshold, kept, zero) if fires else kept
        ctx.save_for_backward(potentials)
        ctx.constants = syn, mem, drive, threshold
        return (potentials >= threshold).to(arrivals.dtype) if fires else potentials

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Gradient of the arrivals: the fast sigmoid at each tick, none through the reset."""
        (potentials,) = ctx.saved_tensors
        syn, mem, drive, threshold = ctx.constants
        if threshold < float("inf"):  # fast sigmoid; no gradient through the reset
            direct = gradient / (1 + 10 * (potentials - threshold).abs()).square_()
            kept = (potentials < threshold).to(gradient.dtype)
            keeping = kept.unbind(0)
        else:
            direct, keeping = gradient, None
        decay, leak = torch.tensor(syn), torch.tensor(mem)
        of_arrivals = torch.empty_like(gradient)
        of_current = torch.zeros_like(gradient[0])
        of_potential = torch.zeros_like(of_current)
        directs, outs = direct.unbind(0), of_arrivals.unbind(0)
        for t in range(len(directs) - 1, -1, -1):
            outs[t].copy_(of_current)  # what arrives at t moves the current after t
            of_current.mul_(decay)
            if keeping is not None:
                of_potential.mul_(keeping[t])
            of_potential.add_(directs[t])
            of_current.add_(of_potential, alpha=drive)
            of_potential.mul_(leak)
        return of_arrivals, None, None, None, None


class Conv1dDelays(torch.nn.Module):
    """Layers of learned weights and delays on a grid of ``step`` seconds with ``taps`` delays 0 .. taps - 1.

    Args:
        layers: weights (post, pre) and delays in seconds (post, pre), by layer.
        step: seconds.
        taps: length of the kernels in steps.
        bump: "gauss" of standard deviation ``width`` steps, or "linear", a triangle one step wide on either side.
        width: of the Gaussian, in steps.
        fourier: convolve by Fourier transform, which nobody seems to do, instead of conv1d.
    """

    def __init__(
        self,
        layers: list[tuple[np.ndarray, np.ndarray]],
        step: float,
        taps: int,
        bump: str = "gauss",
        width: float = 0.5,
        fourier: bool = False,
    ) -> None:
        super().__init__()
        self.weights = torch.nn.ParameterList(torch.tensor(w, dtype=torch.float32) for w, _ in layers)
        self.positions = torch.nn.ParameterList(
            torch.tensor(d / step, dtype=torch.float32).clamp(0, taps - 1) for _, d in layers
        )
        self.taps, self.bump, self.width, self.fourier = taps, bump, width, fourier
        mem, syn = exp(-step / TAU_MEM), exp(-step / TAU_SYN)
        self.constants = (syn, mem, TAU_MEM / (TAU_MEM - TAU_SYN) * (mem - syn))
        # A kernel is applied as a correlation: tap k looks taps - 1 - k steps back.
        self.register_buffer("back", torch.arange(taps - 1, -1, -1, dtype=torch.float32))

    def kernel(self, weights: Tensor, positions: Tensor) -> Tensor:
        """Kernels (post, pre, taps)."""
        distance = self.back - positions.unsqueeze(2)
        if self.bump == "linear":
            return weights.unsqueeze(2) * (1 - distance.abs()).relu()
        shape = torch.softmax(distance.square() * (-0.5 / self.width**2), 2)
        return weights.unsqueeze(2) * shape

    def convolve(self, signal: Tensor, kernel: Tensor) -> Tensor:
        """Arrivals (batch, post, ticks) of a signal (batch, pre, ticks)."""
        if not self.fourier:
            return functional.conv1d(functional.pad(signal, (self.taps - 1, 0)), kernel)
        size = signal.shape[2] + self.taps - 1
        size += -size % 32  # lengths that the transform likes
        spectrum, response = torch.fft.rfft(signal, size), torch.fft.rfft(kernel.flip(2), size)
        mixed = (spectrum.permute(2, 0, 1) @ response.permute(2, 1, 0)).permute(1, 2, 0)
        return torch.fft.irfft(mixed, size)[:, :, : signal.shape[2]]

    def forward(self, counts: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Mean read-out (batch, classes) of counts (batch, channels, ticks), and the hidden spikes."""
        hidden, signal = [], counts
        for i, (weights, positions) in enumerate(zip(self.weights, self.positions, strict=True)):
            arrivals = self.convolve(signal, self.kernel(weights, positions))
            last = i == len(self.weights) - 1
            by_time = arrivals.permute(2, 0, 1).contiguous()
            out = Membrane.apply(by_time, *self.constants, float("inf") if last else THRESHOLD)
            if last:
                return out.mean(0), hidden
            hidden.append(out)
            signal = out.permute(1, 2, 0).contiguous()
        raise AssertionError("a network without layers")


def trainer(
    step: float, taps: int, batch: int, bump: str = "gauss", fourier: bool = False, **workload: Any
) -> Any:
    """Return the network and a function that makes one training step and returns its loss."""
    model = Conv1dDelays(parameters(), step, taps, bump, fourier=fourier)
    duration = workload.get("duration", DURATION)
    counts = binned(events(batch, **workload), step, duration)
    labels = torch.arange(batch) % SIZES[-1]
    adam = torch.optim.Adam(
        [{"params": list(model.weights), "lr": 1e-3}, {"params": list(model.positions), "lr": 1e-2}],
        foreach=True,
    )

    def train() -> float:
        adam.zero_grad()
        readout, _ = model(counts)
        loss = functional.cross_entropy(readout, labels)
        loss.backward()
        adam.step()
        with torch.no_grad():
            for positions in model.positions:
                positions.clamp_(0, taps - 1)
        return float(loss.detach())

    return model, counts, train


def measure(
    step: float,
    taps: int,
    batch: int,
    rounds: int,
    bump: str = "gauss",
    fourier: bool = False,
    **workload: Any,
) -> dict[str, Any]:
    """Samples per second of whole training steps, median of ``rounds``, and the peak memory of this process."""
    before = peak_mib()
    model, counts, train = trainer(step, taps, batch, bump, fourier, **workload)
    with torch.no_grad():
        fired = [float(h.sum(0).mean()) for h in model(counts)[1]]
    losses, seconds = [train()], []
    for _ in range(rounds):
        start = time.perf_counter()
        losses.append(train())
        seconds.append(time.perf_counter() - start)
    if not losses[-1] < losses[0]:
        raise SystemExit(f"the loss went from {losses[0]} to {losses[-1]}; it must fall")
    peak = peak_mib()
    return {
        "network": "-".join(map(str, SIZES)),
        "step_ms": step * 1e3,
        "taps": taps,
        "bump": bump,
        "batch": batch,
        "threads": torch.get_num_threads(),
        "input_spikes": float(counts.sum() / batch),
        "hidden_spikes_per_neuron": [round(f, 2) for f in fired],
        "samples_per_second": batch / statistics.median(seconds),
        "fastest": batch / min(seconds),
        "peak_mib": round(peak),
        "imports_mib": round(before),
        "loss": [losses[0], losses[-1]],
    }


def main() -> None:
    """Measure one setting here, or the two usual ones in a process each; one line of JSON per setting."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--step", type=float, help="milliseconds; without it the two usual settings")
    parser.add_argument("--taps", type=int, default=63)
    parser.add_argument("--bump", choices=("gauss", "linear"), default="gauss")
    parser.add_argument("--fourier", action="store_true", help="convolve by Fourier transform")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--spikes", type=int, default=INPUT_SPIKES, help="per sample")
    parser.add_argument("--duration", type=float, default=DURATION, help="seconds")
    options = parser.parse_args()
    if options.step is None:
        for setting in (["--step", "1", "--taps", "63"], ["--step", "10", "--taps", "25"]):
            rest = sys.argv[1:]
            subprocess.run([sys.executable, str(Path(__file__)), *rest, *setting], check=True)
        return
    torch.set_num_threads(options.threads)
    workload = {"spikes": options.spikes, "duration": options.duration}
    row = measure(
        options.step * 1e-3,
        options.taps,
        options.batch,
        options.rounds,
        options.bump,
        options.fourier,
        **workload,
    )
    print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
