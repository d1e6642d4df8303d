"""The fixed-point program held against the float network, spike by spike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tarry import _core
from tarry.compiler.calibration import decide
from tarry.compiler.quantise import spike_ticks
from tarry.data import Split
from tarry.network import Lif, Network
from tarry.program import Program

Times = npt.NDArray[np.float64]
Ticks = npt.NDArray[np.int64]

#: No recording of the demonstrations lasts this long; what is due is done at once, however far it is.
NO_LATER = 1 << 40


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """Both runs over the same samples.

    Args:
        labels: right classes, (n,).
        float_decisions: earliest output of the float network, (n,); -1 where all are silent.
        fixed_decisions: the same of the program.
        times: float spike times in seconds by population, (n, size); ``inf`` is silent.
        ticks: integer spike ticks by population, (n, size); -1 is silent.
        tick: seconds.
        tallies: by population what became of the spikes of all samples: ``offered``, ``accepted``, ``rejected``,
            ``dropped``, ``peak``, ``capacity``, ``saturations``.
        counts: operations of all samples.
    """

    labels: npt.NDArray[np.int64]
    float_decisions: npt.NDArray[np.int64]
    fixed_decisions: npt.NDArray[np.int64]
    times: Mapping[str, Times]
    ticks: Mapping[str, Ticks]
    tick: float
    tallies: Mapping[str, Mapping[str, int]]
    counts: Mapping[str, int]

    @property
    def float_accuracy(self) -> float:
        """A fraction."""
        return float(np.mean(self.float_decisions == self.labels))

    @property
    def fixed_accuracy(self) -> float:
        """A fraction."""
        return float(np.mean(self.fixed_decisions == self.labels))

    @property
    def disagreements(self) -> int:
        """Samples that the two decide differently."""
        return int(np.count_nonzero(self.float_decisions != self.fixed_decisions))

    def spike_time_errors(self, population: str) -> Times:
        """Integer tick less float time, in ticks, of all spikes that both have."""
        times, ticks = self.times[population], self.ticks[population]
        both = np.isfinite(times) & (ticks >= 0)
        return ticks[both] - times[both] / self.tick

    def mismatches(self, population: str) -> int:
        """Neurons and samples where one fires and the other is silent."""
        return int(np.count_nonzero(np.isfinite(self.times[population]) != (self.ticks[population] >= 0)))


def check(
    network: Network, program: Program, split: Split, *, progress: Callable[[int, int], object] | None = None
) -> Check:
    """Run a split through the float network and, sample by sample, through the Processor.

    Every sample starts from ``reset``; its spikes are pushed, run until nothing is left to do, and popped. All
    populations are watched: the program that is run is the given one with every population as an output, which
    changes none of its spikes.

    Args:
        network: the float network, feed-forward, first spikes.
        program: compiled from it in this session (``program.report`` is needed).
        split: the samples.
        progress: called with the number of samples done and of those right, after each.

    Raises:
        ValueError: a network that is not feed-forward or not of first spikes, or a program that was loaded.
    """
    float_times = first_spike_times(network, split.times)
    watched = _watch_all(network, program)
    processor = _core.Processor(watched)
    inputs = spike_ticks(split.times, program.tick_seconds)
    neurons = [p for p in network.populations if p.neuron is not None]
    fixed = np.full((len(split), sum(p.size for p in neurons)), -1, np.int64)
    bounds = dict(
        zip((p.name for p in neurons), np.cumsum([0, *(p.size for p in neurons)]).tolist(), strict=False)
    )
    output = network.outputs[0]
    columns = slice(bounds[output], bounds[output] + network.population(output).size)
    right = 0
    for i, sample in enumerate(inputs):
        processor.reset()
        channels = np.argsort(sample, kind="stable")
        channels = channels[sample[channels] >= 0]
        processor.push(sample[channels], channels)
        processor.run_until(NO_LATER)
        spikes, sources = processor.pop()
        fixed[i, sources] = spikes
        right += int(decide(fixed[i : i + 1, columns])[0] == split.labels[i])
        if progress is not None:
            progress(i + 1, right)
    names = [p.name for p in network.populations]
    ticks = {p.name: fixed[:, bounds[p.name] : bounds[p.name] + p.size] for p in neurons}
    source = next(p.name for p in network.populations if p.neuron is None)
    return Check(
        labels=split.labels,
        float_decisions=decide_times(float_times[output]),
        fixed_decisions=decide(ticks[output]),
        times=float_times,
        ticks={source: inputs, **ticks},
        tick=program.tick_seconds,
        tallies=dict(zip(names, processor.tallies(), strict=True)),
        counts=processor.counts(),
    )


def first_spike_times(network: Network, times: Times) -> dict[str, Times]:
    """Exact float spike times of every population, in seconds, (n, size); ``inf`` is silent.

    Raises:
        ValueError: a network that is not a chain of first-spike populations.
    """
    inputs = [p for p in network.populations if p.neuron is None]
    found: dict[str, Times] = {inputs[0].name: np.ascontiguousarray(times, np.float64)}
    for population in network.populations:
        if population.neuron is None:
            continue
        into = [p for p in network.projections if p.target == population.name]
        if (
            len(inputs) != 1
            or len(into) != 1
            or into[0].source not in found
            or not isinstance(population.neuron, Lif)
            or population.neuron.reset != "once"
            or np.any(population.neuron.bias)
        ):
            raise ValueError(
                "exact spike times are there for chains of populations that fire once, without bias: one input, one "
                f"projection into each population from an earlier one; {population.name!r} is something else"
            )
        threshold = np.asarray(population.neuron.threshold)
        if threshold.ndim:
            raise ValueError(
                f"population {population.name!r} has a threshold per neuron; one for all is needed here"
            )
        delays = into[0].delays
        found[population.name] = _core.first_spike_forward(
            found[into[0].source],
            into[0].weights,
            delays if delays.ndim else np.full((1, 1), delays),
            population.neuron.tau_mem,
            population.neuron.tau_syn,
            float(threshold),
            1,
        )
    return found


def decide_times(times: Times) -> npt.NDArray[np.int64]:
    """The earliest output, ties to the lowest index; -1 where all are silent."""
    return np.where(np.isinf(times.min(axis=1)), -1, times.argmin(axis=1))


def _watch_all(network: Network, program: Program) -> Program:
    from tarry.compiler import compile_network

    report = program.report
    if report is None:
        raise ValueError(
            "the program was loaded from a file; check needs one that was compiled in this session"
        )
    neurons = tuple(p.name for p in network.populations if p.neuron is not None)
    return compile_network(
        replace(network, outputs=neurons),
        tick=program.tick_seconds,
        weight_bits=program.weight_bits,
        weight_scales=dict(report.weight_scales),
        zero_delays="one_tick",
    )
