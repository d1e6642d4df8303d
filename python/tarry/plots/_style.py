"""One look for all pictures: colours that colour-blind readers can tell apart, quiet axes, text as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

#: Every colour that a picture uses, by what it is for, on white. The report swaps them for a dark page, so each
#: is a value of its own. The first three are told apart with any kind of colour vision (Okabe and Ito 2008).
PALETTE: Mapping[str, str] = {
    "first": "#0072b2",
    "second": "#d55e00",
    "third": "#009e73",
    "ink": "#1c2128",
    "muted": "#5c6671",
    "line": "#d5dae0",
    "surface": "#fefefe",
}
SERIES = (PALETTE["first"], PALETTE["second"], PALETTE["third"])
MARKERS = ("o", "s", "^")

_RC: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 8.0,
    "axes.labelsize": 9.0,
    "axes.labelcolor": PALETTE["muted"],
    "axes.edgecolor": PALETTE["muted"],
    "axes.facecolor": "none",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": PALETTE["line"],
    "grid.linewidth": 0.6,
    "text.color": PALETTE["ink"],
    "xtick.color": PALETTE["muted"],
    "ytick.color": PALETTE["muted"],
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "legend.handlelength": 1.6,
    "lines.linewidth": 1.6,
    "figure.facecolor": PALETTE["surface"],
    "figure.constrained_layout.use": True,
    "savefig.facecolor": PALETTE["surface"],
    "svg.fonttype": "none",
    "svg.hashsalt": "tarry",
}


@contextmanager
def style() -> Iterator[None]:
    """Draw and save in the look of the reports inside this context."""
    with mpl.rc_context(rc=_RC):
        yield


def figure(columns: int, width: float, height: float) -> tuple[Figure, npt.NDArray[np.object_]]:
    """Return a figure of so many inches and its row of Axes, without a window or global state."""
    drawn = Figure(figsize=(width, height))
    axes: npt.NDArray[np.object_] = drawn.subplots(1, columns, squeeze=False)[0]
    return drawn, axes


def note(ax: Axes, text: str, *, x: float = 0.98, y: float = 0.96) -> None:
    """Write a remark into the top right corner."""
    ax.text(x, y, text, transform=ax.transAxes, ha="right", va="top", color=PALETTE["muted"], fontsize=8.5)
