"""Clocked programs read back: their synapses, whatever the layout, and what a recording made them do."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

import tarry
from generated_clocked import ClockedCase, draw_clocked
from layouts import CHOICES, Choices
from tarry.platforms import default_rule
from tarry.simulate import simulate

Ends = tuple[str, int, str, int, int, int]


def compiled(case: ClockedCase, choices: Choices) -> tarry.Program:
    return tarry.compile(
        case.network,
        tick=case.tick,
        weight_bits=case.weight_bits,
        weight_scales=case.weight_scales,
        capacities=case.capacities,
        **choices,  # type: ignore[arg-type]
    )


def stated(case: ClockedCase) -> Counter[Ends]:
    """Summed weight of source, its index, target, its index, delay, exponent: from the network, not the compiler."""
    clocked = {p.name for p in case.network.populations if type(p.neuron).__name__ not in ("Lif", "NoneType")}
    sums: Counter[Ends] = Counter()
    for p in case.network.projections:
        if p.target in clocked:
            delays = np.broadcast_to(np.rint(p.delays / case.tick).astype(int), p.weights.shape)
            for post, pre in zip(*np.nonzero(p.weights), strict=True):
                ends = (p.source, int(pre), p.target, int(post), int(delays[post, pre]), p.exponent)
                sums[ends] += int(p.weights[post, pre])
    return Counter({ends: weight for ends, weight in sums.items() if weight})


def read_back(program: tarry.Program) -> Counter[Ends]:
    sums: Counter[Ends] = Counter()
    for index, p in enumerate(program.projections()):
        source, target = program.names[p["source"]], program.names[p["target"]]
        for pre, delay, post, weight in program.projection_synapses(index).tolist():
            assert weight != 0
            sums[source, pre, target, post, delay, p["exponent"]] += weight
    return sums


@pytest.mark.parametrize("choice", range(len(CHOICES)))
def test_synapses_are_those_of_the_network(choice: int) -> None:
    for seed in range(60):
        case = draw_clocked(seed)
        program = compiled(case, CHOICES[choice])
        assert read_back(program) == stated(case), f"seed {seed}"


def test_every_width_and_layout_was_there() -> None:
    seen = {
        (p["layout"], draw_clocked(seed).weight_bits)
        for seed in range(60)
        for choices in ({"layout": "packed"}, {"layout": "shared"}, {"layout": "own"})
        for p in compiled(draw_clocked(seed), choices).projections()
    }
    assert {layout for layout, _ in seen} == {"packed", "shared", "own"}
    assert {bits for _, bits in seen} >= {1, 2, 3, 4, 8}


def test_a_projection_that_is_not_there() -> None:
    program = compiled(draw_clocked(0), {})
    with pytest.raises(ValueError, match="no clocked projection 99"):
        program.projection_synapses(99)


def line(entry: dict[str, Any], label: str) -> float:
    return next(float(x["count"]) for x in entry["lines"] if (x["label"], x["quantity"]) == (label, "energy"))


@pytest.mark.parametrize("seed", [s for s in range(48) if s % 6 != 4 and s % 6 != 5])
def test_counts_are_those_of_the_slow_reference(seed: int) -> None:
    case = draw_clocked(seed)
    program = compiled(case, {})
    outputs = case.expected().outputs
    if not outputs:
        pytest.skip("the network is silent")
    ticks = outputs[0][0] + 1
    fired = [(s.tick, s.population, s.index) for s in case.expected().spikes if s.tick < ticks]
    binary = {p.name for p in case.network.populations if p.binary}
    inputs = [(s.tick, s.population, s.index) for s in case.spikes() if s.tick < ticks]
    inputs = [s for i, s in enumerate(inputs) if s[1] not in binary or s not in inputs[:i]]
    synapses = stated(case)
    arrived: dict[tuple[int, str, int], Counter[tuple[int, str]]] = {}
    deliveries = 0
    # Right shifts lose bits of whole projections: sums are kept apart where they have one.
    for tick, source, index in fired + inputs:
        for (origin, pre, target, post, delay, exponent), weight in synapses.items():
            if (origin, pre) == (source, index) and tick + delay < ticks:
                deliveries += 1
                sums = arrived.setdefault((tick + delay, target, post), Counter())
                sums[exponent, source] += weight
    exponents = [p.exponent for p in case.network.projections]
    entry = simulate(program, [case.arrays()], platforms=["loihi1"]).platforms["loihi1"]
    assert line(entry, "spikes") == len(fired)
    if len({(p.source, p.target) for p in case.network.projections}) == len(case.network.projections):
        assert line(entry, "synaptic events") == deliveries
    neurons = sum(p.size for p in case.network.populations if p.neuron is not None)
    active = line(entry, "updates with input")
    assert active + line(entry, "updates without input") == ticks * neurons
    if min(exponents) >= 0:
        totals = [sum(w << e for (e, _), w in sums.items()) for sums in arrived.values()]
        assert active == sum(total != 0 for total in totals)


def test_rules_of_platforms() -> None:
    assert [default_rule(name) for name in tarry.platforms()] == ["loihi", "delta", "event", "event"]
    lif = tarry.Lif(2e-3, 1e-3, 1.0, "to_zero")
    network = tarry.Network(
        (tarry.Population("input", 2), tarry.Population("output", 3, lif)),
        (tarry.Projection("input", "output", np.full((3, 2), 1.5), np.array([[0.0, 2e-3]])),),
    )
    program = tarry.compile(network, tick=1e-4, platform="loihi1")
    assert [p["kind"] for p in program.populations()] == ["input", "loihi"]
    with pytest.raises(ValueError, match="rule is 'event'; seneca takes programs of rule 'delta'"):
        tarry.compile(network, tick=1e-4, platform="seneca", rule="event")
    entries = simulate(program, [([0, 1], [0, 1])], platforms=["loihi1", "cortex-m4"]).platforms
    assert "which is the one of Intel Loihi 1" in entries["loihi1"]["rule_note"]
    assert entries["loihi1"]["rule"] == "loihi"
    assert any("instructions of clocked neurons are not known" in s for s in entries["cortex-m4"]["unknown"])


@pytest.mark.parametrize("choice", range(len(CHOICES)))
def test_no_tick_exceeds_the_stated_work(choice: int) -> None:
    for seed in range(30):
        case = draw_clocked(seed)
        program = compiled(case, CHOICES[choice])
        bound, processor = program.work_per_tick(), tarry.Processor(program)
        times, channels = case.arrays()
        before = processor.counts()
        for tick in range(case.until):
            now = times == tick
            processor.push(times[now], channels[now])
            processor.run_until(tick + 1)
            processor.pop()
            counts = processor.counts()
            did = {name: counts[name] - before[name] for name in counts}
            before = counts
            assert did["deliveries"] <= bound["deliveries"], f"seed {seed}"
            assert did["updates"] <= bound["updates"], f"seed {seed}"
            assert did["runs"] + did["spikes"] + now.sum() <= bound["queue_touches"], f"seed {seed}"


def test_a_clocked_program_prints_its_queues() -> None:
    text = str(compiled(draw_clocked(0), {"layout": "packed", "block": 2}))
    assert "rule delta" in text
    assert "packed, B = 2" in text
    assert "a ring buffer" in text
