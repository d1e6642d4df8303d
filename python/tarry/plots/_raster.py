"""One sample, spike by spike: float times, integer ticks, and the delays in between."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from tarry.network import Network, Projection
from tarry.plots._style import PALETTE, SERIES

GAP = 2.0  # rows between populations
SMALL = 8


def raster(
    network: Network,
    times: Mapping[str, npt.NDArray[np.float64]],
    ticks: Mapping[str, npt.NDArray[np.int64]],
    tick: float,
    ax: Axes,
) -> Axes:
    """Draw the first spikes of one sample, population below population, and how long each is under way.

    A spike of a population whose synapses lead to the output is followed to its arrival at the output that fires
    first; other spikes are followed to all their arrivals, one stroke each.

    Args:
        network: where the delays and the order of the populations come from.
        times: float spike times in seconds by population, (size,); ``inf`` is silent.
        ticks: integer spike ticks by population, (size,); -1 is silent.
        tick: seconds.
        ax: where to draw.
    """
    first_row = 0.0
    labels: list[tuple[float, str]] = []
    for population in network.populations:
        in_ticks, spikes = times[population.name] / tick, ticks[population.name]
        fired = np.isfinite(in_ticks)
        # Silent neurons get no row; small populations keep the order of their channels.
        drawn = (
            np.flatnonzero(fired | (spikes >= 0)) if population.size > SMALL else np.arange(population.size)
        )
        order = drawn[np.argsort(in_ticks[drawn], kind="stable")] if population.size > SMALL else drawn
        rows = np.full(population.size, np.nan)
        rows[order] = first_row + np.arange(len(order))
        for projection in network.projections:
            if projection.source == population.name:
                _delays(projection, network, ticks, tick, rows, ax)
        ax.plot(
            in_ticks[fired],
            rows[fired],
            linestyle="none",
            marker="o",
            markersize=6,
            markerfacecolor="none",
            markeredgecolor=PALETTE["ink"],
            markeredgewidth=0.9,
        )
        ax.plot(
            spikes[spikes >= 0],
            rows[spikes >= 0],
            linestyle="none",
            marker="o",
            markersize=2.8,
            color=PALETTE["ink"],
            markeredgewidth=0,
        )
        silent = f",\n{population.size - len(drawn)} silent" if len(drawn) < population.size else ""
        labels.append((first_row + (len(drawn) - 1) / 2, f"{population.name}\n({population.size}{silent})"))
        first_row += len(drawn) + GAP
        if population is not network.populations[-1]:
            ax.axhline(first_row - (GAP + 1) / 2, color=PALETTE["line"], linewidth=0.8)
    _decision(network, ticks, first_row - GAP, ax)
    ax.set_yticks([row for row, _ in labels], [label for _, label in labels])
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(first_row - GAP, -1)
    ax.set_xlabel(f"time, in ticks of {tick * 1e6:.4g} µs")
    ax.set_xlim(left=0)
    ax.grid(axis="y", visible=False)
    _legend(ax)
    return ax


def _delays(
    projection: Projection,
    network: Network,
    ticks: Mapping[str, npt.NDArray[np.int64]],
    tick: float,
    rows: npt.NDArray[np.float64],
    ax: Axes,
) -> None:
    spikes = ticks[projection.source]
    delays = np.broadcast_to(projection.delays / tick, projection.weights.shape)
    targets = ticks[projection.target]
    to_output = projection.target in network.outputs
    winner = int(np.argmin(np.where(targets < 0, np.iinfo(np.int64).max, targets)))
    for source in np.flatnonzero(spikes >= 0):
        start, row = spikes[source], rows[source]
        arrivals = start + (delays[winner, source] if to_output else delays[:, source])
        if to_output:
            colour = SERIES[0] if projection.weights[winner, source] > 0 else SERIES[1]
            late = targets[winner] >= 0 and arrivals > targets[winner]
            ax.plot([start, arrivals], [row, row], color=colour, linewidth=1.8, alpha=0.25 if late else 1.0)
            ax.plot(
                [arrivals],
                [row],
                color=colour,
                marker="|",
                markersize=6,
                markeredgewidth=1.4,
                alpha=0.25 if late else 1.0,
            )
        else:
            ax.plot([start, arrivals.max()], [row, row], color=PALETTE["muted"], linewidth=0.8)
            for sign, colour in ((1, SERIES[0]), (-1, SERIES[1])):
                of_sign = arrivals[np.sign(projection.weights[:, source]) == sign]
                ax.plot(
                    of_sign,
                    np.full(of_sign.shape, row),
                    linestyle="none",
                    color=colour,
                    marker="|",
                    markersize=7,
                    markeredgewidth=0.9,
                )


def _decision(network: Network, ticks: Mapping[str, npt.NDArray[np.int64]], bottom: float, ax: Axes) -> None:
    spikes = np.concatenate([ticks[name] for name in network.outputs])
    if np.any(spikes >= 0):
        decided = int(spikes[spikes >= 0].min())
        ax.axvline(decided, color=PALETTE["ink"], linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
        ax.annotate(
            f"decision at tick {decided}",
            (decided, bottom - 0.6),
            xytext=(-5, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            color=PALETTE["muted"],
            fontsize=8.5,
        )


def _legend(ax: Axes) -> None:
    ink = PALETTE["ink"]
    handles = [
        Line2D(
            [], [], linestyle="none", marker="o", markersize=6, markerfacecolor="none", markeredgecolor=ink
        ),
        Line2D([], [], linestyle="none", marker="o", markersize=2.8, color=ink),
        Line2D([], [], color=SERIES[0], marker="|", markevery=[1], markersize=6, linewidth=1.8),
        Line2D([], [], color=SERIES[1], marker="|", markevery=[1], markersize=6, linewidth=1.8),
    ]
    names = ["float spike", "integer spike", "delay to an arrival, weight > 0", "weight < 0"]
    ax.legend(handles, names, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, columnspacing=1.4)
