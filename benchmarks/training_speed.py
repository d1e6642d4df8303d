"""Training with many spikes: exact, by events, against learned delays by convolution on a grid, in one run.

Both train 700-128-128-20 with a weight and a delay (0 .. 62 ms) per synapse, some 8000 input spikes per sample of one
second, batch 16, two threads; the read-out is the mean potential of neurons that do not fire, with cross-entropy; Adam.
Whole training steps take turns in one process; speeds and ratios are medians over the turns. Peak memory is that of a
process of its own. Then the same over rates and durations: the exact one grows with the events, the grid with its ticks.
Writes docs/results/training_speed.json and the tables of docs/training_speed.md: ``make training-speed``.

The answers are checked first: both networks fire as often, their read-outs agree, their losses fall.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

import conv1d_delays as grid
from tarry import nn

ROOT = Path(__file__).parents[1]
BATCH = 16
#: The baseline, and the grid that the field often takes.
GRIDS: dict[str, dict[str, Any]] = {
    "conv1d, 1 ms, 63 taps": {"step": 1e-3, "taps": 63},
    "conv1d, 10 ms, 25 taps": {"step": 10e-3, "taps": 25},
}
BASELINE = next(iter(GRIDS))
#: Input spikes per sample at one second; durations in seconds at 8000 spikes per second.
RATES = (2000, 4000, 8000, 16000)
DURATIONS = (0.25, 0.5, 1.0, 2.0)
PARTS = ("speeds", "memory", "growth")

Step = Callable[[], float]
Row = dict[str, Any]


class Exact(torch.nn.Module):
    """The network in continuous time; parameters as ``conv1d_delays.parameters`` gives them, delays in seconds."""

    def __init__(self, layers: list[tuple[np.ndarray, np.ndarray]], duration: float) -> None:
        super().__init__()
        self.weights = torch.nn.ParameterList(torch.tensor(w) for w, _ in layers)
        self.delays = torch.nn.ParameterList(torch.tensor(d) for _, d in layers)
        self.duration = duration

    def forward(self, spikes: nn.Spikes) -> tuple[Tensor, list[nn.Spikes]]:
        """Mean read-out (batch, classes), and the hidden spikes."""
        hidden = []
        for weights, delays in zip(self.weights[:-1], self.delays[:-1], strict=True):
            spikes = nn.spiking(
                spikes,
                weights,
                delays,
                tau_mem=grid.TAU_MEM,
                tau_syn=grid.TAU_SYN,
                threshold=grid.THRESHOLD,
                until=self.duration,
                slope_floor=10.0,
            )
            hidden.append(spikes)
        readout = nn.read_out(
            spikes,
            self.weights[-1],
            self.delays[-1],
            tau_mem=grid.TAU_MEM,
            tau_syn=grid.TAU_SYN,
            duration=self.duration,
        )
        return readout, hidden


def exact_trainer(spikes_per_sample: int, duration: float) -> tuple[Exact, nn.Spikes, Step]:
    """Return the network, its input, and a function that makes one training step and returns its loss."""
    model = Exact(grid.parameters(), duration)
    inputs = nn.Spikes.of(grid.events(BATCH, spikes=spikes_per_sample, duration=duration), grid.SIZES[0])
    labels = torch.arange(BATCH) % grid.SIZES[-1]
    adam = torch.optim.Adam(
        [{"params": list(model.weights), "lr": 1e-3}, {"params": list(model.delays), "lr": 1e-5}],
        foreach=True,
    )

    def train() -> float:
        adam.zero_grad()
        readout, _ = model(inputs)
        loss = functional.cross_entropy(readout, labels)
        loss.backward()
        adam.step()
        with torch.no_grad():
            for delays in model.delays:
                delays.clamp_(0, grid.LONGEST_DELAY)
        return float(loss.detach())

    return model, inputs, train


def check() -> Row:
    """Both networks fire as often and say the same, up to what the grid does."""
    exact, inputs, _ = exact_trainer(grid.INPUT_SPIKES, grid.DURATION)
    coarse, counts, _ = grid.trainer(batch=BATCH, **GRIDS[BASELINE])
    with torch.no_grad():
        ours, hidden = exact(inputs)
        theirs, grid_hidden = coarse(counts)
    fired = [float(h.counts().double().mean()) for h in hidden]
    grid_fired = [float(h.sum(0).mean()) for h in grid_hidden]
    likeness = float(np.corrcoef(ours.flatten().numpy(), theirs.flatten().numpy())[0, 1])
    if likeness < 0.9 or any(abs(a / b - 1) > 0.15 for a, b in zip(fired, grid_fired, strict=True)):
        raise SystemExit(
            f"the networks differ: {fired} and {grid_fired} spikes, read-outs correlate {likeness}"
        )
    return {"spikes_per_neuron": fired, "grid_spikes_per_neuron": grid_fired, "readout_correlation": likeness}


def take_turns(steps: dict[str, Step], turns: int) -> dict[str, list[tuple[float, float]]]:
    """Seconds, and seconds of processor time, per training step of each, in turn; losses must not rise."""
    first = {name: step() for name, step in steps.items()}
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in steps}
    last = {}
    for _ in range(turns):
        for name, step in steps.items():
            start, work = time.perf_counter(), time.process_time()
            last[name] = step()
            seconds[name].append((time.perf_counter() - start, time.process_time() - work))
    for name in steps:
        if not last[name] <= first[name]:  # without a hidden spike it stays
            raise SystemExit(f"{name}: the loss went from {first[name]} to {last[name]}; it must fall")
    return seconds


def speeds(turns: int) -> list[Row]:
    """Samples per second of all, taking turns, and how many times the exact one is as fast.

    The ratio of processor times stands beside that of the clock: other jobs on the machine shift it less.
    """
    steps = {"exact": exact_trainer(grid.INPUT_SPIKES, grid.DURATION)[2]}
    for name, settings in GRIDS.items():
        steps[name] = grid.trainer(batch=BATCH, **settings)[2]
    seconds = take_turns(steps, turns)
    rows = []
    for name, values in seconds.items():
        clock = [wall for wall, _ in values]
        ratios = [
            [theirs[i] / ours[i] for theirs, ours in zip(values, seconds["exact"], strict=True)]
            for i in (0, 1)
        ]
        rows.append(
            {
                "what": name,
                "samples_per_second": round(BATCH / statistics.median(clock), 3),
                "fastest": round(BATCH / min(clock), 3),
                "processor_ms_per_sample": round(
                    1e3 * statistics.median(work for _, work in values) / BATCH, 2
                ),
                "exact_is_faster": round(statistics.median(ratios[0]), 2),
                "exact_is_faster_by_processor_time": round(statistics.median(ratios[1]), 2),
            }
        )
    return rows


def peak(what: str) -> Row:
    """Peak memory of two training steps in this process, in MiB, beside that of the imports."""
    before = grid.peak_mib()
    step = (
        exact_trainer(grid.INPUT_SPIKES, grid.DURATION)[2]
        if what == "exact"
        else grid.trainer(batch=BATCH, **GRIDS[what])[2]
    )
    for _ in range(2):
        step()
    after = grid.peak_mib()
    return {
        "what": what,
        "peak_mib": round(after),
        "imports_mib": round(before),
        "step_mib": round(after - before),
    }


def growth(turns: int) -> list[Row]:
    """Processor time per sample over rate and duration, both ways, and the events there were."""
    rows = []
    points = [(rate, grid.DURATION) for rate in RATES]
    points += [
        (round(grid.INPUT_SPIKES * seconds), seconds) for seconds in DURATIONS if seconds != grid.DURATION
    ]
    for spikes, duration in points:
        model, inputs, step = exact_trainer(spikes, duration)
        with torch.no_grad():
            _, hidden = model(inputs)
        coarse = grid.trainer(batch=BATCH, **GRIDS[BASELINE], spikes=spikes, duration=duration)[2]
        seconds = take_turns({"exact": step, "grid": coarse}, turns)
        deliveries = sum(
            len(s.times) * post / BATCH for s, post in zip((inputs, *hidden), grid.SIZES[1:], strict=True)
        )
        rows.append(
            {
                "input_spikes": spikes,
                "duration": duration,
                "hidden_spikes": [round(len(h.times) / BATCH) for h in hidden],
                "deliveries": round(deliveries),
                **{
                    f"{name}_processor_ms_per_sample": round(
                        1e3 * statistics.median(work for _, work in values) / BATCH, 2
                    )
                    for name, values in seconds.items()
                },
            }
        )
        print(json.dumps(rows[-1]), flush=True)
    return rows


def add_memory(rows: list[Row], threads: int) -> None:
    """Put the peak memory of each into its row; every one in a process of its own."""
    for row in rows:
        command = [sys.executable, __file__, "--threads", str(threads), "--peak", row["what"]]
        row |= json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        print(json.dumps(row), flush=True)


def write(result: Row, path: Path) -> None:
    """The results, and the page that shows them."""
    path.write_text(json.dumps(result, indent=1) + "\n")
    page = ROOT / "docs" / "training_speed.md"
    fresh = f"<!-- figures -->\n{tables(result)}\n<!-- end of figures -->"
    text = re.sub(
        r"<!-- figures -->.*<!-- end of figures -->", lambda _: fresh, page.read_text(), flags=re.DOTALL
    )
    page.write_text(text)


def tables(result: Row) -> str:
    """The figures as Markdown."""
    lines = [
        "| training step | samples/s | processor time | exact is faster | by processor time | peak memory |",
        "|---|---|---|---|---|---|",
    ]
    for row in result["rows"]:
        memory = f"{row['step_mib']} MiB" if "step_mib" in row else "–"
        lines.append(
            f"| {row['what']} | {row['samples_per_second']:.3g} | {row['processor_ms_per_sample']:.4g} ms "
            f"| {row['exact_is_faster']:.3g} × | {row['exact_is_faster_by_processor_time']:.3g} × | {memory} |"
        )
    lines += [
        "",
        "| duration | input spikes | hidden spikes | deliveries | exact, per sample | grid, per sample |",
        "|---|---|---|---|---|---|",
    ]
    for row in result.get("growth", []):
        hidden = " + ".join(str(count) for count in row["hidden_spikes"])
        lines.append(
            f"| {row['duration']:g} s | {row['input_spikes']:,} | {hidden} | {row['deliveries']:,} "
            f"| {row['exact_processor_ms_per_sample']:.4g} ms | {row['grid_processor_ms_per_sample']:.4g} ms |"
        )
    return "\n".join(lines)


def main() -> None:
    """Check, measure, write, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--growth-turns", type=int, default=2)
    parser.add_argument(
        "--peak", choices=("exact", *GRIDS), help="only the peak memory of one, in this process"
    )
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="others are kept")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "results" / "training_speed.json")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.peak:
        print(json.dumps(peak(options.peak)))
        return
    result: Row = json.loads(options.out.read_text()) if options.out.exists() else {}
    result |= {
        "task": "training step, 700-128-128-20, synaptic delays 0 .. 62 ms",
        "command": "make training-speed",
    }
    if "speeds" in options.parts:
        result["checked"] = check()
        result["rows"] = speeds(options.turns)
        result["config"] = {
            "batch": BATCH,
            "threads": options.threads,
            "turns": options.turns,
            "input_spikes": grid.INPUT_SPIKES,
            "duration": grid.DURATION,
            "torch": torch.__version__,
            "load_average": os.getloadavg()[0],
        }
        write(result, options.out)
    if "memory" in options.parts:
        add_memory(result["rows"], options.threads)
        write(result, options.out)
    if "growth" in options.parts:
        result["growth"] = growth(options.growth_turns)
        write(result, options.out)
    print(tables(result))


if __name__ == "__main__":
    main()
