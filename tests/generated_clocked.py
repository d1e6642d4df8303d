"""Random small networks in the integers of the clocked rules, some with event-driven populations, and what they do.

What a case expects comes from its ``tarry.Network`` by ``tarry.reference`` alone, never through the compiler.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

import tarry
from clocked_integers import integers_of
from tarry.reference import Outcome, Spike, simulate_clocked

#: What the populations of a case are; seeds take them in turn.
MIXES = (
    ("delta", "delta"),
    ("shift", "shift"),
    ("loihi", "loihi"),
    ("delta", "loihi", "shift"),
    ("event", "delta"),
    ("shift", "event", "loihi"),
)
STRUCTURES = ("one", "axonal", "dendritic", "levels", "synaptic", "pruned")
UNTIL = 150


@dataclass(frozen=True)
class ClockedCase:
    """A network, its input as (tick, channel), and what a program needs beside the network.

    ``weight_scales`` are those of event-driven populations, whose weights and thresholds are floats; ``capacities``
    hold all spikes of each input at once. Compile without ``input_spikes``: it may lower the shift F.
    """

    network: tarry.Network
    tick: float
    weight_bits: int
    inputs: list[tuple[int, int]]
    until: int
    weight_scales: dict[str, float]
    capacities: dict[str, int]

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        pairs = np.array(self.inputs, np.int64).reshape(-1, 2)
        return pairs[:, 0].copy(), pairs[:, 1].copy()

    def expected(self) -> Outcome:
        return self._outcome

    @cached_property
    def _outcome(self) -> Outcome:
        populations, synapses = integers_of(self.network, self.tick, self.weight_scales)
        binary = [p.name for p in self.network.populations if p.binary]
        return simulate_clocked(
            populations,
            synapses,
            self.spikes(),
            self.until,
            tick=self.tick,
            outputs=self.network.outputs,
            binary=binary,
        )

    def spikes(self) -> list[Spike]:
        channels = [
            (p.name, index) for p in self.network.populations if p.neuron is None for index in range(p.size)
        ]
        return [Spike(tick, *channels[channel]) for tick, channel in self.inputs]


def draw_clocked(seed: int) -> ClockedCase:
    """A case; every mix and weight width comes up every few seeds, what else it has is chance."""
    rng = np.random.default_rng([seed, 5])
    mix = MIXES[seed % len(MIXES)]
    widths = range(2, 9) if "loihi" in mix else range(2, 17) if "event" in mix else range(1, 17)
    bits = widths[seed // len(MIXES) % len(widths)]
    tick = float(rng.choice([1e-3, 1e-4, 0.7e-3]))
    names = [f"{rule}_{i}" for i, rule in enumerate(mix)]
    if rng.random() < 0.4:
        names.append("read_0")
    rules = dict(zip(names, [*mix, str(rng.choice([r for r in mix if r != "event"]))], strict=False))
    sizes = {name: int(rng.integers(1, 6)) for name in names}
    inputs = ["in_0", "in_1"][: int(rng.integers(1, 3))]
    sizes |= {name: int(rng.integers(2, 6)) for name in inputs}
    scales = {name: float(rng.choice([2.0**-6, 0.01])) for name in names if rules[name] == "event"}

    draws = _Draws(rng, tick, bits, rules, sizes, scales, bool(rng.random() < 0.2))
    populations = [tarry.Population(n, sizes[n], None, bool(rng.random() < 0.3)) for n in inputs]
    populations += [tarry.Population(n, sizes[n], draws.neuron(n)) for n in names]
    if rng.random() < 0.3:
        # Inputs need not be declared first.
        populations = [populations[i] for i in rng.permutation(len(populations))]

    projections = []
    for target in names:
        for source in inputs + [n for n in names if n != "read_0"]:
            # Every population hears an input or the one before it; recurrence and self-connections are frequent.
            first = source == (inputs[0] if target == names[0] else names[names.index(target) - 1])
            if first or rng.random() < 0.45:
                projections += draws.projections(source, target)
    heard = {p.source for p in projections}
    projections += [p for n in inputs if n not in heard for p in draws.projections(n, names[0])]
    order = rng.permutation(len(projections))
    some = [n for n in names if rng.random() < 0.6]
    network = tarry.Network(
        tuple(populations), tuple(projections[i] for i in order), tuple(some or names[-1:])
    )
    spikes = _input(rng, sum(sizes[n] for n in inputs))
    case = ClockedCase(network, tick, bits, spikes, UNTIL, scales, {})
    counts = [s.population for s in case.spikes()]
    case.capacities.update({n: max(counts.count(n), 1) for n in inputs})
    return case


def crowd(is_shared: bool) -> ClockedCase:
    """More sources than a byte counts, more neurons than a group of lanes, and bursts of many spikes in a tick.

    The neurons share their parameters or have their own.
    """
    rng = np.random.default_rng(8)
    sources, neurons = 300, 70
    model = tarry.DeltaLif(31000, 20, reset="by_subtraction")
    if not is_shared:
        thresholds, biases = rng.integers(15, 26, neurons), rng.integers(-1, 2, neurons)
        model = tarry.DeltaLif(rng.integers(29000, 32000, neurons), thresholds, bias=biases)

    def project(source: str, pre: int, least: int) -> tarry.Projection:
        weights = rng.integers(-3, 8, (neurons, pre)) * (rng.random((neurons, pre)) < 0.1)
        levels = rng.integers(least, 21, 4)
        return tarry.Projection(source, "out", weights, rng.choice(levels, (1, pre)) * 1e-3)

    network = tarry.Network(
        (
            tarry.Population("in", sources),
            tarry.Population("out", neurons, model),
        ),
        (project("in", sources, 0), project("out", neurons, 1)),
        ("out",),
    )
    bursts = ((0, 200), (2, 1), (3, 15), (4, 16), (5, 17), (9, 300), (30, 129))
    inputs = [(tick, int(channel)) for tick, count in bursts for channel in rng.permutation(sources)[:count]]
    return ClockedCase(network, 1e-3, 4, inputs, 60, {}, {"in": len(inputs)})


def metronome() -> ClockedCase:
    """A neuron whose bias brings it from 0 to its threshold in every tick, and back to 0: at rest, but never asleep."""
    network = tarry.Network(
        (
            tarry.Population("in", 1),
            tarry.Population("out", 1, tarry.DeltaLif(31000, 5, bias=5, reset="to_zero")),
        ),
        (tarry.Projection("in", "out", np.ones((1, 1))),),
    )
    return ClockedCase(network, 1e-3, 8, [(3, 0)], 20, {}, {"in": 1})


def _input(rng: np.random.Generator, channels: int) -> list[tuple[int, int]]:
    """(tick, channel) in order of tick, with some channels twice in a tick; quiet at the end."""
    count = int(rng.integers(20, 30 * channels))
    ticks = np.sort(rng.integers(0, UNTIL - 15, count)).tolist()
    spikes = [(tick, int(rng.integers(channels))) for tick in ticks]
    spikes += [spike for spike in spikes if rng.random() < 0.1]
    return sorted(spikes, key=lambda spike: spike[0])


@dataclass(frozen=True)
class _Draws:
    rng: np.random.Generator
    tick: float
    bits: int
    rules: dict[str, str]
    sizes: dict[str, int]
    scales: dict[str, float]
    #: Loihi: exponents so large that currents wrap and potentials clip.
    loud: bool

    @property
    def largest(self) -> int:
        return max((1 << (self.bits - 1)) - 1, 1)

    def neuron(self, name: str) -> Any:
        rule, reads = self.rules[name], name == "read_0"
        if rule == "event":
            return self.event(name)
        readout = self.rng.choice(["max", "sum", "last", "weighted", ""]) if reads else ""
        common: dict[str, Any] = {}
        if readout:
            common["readout"] = str(readout)
        if readout == "weighted":
            common["readout_gamma"] = int(self.rng.choice([2**30, 0, int(self.rng.integers(2**30))]))
        if not reads and self.rng.random() < 0.5:
            common["refractory"] = int(self.rng.choice([1, 2, 7, 30]))
        if rule == "loihi":
            return self.loihi(name, reads, common)
        if not reads:
            common["reset"] = str(self.rng.choice(["to_zero", "by_subtraction"]))
            if self.rng.random() < 0.5:
                increments = self.numbers(name, 0, self.largest)
                rho = int(self.rng.choice([2**15, 0, 31000, int(self.rng.integers(2**15))]))
                common["adaptation"] = tarry.IntegerAdaptation(rho, increments)
        if rule == "delta":
            beta = self.numbers(name, *((0, 2**15) if self.rng.random() < 0.3 else (28000, 2**15)))
            return tarry.DeltaLif(beta, self.threshold(name, reads, 1.0), bias=self.bias(name, 0.1), **common)
        k_mem = 31 if self.rng.random() < 0.05 else int(self.rng.integers(0, 8))
        k_syn = int(self.rng.integers(0, 6))
        gain = 1.0
        if self.rng.random() < 0.3:
            k_syn_or_none = None
        else:
            k_syn_or_none, gain = k_syn, 2.0**k_syn
        return tarry.ShiftLif(
            k_mem,
            k_syn_or_none,
            self.threshold(name, reads, gain),
            bias=self.bias(name, 0.1 * gain),
            **common,
        )

    def loihi(self, name: str, reads: bool, common: dict[str, Any]) -> tarry.LoihiLif:
        wide = self.rng.random() < 0.3
        delta_u = self.numbers(name, *((0, 200) if self.loud else (0 if wide else 500, 4095)))
        gain = 2.0**7 if self.loud else 4096 / (np.mean(delta_u) + 1)
        threshold = None if reads else self.numbers(name, 10, int(min(300 * gain, 2**17 - 1)))
        return tarry.LoihiLif(
            delta_u,
            self.numbers(name, 0, 4095 if wide else 600),
            threshold,
            bias_mantissa=self.numbers(name, -4096, 4095) if self.rng.random() < 0.3 else 0,
            bias_exponent=self.numbers(name, 0, 7) if wide else 0,
            **common,
        )

    def event(self, name: str) -> tarry.Lif:
        """Neurons of the event-driven rule; thresholds of a few weights."""
        tau_syn = self.tick * float(self.rng.choice([0.0, 16.0, 20.7]))
        tau_mem = tau_syn * float(self.rng.choice([1.0, 2.0, 0.5])) if tau_syn else self.tick * 25
        threshold = self.largest * self.scales[name] * float(self.rng.uniform(0.2, 1.0))
        refractory = int(self.rng.choice([0, 0, 3])) * self.tick
        return tarry.Lif(tau_mem, tau_syn, threshold, "by_subtraction", refractory)

    def threshold(self, name: str, reads: bool, gain: float) -> Any:
        top = int(self.largest * gain) + 1
        return None if reads else self.numbers(name, max(top // 6, 1), top)

    def bias(self, name: str, share: float) -> Any:
        kind = self.rng.random()
        if kind < 0.06:
            # Far enough for the clamp.
            return self.numbers(name, -(2**31) + 1, 2**31 - 1)
        top = int(share * self.largest) + 1
        return self.numbers(name, -top, 2 * top) if kind < 0.4 else 0

    def numbers(self, name: str, least: int, largest: int) -> Any:
        """One number for all, or one per neuron."""
        if self.rng.random() < 0.5:
            return int(self.rng.integers(least, largest + 1))
        return self.rng.integers(least, largest + 1, self.sizes[name]).tolist()

    def projections(self, source: str, target: str) -> list[tarry.Projection]:
        """One projection, or several: the same synapses again, the opposite ones, others with other delays."""
        weights, delays = self.weights(source, target), self.delays(source, target)
        found = [self.projection(source, target, weights, delays)]
        for again in (weights, -weights, self.weights(source, target)):
            if self.rng.random() < 0.15:
                kept = again * (self.rng.random(again.shape) < 0.6)
                others = self.delays(source, target) if self.rng.random() < 0.4 else delays
                found.append(self.projection(source, target, self.held(target, kept), others))
        return found

    def projection(
        self, source: str, target: str, weights: np.ndarray, delays: np.ndarray
    ) -> tarry.Projection:
        exponent = 0
        if self.rules[target] == "loihi" and self.rng.random() < 0.4:
            exponent = int(self.rng.choice([-8, -3, -1, 1, 2, 7]))
        if self.rules[target] == "loihi" and self.loud:
            exponent = 6
        scale = self.scales.get(target, 1.0)
        return tarry.Projection(source, target, weights * scale, delays * self.tick, exponent)

    def weights(self, source: str, target: str) -> np.ndarray:
        shape = (self.sizes[target], self.sizes[source])
        mean = 0.5 if source.startswith("in") else 0.1
        share = np.clip(self.rng.normal(mean, 0.5, shape), -1, 1)
        if self.rules[target] == "loihi":
            share = np.abs(share) * self.rng.choice([-1, 1, 1]) if self.rng.random() < 0.4 else share
            weights = np.rint(share * 256)
        else:
            weights = np.sign(share) if self.bits == 1 else np.rint(share * self.largest)
        weights[self.rng.random(shape) < 0.1] = 0
        return self.held(target, weights.astype(int))

    def held(self, target: str, weights: np.ndarray) -> np.ndarray:
        """The nearest weights that Loihi's sign modes hold at this width; the others hold them all."""
        if self.rules[target] != "loihi":
            return weights
        step = 1 << (8 - self.bits)
        if np.any(weights > 0) and np.any(weights < 0):
            held: np.ndarray = np.clip(weights // (2 * step) * (2 * step), -256, 256 - 2 * step)
        else:
            held = np.sign(weights) * np.clip(abs(weights) // step * step, 0, 256 - step)
        return held

    def delays(self, source: str, target: str) -> np.ndarray:
        """Ticks; one, (1, pre), (post, 1) or (post, pre), some with few levels."""
        post, pre = shape = (self.sizes[target], self.sizes[source])
        least = 0 if source.startswith("in") else 1
        longest = int(
            self.rng.choice([least, 5, 20, 62] if self.rules[target] == "loihi" else [1, 8, 63, 90])
        )
        structure = self.rng.choice(STRUCTURES)
        ends = (least, max(longest, least) + 1)
        if structure == "one":
            return np.asarray(self.rng.integers(*ends))
        if structure == "levels":
            return self.rng.choice(self.rng.integers(*ends, 3), shape)
        kinds = {"axonal": (1, pre), "dendritic": (post, 1)}
        delays = self.rng.integers(*ends, kinds.get(str(structure), shape))
        delays.flat[0] = ends[1] - 1
        return delays
