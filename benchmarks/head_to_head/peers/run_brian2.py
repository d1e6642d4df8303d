"""Brian2 as C++ standalone (its own flags: -O3 -ffast-math -march=native): builds the program OUT/main.

The rule of the workload is kept to the bit: arrivals are summed in a variable of their own, in float64, and every
tick v = sign(v) floor(beta |v| / 2^15) + arrivals. Brian2 hands spikes over after the thresholds of a step, so a
neuron's tick t is step t + 1: delays from inputs stay, those between neurons are shortened by one step.

Recordings are runs of ticks + 1 steps in one program. Between them a few inserted lines set the states to rest and
empty the queues of spikes in flight, which the clock leaves out; the program prints the line of JSON itself.
"""

from __future__ import annotations

import numpy as np
from brian2 import (
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    Synapses,
    defaultclock,
    device,
    ms,
    prefs,
    set_device,
)
from common import arguments

from head_to_head.workload import Workload

NAMES = ("hidden_1", "hidden_2", "readout")
BEFORE = """
    long long fired_1 = 0, fired_2 = 0, checksum = 0;
    double wall_seconds = 0, cpu_seconds = 0;
    for (int recording = 0; recording < {recordings}; recording++) {{
        const auto wall = std::chrono::steady_clock::now();
        const std::clock_t cpu = std::clock();
        {rest}
"""
AFTER = """
        wall_seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - wall).count();
        cpu_seconds += double(std::clock() - cpu) / CLOCKS_PER_SEC;
        double sum = 0;
        for (int k = 0; k < {readouts}; k++) {{
            sum += _array_readout_total[k];
            _array_readout_total[k] = 0;
        }}
        checksum += (recording + 1) * (long long)sum;
    }}
    for (int k = 0; k < {hidden_1}; k++) fired_1 += _array_hidden_1_fired[k];
    for (int k = 0; k < {hidden_2}; k++) fired_2 += _array_hidden_2_fired[k];
    std::printf("{{\\"recordings\\": {recordings}, \\"spikes_hidden_1\\": %lld, \\"spikes_hidden_2\\": %lld, "
                "\\"readout_checksum\\": %lld, \\"seconds\\": %.9g, \\"cpu_seconds\\": %.9g}}\\n",
                fired_1, fired_2, checksum, wall_seconds, cpu_seconds);
"""


def neurons(load: Workload, layer: int) -> NeuronGroup:
    """A population under the rule of the workload."""
    update = f"v = sign(v) * floor({load.beta} * abs(v) / 32768) + arrivals\narrivals = 0"
    if layer < 2:
        model, theta = "v : 1\narrivals : 1\nfired : integer", load.thetas[layer]
        test = {"threshold": f"v >= {theta}", "reset": f"v -= {theta}\nfired += 1"}
    else:
        model, test = "v : 1\narrivals : 1\ntotal : 1", {}
        update += "\ntotal += (i + 1) * v"
    group = NeuronGroup(load.sizes[layer + 1], model, name=NAMES[layer], method="euler", **test)
    group.run_regularly(update, when="groups")
    return group


def stream(load: Workload, recordings: int) -> SpikeGeneratorGroup:
    """The input spikes of all recordings in a row."""
    last = load.spike_start[recordings]
    recording = np.repeat(np.arange(recordings), np.diff(load.spike_start[: recordings + 1]))
    step = recording * (load.ticks + 1) + load.spike_tick[:last]
    return SpikeGeneratorGroup(load.sizes[0], load.spike_channel[:last], step * ms, name="input")


def main() -> None:
    """Build."""
    load, recordings, given = arguments(__doc__)
    set_device("cpp_standalone", build_on_run=False, directory=str(given.out))
    prefs.codegen.cpp.headers += ["<chrono>", "<cstdio>"]
    prefs.devices.cpp_standalone.extra_make_args_unix = ["-j2"]
    defaultclock.dt = 1 * ms
    source = stream(load, recordings)
    everything = [source]
    rest = ["std::vector<SynapticPathway *> pathways{&project_0_pre, &project_1_pre, &project_2_pre};"]
    rest += ["for (auto *pathway : pathways) for (auto &due : pathway->queue[0]->queue) due.clear();"]
    for layer, synapses in enumerate(load.projections):
        target = neurons(load, layer)
        project = Synapses(source, target, "w : 1", on_pre="arrivals_post += w", name=f"project_{layer}")
        project.connect(i=synapses.source, j=synapses.target)
        project.w = synapses.weight
        project.delay = (synapses.delay - (layer > 0)) * ms
        everything += [target, project]
        source = target
        for state in ("v", "arrivals"):
            rest.append(f"std::fill_n(_array_{NAMES[layer]}_{state}, {load.sizes[layer + 1]}, 0.0);")
    sizes = {"hidden_1": load.sizes[1], "hidden_2": load.sizes[2], "readouts": load.sizes[3]}
    device.insert_code("before_network_run", BEFORE.format(recordings=recordings, rest="\n".join(rest)))
    device.insert_code("after_network_run", AFTER.format(recordings=recordings, **sizes))
    network = Network(everything)
    network.run((load.ticks + 1) * ms)
    device.build(run=False, directory=str(given.out))


if __name__ == "__main__":
    main()
