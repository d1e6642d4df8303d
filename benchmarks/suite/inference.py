"""The event-driven Processor: first-spike inference, recordings, streams."""

from __future__ import annotations

import itertools

import numpy as np

import tarry
from tarry import _core

from .networks import TAU_SYN, many_spikes, yin_yang_like

TICK = TAU_SYN / 64
UNTIL = 110_000


class FirstSpikes:
    """4-30-3 with one spike per neuron, tick tau_syn/64."""

    def setup(self) -> None:
        """Compile; the integer spikes must lie where the float equations put them."""
        network, times = yin_yang_like()
        self.program = tarry.compile(network, tick=TICK, weight_bits=12)
        self.processor = tarry.Processor(self.program)
        self.ticks = np.rint(times / TICK).astype(np.int64)
        exact = times
        for projection in network.projections:
            exact = _core.first_spike_forward(
                exact, projection.weights, projection.delays, 2 * TAU_SYN, TAU_SYN, 1.0, 1
            )
        found = self.processor.first_spikes(self.ticks)
        both = np.isfinite(exact) & (found >= 0)
        off = np.abs(found[both] - exact[both] / TICK)
        if both.mean() < 0.5 or np.quantile(off, 0.9) > 4:
            raise AssertionError(
                f"{both.mean():.0%} spike in both, nine in ten within {np.quantile(off, 0.9):.1f} ticks"
            )

    def time_first_spikes(self) -> None:
        """256 samples."""
        self.processor.first_spikes(self.ticks)

    def track_deliveries(self) -> int:
        """Of 256 samples."""
        processor = tarry.Processor(self.program)
        processor.first_spikes(self.ticks)
        return processor.counts()["deliveries"]

    def track_memory_bytes(self) -> int:
        """Of the processor."""
        return self.program.memory_bytes


class Recordings:
    """64-64-20 with many spikes per neuron, delays up to 620 ticks, 10 s of input."""

    def setup(self) -> None:
        """Compile; a recording and a stream in pieces must give the same spikes."""
        network, self.times, self.channels = many_spikes()
        self.program = tarry.compile(network, tick=1e-4, capacities={"input": 2048})
        self.processor = tarry.Processor(self.program)
        whole = self.processor.run(self.times, self.channels, UNTIL)
        pieces = self.stream()
        if len(whole[0]) < 1000 or not all(np.array_equal(a, b) for a, b in zip(whole, pieces, strict=True)):
            raise AssertionError(f"{len(whole[0])} spikes in one run, {len(pieces[0])} in pieces")

    def stream(self) -> tuple[np.ndarray, np.ndarray]:
        """Push, run, pop every 100 ticks."""
        self.processor.reset()
        bounds = np.searchsorted(self.times, np.arange(0, UNTIL + 1, 100))
        out = []
        for piece, (start, end) in enumerate(itertools.pairwise(bounds)):
            self.processor.push(self.times[start:end], self.channels[start:end])
            self.processor.run_until(100 * (piece + 1))
            out.append(self.processor.pop())
        return np.concatenate([t for t, _ in out]), np.concatenate([c for _, c in out])

    def time_run(self) -> None:
        """A whole recording."""
        self.processor.run(self.times, self.channels, UNTIL)

    def time_stream(self) -> None:
        """The same in 1100 pieces."""
        self.stream()

    def track_deliveries(self) -> int:
        """Of one recording."""
        processor = tarry.Processor(self.program)
        processor.run(self.times, self.channels, UNTIL)
        return processor.counts()["deliveries"]

    def track_output_spikes(self) -> int:
        """Of one recording."""
        return len(self.processor.run(self.times, self.channels, UNTIL)[0])

    def track_queue_peak(self) -> int:
        """The most places that any history needed."""
        return max(tally["peak"] for tally in self.processor.tallies())

    def track_memory_bytes(self) -> int:
        """Of the processor."""
        return self.program.memory_bytes
