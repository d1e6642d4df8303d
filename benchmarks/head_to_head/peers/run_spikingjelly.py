"""spikingjelly, which has no delays: dense layers and LIF nodes in float32, a whole recording at once (multi-step).

Synapses of one source onto one target are added up, delays are left out, so this is another network of the same size:
its spikes are compared with a simulation of that network, within rounding. A delivery is a spike times its source's
synapses, as everywhere. Tick latencies are those of single steps, one recording, not timed.
"""

from __future__ import annotations

import math
import time

import numpy as np
import torch
from common import Stopwatch, answer, arguments, tick_quantiles
from spikingjelly.activation_based import functional, neuron

from head_to_head.workload import Synapses, Workload

TAU = 1 / (1 - math.exp(-1 / 20))


def dense(synapses: Synapses, targets: int) -> torch.Tensor:
    """Weights [source, target], delays left out."""
    sources = len(synapses.first) - 1
    cell = synapses.source * targets + synapses.target
    weights = np.bincount(cell, synapses.weight, sources * targets).reshape(sources, targets)
    return torch.from_numpy(weights.astype(np.float32))


def nodes(load: Workload, step_mode: str) -> list[neuron.LIFNode]:
    """The hidden populations and the read-out, whose threshold is out of reach."""
    return [
        neuron.LIFNode(TAU, decay_input=False, v_threshold=theta, v_reset=None, step_mode=step_mode)
        for theta in (*map(float, load.thetas), 1e30)
    ]


def recording_of(load: Workload, recording: int) -> torch.Tensor:
    """Input spikes [tick, 1, channel]."""
    spikes = torch.zeros(load.ticks, 1, load.sizes[0])
    ticks, channels = (torch.from_numpy(part.copy()) for part in load.spikes(recording))
    spikes[ticks, 0, channels] = 1.0
    return spikes


def run(weights: list[torch.Tensor], layers: list[neuron.LIFNode], spikes: torch.Tensor) -> list[int]:
    """A whole recording; returns the spikes of the hidden populations."""
    fired = []
    for weight, layer in zip(weights, layers, strict=True):
        functional.reset_net(layer)
        spikes = layer(spikes @ weight)
        fired.append(int(spikes.sum()))
    return fired[:2]


def main() -> None:
    """Run and print."""
    load, recordings, _ = arguments(__doc__)
    torch.set_num_threads(1)
    weights = [dense(synapses, size) for synapses, size in zip(load.projections, load.sizes[1:], strict=True)]
    layers, watch, spikes = nodes(load, "m"), Stopwatch(), np.zeros(2, int)
    with torch.inference_mode():
        run(
            weights, layers, recording_of(load, 0)
        )  # what is imported and made at the first call is not timed
        for recording in range(recordings):
            given = recording_of(load, recording)
            with watch:
                fired = run(weights, layers, given)
            spikes += fired
        latencies, layers = [], nodes(load, "s")
        for x in recording_of(load, 0):
            start = time.perf_counter()
            for weight, layer in zip(weights, layers, strict=True):
                x = layer(x @ weight)
            latencies.append(time.perf_counter() - start)
    answer(watch, recordings, (int(spikes[0]), int(spikes[1])), tick_us=tick_quantiles(latencies))


if __name__ == "__main__":
    main()
