"""A ring buffer in torch, one tick after the other, batch 1: float32 sums (exact below 2^24), float64 states.

A spike adds its source's row of synapses to the ring [slot, target] with ``index_add_``; indices are int64, as torch
wants them, made once per network. The rule of the workload is kept to the bit.
"""

from __future__ import annotations

import itertools
import time

import numpy as np
import torch
from common import Stopwatch, answer, arguments, tick_quantiles

from head_to_head.workload import Synapses, Workload


class Layer:
    """A population, the ring of what arrives at it, and the synapses that lead to it."""

    def __init__(self, synapses: Synapses, size: int, slots: int, theta: float) -> None:
        stride = 1 << (size - 1).bit_length()  # both powers of two: wrapping around is a mask
        cell = torch.from_numpy(synapses.delay * stride + synapses.target)
        weight = torch.from_numpy(synapses.weight.astype(np.float32))
        bounds = np.diff(synapses.first).tolist()
        self.cells, self.weights = cell.split(bounds), weight.split(bounds)
        self.size, self.stride, self.slots, self.theta = size, stride, slots, theta
        self.ring = torch.zeros(slots * stride)
        self.u = torch.zeros(size, dtype=torch.float64)
        self.loss = torch.full((size,), -theta, dtype=torch.float64)

    def reset(self) -> None:
        """Rest before tick 0."""
        self.ring.zero_()
        self.u.zero_()

    def tick(self, sources: list[int], tick: int, beta: float) -> list[int]:
        """Take in spikes, apply the rule, return the neurons that spike."""
        base = tick % self.slots * self.stride
        if sources:
            cells = torch.cat([self.cells[source] for source in sources])
            cells.add_(base).bitwise_and_(self.slots * self.stride - 1)
            self.ring.index_add_(0, cells, torch.cat([self.weights[source] for source in sources]))
        row = self.ring[base : base + self.size]
        self.u.mul_(beta / 32768).trunc_().add_(row)  # beta / 2^15 and the product are exact in float64
        row.zero_()
        if self.theta == float("inf"):
            return []
        fires = (self.u >= self.theta).nonzero().view(-1)
        if len(fires):
            self.u.index_add_(0, fires, self.loss[: len(fires)])
        return fires.tolist()


def network(load: Workload) -> list[Layer]:
    """The three layers."""
    thetas = [*map(float, load.thetas), float("inf")]
    layers = zip(load.projections, load.sizes[1:], thetas, strict=True)
    return [
        Layer(synapses, size, 1 << load.max_delay.bit_length(), theta) for synapses, size, theta in layers
    ]


def main() -> None:
    """Run and print."""
    load, recordings, _ = arguments(__doc__)
    torch.set_num_threads(1)
    layers = network(load)
    place = torch.arange(1, load.sizes[3] + 1, dtype=torch.float64)
    watch, latencies, spikes, checksum = Stopwatch(), [], [0, 0], 0
    with torch.inference_mode():
        for recording in range(recordings):
            ticks, channels = load.spikes(recording)
            bounds = np.searchsorted(ticks, np.arange(load.ticks + 1)).tolist()
            given = [channels[a:b].tolist() for a, b in itertools.pairwise(bounds)]
            potentials = torch.empty(load.ticks, load.sizes[3], dtype=torch.float64)
            with watch:
                for layer in layers:
                    layer.reset()
                for tick, sources in enumerate(given):
                    start = time.perf_counter()
                    for depth, layer in enumerate(layers):
                        sources = layer.tick(sources, tick, load.beta)
                        if depth < 2:
                            spikes[depth] += len(sources)
                    potentials[tick] = layers[2].u
                    latencies.append(time.perf_counter() - start)
            checksum += (recording + 1) * int((potentials @ place).sum())
    answer(watch, recordings, tuple(spikes), readout_checksum=checksum, tick_us=tick_quantiles(latencies))


if __name__ == "__main__":
    main()
