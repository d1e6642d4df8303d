"""NEST (the wheel): iaf_psc_delta with E_L = 0, one thread, resolution 1 ms.

Its neuron resets to a value, not by subtraction, and decays in float64: its spikes differ from the workload's, and are
compared with a simulation of its own rule. The smallest delay is one step, so delays from inputs are one step longer
and input spikes one step earlier. Between recordings thresholds are out of reach until nothing is in flight; that
time is not counted, nor is what ``Prepare`` takes.

Tick latencies are those of ``Run`` for one tick, its input spikes handed over beforehand; one recording, not timed.
"""

from __future__ import annotations

import time

import nest
import numpy as np
from common import Stopwatch, answer, arguments, tick_quantiles

from head_to_head.workload import Workload

START = 1.0  # ms; a spike generator takes no spikes at 0
UNREACHABLE = 1e300
NEURON = {"E_L": 0.0, "V_reset": 0.0, "V_m": 0.0, "V_th": UNREACHABLE, "t_ref": 0.0, "tau_m": 20.0}


def build(load: Workload, step: int, recordings: int) -> list[object]:
    """Inputs and the three populations, connected; recordings start every ``step`` ms."""
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.ResetKernel()
    nest.resolution = 1.0
    nest.local_num_threads = 1
    nest.set(min_delay=1.0, max_delay=load.max_delay + 1.0)
    populations = [nest.Create("spike_generator", load.sizes[0])]
    populations += [nest.Create("iaf_psc_delta", size, NEURON) for size in load.sizes[1:]]
    for layer, synapses in enumerate(load.projections):
        source, target = (np.array(populations[i].tolist()) for i in (layer, layer + 1))
        nest.Connect(
            source[synapses.source],
            target[synapses.target],
            {"rule": "one_to_one"},
            {
                "synapse_model": "static_synapse",
                "weight": synapses.weight.astype(float),
                "delay": synapses.delay + (1.0 if layer == 0 else 0.0),
            },
        )
    last = load.spike_start[recordings]
    recording = np.repeat(np.arange(recordings), np.diff(load.spike_start[: recordings + 1]))
    time_ms = START + recording * step + load.spike_tick[:last]
    channels = load.spike_channel[:last]
    for channel, generator in enumerate(populations[0]):
        generator.set(spike_times=time_ms[channels == channel].astype(float))
    return populations


def main() -> None:
    """Run and print."""
    load, recordings, _ = arguments(__doc__)
    step = load.ticks + load.max_delay + 2
    populations = build(load, step, recordings + 1)
    recorders = [nest.Create("spike_recorder") for _ in range(2)]
    for population, recorder in zip(populations[1:3], recorders, strict=True):
        nest.Connect(population, recorder)
    watch, spikes = Stopwatch(), [0, 0]

    def rest() -> None:
        for population in populations[1:]:
            population.V_th = UNREACHABLE
        nest.Simulate(step - load.ticks if nest.biological_time else START)
        for population, theta in zip(populations[1:], [*load.thetas, UNREACHABLE], strict=True):
            population.set(V_m=0.0, V_th=float(theta))

    for _ in range(recordings):
        rest()
        nest.Prepare()
        with watch:
            nest.Run(load.ticks)
        nest.Cleanup()
    spikes = [recorder.n_events for recorder in recorders]
    rest()
    nest.Prepare()
    latencies = []
    for _ in range(load.ticks):
        start = time.perf_counter()
        nest.Run(1.0)
        latencies.append(time.perf_counter() - start)
    nest.Cleanup()
    answer(watch, recordings, tuple(spikes), tick_us=tick_quantiles(latencies))


if __name__ == "__main__":
    main()
