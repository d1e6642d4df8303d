"""What platforms cost, as intervals."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

from tarry.plots._style import SERIES


def intervals(values: Mapping[str, tuple[float, float, float]], quantity: str, unit: str, ax: Axes) -> Axes:
    """Draw (low, nominal, high) per platform on a log axis, in the order given: no ranking.

    Args:
        values: by platform, all in the same SI unit, all positive.
        quantity: what is drawn, for the axis.
        unit: of the values.
        ax: where to draw.
    """
    for row, (low, nominal, high) in enumerate(values.values()):
        ax.plot([low, high], [row, row], color=SERIES[0], linewidth=5, alpha=0.35, solid_capstyle="butt")
        for end in (low, high):
            ax.plot([end, end], [row - 0.16, row + 0.16], color=SERIES[0], linewidth=1.4)
        ax.plot([nominal], [row], marker="o", markersize=6, color=SERIES[0], linestyle="none")
    ax.set_yticks(range(len(values)), list(values))
    ax.set_ylim(len(values) - 0.4, -0.6)
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(numticks=8))
    ax.xaxis.set_major_formatter(EngFormatter(unit=unit))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xlabel(quantity)
    ax.grid(axis="y", visible=False)
    ax.tick_params(axis="y", length=0)
    if values:
        low = min(v[0] for v in values.values())
        high = max(v[2] for v in values.values())
        ax.set_xlim(low / 2, high * 2)
    return ax
