"""Spikes in continuous time against Brian2's fixed steps, as the step goes to 0.

    python benchmarks/brian2_limit.py [--networks 20]        writes docs/results/brian2_limit.json

Random recurrent networks with a delay per synapse, 10 tau long, moderate coupling. Delays and input times lie on the
coarsest grid, so that Brian2 rounds none of them. Brian2 2.9 (CeCILL-2.1; compared with, never depended on) runs in an
environment of its own, build/venvs/brian2, made on first use. It integrates exactly between steps; what is left is that it
sees a threshold crossing at the end of the step, half a step late on average, and that a reset to zero there forgets
what came after the crossing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / "build/venvs/brian2"
STEPS = [256, 1024, 4096, 16384]  # per tau
NEURONS, INPUTS, DURATION = 20, 10, 10.0  # in tau = tau_mem
TAU_SYN = 0.5

# Run by the other environment: all networks side by side in one run per step, which takes seconds instead of minutes.
BRIAN = """
import json, sys
import numpy as np
import brian2 as b
b.prefs.codegen.target = "numpy"
case = json.load(open(sys.argv[1]))
reset = {"to_zero": "v = 0", "by_subtraction": "v -= theta"}[case["reset"]]
equations = '''dv/dt = -v/(1*second) + current/(tau_syn*second) : 1
dcurrent/dt = -current/(tau_syn*second) : 1
theta : 1'''
rows = []
for steps in case["steps"]:
    b.start_scope()
    b.defaultclock.dt = b.second / steps
    tau_syn = case["tau_syn"]
    neurons = b.NeuronGroup(len(case["thresholds"]), equations, threshold="v >= theta", reset=reset, method="exact")
    neurons.theta = case["thresholds"]
    source = b.SpikeGeneratorGroup(case["inputs"], case["channels"], np.array(case["times"]) * b.second)
    objects = [neurons, source]
    for group, name in ((source, "feed"), (neurons, "recurrent")):
        pre, post, weights, delays = (np.array(x) for x in case[name])
        synapses = b.Synapses(group, neurons, "w : 1", on_pre="current_post += w")
        synapses.connect(i=pre.astype(int), j=post.astype(int))
        synapses.w = weights
        synapses.delay = delays * b.second
        objects.append(synapses)
    monitor = b.SpikeMonitor(neurons)
    b.Network(*objects, monitor).run(case["duration"] * b.second)
    rows.append([np.asarray(monitor.t / b.second).tolist(), np.asarray(monitor.i).tolist()])
json.dump(rows, open(sys.argv[2], "w"))
"""


def environment() -> Path:
    """The Python that has Brian2, installed if there is none yet."""
    python = HOME / "bin/python"
    done = (
        subprocess.run([python, "-c", "import brian2"], capture_output=True, check=False)
        if python.exists()
        else None
    )
    if done is None or done.returncode:
        uv = Path(sys.executable).parent / "uv"
        subprocess.run([uv, "venv", "-q", "--clear", HOME], check=True)
        subprocess.run(
            [uv, "pip", "install", "-q", "--python", python, "brian2==2.9.0", "numpy<2.3"], check=True
        )
    return python


def network(seed: int, reset: str) -> dict[str, object]:
    """One random network; delays on the grid of the coarsest step, input times too."""
    rng = np.random.default_rng(seed)

    def grid(low: float, high: float, *shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        return np.round(rng.uniform(low, high, shape) * STEPS[0]) / STEPS[0]

    times = np.unique(grid(0.0, DURATION, 12 * INPUTS))
    return {
        "reset": reset,
        "steps": STEPS,
        "inputs": INPUTS,
        "duration": DURATION,
        "tau_syn": TAU_SYN,
        "times": times.tolist(),
        "channels": rng.integers(0, INPUTS, len(times)).tolist(),
        "thresholds": np.ones(NEURONS).tolist(),
        "feed": rng.normal(0.25, 0.3, (NEURONS, INPUTS)).tolist(),
        "feed_delays": grid(0.05, 1.0, NEURONS, INPUTS).tolist(),
        "recurrent": rng.normal(0.0, 0.5 / NEURONS**0.5, (NEURONS, NEURONS)).tolist(),
        "recurrent_delays": grid(0.05, 1.0, NEURONS, NEURONS).tolist(),
    }


def exact(case: dict[str, object]) -> list[np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """Spike times of each neuron in continuous time."""
    from tarry import _core

    times = np.array(case["times"])
    spikes, channels, _, _ = _core.spiking_forward(
        times,
        np.array(case["channels"]),
        np.array([0, len(times)]),
        np.array(case["feed"]),
        np.array(case["feed_delays"]),
        np.array(case["recurrent"]),
        np.array(case["recurrent_delays"]),
        np.array(case["thresholds"]),
        1.0,
        TAU_SYN,
        str(case["reset"]),
        0.0,
        DURATION,
        10_000,
        1,
    )
    return [spikes[channels == j] for j in range(NEURONS)]


def joined(cases: list[dict[str, object]]) -> dict[str, object]:
    """All networks as one, without synapses between them."""

    def synapses(name: str, pre_size: int) -> list[list[float]]:
        parts = []
        for k, case in enumerate(cases):
            weights, delays = np.array(case[name]), np.array(case[f"{name}_delays"])
            post, pre = np.indices(weights.shape)
            parts.append(np.stack([pre + k * pre_size, post + k * NEURONS, weights, delays]).reshape(4, -1))
        return np.concatenate(parts, axis=1).tolist()  # type: ignore[no-any-return]

    times = np.concatenate([np.array(case["times"]) for case in cases])
    channels = np.concatenate([np.array(case["channels"]) + k * INPUTS for k, case in enumerate(cases)])
    return {
        **cases[0],
        "inputs": INPUTS * len(cases),
        "times": times.tolist(),
        "channels": channels.tolist(),
        "thresholds": [1.0] * (NEURONS * len(cases)),
        "feed": synapses("feed", INPUTS),
        "recurrent": synapses("recurrent", NEURONS),
    }


def compare(cases: list[dict[str, object]], found: list[list[list[float]]]) -> list[dict[str, float]]:
    """By step: how many neurons spike equally often, and how late their spikes are, in steps."""
    rows = []
    for k, steps in enumerate(STEPS):
        equal, neurons, late, spikes = 0, 0, [], 0
        times, indices = np.array(found[k][0]), np.array(found[k][1])
        for network_index, case in enumerate(cases):
            for j, own in enumerate(exact(case)):
                theirs = times[indices == network_index * NEURONS + j]
                neurons += 1
                spikes += len(own)
                if len(own) == len(theirs):
                    equal += 1
                    late.extend(theirs - own)
        errors = np.abs(late)
        rows.append(
            {
                "steps_per_tau": steps,
                "neurons": neurons,
                "spikes": spikes,
                "equal_counts": equal / neurons,
                "median_error_tau": float(np.median(errors)),
                "median_error_steps": float(np.median(errors) * steps),
                "percentile_95_error_steps": float(np.percentile(errors, 95) * steps),
                "mean_lateness_steps": float(np.mean(late) * steps),
            }
        )
    return rows


def main() -> None:
    """Run both and write the comparison."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--networks", type=int, default=20)
    parser.add_argument("--out", type=Path, default=ROOT / "docs/results/brian2_limit.json")
    options = parser.parse_args()
    python = environment()
    result: dict[str, object] = {
        "task": "brian2_limit",
        "command": "python benchmarks/brian2_limit.py",
        "config": {
            "networks": options.networks,
            "neurons": NEURONS,
            "inputs": INPUTS,
            "duration_tau": DURATION,
            "tau_syn": TAU_SYN,
            "brian2": "2.9.0",
        },
    }
    scratch = ROOT / "build/brian2_limit"
    scratch.mkdir(parents=True, exist_ok=True)
    (scratch / "run.py").write_text(BRIAN)
    for reset in ("by_subtraction", "to_zero"):
        cases = [network(seed, reset) for seed in range(options.networks)]
        (scratch / "in.json").write_text(json.dumps(joined(cases)))
        subprocess.run([python, scratch / "run.py", scratch / "in.json", scratch / "out.json"], check=True)
        rows = compare(cases, json.loads((scratch / "out.json").read_text()))
        result[reset] = rows
        for row in rows:
            print(reset, "  ".join(f"{key} {value:.4g}" for key, value in row.items()), flush=True)
    options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
