from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from tarry import data, nn, train
from tarry.nn import Quantisation

TAU_SYN = 1e-3
TICK = TAU_SYN / 64


@pytest.fixture(scope="module")
def points() -> data.Dataset:
    full = data.yin_yang(TAU_SYN)
    return replace(full, train=full.validation)


@pytest.fixture(scope="module")
def trained(points: data.Dataset) -> nn.Sequential:
    recipe = train.recipe("synaptic")
    model = recipe.model(4, 12, 3, tau_syn=TAU_SYN, seed=1)
    train.fit(model, points, **dict(recipe.fit) | {"epochs": 30, "progress": False})
    return model


def tune(model: nn.Sequential, points: data.Dataset, **settings: Any) -> train.FineTuned:
    defaults = {"weight_bits": 5, "delay_bits": 6, "tick": TICK, "epochs": 2, "progress": False}
    return train.fine_tune(model, points, **(defaults | settings))


def test_the_grid_is_met_to_the_bit_and_gradients_pass() -> None:
    scale = torch.tensor(0.3, dtype=torch.float64)
    grid = Quantisation(scale, 3, 0.25, (1, 4))
    weights = torch.tensor([[-2.0, -0.45, 0.14, 0.16, 0.45, 5.0]], dtype=torch.float64, requires_grad=True)
    rounded = grid.weights(weights)
    assert torch.equal(rounded, torch.tensor([[-3.0, -2.0, 0.0, 1.0, 2.0, 3.0]], dtype=torch.float64) * scale)
    delays = torch.tensor([0.0, 0.374, 0.376, 0.625, 9.0], dtype=torch.float64, requires_grad=True)
    assert grid.delays(delays).tolist() == [0.25, 0.25, 0.5, 0.5, 1.0]
    (rounded.sum() + 2 * grid.delays(delays).sum()).backward()  # type: ignore[no-untyped-call]
    assert weights.grad is not None
    assert delays.grad is not None
    assert weights.grad.eq(1).all()
    assert delays.grad.eq(2).all()


@pytest.mark.parametrize("scale", ["layer", "neuron"])
def test_the_network_holds_whole_multiples(trained: nn.Sequential, points: data.Dataset, scale: Any) -> None:
    tuned = tune(trained, points, scale=scale)
    network = tuned.network()
    assert list(tuned.weight_scales) == ["hidden", "output"]
    for index, (projection, (name, scales)) in enumerate(
        zip(network.projections, tuned.weight_scales.items(), strict=True)
    ):
        assert projection.target == name
        assert scales.shape == (() if scale == "layer" else (network.population(name).size,))
        steps = np.rint(projection.weights / (scales if scales.ndim == 0 else scales[:, None]))
        assert np.array_equal(steps * (scales if scales.ndim == 0 else scales[:, None]), projection.weights)
        assert np.abs(steps).max() <= 15
        ticks = projection.delays / TICK
        np.testing.assert_allclose(ticks, np.rint(ticks), rtol=1e-12)
        assert np.rint(ticks).min() >= index  # at least one tick between neurons
        assert np.rint(ticks).max() <= 63
    assert train.evaluate(tuned.model, points.validation) in tuned.history.validation_accuracy


def test_the_model_itself_is_left_alone(trained: nn.Sequential, points: data.Dataset) -> None:
    before = [p.detach().clone() for p in trained.parameters()]
    tune(trained, points)
    assert all(torch.equal(a, b) for a, b in zip(trained.parameters(), before, strict=True))
    assert all(layer.quantisation is None for layer in trained)


def test_the_scales_have_the_fewest_errors(trained: nn.Sequential, points: data.Dataset) -> None:
    still: dict[str, Any] = {"epochs": 1, "learning_rate": 0.0, "delay_learning_rate": 0.0, "weight_bits": 3}
    still["silent_limit"] = (1.0, 1.0)
    chosen = tune(trained, points, **still)
    largest = {
        name: float(layer.weights.detach().abs().max()) / 3
        for name, layer in zip(("hidden", "output"), trained, strict=True)
    }
    accuracies = {}
    for first in (1.0, 0.7, 0.4):
        for second in (1.0, 0.7, 0.4):
            scales = {"hidden": first * largest["hidden"], "output": second * largest["output"]}
            tried = tune(trained, points, weight_scales=scales, **still)
            assert tried.weight_scales == scales
            accuracies[first, second] = train.evaluate(tried.model, points.train)
    assert len(set(accuracies.values())) > 1
    assert train.evaluate(chosen.model, points.train) >= max(accuracies.values())
    for name, scale in chosen.weight_scales.items():
        assert round(float(scale) / largest[name], 6) in (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4)


def test_fine_tuning_gains_back_what_rounding_lost(trained: nn.Sequential, points: data.Dataset) -> None:
    rounded = tune(trained, points, weight_bits=3, epochs=1, learning_rate=0.0, delay_learning_rate=0.0)
    tuned = tune(trained, points, weight_bits=3, epochs=30)
    lost = train.evaluate(trained, points.train) - train.evaluate(rounded.model, points.train)
    left = train.evaluate(trained, points.train) - train.evaluate(tuned.model, points.train)
    assert lost > 0.02
    assert left < 0.5 * lost


def test_networks_without_delays_are_tuned_too(points: data.Dataset) -> None:
    model = train.recipe("none").model(4, 8, 3, tau_syn=TAU_SYN)
    network = tune(model, points, epochs=1, delay_bits=16).network()
    assert all(projection.delays.shape == () for projection in network.projections)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"weight_bits": 1}, "weight_bits is 1; it must be 2..16"),
        ({"delay_bits": 0}, "delay_bits is 0; it must be 1..16"),
        ({"delay_bits": 7}, r"delays of 7 bits over 64 ticks have a step of 0.5 ticks"),
        ({"tick": TAU_SYN / 100}, "step of 1.5625 ticks; it must be a whole number"),
        ({"tick": 0.0}, "tick is 0.0 s"),
        ({"scale": "synapse"}, "scale is 'synapse'"),
        ({"weight_scales": {"hidden": 0.1}}, r"weight_scales are for \['hidden'\]; give one for each of"),
        (
            {"weight_scales": {"hidden": 0.1, "output": [0.1, 0.2]}},
            "'output' must be positive and one number",
        ),
        ({"weight_scales": {"hidden": 0.1, "output": -0.1}}, "'output' must be positive"),
    ],
)
def test_fine_tune_refuses(
    trained: nn.Sequential, points: data.Dataset, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        tune(trained, points, **settings)
