"""First spikes of clocked programs against plain integers, and synapses that are spread over delta synapses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import tarry
from clocked_integers import integers_of
from generated_clocked import ClockedCase, draw_clocked
from tarry.compiler import spread_synapses
from tarry.compiler.lower import integer_model
from tarry.reference import Spike, simulate_clocked

UNTIL = 250
SAMPLES = 4
TAU = 1e-3


def expected(case: ClockedCase, sample: np.ndarray) -> tuple[list[int], int]:
    """First spike of every output before ``UNTIL``, -1 where there is none; and how many neurons spike twice."""
    network = case.network
    populations, synapses = integers_of(network, case.tick, case.weight_scales)
    channels = [(p.name, i) for p in network.populations if p.neuron is None for i in range(p.size)]
    inputs = [Spike(int(t), *channel) for t, channel in zip(sample, channels, strict=True) if t >= 0]
    inputs.sort(key=lambda spike: spike.tick)
    outcome = simulate_clocked(
        populations,
        synapses,
        inputs,
        UNTIL,
        tick=case.tick,
        outputs=network.outputs,
        binary=[p.name for p in network.populations if p.binary],
    )
    first = [-1] * sum(network.population(name).size for name in network.outputs)
    for tick, channel in outcome.outputs:
        if first[channel] < 0:
            first[channel] = tick
    neurons = [(s.population, s.index) for s in outcome.spikes]
    return first, len(neurons) - len(set(neurons))


def test_first_spikes_of_generated_networks() -> None:
    compared = decided = again = 0
    for seed in range(60):
        case = draw_clocked(seed)
        if any(
            getattr(case.network.population(n).neuron, "threshold", None) is None
            for n in case.network.outputs
        ):
            continue
        program = tarry.compile(
            case.network,
            tick=case.tick,
            weight_bits=case.weight_bits,
            weight_scales=case.weight_scales,
            capacities=case.capacities,
        )
        rng = np.random.default_rng(seed)
        channels = sum(p.size for p in case.network.populations if p.neuron is None)
        ticks = rng.integers(-10, 60, (SAMPLES, channels)).clip(-1)
        processor = tarry.Processor(program)
        for sample in ticks:
            first, repeated = expected(case, sample)
            given = np.flatnonzero(sample >= 0)
            order = given[np.argsort(sample[given], kind="stable")]
            processor.run(sample[order], order, UNTIL)
            if -1 in first and processor.next_deadline() is not None:
                continue  # it goes on after the end of the reference
            assert processor.first_spikes(sample[None]).tolist() == [first], seed
            earliest = processor.first_spikes(sample[None], stop_after=1)[0]
            if max(first) >= 0:
                tick = min(t for t in first if t >= 0)
                known = [t if t == tick else -1 for t in first]
                # Those of earlier ticks than the last input are known, too.
                assert [t if t == tick else -1 for t in earliest] == known, seed
                decided += 1
            compared += 1
            again += repeated > 0
    assert compared > 80
    assert decided > 60
    assert again > 50


def test_samples_do_not_know_of_each_other() -> None:
    network = pair(tarry.DeltaLif(2**15, 3))
    processor = tarry.Processor(tarry.compile(network, tick=TAU, weight_bits=4))
    # Two units stay on the membrane for ever; the next sample starts without them.
    ticks = np.array([[0, -1], [5, -1], [2, 2], [-1, 7]])
    with pytest.raises(ValueError, match="sample 0: the network is neither decided nor quiet 1048576 ticks"):
        processor.first_spikes(ticks)
    assert processor.first_spikes(ticks[2:3]).tolist() == [[2]]


def test_a_bias_may_decide_or_never_rest() -> None:
    resting = pair(tarry.DeltaLif(2**14, 30, bias=1))
    with pytest.raises(ValueError, match=r"sample 1: .* use run\(..., until\)"):
        tarry.Processor(tarry.compile(resting, tick=TAU, weight_bits=6)).first_spikes(
            np.array([[0, 0], [-1, -1]])
        )
    driven = pair(tarry.DeltaLif(2**15, 10, bias=1))
    first = tarry.Processor(tarry.compile(driven, tick=TAU, weight_bits=6)).first_spikes(np.array([[-1, -1]]))
    assert first.tolist() == [[9]]


def test_outputs_that_never_spike_are_refused() -> None:
    program = tarry.compile(pair(tarry.DeltaLif(2**14, None)), tick=TAU, weight_bits=6)
    with pytest.raises(ValueError, match="first_spikes needs outputs that spike"):
        tarry.Processor(program).first_spikes(np.zeros((1, 2), np.int64))


def test_calibration_on_a_clocked_rule_keeps_what_is_better() -> None:
    rng = np.random.default_rng(0)
    times = rng.uniform(0, 2 * TAU, (200, 3))
    labels = times.argmin(axis=1)
    weights = np.eye(3) * 1.2 + rng.normal(0, 0.05, (3, 3))
    weights[0, 0] = 6.0  # an outlier that makes the grid coarse
    lif = tarry.Lif(2 * TAU, TAU, threshold=0.3, reset="once")
    network = tarry.Network(
        (tarry.Population("in", 3), tarry.Population("out", 3, lif)),
        (tarry.Projection("in", "out", weights),),
    )
    samples = tarry.FirstSpikes(times, labels)
    program = tarry.compile(
        network,
        tick=TAU / 32,
        weight_bits=4,
        rule="loihi",
        once=16 * TAU,
        calibration=samples,
        scale="neuron",
    )
    assert program.report is not None
    assert program.report.task_error is not None
    start, kept = program.report.task_error
    assert kept == samples.error(program) < start


def pair(neuron: tarry.DeltaLif) -> tarry.Network:
    return tarry.Network(
        (tarry.Population("in", 2), tarry.Population("out", 1, neuron)),
        (tarry.Projection("in", "out", np.array([[2.0, 1.0 if neuron.threshold == 3 else 30.0]])),),
    )


@pytest.mark.parametrize(
    ("tau_mem", "taps"), [(2 * TAU, 8), (2 * TAU, 32), (TAU, 16), (0.5 * TAU, 16), (np.inf, 5)]
)
def test_spread_synapses_rise_as_the_current_does(tau_mem: float, taps: int) -> None:
    """At the ends of its parts the potential is that of the current, and the whole charge arrives."""
    network = tarry.Network(
        (tarry.Population("in", 2), tarry.Population("out", 1, tarry.Lif(tau_mem, TAU, threshold=2.0))),
        (tarry.Projection("in", "out", np.array([[0.8, -0.5]]), np.array([[0.0, 0.3 * TAU]])),),
    )
    spread = spread_synapses(network, taps)
    assert len(spread.projections) == taps
    assert spread.population("out").neuron == tarry.Lif(tau_mem, 0.0, threshold=2.0)
    shares = np.array([p.weights[0, 0] / 0.8 for p in spread.projections])
    later = np.array([p.delays[0, 0] for p in spread.projections])
    np.testing.assert_allclose([p.weights[0, 1] / -0.5 for p in spread.projections], shares)
    np.testing.assert_allclose([p.delays[0, 1] - 0.3 * TAU for p in spread.projections], later)
    assert np.all(np.diff(later) > 0)
    for part in range(taps - 1):
        ages = later[part] - later[: part + 1]
        potential = np.sum(shares[: part + 1] * np.exp(-ages / tau_mem))
        assert potential == pytest.approx(post_synaptic_potential(later[part], tau_mem), rel=1e-9)
    assert shares[-1] == pytest.approx(1 / taps)
    if tau_mem == np.inf:
        assert shares.sum() == pytest.approx(1)


def post_synaptic_potential(time: float, tau_mem: float) -> float:
    """Of a weight of 1 (docs/semantics.md, The float world)."""
    if tau_mem == TAU:
        return float(time / TAU * np.exp(-time / TAU))
    gain = 1.0 if tau_mem == np.inf else tau_mem / (tau_mem - TAU)
    return float(gain * (np.exp(-time / tau_mem) - np.exp(-time / TAU)))


def test_what_has_no_current_is_not_spread() -> None:
    network = pair(tarry.DeltaLif(2**14, 3))
    assert spread_synapses(network, 8).projections == network.projections
    lif = tarry.Population("out", 1, tarry.Lif(TAU, TAU))
    once = replace(network, populations=(network.populations[0], lif))
    assert spread_synapses(once, 1) is once
    with pytest.raises(ValueError, match="taps is 0"):
        spread_synapses(once, 0)


def test_firing_once_becomes_so_many_seconds() -> None:
    population = tarry.Population("out", 1, tarry.Lif(2 * TAU, 0.0, reset="once"))
    for rule, once, ticks in (("delta", 16 * TAU, 160), ("loihi", 16 * TAU, 63), ("loihi", 2 * TAU, 20)):
        neuron, losses = integer_model(population, rule, TAU / 10, 0.01, once=once)  # type: ignore[arg-type]
        assert neuron.refractory == ticks
        assert any(f"a refractory period of {ticks} ticks" in loss for loss in losses)
    with pytest.raises(ValueError, match="neurons that fire once are unknown"):
        integer_model(population, "delta", TAU / 10, 0.01)
    network = tarry.Network(
        (tarry.Population("in", 1), population), (tarry.Projection("in", "out", np.ones((1, 1))),)
    )
    for once in (-1.0, np.inf, np.nan):
        with pytest.raises(ValueError, match="a refractory period must be zero or positive"):
            tarry.compile(network, tick=TAU, rule="delta", once=once)
