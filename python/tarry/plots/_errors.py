"""How far the integer spikes lie from the float ones."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from tarry.plots._style import SERIES, note

#: Errors beyond this are counted in the picture's remark instead of squeezing all others into a spike.
SHOWN = 99.0


def spike_time_errors(errors: Mapping[str, npt.NDArray[np.float64]], ax: Axes) -> Axes:
    """Draw the errors of spike times (integer tick less float time, in ticks), one colour per population."""
    together = np.concatenate([np.asarray(e) for e in errors.values()] or [np.zeros(0)])
    if not together.size:
        note(ax, "no spikes to compare")
        return ax
    tail = (100 - SHOWN) / 2
    low, high = np.floor(np.percentile(together, tail)), np.ceil(np.percentile(together, 100 - tail))
    high = max(high, low + 1)
    step = 0.25 if high - low <= 16 else (high - low) / 64
    bins = np.arange(low, high + step / 2, step).tolist()
    for (name, values), colour in zip(errors.items(), SERIES * len(errors), strict=False):
        share = np.full(len(values), 100 / max(len(values), 1))
        ax.hist(values, bins, weights=share, histtype="stepfilled", color=colour, alpha=0.22)
        ax.hist(
            values,
            bins,
            weights=share,
            histtype="step",
            color=colour,
            linewidth=1.4,
            label=f"{name} (mean {np.mean(values):+.2f}, {len(values):,} spikes)",
        )
    outside = int(np.count_nonzero((together < bins[0]) | (together > bins[-1])))
    if outside:
        note(ax, f"{outside:,} of {together.size:,}\nlie outside")
    ax.set(xlabel="integer tick less float time, in ticks", ylabel="spikes, %")
    ax.grid(axis="x", visible=False)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=1)
    return ax
