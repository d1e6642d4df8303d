"""The event-driven rule once more: slow, obvious, independent of the compiler and of the Rust engine.

It computes its own tables with ``decimal``, looks at every neuron in every tick and predicts nothing. What the
Processor does must equal this to the bit (docs/semantics.md §2 and §3).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from functools import lru_cache
from math import ceil, log2
from typing import NamedTuple

from ..neurons import Reset

Q = 30
HALF = 1 << (Q - 1)
LIMIT = (1 << 27) - 1


class Synapse(NamedTuple):
    """One synapse: from (population, index) to (population, index), integer weight, delay in ticks.

    ``projection`` and its ``exponent`` matter to Loihi's rule alone, which shifts each projection's sum.
    """

    source: tuple[str, int]
    target: tuple[str, int]
    weight: int
    delay: int
    projection: int = 0
    exponent: int = 0


@dataclass(frozen=True, order=True, slots=True)
class Spike:
    """A spike of a neuron or an input."""

    tick: int
    population: str
    index: int


@dataclass(frozen=True)
class Neurons:
    """A population in integers: one theta per neuron, weight shift F, refractory period in ticks; tau in seconds."""

    name: str
    tau_mem: float
    tau_syn: float
    theta: Sequence[int]
    weight_shift: int
    reset: Reset
    refractory: int = 0


@dataclass
class State:
    """A and B at tick ``anchor``; ``first`` is the first tick after it that may be tested."""

    a: int = 0
    b: int = 0
    anchor: int = 0
    first: int = 0
    refractory_until: int | None = None
    spent: bool = False


@dataclass
class Recording:
    """All spikes of neurons, in order, the states after the last tick, and how often a state was clamped."""

    spikes: list[Spike] = field(default_factory=list)
    states: dict[tuple[str, int], State] = field(default_factory=dict)
    saturations: int = 0


def simulate(
    populations: Sequence[Neurons],
    synapses: Iterable[Synapse],
    inputs: Iterable[Spike],
    tick: float,
    until: int,
) -> Recording:
    """Run all ticks before ``until``; ``tick`` in seconds, populations in order of declaration."""
    outgoing = defaultdict(list)
    for synapse in synapses:
        outgoing[synapse.source].append(synapse)
    arrivals: dict[int, dict[tuple[str, int], int]] = defaultdict(lambda: defaultdict(int))

    def send(spike: Spike) -> None:
        for synapse in outgoing[spike.population, spike.index]:
            arrivals[spike.tick + synapse.delay][synapse.target] += synapse.weight

    for spike in inputs:
        send(spike)
    recording = Recording()
    rules = [(neurons, _Rule(neurons, tick, until)) for neurons in populations]
    for neurons, _ in rules:
        for index in range(len(neurons.theta)):
            recording.states[neurons.name, index] = State()
    for now in range(until):
        due = arrivals.pop(now, {})
        fired = []
        for neurons, rule in rules:
            for index in range(len(neurons.theta)):
                state = recording.states[neurons.name, index]
                if rule.update(state, due.get((neurons.name, index), 0), neurons.theta[index], now):
                    fired.append(Spike(now, neurons.name, index))
        for spike in fired:
            send(spike)
        recording.spikes += fired
    recording.saturations = sum(rule.saturations for _, rule in rules)
    return recording


class _Rule:
    """The neurons of one population: potential, arrival, reset, each as docs/semantics.md writes it."""

    def __init__(self, neurons: Neurons, tick: float, until: int) -> None:
        self.neurons = neurons
        self.p, self.s = tables(neurons.tau_mem, neurons.tau_syn, tick, until + 1)
        self.saturations = 0
        self.delta = neurons.tau_syn == 0
        self.equal = neurons.tau_mem == neurons.tau_syn
        self.slow_synapse = 0 < neurons.tau_mem < neurons.tau_syn

    def update(self, state: State, arrived: int, theta: int, now: int) -> bool:
        if state.spent:
            return False
        if state.refractory_until is not None:
            self.hold(state, arrived, now)
            return False
        if arrived:
            self.decay(state, now)
            if not self.equal:
                state.a += arrived * 2**self.neurons.weight_shift
            if not self.delta:
                state.b += arrived * 2**self.neurons.weight_shift
            self.clamp(state)
            state.first = 0
        n = now - state.anchor
        may_rise = not self.delta and state.b > 0 and (self.equal or state.a > 0)
        tested = n >= state.first if may_rise else n == state.first
        if not tested or self.potential(state, n) < theta * 2**Q:
            return False
        self.decay(state, now)
        self.fire(state, theta, now)
        return True

    def potential(self, state: State, n: int) -> int:
        if self.delta:
            return state.a * self.p[n]
        if self.equal:
            return state.a * self.p[n] + state.b * self.s[n]
        if self.slow_synapse:
            return state.b * self.s[n] - state.a * self.p[n]
        return state.a * self.p[n] - state.b * self.s[n]

    def decay(self, state: State, now: int) -> None:
        n = now - state.anchor
        state.anchor = now
        if n == 0:
            return
        if self.equal:
            state.a, state.b = (
                shifted(state.a * self.p[n] + state.b * self.s[n]),
                shifted(state.b * self.p[n]),
            )
        else:
            state.a = shifted(state.a * self.p[n])
            state.b = 0 if self.delta else shifted(state.b * self.s[n])

    def fire(self, state: State, theta: int, now: int) -> None:
        if self.neurons.reset == "once":
            state.a = state.b = 0
            state.spent = True
            return
        if self.neurons.reset == "to_zero":
            state.a = 0 if self.equal or self.delta else state.b
        elif self.slow_synapse:
            state.a += theta
        else:
            state.a -= theta
        self.clamp(state)
        state.first = 1
        if self.neurons.refractory:
            state.a = self.potential(state, 0) // 2**Q
            state.refractory_until = now + self.neurons.refractory

    def hold(self, state: State, arrived: int, now: int) -> None:
        assert state.refractory_until is not None
        ends = now == state.refractory_until
        if not self.delta and (arrived or ends):
            n = now - state.anchor
            state.anchor = now
            factor = self.p[n] if self.equal else self.s[n]
            held = state.a
            state.b = shifted(state.b * factor) if n else state.b
            state.b += arrived * 2**self.neurons.weight_shift
            state.a = 0
            self.clamp(state)
            state.a = held
        if ends:
            if self.slow_synapse:
                state.a = state.b - state.a
            elif not self.equal and not self.delta:
                state.a = state.b + state.a
            self.clamp(state)
            state.anchor = now
            state.first = 1
            state.refractory_until = None

    def clamp(self, state: State) -> None:
        for word in ("a", "b"):
            value = getattr(state, word)
            kept = max(-LIMIT, min(LIMIT, value))
            self.saturations += kept != value
            setattr(state, word, kept)


def shifted(value: int) -> int:
    """value / 2^30, nearest, ties towards plus infinity."""
    return (value + HALF) >> Q


@lru_cache(maxsize=256)
def tables(tau_mem: float, tau_syn: float, tick: float, length: int) -> tuple[list[int], list[int]]:
    """P and S for 0 <= n < length, zero from the horizon on; S is zero for delta synapses."""
    with localcontext() as context:
        context.prec = 80
        membrane = Decimal(tau_mem) / Decimal(tick)
        synapse = Decimal(tau_syn) / Decimal(tick)
        b = max(5, ceil(log2(20 * max(membrane, synapse)) / 2))
        count = max(length, int(40 * max(membrane, synapse)))

        def mode(tau: Decimal) -> list[int]:
            low = [_nearest(2**Q * (-i / tau).exp()) for i in map(Decimal, range(2**b))]
            high = [_nearest(2**Q * (-i * 2**b / tau).exp()) for i in map(Decimal, range(count // 2**b + 1))]
            return [shifted(high[n >> b] * low[n % 2**b]) for n in range(count)]

        p = mode(membrane)
        if tau_syn == 0:
            s = [0] * count
            loudness = p
        elif tau_mem == tau_syn:
            if synapse == int(synapse):
                whole = int(synapse)
                s = [(n * p[n] + whole // 2) // whole for n in range(count)]
            else:
                s = [
                    _nearest(2**Q * (n / synapse) * (-n / synapse).exp()) for n in map(Decimal, range(count))
                ]
            loudness = [x + y for x, y in zip(p, s, strict=True)]
        else:
            s = mode(synapse)
            loudness = [max(x, y) for x, y in zip(p, s, strict=True)]
    horizon = next(n for n in range(count) if loudness[n] <= 4)
    return [x if n < horizon else 0 for n, x in enumerate(p[:length])], [
        x if n < horizon else 0 for n, x in enumerate(s[:length])
    ]


def _nearest(value: Decimal) -> int:
    return int(value.to_integral_value(rounding=ROUND_HALF_EVEN))
