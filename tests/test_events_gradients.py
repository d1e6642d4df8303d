"""Exact derivatives of many spikes: against finite differences, and against implicit differentiation in numpy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import events_reference
from tarry import _core

Array = npt.NDArray[np.float64]

STEP = 1e-6
UNTIL = 10.0
TAUS = [(1.0, 1.0), (2.0, 1.0), (4.7, 1.0), (0.6, 1.0), (1.0 + 1e-9, 1.0), (np.inf, 1.0), (1.0, 0.0)]
KINDS = ["none", "scalar", "axonal", "dendritic", "synaptic"]


@dataclass
class Case:
    """A layer and one sample of input spikes; times in units of tau_syn (tau_mem for delta synapses)."""

    times: Array
    channels: npt.NDArray[np.int64]
    weights: Array
    delays: Array | None
    recurrent_weights: Array | None
    recurrent_delays: Array | None
    thresholds: Array
    taus: Array
    reset: str = "to_zero"
    refractory: float = 0.0

    def arguments(self) -> tuple[object, ...]:
        """Up to the refractory period, as the extension takes them."""
        offsets = np.array([0, len(self.times)])
        return (
            *(self.times, self.channels, offsets, self.weights, self.delays, self.recurrent_weights),
            *(self.recurrent_delays, self.thresholds, *self.taus, self.reset, self.refractory),
        )

    def spikes(self) -> tuple[Array, npt.NDArray[np.int64], npt.NDArray[np.int64], Array]:
        """Times, channels, offsets and trace."""
        given: tuple[Any, ...] = (*self.arguments(), UNTIL, 10_000, 1)
        return _core.spiking_forward(*given)

    def gradients(self, of_times: Array) -> dict[str, Array]:
        """dL/d of every parameter, given dL/dT."""
        given: tuple[Any, ...] = (*self.arguments(), *self.spikes(), of_times, True, True, 0.0, 1)
        found = _core.spiking_backward(*given)
        names = ["times", "weights", "delays", "recurrent_weights", "recurrent_delays", "thresholds"]
        gradients = {name: value for name, value in zip(names, found[:6], strict=True) if value is not None}
        return {**gradients, "taus": np.array(found[6:])}


def shape(kind: str, post: int, pre: int) -> tuple[int, int]:
    """Of delays."""
    return {"scalar": (1, 1), "axonal": (1, pre), "dendritic": (post, 1), "synaptic": (post, pre)}[kind]


def random_case(seed: int) -> Case:
    """Any kind of delays, ratio of time constants, reset; half of them recurrent."""
    rng = np.random.default_rng(seed)
    pre, post = int(rng.integers(1, 5)), int(rng.integers(1, 4))
    kind, between = rng.choice(KINDS), rng.choice(KINDS[1:])
    recurrent = rng.random() < 0.5
    count = rng.integers(1, 25)
    tau_mem, tau_syn = TAUS[rng.integers(len(TAUS))]
    # Delta synapses move V at once, others over tau_mem.
    strength = 0.7 if tau_syn == 0 else 1.2
    return Case(
        np.sort(rng.uniform(0.0, 8.0, count)),
        rng.integers(0, pre, count),
        rng.normal(strength, 1.0, (post, pre)),
        None if kind == "none" else rng.uniform(0.05, 3.0, shape(kind, post, pre)),
        rng.normal(0.0, 0.25, (post, post)) if recurrent else None,
        rng.uniform(0.1, 3.0, shape(between, post, post)) if recurrent else None,
        rng.uniform(0.6, 1.4, post),
        np.array([tau_mem, tau_syn]),
        str(rng.choice(["to_zero", "by_subtraction", "once"])),
        float(rng.choice([0.0, rng.uniform(0.1, 1.5)])),
    )


def by_rank(times: Array, channels: npt.NDArray[np.int64]) -> dict[tuple[int, int], float]:
    """Spike times by (neuron, how many came before)."""
    return {(int(j), k): float(t) for j in np.unique(channels) for k, t in enumerate(times[channels == j])}


def causes(case: Case, times: Array, channels: npt.NDArray[np.int64]) -> bytes:
    """Which arrivals come before which spike, and before which end of a refractory period."""
    post, pre = case.weights.shape
    delays = np.zeros((post, pre)) + (0.0 if case.delays is None else case.delays)
    ranked = times[np.argsort(channels, kind="stable")]
    sources = np.sort(channels, kind="stable")
    found = []
    for j in range(post):
        arrivals = case.times + delays[j, case.channels]
        if case.recurrent_delays is not None:
            between = np.broadcast_to(case.recurrent_delays, (post, post))
            arrivals = np.concatenate([arrivals, ranked + between[j, sources]])
        own = times[channels == j]
        for marks in (own, own + case.refractory):
            found.append(arrivals < marks[:, None] - 1e-13)
    return b"".join(order.tobytes() for order in found)


def lowest_slope(case: Case, trace: Array) -> float:
    """The least slope at a crossing, in thresholds; infinite with delta synapses, which jump over it."""
    if case.taus[1] == 0:
        return np.inf
    return float((trace[:, 0] / case.thresholds.max()).min())


def moved(case: Case, name: str, index: tuple[int, ...], step: float) -> Case:
    """The case with one number of a parameter shifted."""
    values = getattr(case, name).copy()
    values[index] += step
    return replace(case, **{name: values})


def check_against_differences(case: Case) -> tuple[int, bool]:
    """Number of spikes, and whether the case could be checked."""
    times, channels, _, trace = case.spikes()
    if len(times) == 0 or lowest_slope(case, trace) < 0.05 or np.any(np.diff(case.times) < 3 * STEP):
        return len(times), False
    rng = np.random.default_rng(len(times))
    cost = {place: rng.normal() for place in by_rank(times, channels)}
    ranks = [int(np.sum(channels[:k] == j)) for k, j in enumerate(channels)]
    of_times = np.array([cost[int(j), rank] for j, rank in zip(channels, ranks, strict=True)])
    before = causes(case, times, channels)
    worst = 0.0
    for name, gradient in case.gradients(of_times).items():
        scale = max(1.0, float(np.abs(gradient).max(initial=0.0)))
        for index in np.ndindex(gradient.shape):
            value = getattr(case, name)[index]
            if not np.isfinite(value) or (name == "taus" and value == 0.0):
                continue
            sides = [moved(case, name, index, step) for step in (STEP, -STEP)]
            spikes = [side.spikes()[:2] for side in sides]
            if any(causes(side, *s) != before for side, s in zip(sides, spikes, strict=True)):
                return len(times), False
            up, down = (float(sum(cost[p] * t for p, t in by_rank(*s).items())) for s in spikes)
            worst = max(worst, float(abs(0.5 * (up - down) / STEP - gradient[index])) / scale)
    assert worst <= 1e-6, worst
    return len(times), True


def test_derivatives_equal_finite_differences_on_a_thousand_networks() -> None:
    checked, left_out, counts, seed = 0, 0, [], 0
    while checked < 1000:
        count, used = check_against_differences(random_case(seed))
        seed += 1
        if count == 0:
            continue
        checked, left_out = checked + used, left_out + (not used)
        counts.append(count * used)
    assert left_out <= 0.1 * (checked + left_out), left_out
    assert min(sum(c == 1 for c in counts), sum(c == 2 for c in counts)) >= 10
    assert sum(c >= 5 for c in counts) >= 300


@pytest.mark.parametrize("seed", range(60))
def test_the_adjoint_equals_implicit_differentiation(seed: int) -> None:
    case = random_case(10_000 + seed)
    if case.taus[1] == 0 or case.taus[0] == TAUS[4][0]:  # numpy's form needs a current, and cancels there
        case = replace(case, taus=np.array([1.7, 1.0]))
    post, pre = case.weights.shape
    full = np.zeros((post, pre)) + (0.0 if case.delays is None else case.delays)
    between = None if case.recurrent_delays is None else np.zeros((post, post)) + case.recurrent_delays
    layer = events_reference.Layer(
        case.weights,
        full,
        case.recurrent_weights,
        between,
        case.thresholds,
        float(case.taus[0]),
        float(case.taus[1]),
        case.reset,
        case.refractory,
    )
    times, channels, _, trace = case.spikes()
    if len(times) > 25:  # the slow form takes seconds
        return
    expected = events_reference.simulate(layer, case.times, case.channels, until=UNTIL)
    assert [s.neuron for s in expected] == list(channels)
    if not len(times):
        return
    np.testing.assert_allclose(times, [s.time for s in expected], rtol=0, atol=1e-9)
    if lowest_slope(case, trace) < 0.05:
        return
    of_times = np.random.default_rng(seed).normal(size=len(times))
    gradients = case.gradients(of_times)
    jacobian = of_times @ np.array([s.gradient for s in expected])
    sizes = [len(case.times), post * pre, post * pre, post * post, post * post, post, 2]
    parts = np.split(jacobian, np.cumsum(sizes)[:-1])
    names = ["times", "weights", "delays", "recurrent_weights", "recurrent_delays", "thresholds", "taus"]
    scale = max(1.0, *(float(np.abs(g).max(initial=0.0)) for g in gradients.values()))
    for name, part in zip(names, parts, strict=True):
        if name not in gradients:
            continue
        found = gradients[name]
        if name in ("delays", "recurrent_delays"):  # the sum over what shares a delay
            dense = part.reshape(post, -1)
            if found.shape[0] == 1:
                dense = dense.sum(axis=0, keepdims=True)
            if found.shape[1] == 1:
                dense = dense.sum(axis=1, keepdims=True)
            part = dense
        np.testing.assert_allclose(found.ravel(), part.ravel(), rtol=0, atol=1e-9 * scale, err_msg=name)
