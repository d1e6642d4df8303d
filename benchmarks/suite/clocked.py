"""The clocked engine on 64-64-20 neurons of the ``delta`` rule, 8-bit weights, three kinds of delays up to 62 ticks."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt

import tarry

SIZES, LONGEST, TICKS, CHECKED = (64, 64, 20), 62, 10_000, 400
BETA, THETAS = 31170, (450, 350)

Integers = npt.NDArray[np.int64]


class Delta:
    """By kind of delay: one per axon, eight levels shared by all, one per synapse."""

    params = ("axonal", "levels_8", "synaptic")
    param_names = ("delays",)

    def setup(self, kind: str) -> None:
        """Compile; the first ticks must equal a plain integer simulation."""
        if not hasattr(tarry, "DeltaLif"):
            raise NotImplementedError("no clocked rules in this version")
        rng = np.random.default_rng(5)
        self.layers = [draw(rng, pre, post, kind) for pre, post in itertools.pairwise(SIZES)]
        self.times = np.sort(rng.integers(0, TICKS, TICKS))
        self.channels = rng.integers(0, SIZES[0], len(self.times))
        self.program = tarry.compile(
            network(self.layers), tick=1e-3, weight_bits=8, capacities={"input": 4096}
        )
        self.processor = tarry.Processor(self.program)
        early = self.times < CHECKED
        wanted = simulate(self.layers, self.times[early], self.channels[early])
        found = self.processor.run(self.times[early], self.channels[early], CHECKED)
        if len(wanted[0]) < 20 or not all(np.array_equal(a, b) for a, b in zip(found, wanted, strict=True)):
            raise AssertionError(
                f"{kind}: {len(found[0])} output spikes, the simulation has {len(wanted[0])}"
            )

    def time_run(self, _: str) -> None:
        """A recording of 10 000 ticks, one input spike per tick."""
        self.processor.run(self.times, self.channels, TICKS)

    def track_deliveries(self, _: str) -> int:
        """Of one recording."""
        processor = tarry.Processor(self.program)
        processor.run(self.times, self.channels, TICKS)
        return processor.counts()["deliveries"]

    def track_memory_bytes(self, _: str) -> int:
        """Of a processor."""
        return self.program.memory_bytes

    def track_program_bytes(self, _: str) -> int:
        """Of the file."""
        return len(self.program.bytes)


def draw(rng: np.random.Generator, pre: int, post: int, kind: str) -> list[tuple[Integers, Integers]]:
    """Weights and delays (post, pre) in ticks of the projections of a layer."""
    if kind == "levels_8":
        levels = np.linspace(1, LONGEST, 8).astype(np.int64)
        return [(rng.integers(-30, 35, (post, pre)), np.full((1, 1), level)) for level in levels]
    shape = (1, pre) if kind == "axonal" else (post, pre)
    return [(rng.integers(-100, 120, (post, pre)), rng.integers(1, LONGEST + 1, shape))]


def network(layers: list[list[tuple[Integers, Integers]]]) -> tarry.Network:
    """As Tarry takes it."""
    names = ("input", "hidden", "output")
    neurons = [
        None,
        *(tarry.DeltaLif(beta=BETA, threshold=theta, reset="by_subtraction") for theta in THETAS),
    ]
    return tarry.Network(
        tuple(tarry.Population(*part) for part in zip(names, SIZES, neurons, strict=True)),
        tuple(
            tarry.Projection(source, target, weights, delays * 1e-3)
            for source, target, layer in zip(names[:-1], names[1:], layers, strict=True)
            for weights, delays in layer
        ),
    )


def simulate(
    layers: list[list[tuple[Integers, Integers]]], times: Integers, channels: Integers
) -> tuple[Integers, Integers]:
    """Output spikes of the first ticks, arrival by arrival."""
    spikes = [(int(tick), int(channel)) for tick, channel in zip(times, channels, strict=True)]
    for layer, theta in zip(layers, THETAS, strict=True):
        post = layer[0][0].shape[0]
        arriving = np.zeros((CHECKED, post), np.int64)
        for tick, source in spikes:
            for weights, delays in layer:
                for target in range(post):
                    due = tick + int(np.broadcast_to(delays, weights.shape)[target, source])
                    if due < CHECKED:
                        arriving[due, target] += weights[target, source]
        u, spikes = np.zeros(post, np.int64), []
        for tick in range(CHECKED):
            u = np.sign(u) * ((BETA * np.abs(u)) >> 15) + arriving[tick]
            fired = np.flatnonzero(u >= theta)
            u[fired] -= theta
            spikes += [(tick, int(k)) for k in fired]
    return np.array([t for t, _ in spikes], np.int64), np.array([k for _, k in spikes], np.int64)
