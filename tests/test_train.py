from __future__ import annotations

from dataclasses import replace
from math import cos, isnan, pi
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tarry import data, nn, train
from tarry.train._adam import Adam
from tarry.train._silent import SilentRule

TAU_SYN = 1e-3
NEVER = (1.0, 1.0)  # raises no weights of silent neurons


def small(train_samples: int = 300) -> data.Dataset:
    full = data.yin_yang(TAU_SYN)

    def cut(split: data.Split, n: int) -> data.Split:
        return data.Split(split.points[:n], split.times[:n], split.labels[:n])

    return replace(full, train=cut(full.train, train_samples), validation=cut(full.validation, 100))


def model(seed: int = 0, **layer: Any) -> nn.Sequential:
    recipe = train.recipe("synaptic")
    return replace(recipe, layer=dict(recipe.layer) | layer).model(4, 8, 3, tau_syn=TAU_SYN, seed=seed)


def fit(network: nn.Sequential, points: data.Dataset | None = None, **settings: Any) -> train.History:
    return train.fit(network, points or small(), **({"epochs": 2, "progress": False} | settings))


@pytest.mark.parametrize("kind", ["none", "axonal", "dendritic", "synaptic"])
def test_each_recipe_learns_yin_yang(kind: Any) -> None:
    recipe = train.recipe(kind)
    network = recipe.model(4, 30, 3, tau_syn=TAU_SYN, seed=0)
    points = data.yin_yang(TAU_SYN)
    history = train.fit(network, points, **dict(recipe.fit) | {"epochs": 6, "progress": False})
    # A network whose hidden layer does not learn stays below 0.64.
    assert history.validation_accuracy[-1] > 0.75
    assert history.loss[-1] < 0.5 * history.loss[0]
    assert train.evaluate(network, points.validation) == history.validation_accuracy[-1]
    limit = recipe.layer["weight_limit"]
    assert all(limit is None or layer.weights.abs().max() <= limit for layer in network)


def test_unknown_recipes_are_refused() -> None:
    with pytest.raises(ValueError, match="no recipe for the delays 'axon'; there are none, axonal"):
        train.recipe("axon")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"sizes are \(4,\)"):
        train.recipe("none").model(4, tau_syn=TAU_SYN)


@pytest.mark.parametrize("loss", ["mse", "cross_entropy"])
def test_one_step_is_adam_on_the_loss(loss: Any) -> None:
    points = small(50)
    found, expected = model(), model()
    fit(
        found,
        points,
        epochs=1,
        batch_size=50,
        loss=loss,
        learning_rate=0.02,
        delay_learning_rate=0.003,
        silent_limit=NEVER,
    )
    of_times = (
        nn.shift_invariant_mse(expected(torch.tensor(points.train.times)), labels(points), TAU_SYN)
        if loss == "mse"
        else nn.time_to_first_spike_cross_entropy(
            expected(torch.tensor(points.train.times)), labels(points), TAU_SYN
        )
    )
    of_times.backward()  # type: ignore[no-untyped-call]
    rates = {"weights": 0.02, "raw_delays": 0.003}
    torch.optim.Adam(
        [{"params": [p], "lr": rates[n.split(".")[-1]]} for n, p in expected.named_parameters()]
    ).step()
    for layer in expected:
        layer.limit_weights()
    # Samples come in another order, so sums may differ in the last bits.
    for a, b in zip(found.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("loss", ["mse", "cross_entropy"])
@pytest.mark.parametrize("kind", ["none", "axonal", "dendritic", "synaptic"])
def test_one_operator_equals_layer_by_layer(kind: Any, loss: Any) -> None:
    points = small(40)
    settings = {"silent_limit": NEVER, "epochs": 1, "batch_size": 40, "loss": loss}
    at_once, one_by_one = (train.recipe(kind).model(4, 8, 3, tau_syn=TAU_SYN, seed=4) for _ in range(2))
    one_by_one[0].slope_floor += 1e-15  # the one operator takes no floors that differ
    spikes = at_once(torch.tensor(points.train.times), return_all=True)
    found, expected = fit(at_once, points, **settings), fit(one_by_one, points, **settings)
    assert found.silent == expected.silent
    assert found.silent[0] == pytest.approx(sum(int(t.isinf().sum()) for t in spikes) / (40 * 11))
    assert 0 < found.silent[0] < 1
    assert found.loss[0] == pytest.approx(expected.loss[0], rel=1e-12)
    assert found.train_accuracy == expected.train_accuracy
    for a, b in zip(at_once.parameters(), one_by_one.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-8, atol=1e-12)


def labels(points: data.Dataset) -> Tensor:
    return torch.tensor(points.train.labels)


def test_history_says_what_happened() -> None:
    network, points = model(), small()
    history = fit(network, points, epochs=5, evaluate_every=2)
    assert len(history.loss) == len(history.train_accuracy) == len(history.silent) == 5
    assert [isnan(v) for v in history.validation_accuracy] == [True, False, True, False, False]
    assert all(0 <= value <= 1 for value in history.train_accuracy + history.silent)
    assert history.samples_per_second == pytest.approx(5 * 300 / history.seconds)


def test_the_first_loss_of_the_history_is_that_of_the_untrained_model() -> None:
    network, points = model(), small()
    before = nn.shift_invariant_mse(network(torch.tensor(points.train.times)), labels(points), TAU_SYN, 0.3)
    history = fit(network, points, epochs=1, batch_size=1000, margin=0.3)
    assert history.loss[0] == pytest.approx(before.item())


def test_the_schedule_scales_both_rates() -> None:
    seen = []

    def watch(done: float) -> float:
        seen.append(done)
        return 0.0

    network = model()
    before = [p.clone() for p in network.parameters()]
    fit(network, epochs=4, schedule=watch, silent_limit=NEVER)
    assert seen == [0, 0.25, 0.5, 0.75]
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), before, strict=True))
    cosine, by_hand = model(), model()
    fit(cosine, epochs=3)
    fit(by_hand, epochs=3, schedule=lambda done: (1 + cos(pi * done)) / 2)
    assert all(torch.equal(a, b) for a, b in zip(cosine.parameters(), by_hand.parameters(), strict=True))


def test_the_best_epoch_is_kept_when_asked() -> None:
    points = small()
    accuracies = []
    for epochs in range(1, 9):
        network = model()
        fit(network, points, epochs=epochs, schedule="constant", learning_rate=0.2)
        accuracies.append(train.evaluate(network, points.train))
    assert max(accuracies) > accuracies[-1]
    network = model()
    fit(network, points, epochs=8, schedule="constant", learning_rate=0.2, keep="best")
    assert train.evaluate(network, points.train) == max(accuracies)


def test_the_same_seed_gives_the_same_bits_and_another_does_not() -> None:
    networks = [model() for _ in range(3)]
    for network, seed in zip(networks, (5, 5, 6), strict=True):
        torch.rand(3)  # the global generator has no part in it
        fit(network, seed=seed)
    first, same, other = ([p.detach() for p in n.parameters()] for n in networks)
    assert all(torch.equal(a, b) for a, b in zip(first, same, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(first, other, strict=True))


def test_threads_do_not_change_a_bit() -> None:
    networks = [train.recipe("synaptic").model(4, 8, 3, tau_syn=TAU_SYN, threads=n) for n in (1, 2)]
    for network in networks:
        fit(network, batch_size=100)
    assert all(torch.equal(a, b) for a, b in zip(*(n.parameters() for n in networks), strict=True))


def test_weight_limits_hold_after_every_step() -> None:
    largest = []

    def loss(times: Tensor, labels: Tensor) -> Tensor:
        largest.append(max(float(layer.weights.detach().abs().max()) for layer in network))
        return nn.shift_invariant_mse(times, labels, TAU_SYN)

    network = model(weight_limit=None)
    fit(network, loss=loss, weight_limit=0.9, learning_rate=0.1)
    assert largest[0] > 0.9
    assert set(largest[1:]) == {0.9}


def test_silent_neurons_are_raised_instead_of_a_step() -> None:
    network = model(weight_limit=None)
    with torch.no_grad():
        network[0].weights[2:] = -1.0  # six of eight hidden neurons never fire
    weights, others = network[0].weights.detach().clone(), network[1].weights.detach().clone()
    fit(network, small(100), epochs=1, batch_size=50, silent_limit=(0.3, 1.0), silent_bump=0.01)
    raised = network[0].weights.detach() - weights
    # Two batches in succession: 0.01, then 0.02; the layer behind and the neurons that fire are left alone.
    torch.testing.assert_close(raised[2:], torch.full((6, 4), 0.03, dtype=torch.float64))
    assert torch.equal(network[1].weights, others)


def test_the_silent_rule_takes_the_foremost_layer_and_starts_over() -> None:
    quiet = [torch.tensor([0, 1]), torch.tensor([0, 2])]  # of two samples
    network = nn.Sequential(*(nn.Lif(2, 2, tau_mem=2.0, tau_syn=1.0, weight_deviation=0.0) for _ in range(2)))
    rule = SilentRule((0.2, 0.4), 0.5)
    assert rule.apply(network, quiet, 2) == (True, 3)
    assert network[0].weights.tolist() == [[1.0, 1.0], [1.5, 1.5]]
    assert rule.apply(network, quiet, 2) == (True, 3)
    assert network[0].weights.tolist() == [[1.0, 1.0], [2.5, 2.5]]  # doubled
    loose = SilentRule((0.3, 0.4), 0.5)
    assert loose.apply(network, quiet, 2) == (True, 3)
    assert network[1].weights.tolist() == [[1.0, 1.0], [1.5, 1.5]]
    assert loose.apply(network, [torch.tensor([0, 0])] * 2, 2) == (False, 0)
    assert loose.apply(network, quiet, 2) == (True, 3)
    assert network[1].weights.tolist() == [[1.0, 1.0], [2.0, 2.0]]  # the first raise again
    assert SilentRule((0.25, 0.5), 0.5).apply(network, quiet, 2) == (False, 3)


@pytest.mark.parametrize("rates", [(0.02, 0.02), (0.02, 0.003)])
def test_adam_is_that_of_torch_to_the_bit(rates: tuple[float, float]) -> None:
    generator = torch.Generator().manual_seed(0)
    start = [
        torch.randn(shape, dtype=torch.float64, generator=generator) for shape in ((5, 4), (1, 4), (3, 5))
    ]
    ours, theirs = ([p.clone().requires_grad_() for p in start] for _ in range(2))
    adam = Adam((ours[:2], rates[0]), (ours[2:], rates[1]))
    groups = [{"params": theirs[:2], "lr": rates[0]}, {"params": theirs[2:], "lr": rates[1]}]
    reference = torch.optim.Adam(groups, fused=True)
    for _ in range(20):
        for a, b in zip(ours, theirs, strict=True):
            a.grad = torch.randn(a.shape, dtype=torch.float64, generator=generator)
            b.grad = a.grad.clone()
        adam.step(1.0)
        reference.step()
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs is 0; it must be at least 1"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"evaluate_every": 0}, "evaluate_every is 0"),
        ({"learning_rate": -1.0}, "learning_rate is -1.0"),
        ({"delay_learning_rate": float("nan")}, "delay_learning_rate is nan"),
        ({"margin": float("inf")}, "margin is inf"),
        ({"weight_limit": -1.0}, "weight_limit is -1.0"),
        ({"silent_limit": (0.3, 2.0)}, r"silent_limit is \(0.3, 2.0\)"),
        ({"schedule": "linear"}, "schedule is 'linear'"),
        ({"loss": "hinge"}, "loss is 'hinge'"),
        ({"keep": "first"}, "keep is 'first'; it must be 'last' or 'best'"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit(model(), **settings)


def changed(name: str, value: Any) -> data.Dataset:
    points = small(20)
    arrays = {n: np.array(getattr(points.train, n)) for n in ("points", "times", "labels")}
    if callable(value):
        value(arrays[name])
    else:
        arrays[name] = value
    return replace(points, train=data.Split(**arrays))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("times", np.empty((0, 4)), r"times of shape \(0, 4\) and labels of shape \(20,\)"),
        ("times", np.zeros((20, 5)), "the training set has 5 channels, but the model has 4 inputs"),
        ("times", np.zeros((20, 4), np.int64), "times of int64"),
        ("times", lambda t: t.__setitem__((7, 2), np.nan), "the time nan in sample 7, channel 2"),
        ("times", lambda t: t.__setitem__((7, 2), -np.inf), "the time -inf in sample 7, channel 2"),
        ("labels", np.zeros(20), "labels of float64"),
        ("labels", lambda y: y.__setitem__(3, 3), "labels from 0 to 3; with 3 outputs they must be 0..2"),
        ("labels", lambda y: y.__setitem__(3, -1), "labels from -1 to 2"),
    ],
)
def test_data_that_do_not_fit_are_refused(name: str, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit(model(), changed(name, value))


def test_empty_data_are_refused() -> None:
    empty = data.Split(np.empty((0, 4)), np.empty((0, 4)), np.empty(0, np.int64))
    with pytest.raises(ValueError, match="the validation set is empty"):
        fit(model(), replace(small(20), validation=empty))
    with pytest.raises(ValueError, match="the split is empty"):
        train.evaluate(model(), empty)


def test_nan_is_reported_where_it_comes_up() -> None:
    network = model()
    with torch.no_grad():
        network[1].weights[0, 0] = torch.nan
    with pytest.raises(ValueError, match=r"parameter layers\.1\.weights is not finite before training"):
        fit(network)

    def broken(times: Tensor, labels: Tensor) -> Tensor:
        return nn.shift_invariant_mse(times, labels, TAU_SYN) * torch.nan

    with pytest.raises(
        FloatingPointError, match="the loss became nan in epoch 1, batch 1; lower the learning"
    ):
        fit(model(), loss=broken)

    def steep(times: Tensor, labels: Tensor) -> Tensor:
        return nn.shift_invariant_mse(times, labels, TAU_SYN) + (times * 1e308 * 1e308).sum() * 0

    with pytest.raises(FloatingPointError, match=r"the (loss|parameter)"):
        fit(model(), loss=steep)


def test_the_bar_is_quiet_unless_asked(capfd: pytest.CaptureFixture[str]) -> None:
    fit(model(), progress=None)  # no terminal here
    fit(model(), progress=False)
    assert capfd.readouterr() == ("", "")
    fit(model(), progress=True)
    shown = capfd.readouterr().err
    for word in ("2/2", "loss ", "train ", "validation ", "silent ", "samples/s"):
        assert word in shown


def test_what_can_never_spike_is_refused() -> None:
    points = data.yin_yang(1e-3)
    weak = nn.Sequential(
        nn.Lif(4, 5, tau_mem=2e-3, tau_syn=1e-3), nn.Lif(5, 3, tau_mem=2e-3, tau_syn=1e-3, weight_mean=1.0)
    )
    with torch.no_grad():
        weak[1].weights.fill_(1.0)
        weak[1].weights[2] = 0.39  # 5 of them peak at 0.975
    assert weak[1].can_spike().tolist() == [True, True, False]
    with pytest.raises(ValueError, match="neuron 2 of the output layer can never spike"):
        train.fit(weak, points, epochs=1, progress=False)
    with torch.no_grad():
        weak[1].weights[2] = 0.41
        weak[0].weights.fill_(-1.0)
    with pytest.raises(ValueError, match="every neuron of layer 0 can never spike"):
        train.fit(weak, points, epochs=1, silent_limit=(1.0, 1.0), progress=False)
    none = data.Split(points.train.points[:2].copy(), np.full((2, 4), np.inf), points.train.labels[:2].copy())
    empty = data.Dataset(none, points.validation, points.test, points.class_names, points.tau_syn)
    with pytest.raises(ValueError, match="sample 0 of the training set has no spike"):
        train.fit(weak, empty, epochs=1, progress=False)


def test_dropped_spikes_are_drawn_anew_and_checked() -> None:
    points = data.yin_yang(1e-3)
    results = []
    for dropout in (0.0, 0.3, 0.3):
        model = train.recipe("none").model(4, 10, 3, tau_syn=1e-3, seed=2)
        results.append(train.fit(model, points, epochs=2, spike_dropout=dropout, progress=False).loss)
    assert results[1] == results[2]
    assert results[0] != results[1]
    with pytest.raises(ValueError, match="spike_dropout is 1"):
        train.fit(model, points, epochs=1, spike_dropout=1.0, progress=False)
