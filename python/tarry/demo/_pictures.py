"""The pictures of a demonstration."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from tarry import plots
from tarry.compiler import FirstSpikes
from tarry.data import Split
from tarry.demo._check import Check
from tarry.demo._price import Price
from tarry.demo._steps import Trained
from tarry.demo._task import Task
from tarry.program import Program

SHOWN_POINTS = 1500
NEVER = 1 << 40


def draw_pictures(
    task: Task, trained: Trained, program: Program, check: Check, prices: dict[str, Price], *, grid: int = 201
) -> dict[str, Figure]:
    """Draw all pictures, by name in the order in which they are read; ``grid`` points to a side of the plane."""
    pictures: dict[str, Figure] = {}
    network, names = trained.network, task.data.class_names

    pictures["plane"], (left, right) = plots.figure(2, 8.6, 5.1)
    shown = _first(task.data.train, SHOWN_POINTS)
    plots.points(shown, names, left).set_title(f"{len(shown):,} of {len(task.data.train):,} training samples")
    decisions = decide_plane(task, program, grid)
    plots.plane(decisions, task.data.test, check.fixed_decisions, names, right)
    right.set_title(f"What the program decides, {len(task.data.test):,} test samples")

    history = trained.history
    pictures["training"], (left, right) = plots.figure(2, 8.6, 3.0)
    plots.loss(history.loss, left).set_title("Loss")
    plots.errors(history.train_accuracy, history.validation_accuracy, right).set_title("Errors")

    with_delays = any(p.delays.ndim for p in network.projections)
    pictures["parameters"], axes = plots.figure(2 if with_delays else 1, 8.6, 3.1)
    plots.weights(network, axes[0])
    if with_delays:
        plots.delays(network, task.tau_syn, axes[1])

    pictures["errors"], (left, right) = plots.figure(2, 8.6, 3.1)
    hidden, output = (p.name for p in network.populations[1:])
    plots.spike_time_errors({hidden: check.spike_time_errors(hidden)}, left)
    plots.spike_time_errors({output: check.spike_time_errors(output)}, right)

    pictures["raster"], (only,) = plots.figure(1, 8.6, 5.0)
    sample = typical_sample(check, output)
    plots.raster(
        network,
        {name: times[sample] for name, times in check.times.items()},
        {name: ticks[sample] for name, ticks in check.ticks.items()},
        check.tick,
        only,
    )

    pictures["platforms"], (left, right) = plots.figure(2, 8.6, 0.9 + 0.42 * len(prices))
    for ax, key, quantity, unit in (
        (left, "latency_seconds", "compute time to a decision", "s"),
        (right, "energy_joules", "energy for a decision", "J"),
    ):
        values = {
            name: (price.estimate[key]["low"], price.estimate[key]["nominal"], price.estimate[key]["high"])
            for name, price in prices.items()
            if price.estimate["fits"]
        }
        plots.intervals(values, quantity, unit, ax)
    return pictures


def decide_plane(task: Task, program: Program, grid: int) -> np.ndarray:
    """What a program decides at the points of an even grid over the unit square, (grid, grid), y rising with the row.

    The encoding is read off the training samples: spike times are affine in the features.
    """
    x, y = (axis.ravel() for axis in np.meshgrid(np.linspace(0, 1, grid), np.linspace(0, 1, grid)))
    features = np.stack([x, y, 1 - x, 1 - y], axis=1)
    slope, offset = np.polyfit(task.data.train.points[:, 0], task.data.train.times[:, 0], 1)
    times = offset + slope * features
    return FirstSpikes(times, np.zeros(len(times), np.int64)).decisions(program).reshape(grid, grid)


def typical_sample(check: Check, output: str) -> int:
    """The sample whose margin between the two earliest outputs is the median of those decided rightly."""
    right = np.flatnonzero(check.fixed_decisions == check.labels)
    if not len(right):
        return 0
    earliest = np.sort(np.where(check.ticks[output] < 0, NEVER, check.ticks[output])[right], axis=1)
    margins = earliest[:, 1] - earliest[:, 0]
    return int(right[np.argsort(margins, kind="stable")[len(margins) // 2]])


def _first(split: Split, samples: int) -> Split:
    return Split(split.points[:samples], split.times[:samples], split.labels[:samples])
