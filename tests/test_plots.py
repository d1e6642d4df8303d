"""Pictures are drawn on the Axes that they are given, from the numbers that they are given."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib.colors
import numpy as np
import pytest
from matplotlib.axes import Axes

from tarry import Lif, Network, Population, Projection, plots
from tarry.data import yin_yang

NEURON = Lif(tau_mem=2e-3, tau_syn=1e-3, reset="once")
NETWORK = Network(
    (Population("input", 4), Population("hidden", 9, NEURON), Population("output", 3, NEURON)),
    (
        Projection(
            "input", "hidden", np.linspace(-2, 3, 36).reshape(9, 4), np.linspace(0, 1e-3, 36).reshape(9, 4)
        ),
        Projection(
            "hidden",
            "output",
            np.linspace(3, -1, 27).reshape(3, 9),
            np.linspace(1e-5, 9e-4, 27).reshape(3, 9),
        ),
    ),
)
SET = yin_yang(1e-3)


@pytest.fixture
def ax() -> Iterator[Axes]:
    with plots.style():
        _, (only,) = plots.figure(1, 4, 3)
        yield only


def drawn_points(ax: Axes) -> int:
    return sum(len(np.atleast_1d(line.get_xdata())) for line in ax.lines)


def test_points_draws_every_sample_once(ax: Axes) -> None:
    assert plots.points(SET.test, SET.class_names, ax) is ax
    assert drawn_points(ax) == len(SET.test)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["yin", "yang", "dot"]  # type: ignore[union-attr]


def test_plane_rings_the_wrong_samples(ax: Axes) -> None:
    decided = SET.test.labels.copy()
    decided[:7] = (decided[:7] + 1) % 3
    decisions = np.repeat(np.arange(31)[:, None] // 16, 31, axis=1)
    assert plots.plane(decisions, SET.test, decided, SET.class_names, ax) is ax
    ringed = [line for line in ax.lines if line.get_markeredgewidth() > 0]
    assert sum(len(np.atleast_1d(line.get_xdata())) for line in ringed) == 7
    assert drawn_points(ax) == len(SET.test)
    assert ax.get_legend().get_texts()[-1].get_text() == "wrong (7)"  # type: ignore[union-attr]


def test_training_curves_leave_out_what_was_not_evaluated(ax: Axes) -> None:
    assert plots.errors([0.5, 0.9, 1.0], [0.4, float("nan"), 0.8], ax) is ax
    validation, training = ax.lines
    np.testing.assert_allclose(np.asarray(validation.get_ydata(), float), [60, 20])
    np.testing.assert_allclose(np.asarray(training.get_ydata(), float)[:2], [50, 10])
    assert np.asarray(training.get_ydata(), float)[2] > 0, "an error of zero has to stay on the log axis"


def test_loss_is_drawn_per_epoch(ax: Axes) -> None:
    assert plots.loss([0.5, 0.1], ax) is ax
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), [1, 2])
    assert ax.get_yscale() == "log"


@pytest.mark.parametrize("kind", ["delays", "weights"])
def test_histograms_count_every_synapse(kind: str, ax: Axes) -> None:
    drawn = plots.delays(NETWORK, 1e-3, ax) if kind == "delays" else plots.weights(NETWORK, ax)
    assert drawn is ax
    labels = [text.get_text() for text in ax.get_legend().get_texts()]  # type: ignore[union-attr]
    assert labels == ["input → hidden (36)", "hidden → output (27)"]
    # The outline of a histogram of n values with one step per bin has the height of its counts.
    outline = ax.patches[1].get_path().vertices
    heights = np.asarray(outline)[1:-1:2, 1]
    assert heights.sum() == 36


def test_raster_shows_both_spikes_and_the_decision(ax: Axes) -> None:
    times = {
        "input": np.array([1e-4, 2e-4, np.inf, 4e-4]),
        "hidden": np.append(np.linspace(5e-4, 9e-4, 8), np.inf),
        "output": np.array([2.0e-3, np.inf, 1.5e-3]),
    }
    ticks = {
        name: np.where(np.isinf(t), -1, np.ceil(np.where(np.isinf(t), 0, t) / 1e-5)).astype(np.int64)
        for name, t in times.items()
    }
    assert plots.raster(NETWORK, times, ticks, 1e-5, ax) is ax
    assert any(text.get_text() == "decision at tick 150" for text in ax.texts)
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == ["input\n(4)", "hidden\n(9,\n1 silent)", "output\n(3)"]
    rings = [line for line in ax.lines if line.get_markerfacecolor() == "none" and line.get_marker() == "o"]
    assert sum(len(np.atleast_1d(line.get_xdata())) for line in rings) == 3 + 8 + 2


def test_raster_of_a_silent_sample(ax: Axes) -> None:
    times = {p.name: np.full(p.size, np.inf) for p in NETWORK.populations}
    ticks = {p.name: np.full(p.size, -1) for p in NETWORK.populations}
    plots.raster(NETWORK, times, ticks, 1e-5, ax)
    assert not ax.texts


def test_errors_of_spike_times_say_what_lies_outside(ax: Axes) -> None:
    errors = np.append(np.full(999, 0.5), 400.0)
    assert plots.spike_time_errors({"hidden": errors}, ax) is ax
    assert ax.texts[0].get_text() == "1 of 1,000\nlie outside"
    low, high = ax.get_xlim()
    assert low < 0.5 < high < 10


def test_no_errors_is_said(ax: Axes) -> None:
    plots.spike_time_errors({"hidden": np.zeros(0)}, ax)
    assert ax.texts[0].get_text() == "no spikes to compare"


def test_intervals_keep_the_order(ax: Axes) -> None:
    values = {"b": (1e-6, 2e-6, 3e-6), "a": (1e-9, 2e-9, 9e-9)}
    assert plots.intervals(values, "energy", "J", ax) is ax
    assert [label.get_text() for label in ax.get_yticklabels()] == ["b", "a"]
    assert ax.get_xscale() == "log"
    low, high = ax.get_xlim()
    assert low < 1e-9 < 3e-6 < high


def test_no_platform_fits(ax: Axes) -> None:
    plots.intervals({}, "energy", "J", ax)
    ax.figure.draw_without_rendering()  # type: ignore[union-attr]


def test_every_colour_is_its_own() -> None:
    assert len(set(plots.PALETTE.values())) == len(plots.PALETTE)
    assert all(matplotlib.colors.to_hex(colour) == colour for colour in plots.PALETTE.values())
