"""Networks of clocked and event-driven populations, synapse by synapse, and the digest of what they did."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from .clocked import Clocked, _ClockedRule, shifted_sum
from .event import Neurons, Spike, State, Synapse, _Rule


@dataclass
class Outcome:
    """All that a run did.

    ``spikes`` are those of all neurons, ``outputs`` those that leave as (tick, channel), ``states`` the words of the
    digest per neuron, ``readouts`` the values of populations that have one, ``dropped`` what binary inputs dropped.
    """

    spikes: list[Spike] = field(default_factory=list)
    outputs: list[tuple[int, int]] = field(default_factory=list)
    states: dict[str, list[tuple[int, ...]]] = field(default_factory=dict)
    readouts: dict[str, list[int]] = field(default_factory=dict)
    saturations: int = 0
    dropped: int = 0
    digest: int = 0


def simulate_clocked(
    populations: Sequence[Clocked | Neurons],
    synapses: Iterable[Synapse],
    inputs: Iterable[Spike],
    until: int,
    *,
    tick: float = 0.0,
    outputs: Collection[str] | None = None,
    binary: Collection[str] = (),
) -> Outcome:
    """Run all ticks before ``until``, populations in order of declaration.

    ``tick`` in seconds is for event-driven populations alone; ``outputs`` (default: all) name the populations whose
    spikes leave, ``binary`` the inputs of which a channel spikes at most once per tick.
    """
    outcome = Outcome()
    outgoing = defaultdict(list)
    for synapse in synapses:
        outgoing[synapse.source].append(synapse)
    # Sums that wait, by tick, target and projection.
    arrivals: dict[int, dict[tuple[str, int], dict[tuple[int, int], int]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(int))
    )

    def send(spike: Spike) -> None:
        for s in outgoing[spike.population, spike.index]:
            arrivals[spike.tick + s.delay][s.target][s.projection, s.exponent] += s.weight

    seen = set()
    for spike in inputs:
        if spike.population in binary and spike in seen:
            outcome.dropped += 1
        else:
            send(spike)
        seen.add(spike)

    rules = [
        _ClockedRule(p) if isinstance(p, Clocked) else _EventPopulation(p, tick, until) for p in populations
    ]
    for now in range(until):
        due = arrivals.pop(now, {})
        fired = []
        for population, rule in zip(populations, rules, strict=True):
            for index in range(rule.size):
                sums = due.get((population.name, index), {})
                arrived = sum(shifted_sum(total, exponent) for (_, exponent), total in sums.items())
                if rule.update(index, arrived, now):
                    fired.append(Spike(now, population.name, index))
        for spike in fired:
            send(spike)
        outcome.spikes += fired

    for population, rule in zip(populations, rules, strict=True):
        outcome.saturations += rule.saturations
        outcome.states[population.name] = list(rule.words())
        if isinstance(rule, _ClockedRule) and rule.neurons.readout is not None:
            outcome.readouts[population.name] = [s.read for s in rule.states]
    first, channels = {}, 0
    for population, rule in zip(populations, rules, strict=True):
        if outputs is None or population.name in outputs:
            first[population.name] = channels
            channels += rule.size
    outcome.outputs = [
        (s.tick, first[s.population] + s.index) for s in outcome.spikes if s.population in first
    ]
    outcome.digest = _digest(outcome.outputs, populations, outcome.states)
    return outcome


class _EventPopulation:
    """A population of the event-driven rule, looked at in every tick."""

    def __init__(self, neurons: Neurons, tick: float, until: int) -> None:
        self.theta = neurons.theta
        self.size = len(neurons.theta)
        self.states = [State() for _ in range(self.size)]
        self.rule = _Rule(neurons, tick, until)

    @property
    def saturations(self) -> int:
        return self.rule.saturations

    def update(self, index: int, arrived: int, now: int) -> bool:
        return self.rule.update(self.states[index], arrived, self.theta[index], now)

    def words(self) -> Iterator[tuple[int, ...]]:
        return ((s.a, s.b, s.anchor) for s in self.states)


def _digest(
    outputs: Iterable[tuple[int, int]],
    populations: Iterable[Clocked | Neurons],
    states: dict[str, list[tuple[int, ...]]],
) -> int:
    """FNV-1a, 64 bit, over output spikes and state words, little-endian."""
    value = 0xCBF29CE484222325

    def take(word: int, size: int) -> None:
        nonlocal value
        for byte in (word % 2 ** (8 * size)).to_bytes(size, "little"):
            value = (value ^ byte) * 0x100000001B3 % 2**64

    for now, channel in outputs:
        take(now, 8)
        take(channel, 4)
    for population in populations:
        for words in states[population.name]:
            for position, word in enumerate(words):
                anchor = isinstance(population, Neurons) and position == 2
                take(word, 8 if anchor else 4)
    return value
