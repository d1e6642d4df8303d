"""First-spike layers with any ratio of the time constants, and the derivatives by time constants and threshold."""

from __future__ import annotations

import itertools
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

import first_spike_reference as reference
import tarry
from tarry import _core, data, nn, train

Array = npt.NDArray[np.float64]
RATIOS = [0.05, 0.5, 0.999, 1.0, 1.001, 1.5, 2.0, 4.0, 30.0, 3000.0, np.inf]
KINDS = ["none", "axonal", "dendritic", "synaptic"]
TAU = 1e-3


def draw_layer(
    rng: np.random.Generator, kind: str, pre: int, post: int, ratio: float
) -> tuple[Array, Array | None]:
    """Weights, and delays in tau_syn."""
    shape = {"axonal": (1, pre), "dendritic": (post, 1), "synaptic": (post, pre)}.get(kind)
    scale = min(1.0, ratio)
    weights = rng.normal(1.5 if ratio > 0.2 else 3.0, 1.5, (post, pre))
    return weights, None if shape is None else scale * rng.uniform(0.0, 1.0, shape)


def forward(times: Array, weights: Array, delays: Array | None, ratio: float, threshold: float) -> Array:
    """Spike times in tau_syn."""
    seconds = None if delays is None else delays * TAU
    return _core.first_spike_forward(times * TAU, weights, seconds, ratio * TAU, TAU, threshold, 1) / TAU


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("kind", KINDS)
def test_spike_times_equal_a_scan_of_the_potential(kind: str, ratio: float) -> None:
    rng = np.random.default_rng(21)
    fired = 0
    for _ in range(3):
        times = rng.uniform(0.0, 2.0 * min(1.0, ratio), (2, 6))
        times[0, 2] = np.inf
        weights, delays = draw_layer(rng, kind, 6, 3, ratio)
        spikes = forward(times, weights, delays, ratio, 0.7)
        for sample, found in zip(times, spikes, strict=True):
            arrivals = reference.arrivals(sample, delays, 3)
            fast = min(1.0, ratio)
            expected = [
                reference.scanned_spike(t, w, ratio, 0.7, step=2e-3 * fast, tail=40.0 * fast)
                for t, w in zip(arrivals, weights, strict=True)
            ]
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)
        fired += int(np.isfinite(spikes).sum())
    assert fired >= 8


@pytest.mark.parametrize("ratio", RATIOS[:-1])
def test_a_potential_that_grazes_the_threshold(ratio: float) -> None:
    """One PSP of weight w peaks at w r^(1/(1 - r)), after ln(r) r/(r - 1)."""
    near = abs(ratio - 1.0) < 1e-6
    height = np.exp(-1.0) if near else ratio ** (1.0 / (1.0 - ratio))
    peak = 1.0 if near else np.log(ratio) * ratio / (ratio - 1.0)
    one = np.zeros((1, 1))
    above = forward(one, np.array([[(1.0 + 1e-12) / height]]), None, ratio, 1.0)
    assert above == pytest.approx(peak, abs=3e-6 * max(1.0, peak, ratio))
    assert np.isinf(forward(one, np.array([[(1.0 - 1e-12) / height]]), None, ratio, 1.0))


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("kind", KINDS)
def test_derivatives_equal_those_of_the_implicit_function(kind: str, ratio: float) -> None:
    rng = np.random.default_rng(22)
    times = rng.uniform(0.0, 2.0 * min(1.0, ratio), (40, 9))
    weights, delays = draw_layer(rng, kind, 9, 5, ratio)
    threshold = 0.8
    spikes = forward(times, weights, delays, ratio, threshold)
    gradient = rng.normal(size=spikes.shape)
    expected_times, expected_weights = np.zeros_like(times), np.zeros_like(weights)
    expected = dict.fromkeys(("tau_mem", "tau_syn", "threshold"), 0.0)
    for b, j in zip(*np.nonzero(np.isfinite(spikes)), strict=True):
        arrivals = reference.arrivals(times[b], delays, 5)[j]
        dw, dt, of = reference.implicit(arrivals, weights[j], ratio, threshold, spikes[b, j])
        if of["threshold"] > 50.0:
            gradient[b, j] = 0.0  # nearly tangential: rounding alone moves the slope
        expected_weights[j] += gradient[b, j] * dw
        expected_times[b] += gradient[b, j] * dt
        for name, value in of.items():
            expected[name] += gradient[b, j] * value
    arguments = (
        times * TAU, weights, None if delays is None else delays * TAU, spikes * TAU, gradient,
        ratio * TAU, TAU, threshold, 0.0, 1,
    )  # fmt: skip
    at_times, at_weights, at_delays = _core.first_spike_backward(*arguments)
    constants = _core.first_spike_constants_backward(*arguments)
    scale = max(1.0, float(np.abs(expected_weights).max()), *map(abs, expected.values()))
    np.testing.assert_allclose(at_times, expected_times, rtol=0, atol=1e-9 * scale)
    np.testing.assert_allclose(at_weights / TAU, expected_weights, rtol=0, atol=1e-9 * scale)
    # The plain formula of the reference cancels next to ratio 1.
    tolerance = 1e-9 * scale if abs(ratio - 1.0) > 0.01 else 1e-7 * scale
    found = (constants[0], constants[1], constants[2] / TAU)
    np.testing.assert_allclose(found, list(expected.values()), rtol=0, atol=tolerance)
    assert (at_delays is None) == (delays is None)


class Network:
    """Random layers with constants of their own; ``numbers`` are all that has a derivative, in tau_syn."""

    def __init__(self, rng: np.random.Generator, kind: str) -> None:
        sizes = rng.integers(1, 5, size=rng.integers(2, 4))
        ratios = [float(rng.choice([0.3, 0.8, 1.0, 1.3, 2.0, 5.0, 50.0, np.inf])) for _ in sizes[1:]]
        self.numbers = [rng.uniform(0.0, 2.0, (1, int(sizes[0])))]
        self.layers: list[tuple[int, int | None, int]] = []
        for (pre, post), ratio in zip(itertools.pairwise(map(int, sizes)), ratios, strict=True):
            weights, delays = draw_layer(rng, kind, pre, post, ratio)
            first = len(self.numbers)
            self.numbers += [np.array([ratio, 1.0, rng.uniform(0.5, 1.2)]), weights]
            self.numbers += [] if delays is None else [delays]
            self.layers.append((first, None if delays is None else first + 2, first + 1))

    def spikes(self) -> list[Array]:
        """Times of all layers through the core, which is called directly."""
        every = [self.numbers[0]]
        for constants, delays, weights in self.layers:
            tau_mem, tau_syn, threshold = self.numbers[constants]
            late = None if delays is None else self.numbers[delays] * TAU
            arguments = (
                every[-1] * TAU,
                self.numbers[weights],
                late,
                tau_mem * TAU,
                tau_syn * TAU,
                threshold,
                1,
            )
            every.append(_core.first_spike_forward(*arguments) / TAU)
        return every

    def derivatives(self, gradient: Array) -> list[Array]:
        """Through the torch operator; a shorter gradient is 0 where the output is silent."""
        tensors = [torch.tensor(number, requires_grad=True) for number in self.numbers]
        times = tensors[0] * TAU
        for constants, delays, weights in self.layers:
            tau_mem, tau_syn, threshold = tensors[constants]
            times = nn.first_spike(
                times,
                tensors[weights],
                None if delays is None else tensors[delays] * TAU,
                tau_mem=tau_mem * TAU,
                tau_syn=tau_syn * TAU,
                threshold=threshold,
            )
        fires = times.isfinite()
        (times[fires] / TAU * torch.tensor(gradient)[fires]).sum().backward()  # type: ignore[no-untyped-call]
        return [np.zeros(t.shape) if t.grad is None else t.grad.numpy() for t in tensors]

    def well_posed(self, spikes: list[Array]) -> bool:
        """No arrival within 1e-4 of a spike, no slope below 0.05 threshold per smaller time constant."""
        for (constants, delays, weights), before, after in zip(self.layers, spikes, spikes[1:], strict=False):
            tau_mem, _, threshold = self.numbers[constants]
            late = None if delays is None else self.numbers[delays]
            for b, j in zip(*np.nonzero(np.isfinite(after)), strict=True):
                arrivals = reference.arrivals(before[b], late, after.shape[1])[j]
                of = reference.implicit(arrivals, self.numbers[weights][j], tau_mem, threshold, after[b, j])[
                    2
                ]
                if np.abs(arrivals - after[b, j]).min() < 1e-4 or of["threshold"] * threshold > 20.0 * min(
                    1.0, tau_mem
                ):
                    return False
        return True


def test_all_derivatives_equal_central_differences() -> None:
    """Weights, delays, inputs, time constants and thresholds of 1000 networks (semantics.md, gradients)."""
    rng = np.random.default_rng(23)
    step, left_out, networks = 1e-6, 0, 1000
    for n in range(networks):
        network = Network(rng, KINDS[n % 4])
        spikes = network.spikes()
        if not network.well_posed(spikes):
            left_out += 1
            continue
        gradient = rng.normal(size=spikes[-1].shape)
        exact = network.derivatives(gradient)
        largest = max(1.0, max(float(np.abs(g).max()) for g in exact))
        worst, same = 0.0, True
        for number, derivative in zip(network.numbers, exact, strict=True):
            for index in np.ndindex(number.shape):
                value, losses = float(number[index]), []
                if value == np.inf:
                    assert derivative[index] == 0.0
                    continue
                for moved in (value + step, value - step):
                    number[index] = moved
                    there = network.spikes()
                    same &= all(
                        np.array_equal(np.isinf(a), np.isinf(b)) for a, b in zip(spikes, there, strict=True)
                    )
                    fires = np.isfinite(there[-1])
                    losses.append(float(gradient[fires] @ there[-1][fires]))
                number[index] = value
                worst = max(worst, abs((losses[0] - losses[1]) / (2 * step) - float(derivative[index])))
        if not same:
            left_out += 1
            continue
        assert worst <= 1e-6 * largest, f"network {n}"
    assert left_out <= networks // 10


def test_the_same_bits_for_any_number_of_threads() -> None:
    rng = np.random.default_rng(24)
    for ratio, kind in itertools.product([0.5, 4.0], KINDS):
        times = rng.uniform(0.0, 2.0, (200, 7)) * TAU
        weights, delays = draw_layer(rng, kind, 7, 6, ratio)
        late = None if delays is None else delays * TAU
        results = []
        for threads in (1, 2, 3):
            spikes = _core.first_spike_forward(times, weights, late, ratio * TAU, TAU, 1.0, threads)
            arguments = (
                times,
                weights,
                late,
                spikes,
                np.ones_like(spikes),
                ratio * TAU,
                TAU,
                1.0,
                0.02,
                threads,
            )
            gradients = _core.first_spike_backward(*arguments)
            results.append((spikes, *gradients, _core.first_spike_constants_backward(*arguments)))
        for other in results[1:]:
            for a, b in zip(results[0], other, strict=True):
                np.testing.assert_array_equal(a, b)


def learning_model(seed: int, **settings: Any) -> nn.Sequential:
    generator = torch.Generator().manual_seed(seed)
    return nn.Sequential(
        *(
            nn.Lif(
                a,
                b,
                delay="axonal",
                tau_mem=3e-3,
                tau_syn=1e-3,
                slope_floor=0.05,
                generator=generator,
                **settings,
            )
            for a, b in ((4, 12), (12, 3))
        )
    )


def test_learned_constants_move_and_reach_the_network() -> None:
    points = data.yin_yang(1e-3)
    few = data.Dataset(
        data.Split(
            points.train.points[:600].copy(),
            points.train.times[:600].copy(),
            points.train.labels[:600].copy(),
        ),
        points.validation,
        points.test,
        points.class_names,
        points.tau_syn,
    )
    model = learning_model(1, learned=("tau_mem", "tau_syn", "threshold"))
    assert len(model[0].log_constants) == 3
    assert (model[0].tau_mem, model[0].tau_syn, model[0].threshold) == (3e-3, 1e-3, 1.0)
    history = train.fit(model, few, epochs=4, constant_learning_rate=0.01, progress=False)
    assert history.loss[-1] < history.loss[0]
    for layer, population in zip(model, model.network().populations[1:], strict=True):
        neuron = population.neuron
        assert isinstance(neuron, tarry.Lif)
        assert (neuron.tau_mem, neuron.tau_syn, neuron.threshold) == (
            layer.tau_mem,
            layer.tau_syn,
            layer.threshold,
        )
        assert abs(layer.tau_mem / 3e-3 - 1) > 1e-3
        assert abs(layer.tau_syn / 1e-3 - 1) > 1e-3
        assert abs(layer.threshold - 1) > 1e-3
    still = learning_model(1)
    assert still[0].log_constants == []
    train.fit(still, few, epochs=1, progress=False)
    assert still[0].tau_mem == 3e-3


def test_a_layer_with_learned_constants_equals_one_without() -> None:
    times = torch.rand(20, 4, dtype=torch.float64) * 2e-3
    for dtype in (torch.float64, torch.float32):
        learned = learning_model(3, learned=("threshold",), dtype=dtype)
        plain = learning_model(3, dtype=dtype)
        torch.testing.assert_close(learned(times), plain(times), rtol=1e-6, atol=0)


def test_constants_that_cannot_be_learned_are_refused() -> None:
    with pytest.raises(ValueError, match="tau_mem is inf"):
        nn.Lif(2, 2, tau_mem=np.inf, tau_syn=1e-3, learned=["tau_mem"])
    with pytest.raises(ValueError, match="learned names"):
        nn.Lif(2, 2, tau_mem=1e-3, tau_syn=1e-3, learned=cast(Any, ["tau"]))
    with pytest.raises(ValueError, match="too far apart"):
        nn.first_spike(torch.zeros(1, 1), torch.ones(1, 1), tau_mem=1e-7, tau_syn=1.0)
    value = torch.tensor(float("nan"), dtype=torch.float64)
    times: Tensor = torch.zeros(1, 1, dtype=torch.float64)
    with pytest.raises(ValueError, match="tau_mem is NaN"):
        nn.first_spike(times, torch.ones_like(times), tau_mem=value, tau_syn=1.0)
