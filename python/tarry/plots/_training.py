"""How a training went."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from tarry.plots._style import SERIES


def loss(values: Sequence[float], ax: Axes) -> Axes:
    """Draw the training loss per epoch on a log axis."""
    ax.plot(_epochs(values), values, color=SERIES[0])
    ax.set(xlabel="epoch", ylabel="training loss, in tau_syn²")
    return _log(ax)


def errors(training: Sequence[float], validation: Sequence[float], ax: Axes) -> Axes:
    """Draw the fraction of wrong decisions per epoch, from accuracies (fractions), on a log axis.

    NaN, where an epoch was not evaluated, is left out.
    """
    for accuracies, colour, width, name in (
        (validation, SERIES[1], 1.0, "validation"),
        (training, SERIES[0], 1.6, "training"),
    ):
        wrong = 100 * (1 - np.asarray(accuracies, np.float64))
        # A set without an error has no place on a log axis; half a sample in ten thousand stands for it.
        shown = np.isfinite(wrong)
        ax.plot(
            _epochs(accuracies)[shown],
            np.maximum(wrong[shown], 0.005),
            color=colour,
            linewidth=width,
            label=name,
        )
    ax.set(xlabel="epoch", ylabel="wrong decisions")
    ax.legend(loc="upper right")
    _log(ax)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} %"))
    return ax


def _epochs(values: Sequence[float]) -> np.ndarray:
    return np.arange(1, len(values) + 1)


def _log(ax: Axes) -> Axes:
    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.minorticks_off()
    return ax
