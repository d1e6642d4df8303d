"""What a network has learned: its delays and weights."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from tarry.network import Network, Projection
from tarry.plots._style import PALETTE, SERIES

BINS = 24


def delays(network: Network, tau_syn: float, ax: Axes) -> Axes:
    """Draw how the delays are distributed, in units of tau_syn (seconds), one colour per projection."""
    return _histograms(network, [p.delays / tau_syn for p in network.projections], "delay, in tau_syn", ax)


def weights(network: Network, ax: Axes) -> Axes:
    """Draw how the weights are distributed, one colour per projection."""
    ax.axvline(0, color=PALETTE["muted"], linewidth=0.8)
    return _histograms(network, [p.weights for p in network.projections], "weight", ax)


def _histograms(network: Network, values: list[np.ndarray], label: str, ax: Axes) -> Axes:
    together = np.concatenate([v.ravel() for v in values])
    bins = np.linspace(together.min(), max(together.max(), together.min() + 1e-9), BINS + 1).tolist()
    for projection, of_it, colour in zip(network.projections, values, SERIES * len(values), strict=False):
        name = _name(projection)
        ax.hist(of_it.ravel(), bins, histtype="stepfilled", color=colour, alpha=0.22)
        ax.hist(
            of_it.ravel(), bins, histtype="step", color=colour, linewidth=1.4, label=f"{name} ({of_it.size})"
        )
    ax.set(xlabel=label, ylabel="synapses")
    ax.grid(axis="x", visible=False)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.13), ncols=len(values), columnspacing=1.4)
    return ax


def _name(projection: Projection) -> str:
    return f"{projection.source} → {projection.target}"
