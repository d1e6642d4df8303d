from __future__ import annotations

import itertools
import multiprocessing
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import first_spike_reference as reference
from tarry import _core

Array = npt.NDArray[np.float64]

TAU = 1e-3
RATIOS = [1.0, 2.0, np.inf]
KINDS = ["none", "scalar", "axonal", "dendritic", "synaptic"]


def draw_delays(rng: np.random.Generator, kind: str, post: int, pre: int) -> Array | None:
    shape = {"scalar": (1, 1), "axonal": (1, pre), "dendritic": (post, 1), "synaptic": (post, pre)}.get(kind)
    return None if shape is None else rng.uniform(0.0, 2.0, shape)


def forward(
    times: Array, weights: Array, delays: Array | None, ratio: float, threshold: float = 1.0, threads: int = 1
) -> Array:
    """Spike times in units of tau_syn."""
    seconds = None if delays is None else delays * TAU
    spikes = _core.first_spike_forward(times * TAU, weights, seconds, ratio * TAU, TAU, threshold, threads)
    return spikes / TAU


def backward(
    times: Array,
    weights: Array,
    delays: Array | None,
    spikes: Array,
    gradient: Array,
    ratio: float,
    threshold: float = 1.0,
    floor: float = 0.0,
    threads: int = 1,
) -> tuple[Array, Array, Array | None]:
    """Derivatives in units of tau_syn."""
    seconds = None if delays is None else delays * TAU
    at_times, at_weights, at_delays = _core.first_spike_backward(
        times * TAU, weights, seconds, spikes * TAU, gradient, ratio * TAU, TAU, threshold, floor, threads
    )
    return at_times, at_weights / TAU, at_delays


def draw_layer(
    rng: np.random.Generator, kind: str, pre: int, post: int, batch: int
) -> tuple[Array, Array, Array | None]:
    times = rng.uniform(0.0, 4.0, (batch, pre))
    times[rng.random(times.shape) < 0.1] = np.inf
    return times, rng.normal(0.3, 1.0, (post, pre)), draw_delays(rng, kind, post, pre)


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("kind", KINDS)
def test_spike_times_equal_the_reference(ratio: float, kind: str) -> None:
    rng = np.random.default_rng(1)
    fired = 0
    for pre, post in [(1, 1), (2, 3), (3, 2), (4, 9), (17, 5), (40, 4), (150, 3)]:
        times, weights, delays = draw_layer(rng, kind, pre, post, 8)
        threshold = rng.uniform(0.5, 2.0)
        spikes = forward(times, weights, delays, ratio, threshold)
        expected = reference.forward(times, weights, delays, ratio, threshold)
        np.testing.assert_allclose(spikes, expected, rtol=0, atol=1e-12)
        fired += int(np.isfinite(spikes).sum())
    assert fired > 50


@pytest.mark.parametrize("ratio", RATIOS)
def test_the_reference_equals_a_scan_of_the_potential(ratio: float) -> None:
    rng = np.random.default_rng(2)
    for _ in range(40):
        times, weights = rng.uniform(0.0, 4.0, 12), rng.normal(0.4, 1.0, 12)
        expected = reference.scanned_spike(times, weights, ratio, 1.0)
        np.testing.assert_allclose(
            reference.prefix_spike(times, weights, ratio, 1.0), expected, rtol=0, atol=1e-9
        )


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("kind", KINDS)
def test_derivatives_equal_those_of_the_closed_forms(ratio: float, kind: str) -> None:
    rng = np.random.default_rng(3)
    for pre, post in [(1, 1), (4, 9), (30, 5)]:
        times, weights, delays = draw_layer(rng, kind, pre, post, 40)
        spikes = forward(times, weights, delays, ratio)
        gradient = rng.normal(size=spikes.shape)
        at_times, at_weights, at_delays = backward(times, weights, delays, spikes, gradient, ratio)
        expected_times, expected_weights = np.zeros_like(times), np.zeros_like(weights)
        expected_arrivals = np.zeros((post, pre))
        for b, j in zip(*np.nonzero(np.isfinite(spikes)), strict=True):
            arrivals = reference.arrivals(times[b], delays, post)[j]
            dw, dt, _ = reference.jacobian(arrivals, weights[j], ratio, 1.0, spikes[b, j])
            expected_weights[j] += gradient[b, j] * dw
            expected_times[b] += gradient[b, j] * dt
            expected_arrivals[j] += gradient[b, j] * dt
        scale = max(1.0, float(np.abs(expected_weights).max()))
        np.testing.assert_allclose(at_times, expected_times, rtol=0, atol=1e-9 * scale)
        np.testing.assert_allclose(at_weights, expected_weights, rtol=0, atol=1e-9 * scale)
        if delays is None or at_delays is None:
            assert delays is at_delays
        else:
            shared = [axis for axis in (0, 1) if delays.shape[axis] != expected_arrivals.shape[axis]]
            expected: Array = np.sum(expected_arrivals, axis=tuple(shared), keepdims=True)
            np.testing.assert_allclose(at_delays, expected, rtol=0, atol=1e-9 * scale)


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("kind", KINDS)
def test_derivatives_obey_shift_and_scale(ratio: float, kind: str) -> None:
    """sum_i dT/dt_i = 1 and sum_i w_i dT/dw_i + threshold dT/dthreshold = 0."""
    rng = np.random.default_rng(4)
    checked = 0
    for threshold in (0.5, 1.0, 3.0):
        times, weights, delays = draw_layer(rng, kind, 20, 6, 30)
        spikes = forward(times, weights, delays, ratio, threshold)
        for b, j in zip(*np.nonzero(np.isfinite(spikes)), strict=True):
            one = np.zeros_like(spikes)
            one[b, j] = 1.0
            at_times, at_weights, _ = backward(times, weights, delays, spikes, one, ratio, threshold)
            arrivals = reference.arrivals(times[b], delays, 6)[j]
            *_, at_threshold = reference.jacobian(arrivals, weights[j], ratio, threshold, spikes[b, j])
            if at_threshold * threshold > 100.0:
                continue  # nearly tangential: 1 is then the difference of large numbers
            checked += 1
            assert at_times.sum() == pytest.approx(1.0, abs=1e-10)
            assert weights[j] @ at_weights[j] + threshold * at_threshold == pytest.approx(0.0, abs=1e-10)
    assert checked > 100


Layers = list[tuple[Array, Array | None]]


def propagate(times: Array, layers: Layers, ratio: float) -> list[Array]:
    spikes = [times]
    for weights, delays in layers:
        spikes.append(forward(spikes[-1], weights, delays, ratio))
    return spikes


def causal_sets(spikes: list[Array], layers: Layers) -> list[npt.NDArray[np.bool_]]:
    return [
        np.array([reference.arrivals(row, delays, len(weights)) for row in before]) < after[:, :, None]
        for before, after, (weights, delays) in zip(spikes, spikes[1:], layers, strict=False)
    ]


def smallest_slope(spikes: list[Array], layers: Layers, ratio: float) -> float:
    smallest = float("inf")
    for before, after, (weights, delays) in zip(spikes, spikes[1:], layers, strict=False):
        for b, j in zip(*np.nonzero(np.isfinite(after)), strict=True):
            arrivals = reference.arrivals(before[b], delays, len(weights))[j]
            *_, at_threshold = reference.jacobian(arrivals, weights[j], ratio, 1.0, after[b, j])
            smallest = min(smallest, 1.0 / at_threshold)
    return smallest


def test_derivatives_equal_central_differences() -> None:
    """Left out are networks with slopes below 0.05 and with causal sets that change within the step."""
    rng = np.random.default_rng(5)
    step, left_out, networks = 1e-6, 0, 1000
    for n in range(networks):
        ratio, kind = RATIOS[n % 3], KINDS[n // 3 % 5]
        sizes = rng.integers(1, 6, size=rng.integers(2, 5))
        layers: Layers = [
            (rng.normal(1.5, 1.0, (post, pre)), draw_delays(rng, kind, post, pre))
            for pre, post in itertools.pairwise(sizes)
        ]
        times = rng.uniform(0.0, 2.0, (2, sizes[0]))
        spikes = propagate(times, layers, ratio)
        sets = causal_sets(spikes, layers)
        if smallest_slope(spikes, layers, ratio) < 0.05:
            left_out += 1
            continue
        gradient = rng.normal(size=spikes[-1].shape)
        exact: list[Array] = []
        at_spikes = gradient
        for (weights, delays), before, after in zip(layers[::-1], spikes[-2::-1], spikes[:0:-1], strict=True):
            at_spikes, at_weights, at_delays = backward(before, weights, delays, after, at_spikes, ratio)
            exact += [at_weights] if at_delays is None else [at_weights, at_delays]
        exact.append(at_spikes)
        arrays = [a for weights, delays in layers[::-1] for a in (weights, delays) if a is not None] + [times]
        largest = max(1.0, max(float(np.abs(g).max()) for g in exact))
        worst, same_sets = 0.0, True
        for array, derivative in zip(arrays, exact, strict=True):
            for index in np.ndindex(array.shape):
                value, losses = float(array[index]), []
                for moved in (value + step, value - step):
                    array[index] = moved
                    there = propagate(times, layers, ratio)
                    same = all(
                        np.array_equal(a, b) for a, b in zip(sets, causal_sets(there, layers), strict=True)
                    )
                    same_sets &= same
                    finite = np.isfinite(there[-1])
                    losses.append(float(gradient[finite] @ there[-1][finite]))
                array[index] = value
                error = (losses[0] - losses[1]) / (2 * step) - float(derivative[index])
                worst = max(worst, abs(error))
        if not same_sets:
            left_out += 1
            continue
        assert worst <= 1e-6 * largest, f"network {n}: {kind}, ratio {ratio}, sizes {sizes}"
    assert left_out <= networks // 10


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("kind", KINDS)
def test_late_times_shift_the_spikes(ratio: float, kind: str) -> None:
    rng = np.random.default_rng(6)
    times, weights, delays = draw_layer(rng, kind, 20, 7, 30)
    spikes = forward(times, weights, delays, ratio)
    shifted = forward(times + 1e4, weights, delays, ratio) - 1e4
    np.testing.assert_allclose(shifted, spikes, rtol=0, atol=1e-8)  # 1e4 tau_syn has an ulp of 2e-12
    gradient = rng.normal(size=spikes.shape)
    here = backward(times, weights, delays, spikes, gradient, ratio, floor=0.1)
    there = backward(times + 1e4, weights, delays, spikes + 1e4, gradient, ratio, floor=0.1)
    for a, b in zip(here, there, strict=True):
        if a is not None and b is not None:
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-6)


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("kind", KINDS)
def test_inputs_too_far_apart_for_one_origin(ratio: float, kind: str) -> None:
    """An input 5000 tau_syn later changes nothing for those that have fired, and may wake the others."""
    rng = np.random.default_rng(7)
    times, weights, delays = draw_layer(rng, kind, 12, 7, 30)
    times[:, 0] = np.inf
    weights[:, 0] = 10.0
    near = forward(times, weights, delays, ratio)
    times[:, 0] = 5000.0
    far = forward(times, weights, delays, ratio)
    fired = np.isfinite(near)
    np.testing.assert_allclose(far[fired], near[fired], rtol=0, atol=1e-12)
    woken = far[~fired]
    assert woken.size > 0
    if ratio != np.inf:
        assert np.all((woken > 5000.0) & (woken < 5005.0))
    at_times, at_weights, _ = backward(times, weights, delays, far, np.ones_like(far), ratio)
    assert np.isfinite(at_weights).all()
    np.testing.assert_allclose(at_times.sum(axis=1), np.isfinite(far).sum(axis=1), rtol=1e-9)


@pytest.mark.parametrize("ratio", RATIOS)
def test_ties(ratio: float) -> None:
    several = forward(np.array([[0.5, 0.5, 0.5]]), np.array([[1.0, 2.0, 0.5]]), None, ratio)
    single = forward(np.array([[0.5]]), np.array([[3.5]]), None, ratio)
    assert several == pytest.approx(single, abs=1e-14)


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("weight", [-50.0, 50.0])
@pytest.mark.parametrize("delayed", [False, True])
def test_an_input_that_arrives_with_the_spike_does_not_move_it(
    ratio: float, weight: float, delayed: bool
) -> None:
    rng = np.random.default_rng(8)
    times = rng.uniform(0.0, 1.0, (50, 4))
    weights = np.array([[2.0, 1.5, 1.0, weight]])
    delays = np.array([[0.0, 0.1, 0.2, 0.3]]) if delayed else None
    times[:, 3] = np.inf
    spikes = forward(times, weights, delays, ratio)
    assert np.isfinite(spikes).all()
    expected = backward(times, weights, delays, spikes, np.ones_like(spikes), ratio)
    times[:, 3] = spikes[:, 0] - (0.3 if delayed else 0.0)
    np.testing.assert_allclose(forward(times, weights, delays, ratio), spikes, rtol=0, atol=1e-12)
    at_times, at_weights, _ = backward(times, weights, delays, spikes, np.ones_like(spikes), ratio)
    np.testing.assert_allclose(at_times, expected[0], rtol=0, atol=1e-10)
    np.testing.assert_allclose(at_weights, expected[1], rtol=0, atol=1e-10)


def test_silence() -> None:
    times = np.array([[0.0, 1.0], [np.inf, np.inf]])
    for ratio in RATIOS:
        silent = forward(times, np.array([[-1.0, -2.0], [5.0, 5.0]]), None, ratio)
        assert np.isinf(silent[:, 0]).all()
        assert np.isfinite(silent[0, 1])
        assert np.isinf(silent[1, 1])
        at_times, at_weights, _ = backward(
            times, np.array([[-1.0, -2.0], [5.0, 5.0]]), None, silent, np.ones((2, 2)), ratio
        )
        assert (at_weights[0] == 0).all()
        assert (at_times[1] == 0).all()
    # Excitation that inhibition cancels before it can reach the threshold.
    cancelled = forward(np.array([[0.0, 0.1]]), np.array([[3.0, -3.0]]), None, 2.0)
    assert np.isinf(cancelled).all()


def test_grazing() -> None:
    """One PSP of weight w peaks at w/2 after 2 ln 2 (ratio 2), at w/e after 1 (1), below w (no leak)."""
    one = np.zeros((1, 1))
    assert forward(one, np.array([[2.0]]), None, 2.0) == pytest.approx(2 * np.log(2), abs=1e-14)
    assert np.isinf(forward(one, np.array([[2.0 * (1 - 1e-15)]]), None, 2.0))
    assert forward(one, np.array([[np.e * (1 + 1e-15)]]), None, 1.0) == pytest.approx(1.0, abs=1e-6)
    assert np.isinf(forward(one, np.array([[np.e * (1 - 1e-15)]]), None, 1.0))
    assert np.isinf(forward(one, np.array([[1.0]]), None, np.inf))
    spike = forward(one, np.array([[2.0]]), None, 2.0)
    with pytest.raises(ValueError, match="does not rise"):
        backward(one, np.array([[2.0]]), None, np.array([[3.0]]), np.ones((1, 1)), 2.0)
    at_times, at_weights, _ = backward(one, np.array([[2.0]]), None, spike, np.ones((1, 1)), 2.0, floor=0.1)
    assert at_weights[0, 0] == pytest.approx(-5.0)
    assert at_times[0, 0] == pytest.approx(0.0, abs=1e-7)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ratio", RATIOS)
def test_the_same_bits_for_any_number_of_threads(kind: str, ratio: float) -> None:
    rng = np.random.default_rng(9)
    times, weights, delays = draw_layer(rng, kind, 9, 6, 333)
    spikes = [forward(times, weights, delays, ratio, threads=threads) for threads in (1, 2, 3)]
    gradient = rng.normal(size=spikes[0].shape)
    results = [
        backward(times, weights, delays, spikes[0], gradient, ratio, floor=0.01, threads=threads)
        for threads in (1, 2, 3)
    ]
    for other, result in zip(spikes[1:], results[1:], strict=True):
        np.testing.assert_array_equal(spikes[0], other)
        for a, b in zip(results[0], result, strict=True):
            np.testing.assert_array_equal(a, b)


def some_spikes(_: int = 0) -> Array:
    rng = np.random.default_rng(10)
    times, weights, delays = draw_layer(rng, "synaptic", 9, 6, 200)
    return forward(times, weights, delays, 2.0, threads=2)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork on this system")
def test_threads_survive_a_fork() -> None:
    expected = some_spikes()
    with multiprocessing.get_context("fork").Pool(1) as pool:
        np.testing.assert_array_equal(pool.apply_async(some_spikes).get(timeout=60), expected)
    np.testing.assert_array_equal(some_spikes(), expected)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_threads_work_in_a_torch_data_loader() -> None:
    data = pytest.importorskip("torch.utils.data")

    class Spikes(data.Dataset):  # type: ignore[misc, name-defined]
        def __len__(self) -> int:
            return 2

        def __getitem__(self, index: int) -> Array:
            return some_spikes(index)

    expected = some_spikes()
    loader: Iterator[Any] = iter(data.DataLoader(Spikes(), batch_size=None, num_workers=1, timeout=60))
    for spikes in loader:
        np.testing.assert_array_equal(np.asarray(spikes), expected)
