"""The compiler: a float network becomes the bytes of an integer program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt

from ..models import INTEGER_MODELS
from ..network import Network
from ..platforms import RuleChoice, check_rule, default_rule, obstacles
from ..program import Program
from .blocks import LayoutKind
from .build import RULES, Settings, build, rules_of
from .calibration import FirstSpikes
from .decay import Tables
from .float_models import Once
from .histories import HistoryKind
from .quantise import ZeroDelays, network_scales
from .scales import Scales, Trial, choose_scales
from .taps import spread_synapses as spread_synapses

__all__ = ["FirstSpikes", "compile_network", "spread_synapses"]

#: Ticks that spikes may be pushed ahead of time into an input that clocked projections read.
INPUT_WINDOW = 1024


def compile_network(
    network: Network,
    *,
    tick: float,
    weight_bits: int = 8,
    platform: str | None = None,
    rule: RuleChoice | None = None,
    calibration: FirstSpikes | Callable[[Program], float] | None = None,
    scale: Literal["layer", "neuron"] = "layer",
    weight_scales: Mapping[str, float | npt.ArrayLike] | None = None,
    tables: Tables = "split",
    zero_delays: ZeroDelays = "refuse",
    input_policy: Literal["reject", "drop"] = "reject",
    input_spikes: int | None = None,
    capacities: Mapping[str, int] | None = None,
    once: Once = "refuse",
    block: int | Mapping[str, int] | None = None,
    layout: LayoutKind | Mapping[str, LayoutKind] | None = None,
    history: HistoryKind = "auto",
    input_window: int = INPUT_WINDOW,
    delay_limit: int | None = None,
    memory_limit: int | None = None,
) -> Program:
    """Compile a network into an integer program.

    Args:
        network: the float network.
        tick: length of a tick in seconds.
        weight_bits: width of the integer weights, 1 to 16 (1: −1 or +1; ``loihi``: 2 to 8).
        platform: name of a platform profile whose limits the program must keep; see ``tarry.platforms()``.
        rule: the integer rule of float populations: ``"event"``, ``"delta"``, ``"loihi"`` or ``"shift"``
            (docs/semantics.md); by default that of the platform, or ``"event"``. Models in integers know theirs.
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
        once: whether a clocked rule refuses neurons that fire once, or gives them its longest refractory period, or one
            of so many seconds if that is shorter: a neuron is quiet only after it.
        block: B of the blocked delay queue, a power of two, for all packed clocked projections or by
            ``"source -> target"``: 1 is the shared circular delay queue, more than the longest delay the ring buffer.
            By default what is fastest on a host (docs/delay_queue.md), or what ``delay_limit`` leaves room for.
        layout: ``"packed"``, ``"shared"`` or ``"own"`` (docs/delay_queue.md), for all clocked projections or by name;
            by default what follows from the delays.
        history: ``"list"`` or ``"bitmap"`` for clocked projections; ``"auto"`` is a list for ordinary inputs and where
            a capacity is given; between neurons a list, which is faster, as long as 2^15 places suffice for the worst
            case and neither a platform nor a limit of memory is given, else a bitmap, which is mostly smaller.
        input_window: ticks that spikes may be pushed ahead of time into an input that clocked projections read.
        delay_limit: bytes that histories and accumulators may take (``Program.delay_bytes``); B is made as large as fits.
        memory_limit: bytes that the processor may need; more is refused with the number.

    Returns:
        The program; ``program.report`` says what was rounded, cut and chosen.

    Raises:
        ValueError: what does not fit, where, and by how much.
    """
    if not (np.isfinite(tick) and tick > 0):
        raise ValueError(f"tick is {tick} s; it must be positive")
    if not 1 <= weight_bits <= 16:
        raise ValueError(f"weight_bits is {weight_bits}; it must be 1 to 16")
    if rule is None:
        rule = "event" if platform is None else default_rule(platform)
    if rule not in RULES:
        raise ValueError(f"rule is {rule!r}; there is {', '.join(map(repr, RULES))}")
    if platform is not None:
        check_rule(platform, rule)
    choices = {
        "tables": (tables, ("split", "direct")),
        "zero_delays": (zero_delays, ("refuse", "one_tick")),
        "input_policy": (input_policy, ("reject", "drop")),
        "scale": (scale, ("layer", "neuron")),
        "history": (history, ("auto", "list", "bitmap")),
    }
    for name, (choice, known) in choices.items():
        if choice not in known:
            raise ValueError(f"{name} is {choice!r}; it must be {' or '.join(map(repr, known))}")
    if isinstance(once, str):
        if once not in ("refuse", "longest_refractory"):
            raise ValueError(f"once is {once!r}; it must be 'refuse' or 'longest_refractory', or seconds")
    elif not 0 <= once < np.inf:
        raise ValueError(f"once is {once} s; a refractory period must be zero or positive, and finite")
    if input_window < 1:
        raise ValueError(f"input_window is {input_window} ticks; it must be at least 1")
    if input_spikes is not None and input_spikes < 1:
        raise ValueError(
            f"input_spikes is {input_spikes}; it must be at least 1, or None where no bound is known"
        )
    if input_spikes is None and all(p.neuron is None or p.fires_once for p in network.populations):
        input_spikes = 1
    settings = Settings(
        tick=float(tick),
        weight_bits=weight_bits,
        rule=rule,
        tables=tables,
        zero_delays=zero_delays,
        input_policy=input_policy,
        input_spikes=input_spikes,
        capacities=dict(capacities or {}),
        once=once,
        block=block,
        layout=layout,
        history=history,
        is_tight=any(limit is not None for limit in (platform, delay_limit, memory_limit)),
        input_window=input_window,
        delay_limit=delay_limit,
    )
    scales, trial = _scales(network, settings, calibration, scale, weight_scales)
    program = build(network, settings, scales, trial)
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
    settings: Settings,
    calibration: FirstSpikes | Callable[[Program], float] | None,
    scale: str,
    given: Mapping[str, float | npt.ArrayLike] | None,
) -> tuple[Scales, Trial | None]:
    floats = {p.name for p in network.populations if not isinstance(p.neuron, (*INTEGER_MODELS, type(None)))}
    rules = {name: rule for name, rule in rules_of(network, settings.rule).items() if name in floats}
    largest = network_scales(network, settings.weight_bits, rules)
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
    finest = (
        network_scales(network, settings.weight_bits, rules, per_neuron=True) if scale == "neuron" else None
    )
    return choose_scales(
        largest, finest, lambda candidate: evaluate(build(network, settings, candidate, None))
    )
