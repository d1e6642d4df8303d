"""One program from a network and weight scales: every part of the compiler in its turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ..models import INTEGER_MODELS
from ..network import Network, Population
from ..neurons import Integrator, Lif
from ..platforms import RuleChoice
from ..program import CompileReport, Program
from .blocks import Block, LayoutKind, Synapses, describe
from .clocked import bound_inputs, group_synapses, lay_out_groups
from .decay import Tables, neuron_tables
from .float_models import Once
from .format import write_program
from .histories import History, HistoryKind, keep_ticks, plan_histories
from .layout import lay_out_runs
from .lower import ClockedNeurons, Rule, lower, rule_of_model
from .memory import delay_bytes, fit_blocks
from .quantise import IntegerProjection, ZeroDelays, quantise_neurons, quantise_projection
from .scales import Scales, Trial

RULES: tuple[RuleChoice, ...] = ("event", "delta", "loihi", "shift")


@dataclass(frozen=True)
class Settings:
    """Everything that a compilation depends on beside the network and the scales; see ``compile_network``."""

    tick: float
    weight_bits: int
    rule: RuleChoice
    tables: Tables
    zero_delays: ZeroDelays
    input_policy: Literal["reject", "drop"]
    input_spikes: int | None
    capacities: Mapping[str, int]
    once: Once
    block: int | Mapping[str, int] | None
    layout: LayoutKind | Mapping[str, LayoutKind] | None
    history: HistoryKind
    is_tight: bool
    input_window: int
    delay_limit: int | None


def rules_of(network: Network, rule: RuleChoice) -> dict[str, Rule | None]:
    """The clocked rule of every population of neurons, None where it is event-driven."""
    rules: dict[str, Rule | None] = {}
    for population in network.populations:
        if isinstance(population.neuron, INTEGER_MODELS):
            rules[population.name] = rule_of_model(population.neuron)
        elif population.neuron is not None:
            rules[population.name] = None if rule == "event" else rule
    return rules


def build(network: Network, settings: Settings, scales: Scales, trial: Trial | None) -> Program:
    """Compile with these weight scales of the float populations."""
    rules = rules_of(network, settings.rule)
    projections = [
        quantise_projection(
            p,
            network.population(p.source).neuron is not None,
            rules[p.target],
            settings.tick,
            scales.get(p.target),
            settings.weight_bits,
            settings.zero_delays,
        )
        for p in network.projections
    ]
    clocked = {
        p.name: lower(p, rules[p.name], settings.tick, scales.get(p.name, 1.0), once=settings.once)
        for p in network.populations
        if rules.get(p.name) is not None
    }
    event_driven = [p for p in network.populations if p.name in rules and p.name not in clocked]
    for population in event_driven:
        _refuse_what_events_cannot(population)
    spikes: dict[str, int | None] = {
        p.name: settings.input_spikes if p.neuron is None else (1 if _fires_once(p, clocked) else None)
        for p in network.populations
    }
    neurons = {
        p.name: quantise_neurons(
            p, settings.tick, scales[p.name], [q for q in projections if q.target == p.name], spikes
        )
        for p in event_driven
    }
    decay = {
        p.name: neuron_tables(p.neuron.tau_mem, p.neuron.tau_syn, settings.tick, settings.tables)
        for p in event_driven
        if isinstance(p.neuron, (Lif, Integrator))
    }
    runs = lay_out_runs(network, projections, neurons)
    groups = group_synapses(network, projections, clocked)
    refractory = {name: n.refractory for name, n in neurons.items()}
    refractory |= {name: n.refractory for name, n in clocked.items()}
    histories = plan_histories(
        network,
        {p.name: _fires_once(p, clocked) for p in network.populations},
        refractory,
        runs,
        groups,
        settings.capacities,
        settings.input_spikes,
        settings.history,
        settings.is_tight,
    )
    proved = bound_inputs(network, clocked, groups, histories)
    blocks, histories = _lay_out(network, groups, histories, settings)
    report = CompileReport(
        tick=settings.tick,
        weight_bits=settings.weight_bits,
        weight_scales={name: _compact(s) for name, s in scales.items()},
        weight_shift={name: n.weight_shift for name, n in neurons.items()},
        theta={name: (int(n.theta.min()), int(n.theta.max())) for name, n in neurons.items()}
        | {name: (int(n.threshold.min()), int(n.threshold.max())) for name, n in clocked.items()},
        input_bound={
            name: None if n.bound is None else n.bound << n.weight_shift for name, n in neurons.items()
        }
        | {name: p.input_bound for name, p in proved.items()},
        clipped_weights=sum(p.clipped_weights for p in projections),
        pruned_weights=_pruned(network, projections),
        raised_delays=sum(p.raised_delays for p in projections),
        longest_delay=max((h.longest_delay for h in histories.values()), default=0),
        task_error=None if trial is None else (trial.start, trial.kept),
        programs_tried=1 if trial is None else trial.tried,
        warnings=tuple(warning for n in neurons.values() for warning in n.warnings),
        losses=tuple(loss for n in clocked.values() for loss in n.losses),
        queues={f"{b.synapses.source} -> {b.synapses.target}": describe(b) for b in blocks},
        delay_bytes=delay_bytes(network, histories, blocks),
        delay_bytes_of_ends=_ends(network, groups, histories, settings),
    )
    data = write_program(
        network,
        settings.tick,
        settings.weight_bits,
        neurons,
        decay,
        runs,
        proved,
        blocks,
        histories,
        settings.input_policy == "drop",
        report.notes([p.name for p in network.populations]),
    )
    return Program(data, report=report)


def _lay_out(
    network: Network, groups: Sequence[Synapses], histories: Mapping[str, History], settings: Settings
) -> tuple[list[Block], dict[str, History]]:
    if settings.delay_limit is not None:
        return fit_blocks(
            network, groups, histories, settings.layout, settings.input_window, settings.delay_limit
        )
    blocks = lay_out_groups(network, groups, histories, settings.block, settings.layout)
    return blocks, keep_ticks(network, histories, blocks, settings.input_window)


def _ends(
    network: Network, groups: Sequence[Synapses], histories: Mapping[str, History], settings: Settings
) -> tuple[int, int] | None:
    """What the two ends of the delay queue would take, B = 1 and the ring buffer, where there is a choice."""
    ends = []
    for width in (1, 1 << 16):
        blocks = lay_out_groups(network, groups, histories, width, settings.layout)
        if not any(block.layout == "packed" for block in blocks):
            return None
        kept = keep_ticks(network, histories, blocks, settings.input_window)
        ends.append(delay_bytes(network, kept, blocks))
    return ends[0], ends[1]


def _fires_once(population: Population, clocked: Mapping[str, ClockedNeurons]) -> bool:
    return population.fires_once and population.name not in clocked


def _refuse_what_events_cannot(population: Population) -> None:
    where, neuron = f"population {population.name!r}", population.neuron
    if not isinstance(neuron, (Lif, Integrator)):
        return
    if np.isinf(neuron.tau_mem):
        raise ValueError(
            f"{where} is non-leaky (tau_mem = inf); the event-driven rule needs a finite "
            "tau_mem: train with one, or replace inf by a long one"
        )
    adapts = isinstance(neuron, Lif) and neuron.adaptation is not None
    if adapts or np.any(neuron.bias):
        raise ValueError(
            f"{where} has a bias or an adaptive threshold; the event-driven rule has neither: use a clocked rule"
        )
    if isinstance(neuron, Integrator) and neuron.readout not in (None, "last"):
        raise ValueError(
            f"{where} is read by {neuron.readout!r} over time; the event-driven rule only tells the last value: "
            "use a clocked rule"
        )


def _pruned(network: Network, projections: Sequence[IntegerProjection]) -> int:
    pairs = zip(network.projections, projections, strict=True)
    return sum(int(np.count_nonzero((f.weights != 0) & (i.weights == 0))) for f, i in pairs)


def _compact(scale: npt.NDArray[np.float64]) -> list[float]:
    values: list[float] = scale.tolist()
    return values[:1] if len(set(values)) == 1 else values
