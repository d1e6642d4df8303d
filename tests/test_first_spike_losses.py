from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from tarry import _core

Array = npt.NDArray[np.float64]

TAU = 1e-3

LossFunction = Callable[[Array, npt.NDArray[np.int64]], tuple[float, Array]]
LOSSES: list[tuple[LossFunction, Callable[[Array, int], float]]] = [
    (
        lambda times, labels: _core.shift_invariant_mse(times, labels, 0.2, TAU),
        lambda t, label: 0.5 * sum((t[k] - t[label] - 0.2) ** 2 for k in range(len(t)) if k != label),
    ),
    (
        lambda times, labels: _core.time_to_first_spike_cross_entropy(times, labels, 0.2, 0.005, 1.5, TAU),
        lambda t, label: float(
            np.log(np.exp(-t / 0.2).sum()) + t[label] / 0.2 + 0.005 * np.exp(t[label] / 1.5)
        ),
    ),
]


@pytest.mark.parametrize(("loss", "formula"), LOSSES)
def test_losses_and_their_derivatives(loss: LossFunction, formula: Callable[[Array, int], float]) -> None:
    rng = np.random.default_rng(11)
    times, labels = rng.uniform(0.0, 4.0, (7, 3)), rng.integers(0, 3, 7)
    value, gradient = loss(times * TAU, labels)
    assert value == pytest.approx(np.mean([formula(t, k) for t, k in zip(times, labels, strict=True)]))
    step = 1e-6
    for index in np.ndindex(times.shape):
        up, down = times.copy(), times.copy()
        up[index] += step
        down[index] -= step
        numeric = (loss(up * TAU, labels)[0] - loss(down * TAU, labels)[0]) / (2 * step)
        assert gradient[index] * TAU == pytest.approx(numeric, abs=1e-7)


def test_losses_of_silent_outputs() -> None:
    times = np.array([[np.inf, 1.0, 2.0], [1.0, np.inf, 1.5]]) * TAU
    labels = np.array([0, 0])
    value, gradient = _core.shift_invariant_mse(times, labels, 0.2, TAU)
    assert value == pytest.approx((100.0 + 0.5 * 0.3**2) / 2)
    assert (gradient[0] == 0).all()
    assert gradient[1, 1] == 0
    assert gradient[1].sum() == pytest.approx(0)
    value, gradient = _core.time_to_first_spike_cross_entropy(times, labels, 1.0, 0.0, 1.0, TAU)
    assert value == pytest.approx((100.0 + np.log1p(np.exp(-0.5))) / 2)
    assert (gradient[0] == 0).all()
    assert gradient[1, 1] == 0


@pytest.mark.parametrize(
    ("times", "labels", "message"),
    [
        (np.zeros((2, 3)), np.array([0, 3]), "label of sample 1 is 3"),
        (np.zeros((2, 3)), np.array([-1, 0]), "label of sample 0 is -1"),
        (np.zeros((2, 3)), np.array([0]), "labels have shape"),
        (np.zeros((0, 3)), np.zeros(0, np.int64), "the batch is empty"),
        (np.array([[0.0, np.nan, 0.0]]), np.array([0]), "times holds NaN"),
    ],
)
def test_bad_input_of_the_losses(times: Array, labels: npt.NDArray[np.int64], message: str) -> None:
    for loss, _ in LOSSES:
        with pytest.raises(ValueError, match=message):
            loss(times, labels)
    with pytest.raises(ValueError, match="tau_syn is 0"):
        _core.shift_invariant_mse(np.zeros((1, 3)), np.array([0]), 0.2, 0.0)


def test_spike_time_targets() -> None:
    torch = pytest.importorskip("torch")
    from tarry import nn

    times = torch.tensor([[1.0, 2.0, np.inf], [0.5, np.inf, np.inf]], dtype=torch.float64) * TAU
    targets = torch.tensor([[1.5, np.inf, 0.1], [0.5, np.inf, 1.0]], dtype=torch.float64) * TAU
    times.requires_grad_()
    loss = nn.first_spike_mse(times, targets, TAU, silent_cost=3.0)
    # One spike is late by half, one is too many, two are missing; two are right.
    assert loss.item() == pytest.approx((0.5 * 0.25 + 3 * 3.0) / 2)
    loss.backward()  # type: ignore[no-untyped-call]
    expected = np.zeros((2, 3))
    expected[0, 0] = -0.5 / TAU / 2
    np.testing.assert_allclose(times.grad, expected)
    with pytest.raises(ValueError, match="must be \\(batch, neurons\\)"):
        nn.first_spike_mse(times, targets[:1], TAU)
    with pytest.raises(ValueError, match="hold NaN"):
        nn.first_spike_mse(times, targets * np.nan, TAU)
    with pytest.raises(ValueError, match="tau_syn is 0"):
        nn.first_spike_mse(times, targets, 0.0)
