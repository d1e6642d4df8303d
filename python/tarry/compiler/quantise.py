"""From seconds and floats to ticks and integers; every rounding of the event-driven rule is in this file.

Nearest, ties to even, always (docs/semantics.md §2 and §3).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
import numpy.typing as npt

from ..network import Network, Population, Projection
from ..neurons import Integrator, Lif
from .clocked_weights import check_delays, finest_scale, quantise_weights, taken_weights
from .decay import constants_of
from .float_models import Rule

LONGEST_DELAY = 1 << 30
LAST_TICK = 1 << 62
STATE_LIMIT = (1 << 27) - 1
#: Thresholds are scaled into [2^19, 2^20).
THRESHOLD_BITS = 20
LARGEST_SHIFT = 27
#: Below this a threshold has too few bits for exact spike times (a warning).
LEAST_THRESHOLD = 1 << 10

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
ZeroDelays = Literal["refuse", "one_tick"]


@dataclass(frozen=True, eq=False)
class IntegerProjection:
    """Integer weights (post, pre) and delays in ticks (post, pre); weight 0 is no synapse."""

    source: str
    target: str
    exponent: int
    weights: Integers
    delays: Integers
    raised_delays: int
    clipped_weights: int


@dataclass(frozen=True, eq=False)
class IntegerNeurons:
    """What a population's neurons need beside the tables: ``theta`` per neuron, shift F, refractory ticks."""

    theta: Integers
    weight_shift: int
    refractory: int
    weight_scale: Floats
    bound: int | None
    warnings: tuple[str, ...]


def ticks(seconds: npt.ArrayLike, tick: float) -> Integers:
    """Whole ticks of times or delays in seconds, nearest, ties to even; ValueError if one is no finite number >= 0."""
    quotients = np.asarray(seconds, np.float64) / tick
    if not np.all(np.isfinite(quotients) & (quotients >= 0)):
        raise ValueError("a time is negative, NaN or infinite; silent channels are left out before")
    if quotients.size and quotients.max() >= LAST_TICK:
        raise ValueError(
            f"a time is {quotients.max():.3g} ticks of {tick} s; the last tick is 2^62: use a coarser tick"
        )
    return np.rint(quotients).astype(np.int64)


def spike_ticks(seconds: npt.ArrayLike, tick: float) -> Integers:
    """As ``ticks`` for first-spike times, where silent (inf) becomes -1."""
    times = np.asarray(seconds, np.float64)
    silent = np.isposinf(times)
    return np.where(silent, -1, ticks(np.where(silent, 0.0, times), tick))


def largest_weight(weight_bits: int) -> int:
    """The largest integer weight; its negative is the smallest."""
    return max((1 << (weight_bits - 1)) - 1, 1)


def quantise_projection(
    projection: Projection,
    from_neurons: bool,
    rule: Rule | None,
    tick: float,
    scale: Floats | None,
    weight_bits: int,
    zero_delays: ZeroDelays,
) -> IntegerProjection:
    """Round weights to multiples of the scale of their target neuron (post,) and delays to ticks.

    ``rule`` is the clocked rule of the target, None for event-driven neurons; without a scale the weights are integers
    of the rule already.

    Raises:
        ValueError: a zero delay between neurons, one beyond 2^30 ticks or the rule's longest, a weight that the rule
            cannot hold.
    """
    where = f"projection {projection.source!r} -> {projection.target!r}"
    clipped = 0
    if rule is None:
        assert scale is not None
        limit = largest_weight(weight_bits)
        raw = np.rint(projection.weights / scale[:, None])
        clipped = int(np.count_nonzero(np.abs(raw) > limit))
        weights = np.clip(raw, -limit, limit).astype(np.int64)
    elif scale is None:
        weights = taken_weights(projection.weights, rule, weight_bits, where)
    else:
        weights, clipped = quantise_weights(projection.weights, scale, rule, weight_bits)
    delays = np.broadcast_to(ticks(projection.delays, tick), weights.shape)
    raised = 0
    if from_neurons:
        seconds = np.broadcast_to(projection.delays, weights.shape)
        exists = weights != 0
        if zero_delays == "refuse" and np.any((seconds == 0) & exists):
            raise ValueError(
                f"{where}: a delay between neurons is 0 s; it takes at least one tick ({tick} s): "
                'give a positive delay, or compile with zero_delays="one_tick"'
            )
        raised = int(np.count_nonzero((delays == 0) & exists))
        delays = np.maximum(delays, 1)
    if delays.size and delays.max() > LONGEST_DELAY:
        raise ValueError(
            f"{where}: a delay of {delays.max()} ticks; the longest is {LONGEST_DELAY}: use a coarser tick"
        )
    if rule is not None:
        check_delays(delays[weights != 0], rule, where)
    return IntegerProjection(
        projection.source, projection.target, projection.exponent, weights, delays, raised, clipped
    )


def quantise_neurons(
    population: Population,
    tick: float,
    scale: Floats,
    incoming: list[IntegerProjection],
    spikes_per_source: Mapping[str, int | None],
) -> IntegerNeurons:
    """Scale the thresholds: ``theta = rne(2^F threshold / (k scale))`` with one F per population.

    F puts the largest theta into [2^19, 2^20), unless the states could then reach the clamp although the sources are
    known to spike at most so many times; then it is lowered (docs/semantics.md §3, bound).

    Raises:
        ValueError: a threshold that becomes less than 1 or too large for its neuron's weight scale.
    """
    neuron = population.neuron
    assert isinstance(neuron, (Lif, Integrator))
    gain = _gain(neuron)
    # Integrators have no threshold; their potential gets the resolution that a threshold of 1 would have.
    threshold = neuron.threshold if isinstance(neuron, Lif) else 1.0
    thresholds = np.broadcast_to(np.asarray(threshold, np.float64), (population.size,))
    ratios = [
        Fraction(float(t)) / (gain * Fraction(float(s))) for t, s in zip(thresholds, scale, strict=True)
    ]
    shift = _threshold_shift(max(ratios))
    bound = _largest_input(incoming, spikes_per_source)
    while bound is not None and shift > 0 and (bound << shift) > STATE_LIMIT:
        shift -= 1
    theta = [round(ratio * (1 << shift)) for ratio in ratios]
    if min(theta) < 1 or max(theta) >= 1 << 31:
        index = theta.index(min(theta)) if min(theta) < 1 else theta.index(max(theta))
        raise ValueError(
            f"population {population.name!r}: the threshold of neuron {index} is {theta[index]} in integers and must lie "
            f"in 1..2^31-1: its weight scale {scale[index]:.3g} does not fit its threshold {thresholds[index]:.3g}"
        )
    refractory = 0
    if isinstance(neuron, Lif) and neuron.reset != "once":
        refractory = int(np.rint(neuron.refractory / tick))
    if refractory > LONGEST_DELAY:
        raise ValueError(
            f"population {population.name!r}: a refractory period of {refractory} ticks; at most 2^30"
        )
    warnings = _warnings(population, incoming, shift, max(theta), bound, gain)
    return IntegerNeurons(np.array(theta, np.int64), shift, refractory, scale, bound, warnings)


def _warnings(
    population: Population,
    incoming: list[IntegerProjection],
    shift: int,
    theta: int,
    bound: int | None,
    gain: Fraction,
) -> tuple[str, ...]:
    """What may cost accuracy: states that one tick's input can drive into the clamp, thresholds of few bits."""
    one_tick = sum((np.abs(p.weights).sum(axis=1) for p in incoming), np.zeros(population.size, np.int64))
    largest = int(one_tick.max(initial=0)) << shift
    cause = f"tau_mem / |tau_mem - tau_syn| is {float(gain):.3g}"
    if bound is None and largest > STATE_LIMIT:
        return (
            f"population {population.name!r}: one spike from every source adds {largest:,} to a state, which is "
            f"clamped at {STATE_LIMIT:,} ({cause}): state input_spikes, or use other time constants or smaller weights",
        )
    if theta < LEAST_THRESHOLD:
        return (
            f"population {population.name!r}: its threshold is {theta} in integers, fewer than 10 bits, so that no "
            f"state reaches the clamp ({cause}): spike times are coarse",
        )
    return ()


def _gain(neuron: Lif | Integrator) -> Fraction:
    """k of the post-synaptic potential, tau_mem / |tau_mem - tau_syn|, 1 for equal constants and delta synapses."""
    if constants_of(neuron.tau_mem, neuron.tau_syn) in {"delta_synapse", "equal"}:
        return Fraction(1)
    tau_mem, tau_syn = Fraction(neuron.tau_mem), Fraction(neuron.tau_syn)
    return tau_mem / abs(tau_mem - tau_syn)


def _threshold_shift(largest: Fraction) -> int:
    """The F that puts rne(2^F largest) into [2^19, 2^20), or the end of the range 0..27."""
    shift = 0
    while shift < LARGEST_SHIFT and round(largest * (1 << (shift + 1))) < 1 << THRESHOLD_BITS:
        shift += 1
    return shift


def _largest_input(
    incoming: list[IntegerProjection], spikes_per_source: Mapping[str, int | None]
) -> int | None:
    """The largest sum of abs(weight) over all spikes that can ever arrive, or None where that is not bounded."""
    total: Integers | int = 0
    for projection in incoming:
        spikes = spikes_per_source[projection.source]
        if spikes is None:
            return None
        total = total + spikes * np.abs(projection.weights).sum(axis=1)
    return int(np.max(total))


def network_scales(
    network: Network, weight_bits: int, rules: Mapping[str, Rule | None], per_neuron: bool = False
) -> dict[str, Floats]:
    """The scale per neuron that just holds the largest weight into each population: where the search starts.

    ``rules`` holds the float populations: their clocked rule, None where event-driven. With ``per_neuron`` the weights of
    each neuron count alone, and one without synapses has an infinite scale.
    """
    scales = {}
    for name, rule in rules.items():
        size = network.population(name).size
        weights = [p.weights for p in network.projections if p.target == name]
        if per_neuron:
            own = [[w[neuron] for w in weights if np.any(w[neuron])] for neuron in range(size)]
            scales[name] = np.array([_finest(row, rule, weight_bits) if row else np.inf for row in own])
        else:
            scales[name] = np.full(size, _finest(weights, rule, weight_bits))
    return scales


def _finest(weights: list[npt.NDArray[np.float64]], rule: Rule | None, weight_bits: int) -> float:
    if rule is not None:
        return finest_scale(weights, rule, weight_bits)
    largest = max((float(np.abs(w).max(initial=0.0)) for w in weights), default=0.0)
    return (largest or 1.0) / largest_weight(weight_bits)
