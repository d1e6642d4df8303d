"""What a grid of ticks does to spike times and gradients, by length of the tick."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from tarry.plots._style import MARKERS, PALETTE, SERIES, note

Rows = Sequence[Mapping[str, Any]]

LINES = {"spike_time": "-", "surrogate": ":"}
NAMES = {"spike_time": "derivatives of spike times", "surrogate": "surrogate gradient"}


def grid_time_errors(rows: Rows, ax: Axes) -> Axes:
    """Draw the median spike-time error of each layer over the length of a tick, both in milliseconds.

    Args:
        rows: ``tarry.nn.LayerBias`` as mappings: "layer", "step", "error", "same_count".
        ax: where to draw.
    """
    steps = sorted({1e3 * row["step"] for row in rows})
    ax.plot(
        steps,
        [s / 2 for s in steps],
        color=PALETTE["muted"],
        linewidth=0.9,
        linestyle="--",
        label="half a tick",
    )
    for (layer, mine), colour, marker in zip(_by_layer(rows).items(), SERIES, MARKERS, strict=False):
        # Where few neurons spike as often as in continuous time there is no error to speak of.
        shown = [row for row in mine if row["same_count"] >= 0.1]
        ax.plot(
            [1e3 * row["step"] for row in shown],
            [1e3 * row["error"] for row in shown],
            color=colour, marker=marker, markersize=4.5, label=layer,
        )  # fmt: skip
        if len(shown) < len(mine):
            note(ax, "left out: fewer than 10 % of\nneurons spike as often", x=0.98, y=0.14)
    ax.set(yscale="log", ylabel="spike-time error, ms (median)")
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.legend(loc="upper left")
    return _steps(ax, steps)


def grid_gradient_directions(rows: Rows, ax: Axes, parameter: str = "weights") -> Axes:
    """Draw the cosine between the twin's gradients and the exact ones over the length of a tick.

    Args:
        rows: ``tarry.nn.LayerBias`` as mappings: "layer", "step", "gradients".
        ax: where to draw.
        parameter: which gradient: "weights", "delays", "recurrent_weights" or "recurrent_delays".
    """
    steps = sorted({1e3 * row["step"] for row in rows})
    for (layer, mine), colour, marker in zip(_by_layer(rows).items(), SERIES, MARKERS, strict=False):
        for estimator, line in LINES.items():
            ax.plot(
                [1e3 * row["step"] for row in mine],
                [row["gradients"][estimator][parameter]["cosine"] for row in mine],
                color=colour, marker=marker, markersize=4.5, linestyle=line, label=f"{layer}, {NAMES[estimator]}",
            )  # fmt: skip
    for level in (0.0, 1.0):
        ax.axhline(level, color=PALETTE["muted"], linewidth=0.8)
    ax.set(ylim=(-0.75, 1.08), ylabel=f"cosine with the exact gradient, {parameter.replace('_', ' ')}")
    return _steps(ax, steps)


def _by_layer(rows: Rows) -> dict[str, list[Mapping[str, Any]]]:
    layers: dict[str, list[Mapping[str, Any]]] = {}
    for row in sorted(rows, key=lambda row: float(row["step"])):
        layers.setdefault(row["layer"], []).append(row)
    return layers


def _steps(ax: Axes, steps: Sequence[float]) -> Axes:
    ax.set(xscale="log", xlabel="length of a tick, ms")
    ax.xaxis.set_major_locator(FixedLocator(np.asarray(steps).tolist()))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    return ax
