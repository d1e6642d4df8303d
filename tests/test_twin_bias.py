"""Many spikes: the twin on a fine grid and the exact events, two methods that share no code, say the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

import tarry
from tarry import nn, plots


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def network(reset: Any, refractory: float, kind: str, recurrent: bool) -> tarry.Network:
    """6-4-2, driven well above the threshold, so that no spike grazes it."""
    rng = np.random.default_rng(0)
    neuron = tarry.Lif(20e-3, 5e-3, reset=reset, refractory=refractory)

    def projection(
        source: str, target: str, low: float, high: float, shape: tuple[int, int]
    ) -> tarry.Projection:
        shapes: dict[str, tuple[int, ...]] = {
            "synaptic": shape, "axonal": (1, shape[1]), "dendritic": (shape[0], 1), "none": (),
        }  # fmt: skip
        delays = rng.uniform(1e-3, 6e-3, shapes[kind])
        return tarry.Projection(source, target, rng.uniform(low, high, shape), delays)

    projections = [projection("input", "hidden", 0.6, 0.9, (4, 6))]
    if recurrent:
        projections.append(projection("hidden", "hidden", -0.2, 0.2, (4, 4)))
    projections.append(projection("hidden", "output", 0.6, 0.9, (2, 4)))
    return tarry.Network(
        (
            tarry.Population("input", 6),
            tarry.Population("hidden", 4, neuron),
            tarry.Population("output", 2, neuron),
        ),
        tuple(projections),
    )


def inputs() -> nn.Spikes:
    rng = np.random.default_rng(1)
    return nn.Spikes.of([(np.sort(rng.uniform(0, 15e-3, 12)), rng.integers(0, 6, 12))], 6)


@pytest.mark.parametrize(
    ("reset", "refractory", "kind", "recurrent"),
    [
        ("to_zero", 0.0, "synaptic", False),
        ("to_zero", 1e-3, "axonal", True),
        ("by_subtraction", 1e-3, "dendritic", True),
        ("once", 0.0, "synaptic", False),
    ],
)
def test_the_twin_converges_to_the_exact_spikes_and_gradients(
    reset: Any, refractory: float, kind: str, recurrent: bool
) -> None:
    plain = network(reset, refractory, kind, recurrent)
    rows = nn.grid_bias(plain, inputs(), steps=[4e-4, 2e-5], duration=20e-3)
    assert [(row.layer, row.step) for row in rows] == [
        ("hidden", 4e-4), ("output", 4e-4), ("hidden", 2e-5), ("output", 2e-5),
    ]  # fmt: skip
    for coarse, fine in zip(rows[:2], rows[2:], strict=True):
        assert fine.same_count == 1.0
        assert fine.spikes >= (1 if reset == "once" else 3)
        assert fine.error < 12 * fine.step
        expected = {"weights", "delays"}
        if recurrent and fine.layer == "hidden":
            expected |= {"recurrent_weights", "recurrent_delays"}
        assert set(fine.gradients["spike_time"]) == expected
        for name, errors in fine.gradients["spike_time"].items():
            assert errors["cosine"] > 0.98, (fine.layer, name, errors)
            assert errors["relative_error"] < 0.2
            assert errors["relative_error"] < coarse.gradients["spike_time"][name]["relative_error"]


def test_pictures_show_every_layer_and_estimator() -> None:
    rows = [r._asdict() for r in nn.grid_bias(network("to_zero", 0.0, "synaptic", False), inputs(),
                                              steps=[1e-3, 5e-3], duration=25e-3)]  # fmt: skip
    axes = Figure().subplots(1, 2)
    plots.grid_time_errors(rows, axes[0])
    assert [line.get_label() for line in axes[0].lines] == ["half a tick", "hidden", "output"]
    plots.grid_gradient_directions(rows, axes[1], "delays")
    cosines = [line.get_ydata() for line in axes[1].lines[:4]]
    expected = [
        [row["gradients"][estimator]["delays"]["cosine"] for row in rows if row["layer"] == layer]
        for layer in ("hidden", "output")
        for estimator in ("spike_time", "surrogate")
    ]
    np.testing.assert_array_equal(cosines, expected)


def test_other_networks_are_refused() -> None:
    neuron = tarry.Lif(20e-3, 5e-3)
    ring = tarry.Network(
        (tarry.Population("input", 1), tarry.Population("a", 1, neuron), tarry.Population("b", 1, neuron)),
        (tarry.Projection("input", "a", [[1.0]]), tarry.Projection("a", "b", [[1.0]], 1e-3),
         tarry.Projection("b", "a", [[1.0]], 1e-3)),
        ("b",),
    )  # fmt: skip
    with pytest.raises(ValueError, match="layers in a row"):
        nn.grid_bias(ring, nn.Spikes.of([([0.0], [0])], 1), steps=[1e-3], duration=25e-3)
