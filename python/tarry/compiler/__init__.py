"""The compiler: a float network becomes the bytes of an integer program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ..network import Lif, Network
from ..platforms import obstacles
from ..program import CompileReport, Program
from .calibration import FirstSpikes
from .decay import Tables, neuron_tables
from .format import write_program
from .layout import lay_out_runs
from .histories import plan_histories
from .quantise import (
    IntegerProjection,
    ZeroDelays,
    network_scales,
    quantise_neurons,
    quantise_projection,
)
from .scales import Scales, Trial, choose_scales

__all__ = ["FirstSpikes", "compile_network"]

RULES = ("event",)


@dataclass(frozen=True)
class _Settings:
    """Everything that a compilation depends on beside the network and the scales."""

    tick: float
    weight_bits: int
    tables: Tables
    zero_delays: ZeroDelays
    input_policy: Literal["reject", "drop"]
    input_spikes: int | None
    capacities: Mapping[str, int]


def compile_network(
    network: Network,
    *,
    tick: float,
    weight_bits: int = 8,
    platform: str | None = None,
    rule: str | None = None,
    calibration: FirstSpikes | Callable[[Program], float] | None = None,
    scale: Literal["layer", "neuron"] = "layer",
    weight_scales: Mapping[str, float | npt.ArrayLike] | None = None,
    tables: Tables = "split",
    zero_delays: ZeroDelays = "refuse",
    input_policy: Literal["reject", "drop"] = "reject",
    input_spikes: int | None = None,
    capacities: Mapping[str, int] | None = None,
    memory_limit: int | None = None,
) -> Program:
    """Compile a network into an integer program.

    Args:
        network: the float network.
        tick: length of a tick in seconds.
        weight_bits: width of the integer weights, 2 to 16.
        platform: name of a platform profile whose limits the program must keep; see ``tarry.platforms()``.
        rule: the integer rule; ``"event"`` (docs/semantics.md §3) is the one there is.
        calibration: training data (``FirstSpikes``) or a function from program to error by which the weight scales
            are chosen. Without it the grid just holds the largest weight, and the report says so.
        scale: one weight scale per population (``"layer"``) or per neuron.
        weight_scales: scales by population name, to be taken as they are instead of searched.
        tables: ``"split"`` (two small levels) or ``"direct"`` (one entry per tick; faster, larger; the same spikes).
        zero_delays: whether a delay of 0 s between neurons is refused or becomes one tick.
        input_policy: what a full input history does: ``"reject"`` gives spikes back, ``"drop"`` drops and counts.
        input_spikes: how often an input channel spikes at most before a ``reset()``; lets the compiler prove that no
            state reaches the clamp. Assumed 1 where all neurons fire once.
        capacities: places of histories by population name, instead of the worst case; the excess is dropped (inputs:
            as ``input_policy`` says) and counted.
        memory_limit: bytes that the processor may need; more is refused with the number.

    Returns:
        The program; ``program.report`` says what was rounded, cut and chosen.

    Raises:
        ValueError: what does not fit, where, and by how much.
    """
    if not (np.isfinite(tick) and tick > 0):
        raise ValueError(f"tick is {tick} s; it must be positive")
    if not 2 <= weight_bits <= 16:
        raise ValueError(f"weight_bits is {weight_bits}; it must be 2 to 16")
    if rule is not None and rule not in RULES:
        raise ValueError(f"rule is {rule!r}; there is {', '.join(map(repr, RULES))}")
    _refuse_what_events_cannot(network)
    choices = {
        "tables": (tables, ("split", "direct")),
        "zero_delays": (zero_delays, ("refuse", "one_tick")),
        "input_policy": (input_policy, ("reject", "drop")),
        "scale": (scale, ("layer", "neuron")),
    }
    for name, (choice, known) in choices.items():
        if choice not in known:
            raise ValueError(f"{name} is {choice!r}; it must be {known[0]!r} or {known[1]!r}")
    if input_spikes is not None and input_spikes < 1:
        raise ValueError(
            f"input_spikes is {input_spikes}; it must be at least 1, or None where no bound is known"
        )
    if input_spikes is None and all(p.neuron is None or p.fires_once for p in network.populations):
        input_spikes = 1
    settings = _Settings(
        float(tick), weight_bits, tables, zero_delays, input_policy, input_spikes, dict(capacities or {})
    )
    scales, trial = _scales(network, settings, calibration, scale, weight_scales)
    program = _build(network, settings, scales, trial)
    if platform is not None:
        reasons = obstacles(program, platform)
        if reasons:
            raise ValueError(f"the program does not fit on {platform}: {' '.join(reasons)}")
    if memory_limit is not None and program.memory_bytes > memory_limit:
        raise ValueError(
            f"the program needs {program.memory_bytes} bytes of memory and the limit is {memory_limit}: "
            "use a coarser tick, shorter delays, or trace-based capacities"
        )
    return program


def _scales(
    network: Network,
    settings: _Settings,
    calibration: FirstSpikes | Callable[[Program], float] | None,
    scale: str,
    given: Mapping[str, float | npt.ArrayLike] | None,
) -> tuple[Scales, Trial | None]:
    largest = network_scales(network, settings.weight_bits)
    if given is not None:
        if set(given) != set(largest):
            raise ValueError(f"weight_scales are for {sorted(given)}; give one for each of {sorted(largest)}")
        fixed = {
            name: np.broadcast_to(np.asarray(s, np.float64), largest[name].shape) for name, s in given.items()
        }
        if not all(np.all(np.isfinite(s) & (s > 0)) for s in fixed.values()):
            raise ValueError("weight_scales must be positive")
        return fixed, None
    if calibration is None:
        return largest, None
    evaluate = calibration.error if isinstance(calibration, FirstSpikes) else calibration
    return choose_scales(
        network,
        settings.weight_bits,
        scale == "neuron",
        lambda candidate: evaluate(_build(network, settings, candidate, None)),
    )


def _build(network: Network, settings: _Settings, scales: Scales, trial: Trial | None) -> Program:
    spikes: dict[str, int | None] = {
        p.name: settings.input_spikes if p.neuron is None else (1 if p.fires_once else None)
        for p in network.populations
    }
    projections = [
        quantise_projection(
            p,
            network.population(p.source).neuron is not None,
            settings.tick,
            scales[p.target],
            settings.weight_bits,
            settings.zero_delays,
        )
        for p in network.projections
    ]
    neurons = {
        p.name: quantise_neurons(
            p, settings.tick, scales[p.name], [q for q in projections if q.target == p.name], spikes
        )
        for p in network.populations
        if p.neuron is not None
    }
    decay = {
        p.name: neuron_tables(p.neuron.tau_mem, p.neuron.tau_syn, settings.tick, settings.tables)
        for p in network.populations
        if isinstance(p.neuron, Lif)
    }
    runs = lay_out_runs(network, projections)
    histories = plan_histories(network, neurons, runs, settings.capacities, settings.input_spikes)
    report = CompileReport(
        tick=settings.tick,
        weight_bits=settings.weight_bits,
        weight_scales={name: _compact(s) for name, s in scales.items()},
        weight_shift={name: n.weight_shift for name, n in neurons.items()},
        theta={name: (int(n.theta.min()), int(n.theta.max())) for name, n in neurons.items()},
        input_bound={
            name: None if n.bound is None else n.bound << n.weight_shift for name, n in neurons.items()
        },
        clipped_weights=sum(p.clipped_weights for p in projections),
        pruned_weights=_pruned(network, projections),
        raised_delays=sum(p.raised_delays for p in projections),
        longest_delay=int(runs.delays.max(initial=0)),
        task_error=None if trial is None else (trial.start, trial.kept),
        programs_tried=1 if trial is None else trial.tried,
        warnings=tuple(warning for n in neurons.values() for warning in n.warnings),
    )
    data = write_program(
        network,
        settings.tick,
        settings.weight_bits,
        neurons,
        decay,
        runs,
        histories,
        settings.input_policy == "drop",
        report.notes([p.name for p in network.populations]),
    )
    return Program(data, report=report)


def _refuse_what_events_cannot(network: Network) -> None:
    for population in network.populations:
        where, neuron = f"population {population.name!r}", population.neuron
        if neuron is None:
            continue
        if not isinstance(neuron, Lif):
            raise ValueError(
                f"{where} is {type(neuron).__name__}; the event-driven rule runs Lif neurons, the others need a clocked rule"
            )
        if np.isinf(neuron.tau_mem):
            raise ValueError(
                f"{where} is non-leaky (tau_mem = inf); the event-driven rule needs a finite "
                "tau_mem: train with one, or replace inf by a long one"
            )
        if neuron.adaptation is not None or np.any(neuron.bias):
            raise ValueError(
                f"{where} has a bias or an adaptive threshold; the event-driven rule has neither: use a clocked rule"
            )


def _pruned(network: Network, projections: list[IntegerProjection]) -> int:
    pairs = zip(network.projections, projections, strict=True)
    return sum(int(np.count_nonzero((f.weights != 0) & (i.weights == 0))) for f, i in pairs)


def _compact(scale: npt.NDArray[np.float64]) -> list[float]:
    values: list[float] = scale.tolist()
    return values[:1] if len(set(values)) == 1 else values
