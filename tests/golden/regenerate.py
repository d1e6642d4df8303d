"""Write the golden files again: programs from the compiler, what they must do from the reference.

With a path as argument, write all generated networks of the parity tests there instead, for the Rust tests.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import tarry
from tarry import data
from tarry.reference import Neurons, Spike, Synapse, simulate

sys.path.insert(0, str(Path(__file__).parents[1]))

from generated import UNTIL, channels, draw, exact_crossings, integers_of
from generated_clocked import ClockedCase, crowd, draw_clocked, metronome
from golden_file import GOLDEN, Golden, Run, fnv_1a, write
from layouts import CHOICES, Choices, compiled

ALL_NETWORKS = range(1050)
NETWORKS = ALL_NETWORKS[::17]
CLOCKED_NETWORKS = ALL_NETWORKS[::17]
SAMPLES = 200
TAU_SYN = 1e-3
TICK = TAU_SYN / 64
WEIGHT_BITS = 8


def networks(seeds: range) -> list[Golden]:
    cases = []
    for seed in seeds:
        case = draw(seed)
        expected = case.expected()
        outputs = channels(case, expected.spikes)
        states = [(s.a, s.b, s.anchor) for s in expected.states.values()]
        inputs = [(s.tick, s.index) for s in case.inputs]
        run = Run(UNTIL, inputs, outputs, fnv_1a(outputs, states))
        cases.append(Golden(case.compile().bytes, [run]))
    return cases


def clocked(seeds: range) -> list[Golden]:
    """Clocked and mixed networks, each in another layout, a crowd in four, and a metronome."""
    cases = [
        _clocked(draw_clocked(seed), CHOICES[number % len(CHOICES)]) for number, seed in enumerate(seeds)
    ]
    crowds = [_clocked(crowd(choice % 2 == 0), CHOICES[choice]) for choice in (1, 8, 9, 10)]
    return [*cases, *crowds, _clocked(metronome(), {})]


def _clocked(case: ClockedCase, choices: Choices) -> Golden:
    expected = case.expected()
    run = Run(case.until, case.inputs, expected.outputs, expected.digest)
    return Golden(compiled(case, choices).bytes, [run])


def equalities() -> list[Golden]:
    """Potentials that equal their thresholds to the last bit."""
    cases = []
    for exact in exact_crossings():
        expected = exact.expected()
        outputs = [(s.tick, s.index) for s in expected.spikes]
        assert outputs == [(exact.crossing, 0)]
        states = [(s.a, s.b, s.anchor) for s in expected.states.values()]
        cases.append(
            Golden(exact.program.bytes, [Run(exact.crossing + 1, [(0, 0)], outputs, fnv_1a(outputs, states))])
        )
    return cases


def yin_yang() -> list[Golden]:
    network = tarry.Network.load(GOLDEN / "yin_yang.npz")
    largest = 2 ** (WEIGHT_BITS - 1) - 1
    scales = {p.target: float(np.abs(p.weights).max() / largest) for p in network.projections}
    program = tarry.compile(network, tick=TICK, weight_bits=WEIGHT_BITS, weight_scales=scales)
    neurons, synapses = integers_of(network, TICK, WEIGHT_BITS, scales)
    times = data.yin_yang(TAU_SYN).test.times[:SAMPLES]
    return [Golden(program.bytes, [_sample(neurons, synapses, sample) for sample in times])]


def _sample(neurons: list[Neurons], synapses: list[Synapse], times: np.ndarray) -> Run:
    inputs = sorted(Spike(round(t / TICK), "input", i) for i, t in enumerate(times.tolist()))
    until = 600
    recording = simulate(neurons, synapses, inputs, TICK, until)
    outputs = [(s.tick, s.index) for s in recording.spikes if s.population == "output"]
    states = [(s.a, s.b, s.anchor) for s in recording.states.values()]
    return Run(until, [(s.tick, s.index) for s in inputs], outputs, fnv_1a(outputs, states))


if __name__ == "__main__":
    if sys.argv[1:]:
        write(Path(sys.argv[1]), networks(ALL_NETWORKS) + clocked(ALL_NETWORKS))
    else:
        write(GOLDEN / "networks.bin", networks(NETWORKS) + equalities())
        write(GOLDEN / "clocked.bin", clocked(CLOCKED_NETWORKS))
        write(GOLDEN / "yin_yang.bin", yin_yang())
