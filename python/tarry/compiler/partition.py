"""A network in parts that run side by side: slices of its populations, each part a program of its own.

A spike between neurons is due one tick later at the earliest. So a part can take the spikes of a tick as input spikes of
the next one, with delays that are one tick shorter, and all parts do a tick at the same time (docs/scale.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from inspect import signature
from typing import Any

import numpy as np

from ..integer_neurons import IntegerAdaptation, IntegerNeuron, LoihiLif
from ..network import Network, Population, Projection
from ..platforms import RuleChoice, default_rule
from ..program import CompileReport, Program
from . import compile_network
from .build import rules_of
from .clocked import group_synapses
from .lower import integer_model
from .quantise import IntegerProjection, quantise_projection

Sizes = list[list[int]]


@dataclass(frozen=True)
class Partition:
    """A network in parts; run it with ``tarry.PartitionedProcessor``.

    Args:
        programs: one per part. Its inputs are all populations that it hears, neurons of the network among them; its
            neurons are its slices of the populations.
        units: for each part, where each population of its program begins in the network; units count inputs and
            neurons in order of declaration.
        names: of the populations of the network.
        populations: size, whether input, whether output, of each of them.
        report: what the compiler has to say about the network in one piece.
    """

    programs: tuple[Program, ...]
    units: tuple[tuple[int, ...], ...]
    names: tuple[str, ...]
    populations: tuple[tuple[int, bool, bool], ...]
    report: CompileReport

    def __str__(self) -> str:
        """Neurons, synapses and memory of every part."""
        lines = [f"{len(self.programs)} parts"]
        for index, program in enumerate(self.programs):
            neurons = sum(p["size"] for p in program.populations() if p["kind"] != "input")
            lines.append(
                f"  part {index}: {neurons:,} neurons, program of {len(program.bytes):,} bytes, "
                f"{program.memory_bytes:,} bytes of memory"
            )
        return "\n".join(lines)


def partition(network: Network, parts: int | Sequence[float], **arguments: Any) -> Partition:
    """Compile a network into parts that give the same spikes, states and digest as its program.

    Args:
        network: its neurons must all follow a clocked rule.
        parts: how many equal parts, or the share of each, as in ``[2, 1]``. Every population is cut into contiguous
            slices, one per part; populations too small for that go to fewer parts.
        arguments: as of ``tarry.compile``, of which ``tick`` is needed. ``block`` and ``layout`` are for every part,
            ``capacities`` for inputs alone.

    Raises:
        ValueError: what ``tarry.compile`` refuses; fewer parts than one or more than neurons; event-driven populations;
            arguments that mean one processor (``delay_limit``, ``memory_limit``, ``input_policy="drop"``,
            ``capacities`` of neurons).
    """
    bound = signature(compile_network).bind(network, **arguments)
    bound.apply_defaults()
    chosen = bound.arguments
    rules = rules_of(network, _rule(chosen))
    _refuse_what_parts_cannot(network, chosen, rules)
    sizes = _slice_sizes(
        [p.size for p in network.populations if p.neuron is not None], _shares(network, parts)
    )

    whole = compile_network(network, **arguments)
    report = whole.report
    assert report is not None
    tick = report.tick
    scales = {p.name: report.weight_scales.get(p.name) for p in network.populations}
    models = {
        p.name: integer_model(p, rules[p.name], tick, scales[p.name] or 1.0, once=chosen["once"])[0]
        for p in network.populations
        if p.neuron is not None
    }
    projections = []
    for p in network.projections:
        scale = scales[p.target]
        steps = None if scale is None else np.broadcast_to(np.array(scale), p.weights.shape[:1])
        between = network.population(p.source).neuron is not None
        projections.append(
            quantise_projection(
                p, between, rules[p.target], tick, steps, report.weight_bits, chosen["zero_delays"]
            )
        )
    capacities = {
        p.name: int(planned["capacity"])
        for p, planned in zip(network.populations, whole.populations(), strict=True)
        if _is_listed(p, chosen)
    }
    programs, units = [], []
    for part in range(len(sizes[0])):
        slices, first = {}, 0
        neurons = [p for p in network.populations if p.neuron is not None]
        for population, row in zip(neurons, sizes, strict=True):
            first = sum(row[:part])
            if row[part]:
                slices[population.name] = slice(first, first + row[part])
        program, own = _part(
            network, slices, models, projections, capacities, tick, report.weight_bits, chosen
        )
        programs.append(program)
        units.append(own)
    return Partition(
        tuple(programs),
        tuple(units),
        tuple(p.name for p in network.populations),
        tuple((p.size, p.neuron is None, p.name in network.outputs) for p in network.populations),
        report,
    )


def _part(
    network: Network,
    slices: Mapping[str, slice],
    models: Mapping[str, IntegerNeuron],
    projections: Iterable[IntegerProjection],
    capacities: Mapping[str, int],
    tick: float,
    weight_bits: int,
    chosen: Mapping[str, Any],
) -> tuple[Program, tuple[int, ...]]:
    """The program of one part, and the first unit of each of its populations in the network."""
    into = []
    for p in projections:
        if p.target in slices and np.any(p.weights[slices[p.target]]):
            between = network.population(p.source).neuron is not None
            delays = p.delays[slices[p.target]] - int(between)
            weights = p.weights[slices[p.target]]
            into.append(
                IntegerProjection(_heard(network, p.source), p.target, p.exponent, weights, delays, 0, 0)
            )
    sources = {p.source for p in into}
    heard, own, units = [], [], dict[str, int]()
    first = 0
    for population in network.populations:
        name = _heard(network, population.name)
        units |= {name: first}
        if name in sources:
            heard.append(
                Population(name, population.size, None, population.binary or population.neuron is not None)
            )
        if population.name in slices:
            place = slices[population.name]
            own.append(
                Population(population.name, place.stop - place.start, _sliced(models[population.name], place))
            )
            units |= {population.name: first + place.start}
        first += population.size
    if not heard:
        # A program needs an input. As a binary one it takes any spikes, though nobody listens.
        deaf = next(p for p in network.populations if p.neuron is None)
        heard.append(Population(deaf.name, deaf.size, None, binary=True))
    part = Network(
        (*heard, *own),
        tuple(Projection(p.source, p.target, p.weights, p.delays * tick, p.exponent) for p in into),
        tuple(p.name for p in own),
    )
    choices = {}
    for what in ("block", "layout"):
        choices[what] = chosen[what]
        if isinstance(chosen[what], Mapping):
            names = {(g.source, g.target) for g in group_synapses(part, into, slices)}
            pairs = {tuple(name.split(" -> ")): choice for name, choice in chosen[what].items()}
            choices[what] = {
                f"{_heard(network, s)} -> {t}": choice
                for (s, t), choice in pairs.items()
                if (_heard(network, s), t) in names
            }
    program = compile_network(
        part,
        tick=tick,
        weight_bits=weight_bits,
        capacities={p.name: capacities[p.name] for p in heard if p.name in capacities},
        history=chosen["history"],
        # Spikes come tick by tick.
        input_window=1,
        **choices,
    )
    return program, tuple(units[p.name] for p in part.populations)


def _heard(network: Network, name: str) -> str:
    """What an input of a part is called: inputs of the network by their name, its neurons by one of their own."""
    return name if network.population(name).neuron is None else f"{name} (heard)"


def _sliced(model: IntegerNeuron, place: slice) -> IntegerNeuron:
    """The same model with the parameters of some neurons."""
    sliced: dict[str, Any] = {
        name: value[place]
        for name in model.__dataclass_fields__
        if isinstance(value := getattr(model, name), tuple)
    }
    if not isinstance(model, LoihiLif) and model.adaptation is not None:
        increment = model.adaptation.increment
        increment = increment[place] if isinstance(increment, tuple) else increment
        rho = model.adaptation.rho
        if np.any(model.adaptation.increment) and not np.any(increment):
            # Without any increment and with rho = 0 it would be no adaptation, and the digest lack its state, which is 0
            # here whatever rho is.
            rho = max(rho, 1)
        sliced["adaptation"] = IntegerAdaptation(rho, increment)
    return replace(model, **sliced)


def _rule(chosen: Mapping[str, Any]) -> RuleChoice:
    if chosen["rule"] is not None:
        rule: RuleChoice = chosen["rule"]
        return rule
    return "event" if chosen["platform"] is None else default_rule(chosen["platform"])


def _is_listed(population: Population, chosen: Mapping[str, Any]) -> bool:
    """Whether a part keeps its spikes in a list, which needs as many places as in the network in one piece."""
    once_per_tick = population.neuron is not None or population.binary
    is_given = population.name in (chosen["capacities"] or {})
    return not once_per_tick or is_given or chosen["history"] == "list"


def _shares(network: Network, parts: int | Sequence[float]) -> list[float]:
    shares = [1.0] * parts if isinstance(parts, int) else [float(share) for share in parts]
    neurons = sum(p.size for p in network.populations if p.neuron is not None)
    if not shares or len(shares) > neurons:
        count = parts if isinstance(parts, int) else len(shares)
        raise ValueError(
            f"parts is {count}; the network has {neurons} neurons and every part needs one: use 1 to {neurons} parts"
        )
    if not all(np.isfinite(share) and share > 0 for share in shares):
        raise ValueError(f"the shares of the parts are {shares}; each must be a positive number")
    return shares


def _slice_sizes(sizes: Iterable[int], shares: Sequence[float]) -> Sizes:
    """Neurons of each population (rows) in each part (columns).

    Neuron by neuron, the next goes to the part that is furthest behind its share: small populations even out, and none is
    without any.
    """
    held = np.zeros(len(shares))
    rows = []
    for size in sizes:
        before = held.copy()
        for _ in range(size):
            held[np.argmin(held / shares)] += 1
        rows.append([int(count) for count in held - before])
    return rows


def _refuse_what_parts_cannot(
    network: Network, chosen: Mapping[str, Any], rules: Mapping[str, str | None]
) -> None:
    event_driven = [name for name, rule in rules.items() if rule is None]
    if event_driven:
        raise ValueError(
            f"population {event_driven[0]!r} is event-driven, and parts meet after every tick: "
            'only clocked neurons can be partitioned; choose rule="delta", "loihi" or "shift"'
        )
    for name in ("delay_limit", "memory_limit"):
        if chosen[name] is not None:
            raise ValueError(f"{name} is for the memory of one processor; leave it out for a partition")
    if chosen["input_policy"] != "reject":
        raise ValueError(
            f"input_policy is {chosen['input_policy']!r}; parts would drop different spikes: use 'reject'"
        )
    neurons = [name for name in chosen["capacities"] or {} if name in rules]
    if neurons:
        raise ValueError(
            f"capacities names population {neurons[0]!r}; the parts of its neurons never drop spikes: give capacities "
            "of inputs alone"
        )
