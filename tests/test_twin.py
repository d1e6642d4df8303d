"""The discrete twin: the spikes of the integer engine on the same grid, those of continuous time on a fine one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

import tarry
from generated import UNTIL, draw
from tarry import nn
from tarry.nn._twin_grid import LONGEST_DIRECT, delayed, taps

TAU = 10e-3


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def first_spike_model(
    *sizes: int, delay: Any = "synaptic", seed: int = 0, deviation: float = 0.2
) -> nn.Sequential:
    """Layers whose neurons all fire on a steep flank: excitation alone, well above the threshold."""
    generator = torch.Generator().manual_seed(seed)
    return nn.Sequential(
        *(
            nn.Lif(pre, post, delay=delay, tau_mem=2 * TAU, tau_syn=TAU, weight_mean=3.5 / pre**0.5,
                   weight_deviation=deviation, generator=generator)
            for pre, post in pairwise(sizes)
        )
    )  # fmt: skip


def inputs(samples: int, channels: int, seed: int = 0) -> torch.Tensor:
    return (
        torch.rand(samples, channels, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
        * TAU
    )


def exact(model: nn.Sequential, times: torch.Tensor, loss: Any) -> list[torch.Tensor]:
    """Exact gradients: input times, then weights and delays by layer."""
    times = times.clone().requires_grad_()
    weights = [layer.weights.detach().clone().requires_grad_() for layer in model]
    delays = [d.detach().clone().requires_grad_() for layer in model if (d := layer.delays()) is not None]
    spikes = times
    for i, w in enumerate(weights):
        spikes = nn.first_spike(spikes, w, delays[i] if delays else None, tau_mem=2 * TAU, tau_syn=TAU)
    assert bool(torch.isfinite(spikes).all())
    return list(torch.autograd.grad(loss(spikes), [times, *weights, *delays]))


def on_grid(
    model: nn.Sequential, times: torch.Tensor, loss: Any, step: float, **settings: Any
) -> list[torch.Tensor]:
    """The twin's gradients in the same order; None for the input times where they have none."""
    twin = nn.Twin(model, step, **settings)
    times = times.clone().requires_grad_()
    spikes = twin(nn.rasterise(times, 4 * TAU, step))["output"].first()
    assert bool(torch.isfinite(spikes).all())
    learned = [*twin.weights, *(twin.delays if model[0].delay else [])]
    return list(torch.autograd.grad(loss(spikes), [times, *learned], allow_unused=True))


def squared(spikes: torch.Tensor) -> torch.Tensor:
    """A loss in which every output of every sample counts differently."""
    goal = torch.linspace(0.5, 2.5, spikes.numel(), dtype=torch.float64).view_as(spikes)
    return ((spikes / TAU - goal) ** 2).mean()


def cosine(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a * b).sum() / (a.norm() * b.norm()))


def test_spikes_are_those_of_the_integer_engine() -> None:
    """Recurrent networks of every reset, time constant, delay and refractory period; integers round, so few differ."""
    compared = equal = spoken = 0
    for seed in range(30):
        case = draw(seed)
        ticks, channels = case.arrays()
        processor = tarry.Processor(case.compile())
        at, outputs = processor.run(ticks, channels, UNTIL)
        if any(t["saturations"] for t in processor.tallies()):
            continue  # the float world has no clamp
        raster = nn.rasterise_events(
            torch.from_numpy(ticks * case.tick),
            torch.from_numpy(channels),
            torch.tensor([0, len(ticks)]),
            size=case.network.population("input").size,
            duration=(UNTIL - 1) * case.tick,
            step=case.tick,
        )
        with torch.no_grad():
            rasters = nn.Twin(case.network, case.tick)(raster)
        spikes = torch.cat([rasters[name].spikes[0] for name in case.network.outputs])
        got = {(t, i) for i, t in spikes.nonzero().tolist()}
        compared += 1
        spoken += len(at)
        equal += got == set(zip(at.tolist(), outputs.tolist(), strict=True))
    assert compared > 20
    assert spoken > 20 * compared
    assert equal >= 0.9 * compared


@pytest.mark.parametrize("delay", ["synaptic", "axonal", "dendritic", None])
def test_the_first_layer_fires_at_the_tick_after_the_exact_time(delay: Any) -> None:
    step = TAU / 32
    model = first_spike_model(6, 8, delay=delay)
    layer = model[0]
    if layer.raw_delays is not None:
        layer.quantisation = nn.Quantisation(torch.tensor(2.0**-10, dtype=torch.float64), 16, step, (0, 40))
    times = (inputs(50, 6) / step).round() * step
    times[:, 0] = torch.inf  # silent
    with torch.no_grad():
        expected = torch.ceil(model(times) / step - 1e-9)
        ticks = nn.Twin(model, step)(nn.rasterise(times, 4 * TAU, step))["output"].first() / step
    assert bool(torch.isfinite(expected).all())
    torch.testing.assert_close(ticks, expected, rtol=0, atol=1e-6)


def test_spike_times_converge_linearly() -> None:
    model, times = first_spike_model(8, 10, 10, 4), inputs(40, 8)
    with torch.no_grad():
        exact_times = model(times, return_all=True)
        errors = []
        for step in (TAU / 8, TAU / 32, TAU / 256):
            rasters = nn.Twin(model, step)(nn.rasterise(times, 4 * TAU, step))
            errors.append(
                [
                    float(((rasters[name].first() - t) / step).mean())
                    for name, t in zip(model.names()[1:], exact_times, strict=True)
                ]
            )
    # Half a tick late in every layer, whatever the tick.
    np.testing.assert_allclose(errors[1], [0.5, 1.0, 1.5], atol=0.15)
    np.testing.assert_allclose(errors[2], [0.5, 1.0, 1.5], atol=0.15)


@pytest.mark.parametrize("delay", ["synaptic", "axonal", "dendritic", None])
def test_derivatives_of_spike_times_converge(delay: Any) -> None:
    model, times = first_spike_model(6, 8, 3, delay=delay), inputs(8, 6)
    reference = exact(model, times, squared)
    errors = []
    for step in (TAU / 25, TAU / 200):
        gradients = on_grid(model, times, squared, step, gradient="spike_time")
        assert len(gradients) == len(reference)
        errors.append([float((g - e).norm() / e.norm()) for g, e in zip(gradients, reference, strict=True)])
    assert max(errors[1]) < 0.08
    assert all(fine < 0.5 * coarse for fine, coarse in zip(errors[1], errors[0], strict=True))


def test_surrogate_gradients_approach_the_direction_of_the_exact_ones() -> None:
    model, times = first_spike_model(6, 8, 3), inputs(8, 6)
    reference = exact(model, times, squared)[1:]
    coarse = on_grid(model, times, squared, TAU / 10, width=0.1)[1:]
    fine = on_grid(model, times, squared, TAU / 300, width=0.02)[1:]
    assert all(cosine(f, e) > 0.99 for f, e in zip(fine, reference, strict=True))
    assert all(cosine(f, e) > cosine(c, e) for f, c, e in zip(fine, coarse, reference, strict=True))


def test_linear_delays_have_exact_derivatives() -> None:
    """With shared spikes the potential is a smooth function of the delays: finite differences agree."""
    generator = torch.Generator().manual_seed(5)
    signal = torch.rand(2, 3, 20, dtype=torch.float64, generator=generator)
    weights = torch.randn(4, 3, dtype=torch.float64, generator=generator)
    for shape in ((), (1, 3), (4, 1), (4, 3)):
        delays = (0.3 + 4 * torch.rand(shape, dtype=torch.float64, generator=generator)).requires_grad_()
        assert torch.autograd.gradcheck(
            lambda w, d: delayed(signal, w, taps(d, 0.7, "linear", 0)), (weights.requires_grad_(), delays)
        )


@pytest.mark.parametrize("longest", [9, 3 * LONGEST_DIRECT])
@pytest.mark.parametrize("shape", [(), (1, 5), (4, 1), (4, 5)])
def test_delayed_sums_are_what_a_plain_loop_gives(shape: tuple[int, ...], longest: int) -> None:
    rng = np.random.default_rng(longest)
    signal = (rng.random((2, 5, 250)) < 0.1).astype(float)
    weights, delays = rng.normal(size=(4, 5)), rng.integers(0, longest, shape)
    expected = np.zeros((2, 4, 250))
    for post, pre in np.ndindex(4, 5):
        d = int(np.broadcast_to(delays, (4, 5))[post, pre])
        expected[:, post, d:] += weights[post, pre] * signal[:, pre, : 250 - d]
    kernels = taps(torch.tensor(delays * 0.1), 0.1, "nearest", 0)
    got = delayed(torch.from_numpy(signal), torch.from_numpy(weights), kernels)
    np.testing.assert_allclose(got.numpy(), expected, atol=1e-12)


def test_recurrent_weights_and_delays_learn_by_surrogate_gradients() -> None:
    rng = np.random.default_rng(0)
    neuron = tarry.Lif(2 * TAU, TAU, reset="to_zero")
    network = tarry.Network(
        (
            tarry.Population("input", 10),
            tarry.Population("hidden", 12, neuron),
            tarry.Population("output", 2, neuron),
        ),
        (
            tarry.Projection(
                "input", "hidden", rng.normal(0.3, 0.3, (12, 10)), rng.uniform(0, TAU, (12, 10))
            ),
            tarry.Projection("hidden", "hidden", rng.normal(0, 0.2, (12, 12)), rng.uniform(0, TAU, (12, 12))),
            tarry.Projection("hidden", "output", rng.normal(0.2, 0.3, (2, 12)), rng.uniform(0, TAU, (2, 12))),
        ),
    )
    twin = nn.Twin(network, 2e-3, rounding="linear")
    times = torch.from_numpy(rng.uniform(0, 0.1, 30 * 8))
    raster = nn.rasterise_events(
        times,
        torch.from_numpy(rng.integers(0, 10, 30 * 8)),
        30 * torch.arange(9),
        size=10,
        duration=0.12,
        step=2e-3,
    )
    labels = torch.arange(8) % 2
    adam = torch.optim.Adam([{"params": twin.weights, "lr": 0.02}, {"params": twin.delays, "lr": 1e-3}])
    losses = []
    for _ in range(15):
        counts = twin(raster)["output"].spikes.sum(2)
        loss = torch.nn.functional.cross_entropy(counts, labels)
        adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        assert all(p.grad is not None and bool((p.grad != 0).any()) for p in (*twin.weights, *twin.delays))
        adam.step()
        losses.append(float(loss.detach()))
    assert min(losses[-3:]) < 0.6 * losses[0]


def test_bad_input_is_refused() -> None:
    model = first_spike_model(3, 2)
    delta = tarry.Network(
        (tarry.Population("input", 1), tarry.Population("output", 1, tarry.Lif(TAU, 0.0))),
        (tarry.Projection("input", "output", [[1.0]]),),
    )
    bad: list[tuple[Any, dict[str, Any], str]] = [
        (model, {"step": 0.0}, "must be positive"),
        (model, {"step": 1e-3, "gradient": "exact"}, "'surrogate' or 'spike_time'"),
        (model, {"step": 1e-3, "rounding": "up"}, "'nearest' or 'linear'"),
        (model, {"step": 1e-3, "gradient": "spike_time", "rounding": "linear"}, "needs rounding='nearest'"),
        (model, {"step": 1e-3, "width": 0.0}, "width is 0.0"),
        (delta, {"step": 1e-3, "gradient": "spike_time"}, "delta synapses"),
    ]
    for source, settings, message in bad:
        with pytest.raises(ValueError, match=message):
            nn.Twin(source, **settings)
    times = torch.tensor([[0.0, 1.0, torch.inf]], dtype=torch.float64) * TAU
    for wrong in (torch.nan, -torch.inf, -1.0, 5 * TAU):
        with pytest.raises(ValueError, match="spike times must lie in"):
            nn.rasterise(times.masked_fill(times == 0, wrong), 4 * TAU, 1e-3)
    with pytest.raises(ValueError, match="the step must be positive"):
        nn.rasterise(times, 4 * TAU, 0.0)
    with pytest.raises(ValueError, match=r"it must have \(1, 3, 41\)"):
        nn.Twin(model, 1e-3)(nn.rasterise(times[:, :2], 4 * TAU, 1e-3))
    with pytest.raises(ValueError, match="the inputs input; given are other"):
        nn.Twin(model, 1e-3)({"other": nn.rasterise(times, 4 * TAU, 1e-3)})
    one = torch.zeros(1, dtype=torch.int64)
    for channels, offsets, message in (
        (one + 3, [0, 1], r"0 \.\. 2"),
        (one, [0, 2], "offsets must rise"),
        (one, [1, 1], "offsets must rise"),
    ):
        with pytest.raises(ValueError, match=message):
            nn.rasterise_events(
                times[0, :1], channels, torch.tensor(offsets), size=3, duration=TAU, step=2e-3
            )
