"""Random small networks, described in integers: what parity tests and golden cases are made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

import tarry
from tarry.network import RESETS
from tarry.reference import Neurons, Recording, Spike, Synapse, simulate, tables

TAU_SYN = 1e-3
#: tau_mem / tau_syn, or 0 for delta synapses.
RATIOS = (1.0, 2.0, 5.0, 0.5, 0.0)
UNTIL = 320


@dataclass(frozen=True)
class Case:
    """A network as the compiler sees it and as the reference sees it, and its input."""

    network: tarry.Network
    scales: dict[str, float]
    tick: float
    weight_bits: int
    neurons: list[Neurons]
    synapses: list[Synapse]
    inputs: list[Spike]

    def compile(self) -> tarry.Program:
        return tarry.compile(
            self.network,
            tick=self.tick,
            weight_bits=self.weight_bits,
            weight_scales=self.scales,
            input_spikes=len(self.inputs),
            capacities={"input": len(self.inputs)},
        )

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        return (
            np.array([s.tick for s in self.inputs], np.int64),
            np.array([s.index for s in self.inputs], np.int64),
        )

    def expected(self) -> Recording:
        return simulate(self.neurons, self.synapses, self.inputs, self.tick, UNTIL)


def channels(case: Case, spikes: list[Spike]) -> list[tuple[int, int]]:
    """Spikes as (tick, output channel), every population being an output."""
    first, offset = {}, 0
    for neurons in case.neurons:
        first[neurons.name] = offset
        offset += len(neurons.theta)
    return [(s.tick, first[s.population] + s.index) for s in spikes]


def draw(seed: int) -> Case:
    """A network of one or two recurrent populations; every kind comes up every few seeds."""
    rng = np.random.default_rng(seed)
    ratio = RATIOS[seed % len(RATIOS)]
    reset = RESETS[seed // len(RATIOS) % 3]
    tau_mem = ratio * TAU_SYN if ratio else 2 * TAU_SYN
    tau_syn = TAU_SYN if ratio else 0.0
    ticks_per_tau = [16, 32, 20.7, 64][seed // 15 % 4]
    tick = TAU_SYN / ticks_per_tau
    refractory = int(rng.integers(1, 12)) if reset != "once" and rng.random() < 0.4 else 0
    weight_bits = int(rng.choice([4, 8, 12]))
    largest = 2 ** (weight_bits - 1) - 1
    scale = 2.0 ** -(weight_bits - 3)
    # Neurons that fire once need company for enough spikes.
    more = 8 if reset == "once" else 0
    sizes = {
        "input": int(rng.integers(3, 7)),
        "a": more + int(rng.integers(2, 6)),
        "b": more + int(rng.integers(2, 5)),
    }
    longest = int(rng.choice([1, 7, 40, 63]))
    pairs = [("input", "a"), ("a", "b"), ("a", "a"), ("b", "a"), ("input", "b")]
    projections, synapses = [], []

    def project(source: str, target: str, weights: np.ndarray, delays: np.ndarray) -> None:
        projections.append(tarry.Projection(source, target, weights * scale, delays * tick))
        for (post, pre), weight in np.ndenumerate(weights):
            if weight:
                delay = int(np.broadcast_to(delays, weights.shape)[post, pre])
                synapses.append(Synapse((source, pre), (target, post), int(weight), delay))

    for source, target in pairs:
        shape = (sizes[target], sizes[source])
        mean = 0.55 if source == "input" else 0.05
        weights = np.clip(np.rint(rng.normal(mean, 0.45, shape) * largest), -largest, largest).astype(int)
        weights[rng.random(shape) < 0.15] = 0
        kinds = [(1, shape[1]), (shape[0], 1), shape, (1, 1)]
        least = 0 if source == "input" else 1
        delays = rng.integers(least, max(longest, least) + 1, kinds[int(rng.integers(4))])
        delays.flat[0] = longest
        project(source, target, weights, delays)
        if source == "input" and rng.random() < 0.5:
            # The same synapses with the opposite sign: what they bring sums to zero with what the others bring.
            project(source, target, -weights * (rng.random(shape) < 0.4), np.broadcast_to(delays, shape))

    threshold = float(rng.choice([0.25, 0.5, 1.0])) * (1.0 if ratio else 2.0)
    lif = tarry.Lif(tau_mem, tau_syn, threshold, reset, refractory * tick)
    populations = [tarry.Population("input", sizes["input"])] + [
        tarry.Population(n, sizes[n], lif) for n in "ab"
    ]
    network = tarry.Network(tuple(populations), tuple(projections), ("a", "b"))
    times = np.sort(rng.integers(0, UNTIL - 20, int(rng.integers(40, 90))))
    inputs = [Spike(int(t), "input", int(rng.integers(sizes["input"]))) for t in times]
    inputs += [Spike(s.tick, "input", (s.index + 1) % sizes["input"]) for s in inputs if rng.random() < 0.2]
    inputs.sort(key=lambda s: s.tick)
    neurons = []
    for name in "ab":
        theta, shift = _threshold(threshold, tau_mem, tau_syn, scale)
        if reset == "once":
            bound = max(_largest_input(name, index, synapses, len(inputs)) for index in range(sizes[name]))
            while bound * 2**shift >= 2**27:
                theta, shift = _threshold(threshold, tau_mem, tau_syn, scale, shift - 1)
        neurons.append(Neurons(name, tau_mem, tau_syn, [theta] * sizes[name], shift, reset, refractory))
    return Case(network, {"a": scale, "b": scale}, tick, weight_bits, neurons, synapses, inputs)


def _largest_input(name: str, index: int, synapses: list[Synapse], input_spikes: int) -> int:
    """The most that can ever arrive where neurons fire once."""
    mine = [s for s in synapses if s.target == (name, index)]
    return sum(abs(s.weight) * (input_spikes if s.source[0] == "input" else 1) for s in mine)


def _threshold(
    threshold: float, tau_mem: float, tau_syn: float, scale: float, given_shift: int | None = None
) -> tuple[int, int]:
    """theta = rne(2^F threshold / (k scale)) with F as given, or such that theta lies in [2^19, 2^20)."""
    gain = Fraction(1)
    if tau_syn and tau_mem != tau_syn:
        gain = Fraction(tau_mem) / abs(Fraction(tau_mem) - Fraction(tau_syn))
    for shift in range(28):
        theta = round(2**shift * Fraction(threshold) / (gain * Fraction(scale)))
        if shift == given_shift or (given_shift is None and 2**19 <= theta < 2**20):
            return theta, shift
    raise AssertionError(f"no shift fits threshold {threshold} and scale {scale}")


def integers_of(
    network: tarry.Network, tick: float, weight_bits: int, scales: dict[str, float]
) -> tuple[list[Neurons], list[Synapse]]:
    """A network of neurons that fire once, in integers, by plain rounding: independent of the compiler."""
    largest = 2 ** (weight_bits - 1) - 1
    synapses = []
    for projection in network.projections:
        delays = np.broadcast_to(projection.delays, projection.weights.shape)
        for (post, pre), weight in np.ndenumerate(projection.weights):
            rounded = max(-largest, min(largest, round(weight / scales[projection.target])))
            delay = round(float(delays[post, pre]) / tick)
            if network.population(projection.source).neuron is not None:
                delay = max(delay, 1)
            if rounded:
                synapses.append(Synapse((projection.source, pre), (projection.target, post), rounded, delay))
    neurons = []
    for population in network.populations:
        lif = population.neuron
        if lif is None:
            continue
        assert isinstance(lif, tarry.Lif)
        assert isinstance(lif.threshold, float)
        arguments = (lif.threshold, lif.tau_mem, lif.tau_syn, scales[population.name])
        theta, shift = _threshold(*arguments)
        bound = max(_largest_input(population.name, i, synapses, 1) for i in range(population.size))
        while bound * 2**shift >= 2**27:
            theta, shift = _threshold(*arguments, shift - 1)
        neurons.append(
            Neurons(population.name, lif.tau_mem, lif.tau_syn, [theta] * population.size, shift, "once")
        )
    return neurons, synapses


@dataclass(frozen=True)
class Exact:
    """A neuron whose potential equals its threshold at tick ``crossing`` after one spike at tick 0."""

    program: tarry.Program
    neurons: Neurons
    weight: int
    tick: float
    crossing: int

    def expected(self) -> Recording:
        synapse = Synapse(("in", 0), ("out", 0), self.weight, 0)
        return simulate([self.neurons], [synapse], [Spike(0, "in", 0)], self.tick, self.crossing + 1)


def exact_crossings() -> Iterator[Exact]:
    """Neurons with V = theta to the last bit on the rising flank, where > and >= differ."""
    tau_mem, weight = 2 * TAU_SYN, 2**14
    for per_tau in range(24, 400):
        tick = TAU_SYN / per_tau
        p, s = tables(tau_mem, TAU_SYN, tick, per_tau)
        for n in range(1, per_tau):
            rise = p[n] - s[n]
            # One spike makes V(n) = 2^(14 + F) (P - S) / 2^30, which is whole for such factors.
            if rise % 2**10 or rise <= p[n - 1] - s[n - 1]:
                continue
            lif = tarry.Lif(tau_mem, TAU_SYN, threshold=2 * rise / 2**30, reset="once")
            network = tarry.Network(
                (tarry.Population("in", 1), tarry.Population("out", 1, lif)),
                (tarry.Projection("in", "out", np.ones((1, 1))),),
            )
            program = tarry.compile(network, tick=tick, weight_bits=16, weight_scales={"out": 1 / weight})
            assert program.report is not None
            theta, shift = program.report.theta["out"][0], program.report.weight_shift["out"]
            if theta * 2**30 == weight * 2**shift * rise:
                yield Exact(
                    program, Neurons("out", tau_mem, TAU_SYN, [theta], shift, "once"), weight, tick, n
                )
