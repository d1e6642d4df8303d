"""The generated networks of the clocked rules are what parity tests need; lowering agrees with their reference."""

from __future__ import annotations

from collections import defaultdict
from math import exp
from typing import Any

import numpy as np
import pytest

import tarry
from clocked_integers import integers_of
from generated_clocked import MIXES, ClockedCase, draw_clocked
from tarry.compiler.clocked_weights import check_delays, taken_weights
from tarry.compiler.lower import CLOCKED_RULES, Rule, lower
from tarry.models import INTEGER_MODELS
from tarry.reference import Clocked, Spike, Synapse, simulate_clocked

#: A part of the thousand that the parity tests draw; prime steps meet every mix and width.
SEEDS = range(0, 1000, 7)


@pytest.fixture(scope="module")
def cases() -> list[ClockedCase]:
    return [draw_clocked(seed) for seed in SEEDS]


def test_they_spike_saturate_and_read(cases: list[ClockedCase]) -> None:
    outcomes = [case.expected() for case in cases]
    lively = defaultdict(list)
    for seed, outcome in zip(SEEDS, outcomes, strict=True):
        lively[MIXES[seed % len(MIXES)]].append(len(outcome.spikes) >= 10)
    assert set(lively) == set(MIXES)
    assert all(np.mean(found) >= 0.7 for found in lively.values())
    assert np.mean([len(o.outputs) > 0 for o in outcomes]) > 0.7
    assert np.mean([o.saturations > 0 for o in outcomes]) > 0.05
    assert np.mean([o.dropped > 0 for o in outcomes]) > 0.2
    assert np.mean([bool(o.readouts) for o in outcomes]) > 0.2
    assert len({o.digest for o in outcomes}) == len(outcomes)


def test_they_are_of_all_kinds(cases: list[ClockedCase]) -> None:
    neurons = [p.neuron for c in cases for p in c.network.populations if p.neuron is not None]
    integer: list[Any] = [n for n in neurons if isinstance(n, INTEGER_MODELS)]
    assert {type(n).__name__ for n in neurons} == {"Lif", "DeltaLif", "ShiftLif", "LoihiLif"}
    for model in INTEGER_MODELS:
        of_model: list[Any] = [n for n in integer if type(n) is model]
        assert {n.readout for n in of_model} >= {None, "max", "sum", "last", "weighted"}
        assert any(n.refractory for n in of_model)
        assert any(n.threshold is None for n in of_model)
        assert any(isinstance(n.threshold, tuple) for n in of_model)
        if model is not tarry.LoihiLif:
            assert {n.reset for n in of_model} == {"to_zero", "by_subtraction"}
            assert any(isinstance(n.adaptation, tarry.IntegerAdaptation) for n in of_model)
            assert any(n.bias for n in of_model)
    assert {bool(n.bias_exponent) for n in integer if isinstance(n, tarry.LoihiLif)} == {True, False}
    assert {n.k_syn is None for n in integer if isinstance(n, tarry.ShiftLif)} == {True, False}
    projections = [p for c in cases for p in c.network.projections]
    assert {p.exponent for p in projections} >= {-8, -3, -1, 0, 1, 2, 7}
    shapes = {
        "one"
        if p.delays.shape == ()
        else "axonal"
        if p.delays.shape[0] < p.weights.shape[0]
        else "dendritic"
        if p.delays.shape[1] < p.weights.shape[1]
        else "synaptic"
        for p in projections
    }
    assert shapes == {"one", "axonal", "dendritic", "synaptic"}
    assert {c.weight_bits for c in cases} == set(range(1, 17))


def test_they_have_loops_several_projections_repeats_and_zero_sums(cases: list[ClockedCase]) -> None:
    counts: dict[str, int] = defaultdict(int)
    for case in cases:
        pairs = [(p.source, p.target) for p in case.network.projections]
        _, synapses = integers_of(case.network, case.tick, case.weight_scales)
        counts["loops"] += any(source == target for source, target in pairs)
        counts["self"] += any(s.source == s.target for s in synapses)
        counts["several"] += len(set(pairs)) < len(pairs)
        counts["duplicates"] += len({s[:4] for s in synapses}) < len(synapses)
        counts["repeats"] += len(set(case.inputs)) < len(case.inputs)
        counts["no delay"] += any(s.delay == 0 for s in synapses)
        counts["long"] += any(s.delay >= 62 for s in synapses)
        counts["zero sums"] += _has_zero_sum(case, synapses)
        names = {p.name for p in case.network.populations if p.neuron is None}
        assert all(s.delay >= 1 for s in synapses if s.source[0] not in names)
    assert len(counts) == 8
    assert min(counts.values()) > len(cases) / 8, dict(counts)


def _has_zero_sum(case: ClockedCase, synapses: list[Synapse]) -> bool:
    outgoing = defaultdict(list)
    for synapse in synapses:
        outgoing[synapse.source].append(synapse)
    due: dict[tuple[int, tuple[str, int]], list[int]] = defaultdict(list)
    for spike in [*case.spikes(), *case.expected().spikes]:
        for synapse in outgoing[spike.population, spike.index]:
            due[spike.tick + synapse.delay, synapse.target].append(synapse.weight)
    return any(sum(weights) == 0 for weights in due.values())


def test_lowering_agrees_with_their_reference(cases: list[ClockedCase]) -> None:
    """Models in integers pass through to the same numbers; their weights and delays are within the rule."""
    for case in cases:
        populations, _ = integers_of(case.network, case.tick, case.weight_scales)
        for expected in populations:
            if not isinstance(expected, Clocked):
                continue
            got = lower(case.network.population(expected.name), None, case.tick)
            assert (got.rule, got.size, got.reset) == (expected.rule, len(expected.decay), expected.reset)
            assert got.spiking == (expected.threshold is not None)
            assert (got.refractory, got.rho, got.readout, got.gamma) == (
                expected.refractory,
                expected.rho,
                expected.readout,
                expected.gamma,
            )
            none = {"shift": -1, "delta": 0, "loihi": 0}[got.rule]
            assert got.synapse_decay.tolist() == [none if k is None else k for k in expected.synapse_decay]
            assert got.threshold.tolist() == list(expected.threshold or [0] * got.size)
            for mine, theirs in (
                (got.decay, expected.decay),
                (got.bias, expected.bias),
                (got.increment, expected.increment),
            ):
                assert mine.tolist() == list(theirs)
            for projection in case.network.projections:
                if projection.target == expected.name:
                    weights = taken_weights(projection.weights, got.rule, case.weight_bits, "")
                    assert np.array_equal(weights, projection.weights)
                    check_delays(np.rint(projection.delays / case.tick).astype(np.int64), got.rule, "")


def _lowered(neuron: tarry.Integrator | tarry.Lif, rule: Rule, tick: float, scale: float) -> Clocked:
    got = lower(tarry.Population("out", 1, neuron), rule, tick, scale)
    return Clocked(
        "out",
        rule,
        got.decay.tolist(),
        [None if k < 0 else k for k in got.synapse_decay.tolist()],
        got.threshold.tolist() if got.spiking else None,
        got.reset,
        got.bias.tolist(),
        got.increment.tolist(),
        got.rho,
        got.refractory,
    )


def _unit(rule: Rule, neuron: tarry.Integrator, tick: float) -> float:
    """What the potential of a rule is for V = 1 at scale 1, from its definition in docs/semantics.md."""
    got = lower(tarry.Population("out", 1, neuron), rule, tick, 1.0)
    k = int(got.synapse_decay[0])
    if rule == "loihi":
        return 64 * 4096 / (k + 1)
    return 2.0 ** max(k, 0) if rule == "shift" else 1.0


@pytest.mark.parametrize("rule", CLOCKED_RULES)
@pytest.mark.parametrize("tau_syn", [0.0, 16e-3])
def test_a_lowered_potential_follows_the_float_one(rule: Rule, tau_syn: float) -> None:
    """The response to a spike and the drift to the bias, with powers of two that ``shift`` has exactly."""
    tick, tau_mem, weight, bias = 1e-3, 64e-3, 0.75, 0.5
    neuron = tarry.Integrator(tau_mem, tau_syn)
    unit = _unit(rule, neuron, tick)
    scale = 0.75 / 127 if rule == "loihi" else 1e-5
    integer = round(weight / scale)
    for ticks in (1, 20, 60, 150, 300):
        # A current acts for its whole tick at once: its response is that of the float model one tick later.
        time = (ticks + (1 if tau_syn and rule != "delta" else 0)) * tick
        synapses = [Synapse(("in", 0), ("out", 0), integer, 0)]
        neurons = _lowered(neuron, rule, tick, scale)
        outcome = simulate_clocked([neurons], synapses, [Spike(0, "in", 0)], ticks + 1)
        got = outcome.states["out"][0][-1] * scale / unit
        if tau_syn and rule != "delta":
            expected = weight * tau_mem / (tau_mem - tau_syn) * (exp(-time / tau_mem) - exp(-time / tau_syn))
        else:
            expected = weight * exp(-time / tau_mem)
        assert got == pytest.approx(expected, abs=0.02), (ticks, got, expected)
        biased = _lowered(tarry.Integrator(tau_mem, tau_syn, bias), rule, tick, scale)
        drift = simulate_clocked([biased], [], [], ticks).states["out"][0][-1] * scale / unit
        assert drift == pytest.approx(bias * (1 - exp(-ticks * tick / tau_mem)), abs=0.005)


@pytest.mark.parametrize("rule", CLOCKED_RULES)
def test_a_lowered_neuron_fires_as_often(rule: Rule) -> None:
    """Resting at 2 with a threshold of 1 and reset to zero: once in tau_mem ln 2, less than a tick late."""
    tick, tau_mem = 1e-3, 64e-3
    neuron = tarry.Lif(tau_mem, 0.0, 1.0, bias=2.0)
    spikes = simulate_clocked([_lowered(neuron, rule, tick, 1e-4)], [], [], 2000).spikes
    assert len(spikes) == pytest.approx(2000 * tick / (tau_mem * np.log(2)), rel=0.03)
