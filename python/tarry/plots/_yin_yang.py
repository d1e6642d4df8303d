"""The Yin-Yang set, and what a network decides over its plane."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.patches import Circle

from tarry.data import Split
from tarry.plots._style import MARKERS, PALETTE, SERIES

CENTRE, RADIUS = (0.5, 0.5), 0.5


def points(split: Split, class_names: Sequence[str], ax: Axes) -> Axes:
    """Draw the samples of a split, (x, y) of their first two features, one colour and marker per class."""
    for label, name in enumerate(class_names):
        chosen = split.points[split.labels == label]
        ax.plot(
            *chosen[:, :2].T,
            linestyle="none",
            marker=MARKERS[label],
            markersize=2.6,
            markeredgewidth=0,
            color=SERIES[label],
            label=name,
        )
    return _frame(ax, len(class_names))


def plane(
    decisions: npt.NDArray[np.int64],
    split: Split,
    decided: npt.NDArray[np.int64],
    class_names: Sequence[str],
    ax: Axes,
) -> Axes:
    """Draw what a network decides over the unit square, and mark the samples that it gets wrong.

    Args:
        decisions: class at (x, y), (rows, columns) of an even grid over [0, 1] x [0, 1], y rising with the row; -1
            where no output fires.
        split: the samples to draw.
        decided: what the network decides for each of them, (n,).
        class_names: one per class.
        ax: where to draw.
    """
    rows, columns = decisions.shape
    x, y = np.meshgrid(np.linspace(0, 1, columns), np.linspace(0, 1, rows))
    circle = Circle(CENTRE, RADIUS, transform=ax.transData)
    for label in range(len(class_names)):
        inside = (decisions == label).astype(float)
        for drawn in (
            ax.contourf(x, y, inside, levels=[0.5, 1.5], colors=[SERIES[label]], alpha=0.28),
            ax.contour(x, y, inside, levels=[0.5], colors=[PALETTE["ink"]], linewidths=0.6),
        ):
            drawn.set_clip_path(circle)
    right = decided == split.labels
    for label, name in enumerate(class_names):
        chosen = split.points[(split.labels == label) & right]
        ax.plot(
            *chosen[:, :2].T,
            linestyle="none",
            marker=MARKERS[label],
            markersize=2.4,
            markeredgewidth=0,
            color=SERIES[label],
            label=name,
        )
    for label in range(len(class_names)):
        chosen = split.points[(split.labels == label) & ~right]
        ax.plot(
            *chosen[:, :2].T,
            linestyle="none",
            marker=MARKERS[label],
            markersize=6.5,
            markeredgewidth=1.4,
            markeredgecolor=PALETTE["ink"],
            color=SERIES[label],
        )
    ax.plot(
        [],
        [],
        linestyle="none",
        marker="o",
        markersize=6.5,
        markeredgewidth=1.4,
        markeredgecolor=PALETTE["ink"],
        color=PALETTE["surface"],
        label=f"wrong ({int(np.count_nonzero(~right))})",
    )
    return _frame(ax, len(class_names) + 1)


def _frame(ax: Axes, entries: int) -> Axes:
    ax.add_patch(Circle(CENTRE, RADIUS, fill=False, edgecolor=PALETTE["muted"], linewidth=0.8))
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal", xlabel="x", ylabel="y")
    ax.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    ax.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
    ax.grid(False)
    ax.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, -0.13),
        ncols=entries,
        columnspacing=1.2,
        handletextpad=0.2,
        markerscale=1.6 if entries == 3 else 1.3,
    )
    return ax
