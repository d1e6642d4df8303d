"""Torch modules of neurons that spike many times: operators, read-outs, losses, networks, refusals."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import tarry
from tarry import nn
from tarry.train._adam import Adam

TAU = 5e-3


def spikes(seed: int = 0, batch: int = 3, size: int = 6, count: int = 40, span: float = 0.1) -> nn.Spikes:
    """Random recordings."""
    rng = np.random.default_rng(seed)
    samples = [(np.sort(rng.uniform(0, span, count)), rng.integers(0, size, count)) for _ in range(batch)]
    return nn.Spikes.of(samples, size)


def layer(inputs: int = 6, outputs: int = 4, seed: int = 0, **arguments: Any) -> nn.SpikingLif:
    """A layer that spikes a few times."""
    settings: dict[str, Any] = {
        "delay": "synaptic",
        "tau_mem": 4 * TAU,
        "tau_syn": TAU,
        "weight_mean": 0.35,
    } | arguments
    return nn.SpikingLif(inputs, outputs, generator=torch.Generator().manual_seed(seed), **settings)


def differences(loss: Callable[[], Tensor], values: Tensor, step: float) -> Tensor:
    """Central differences with respect to every element."""
    flat, found = values.detach().view(-1), torch.zeros(values.numel(), dtype=torch.float64)
    for i in range(len(flat)):
        kept = flat[i].item()
        sides = []
        for s in (step, -step):
            flat[i] = kept + s
            sides.append(loss().item())
        flat[i] = kept
        found[i] = (sides[0] - sides[1]) / (2 * step)
    return found.view(values.shape)


def check(loss: Callable[[], Tensor], parameters: dict[str, tuple[Tensor, float]]) -> None:
    """Backward equals differences, each parameter in its unit."""
    for values, _ in parameters.values():
        values.grad = None
    loss().backward()  # type: ignore[no-untyped-call]
    for name, (values, unit) in parameters.items():
        assert values.grad is not None, name
        exact = values.grad * unit
        expected = differences(loss, values, 1e-6 * unit) * unit
        assert torch.any(exact != 0), name
        scale = max(1.0, float(exact.abs().max()))
        assert float((exact - expected).abs().max()) <= 1e-6 * scale, name


@pytest.mark.parametrize("delay", [None, "axonal", "dendritic", "synaptic"])
@pytest.mark.parametrize(
    ("reading", "tau_syn", "decay"),
    [
        ("mean", TAU, torch.inf),
        ("mean", TAU, 0.07),
        ("mean", 0.0, 0.07),
        ("mean", 4 * TAU, torch.inf),
        ("last", TAU, torch.inf),
        ("max", TAU, torch.inf),
        ("max", 4 * TAU, torch.inf),
        ("max", 0.0, torch.inf),
    ],
)
def test_what_is_read_has_exact_derivatives(reading: Any, tau_syn: float, decay: float, delay: Any) -> None:
    inputs = spikes()
    inputs = nn.Spikes(inputs.times.clone().requires_grad_(), inputs.channels, inputs.offsets, inputs.size)
    module = nn.Integrator(
        6,
        3,
        delay=delay,
        tau_mem=4 * TAU,
        tau_syn=tau_syn,
        reading=reading,
        duration=0.083,
        decay=decay,
        generator=torch.Generator().manual_seed(1),
    )
    module.weights.data += 0.2
    cost = torch.randn(3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    parameters = {"weights": (module.weights, 1.0), "times": (inputs.times, TAU)}
    if module.raw_delays is not None:
        parameters["raw_delays"] = (module.raw_delays, 1.0)
    check(lambda: (module(inputs) * cost).sum(), parameters)


@pytest.mark.parametrize("tau_syn", [0.0, TAU, 4 * TAU])
def test_what_is_read_equals_a_fine_sum(tau_syn: float) -> None:
    inputs = spikes(batch=1)
    weights = torch.randn(2, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) + 0.3
    times, channels = (x.numpy() for x in inputs.sample(0))
    duration, count = 0.09, 40_000
    grid = (np.arange(count) + 0.5) * duration / count
    age = grid[:, None] - times
    m, s = np.exp(-np.maximum(age, 0) / (4 * TAU)), np.exp(-np.maximum(age, 0) / max(tau_syn, 1e-9))
    shapes = {0.0: m, TAU: 4 / 3 * (m - s), 4 * TAU: np.maximum(age, 0) / (4 * TAU) * m}
    potential = np.where(age >= 0, shapes[tau_syn], 0.0) @ weights.numpy()[:, channels].T
    constants: dict[str, Any] = {"tau_mem": 4 * TAU, "tau_syn": tau_syn, "duration": duration}
    expected = {
        "mean": potential.mean(axis=0),
        "weighted": (potential * np.exp(-grid / 0.05)[:, None]).mean(axis=0),
        "last": potential[-1],
        "max": potential.max(axis=0),
    }
    found = {
        "mean": nn.read_out(inputs, weights, reading="mean", **constants),
        "weighted": nn.read_out(inputs, weights, reading="mean", decay=0.05, **constants),
        "last": nn.read_out(inputs, weights, reading="last", **constants),
        "max": nn.read_out(inputs, weights, reading="max", **constants),
    }
    for name, values in expected.items():
        np.testing.assert_allclose(found[name][0], values, atol=2e-3, err_msg=name)


def test_layers_in_a_row_have_exact_derivatives() -> None:
    inputs = spikes()
    first = layer(recurrent="axonal", trainable=("tau_mem", "tau_syn", "threshold"), refractory=1e-3)
    network = nn.SpikingSequential(first, layer(4, 3, seed=1, delay="dendritic", weight_mean=0.8))
    targets = spikes(seed=5, size=3, count=30)

    def loss() -> Tensor:
        hidden, out = network(inputs)
        onsets = hidden.first_times()
        spoken = torch.isfinite(onsets)
        total: Tensor = (
            nn.spike_time_mse(out, targets, tau=TAU)
            + nn.delay_penalty(_delays(first), scale=TAU)
            + onsets[spoken].sum() / TAU
        )
        return total

    with torch.no_grad():
        assert min(int(batch.counts().max()) for batch in network(inputs)) >= 3
    check(loss, {name: (p, 1.0) for name, p in network.named_parameters()})


def _delays(module: nn.SpikingLif) -> Tensor:
    delays = module.delays()
    assert delays is not None
    return delays


def test_the_same_bits_for_any_number_of_threads() -> None:
    inputs = spikes(batch=70, count=200, size=20)
    results = []
    for threads in (1, 2, 3):
        module = layer(20, 9, threads=threads, weight_mean=0.1)
        out = module(inputs)
        (out.times.square().sum() + nn.wake(module, inputs, out)).backward()
        results.append((out.times.detach(), module.weights.grad, module.raw_delays.grad))  # type: ignore[union-attr]
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            assert a is not None
            assert b is not None
            assert torch.equal(a, b)


@pytest.mark.parametrize(("reset", "tau_syn"), [("to_zero", TAU), ("by_subtraction", 0.0), ("to_zero", 0.0)])
@pytest.mark.parametrize("refractory", [0.0, 3e-3])
def test_the_processor_comes_to_the_same_spikes_as_ticks_get_shorter(
    reset: Any, tau_syn: float, refractory: float
) -> None:
    common = {"reset": reset, "tau_syn": tau_syn, "refractory": refractory, "until": 0.12}
    strength = 1.5 if tau_syn == 0 else 1.0
    network = nn.SpikingSequential(
        layer(recurrent="synaptic", weight_mean=0.35 * strength, recurrent_deviation=0.1, **common),
        layer(4, 3, seed=1, weight_mean=0.8 * strength, **common),
    )
    inputs = spikes(batch=1)
    with torch.no_grad():
        expected = network(inputs)[-1]
    times, channels = (x.numpy() for x in inputs.sample(0))
    errors = []
    for steps in (64, 1024):
        tick = TAU / steps
        processor = tarry.Processor(tarry.compile(network.network(), tick=tick, weight_bits=16))
        ticks, neurons = processor.run(
            np.rint(times / tick).astype(np.int64), channels, until=int(0.12 / tick)
        )
        late = []
        for j in range(3):
            own = expected.times[expected.channels == j].numpy()
            theirs = ticks[neurons == j] * tick
            if len(own) == len(theirs):
                late.extend(np.abs(own - theirs))
        errors.append(np.median(late) if late else np.inf)
        if steps == 1024:
            assert len(late) >= 0.6 * len(expected.times) >= 6
    assert errors[1] < 3 * TAU / 1024
    assert errors[1] < 0.5 * errors[0]


def test_a_trained_network_compiles_and_runs() -> None:
    network = nn.SpikingSequential(
        layer(reset="by_subtraction"), layer(4, 3, seed=1, weight_mean=0.8, trainable=("threshold",))
    )
    with torch.no_grad():
        threshold = list(network)[1].log_threshold
        assert threshold is not None
        threshold.add_(torch.tensor([0.1, 0.0, -0.1]))
    plain = network.network()
    assert [p.name for p in plain.populations] == ["input", "hidden", "output"]
    output = plain.populations[2].neuron
    assert isinstance(output, tarry.Lif)
    np.testing.assert_allclose(np.asarray(output.threshold), np.exp([0.1, 0.0, -0.1]))
    times, channels = (x.numpy() for x in spikes(batch=1).sample(0))
    processor = tarry.Processor(tarry.compile(plain, tick=1e-4))
    assert len(processor.run(np.rint(times / 1e-4).astype(np.int64), channels, until=2000)[0]) > 5


def test_silent_neurons_wake() -> None:
    inputs = spikes()
    module = layer(recurrent="axonal", weight_mean=0.02, weight_deviation=0.01)
    assert int(module(inputs).counts().sum()) == 0
    with torch.no_grad():
        module.weights[0] = -0.1  # one whose potential never rises above 0
    optimiser = Adam((list(module.parameters()), 0.04))
    for _ in range(12):
        optimiser.zero_grad()
        out = module(inputs)
        nn.wake(module, inputs, out, margin=0.05).backward()  # type: ignore[no-untyped-call]
        optimiser.step(1.0)
    assert int((module(inputs).counts() == 0).sum()) == 0


def test_what_wakes_is_exact() -> None:
    inputs = spikes()
    module = layer(
        recurrent="dendritic", weight_mean=0.18, weight_deviation=0.1, seed=1, recurrent_deviation=0.3
    )
    with torch.no_grad():
        counts = module(inputs).counts()
    assert 0 < int((counts == 0).sum()) < counts.numel()
    parameters = {"weights": (module.weights, 1.0), "recurrent": (module.recurrent_weights, 1.0)}
    check(lambda: nn.wake(module, inputs, module(inputs)), parameters)  # type: ignore[arg-type]


def test_counts_have_the_surrogate_that_is_stated() -> None:
    batch = spikes()
    times = batch.times.clone().requires_grad_()
    counted = nn.spike_counts(nn.Spikes(times, batch.channels, batch.offsets, 6), until=0.2)
    assert torch.equal(counted.detach(), batch.counts().double())
    counted.sum().backward()  # type: ignore[no-untyped-call]
    assert times.grad is not None
    assert torch.allclose(times.grad, torch.full_like(times, -1 / 0.2))
    penalty = nn.rate_penalty(batch, low=1.0, high=3.0, until=0.2)
    mean = batch.counts().double().mean(dim=0)
    expected = 0.5 * ((mean - 3).clamp(min=0) ** 2 + (1 - mean).clamp(min=0) ** 2).mean()
    assert torch.allclose(penalty, expected)


def test_training_on_spike_counts_learns() -> None:
    rng = np.random.default_rng(0)
    labels = torch.tensor([k % 2 for k in range(24)])
    samples = []
    for label in labels:  # the classes differ in the order of two bursts alone
        bursts = [rng.uniform(0.0, 0.02, 12), rng.uniform(0.03, 0.05, 12)]
        channels = np.repeat([int(label), 1 - int(label)], 12)
        order = np.argsort(np.concatenate(bursts))
        samples.append((np.concatenate(bursts)[order], channels[order]))
    inputs = nn.Spikes.of(samples, 2)
    generator = torch.Generator().manual_seed(3)
    hidden = layer(2, 12, seed=3, weight_mean=0.5, delay_range=(0.0, 0.05))
    read = nn.Integrator(
        12, 2, tau_mem=4 * TAU, tau_syn=TAU, reading="mean", duration=0.15, generator=generator
    )
    optimiser = Adam(([*hidden.parameters(), *read.parameters()], 0.03))
    losses = []
    for _ in range(40):
        optimiser.zero_grad()
        out = hidden(inputs)
        values = 20 * read(out)
        loss = torch.nn.functional.cross_entropy(values, labels)
        (loss + 0.1 * nn.wake(hidden, inputs, out)).backward()  # type: ignore[no-untyped-call]
        optimiser.step(1.0)
        losses.append(loss.item())
    assert losses[-1] < 0.2 < 0.5 < losses[0]


def test_operators_pass_torch_own_checks() -> None:
    inputs = spikes(batch=2, count=15)
    module = layer()
    delays = _delays(module).detach().requires_grad_()
    thresholds = torch.ones(4, dtype=torch.float64)
    taus = (torch.tensor(0.02, dtype=torch.float64), torch.tensor(0.005, dtype=torch.float64))
    tensors = (inputs.times, inputs.channels, inputs.offsets, module.weights, delays)
    for test in ("test_schema", "test_autograd_registration", "test_faketensor"):
        torch.library.opcheck(
            torch.ops.tarry.spiking.default,
            (*tensors, None, None, thresholds, *taus, "to_zero", 0.0, 1.0, 100, 0.0, 1),
            test_utils=test,
        )
        torch.library.opcheck(
            torch.ops.tarry.read_out.default,
            (*tensors, 0.02, 0.005, "mean", 0.0, 0.1, 1),
            test_utils=test,
        )


def test_float32_is_taken_and_given() -> None:
    found = []
    for dtype in (torch.float32, torch.float64):
        # Delta synapses: a spike comes at the very time of an arrival, which rounding must not hide.
        module = layer(dtype=dtype, tau_syn=0.0, weight_mean=0.6, reset="by_subtraction")
        times = spikes().times.float().to(dtype).requires_grad_()
        out = module(nn.Spikes(times, *(getattr(spikes(), n) for n in ("channels", "offsets", "size"))))
        assert out.times.dtype is dtype
        (out.times.sum() / TAU).backward()
        assert module.weights.grad is not None
        assert module.weights.grad.dtype is dtype
        assert module.raw_delays is not None
        found.append([p.double() for p in (times.grad, module.raw_delays.grad) if p is not None])
    for single, double in zip(*found, strict=True):
        assert torch.any(double != 0)
        assert torch.allclose(single, double, rtol=1e-3, atol=1e-3)


def refusals() -> list[tuple[Callable[[], object], type[Exception], str]]:
    """Bad input, and what is said of it."""
    good = spikes()
    swapped = good.times.clone()
    swapped[[3, 4]] = swapped[[4, 3]]
    nan = layer()
    nan.weights.data[1, 2] = torch.nan
    storm = layer(delay=None, recurrent="axonal", tau_syn=0.0, weight_mean=3.0, most_spikes=50)
    storm.recurrent_weights.data.fill_(2.0)  # type: ignore[union-attr]

    def with_times(times: Tensor) -> nn.Spikes:
        return nn.Spikes(times, good.channels, good.offsets, 6)

    return [
        (lambda: nan(good), ValueError, "weights holds NaN at flat index 8"),
        (lambda: layer()(with_times(swapped)), ValueError, "sample 0 is not in order of time: spike 4"),
        (lambda: layer()(with_times(good.times * torch.nan)), ValueError, "times holds NaN"),
        (lambda: layer(5)(good), ValueError, "6 channels"),
        (lambda: storm(good), ValueError, "a spike storm: neuron"),
        (lambda: nn.Spikes.of([], 3), ValueError, "no samples"),
        (lambda: nn.Spikes.of([([], [])], 3), ValueError, "sample 0 is empty"),
        (lambda: nn.Spikes.of([([0.2, 0.1], [0, 1])], 3), ValueError, "not in order of time"),
        (lambda: nn.Spikes.of([([0.2], [3])], 3), ValueError, "outside of 0..2"),
        (lambda: nn.Spikes.of([([np.inf], [0])], 3), ValueError, "not finite"),
        (lambda: layer(refractory=-1.0), ValueError, "refractory is -1.0"),
        (lambda: layer(tau_syn=0.0, trainable=("tau_syn",)), ValueError, "tau_syn cannot be learned"),
        (lambda: layer(reset="maybe"), ValueError, "reset is 'maybe'"),
        (lambda: layer(recurrent="axonal", recurrent_delay_range=(0.0, 1.0)), ValueError, "0 < low < high"),
        (
            lambda: nn.spiking(
                good,
                torch.ones(6, 6, dtype=torch.float64),
                None,
                torch.eye(6, dtype=torch.float64),
                torch.zeros(1, 1, dtype=torch.float64),
                tau_mem=1.0,
                tau_syn=1.0,
            ),
            ValueError,
            "shortest recurrent delay",
        ),
        (
            lambda: nn.read_out(
                good, torch.ones(2, 6, dtype=torch.float64), tau_mem=1.0, tau_syn=1.0, duration=torch.inf
            ),
            ValueError,
            "duration is inf",
        ),
    ]


@pytest.mark.parametrize("index", range(len(refusals())))
def test_bad_input_gets_one_clear_sentence(index: int) -> None:
    call, error, words = refusals()[index]
    with pytest.raises(error, match=words):
        call()


def test_neurons_that_can_never_spike_are_named() -> None:
    module = layer()
    module.weights.data[2] = -1.0
    assert module.never_spiking().tolist() == [2]
    with pytest.raises(ValueError, match="neurons 2 can never spike"):
        module.check()


def test_second_derivatives_are_refused() -> None:
    module = layer()
    (gradient,) = torch.autograd.grad(module(spikes()).times.sum(), module.weights, create_graph=True)
    with pytest.raises(RuntimeError, match="no second derivative"):
        gradient.sum().backward()  # type: ignore[no-untyped-call]


def test_spikes_know_their_ranks_and_first_times() -> None:
    batch = spikes(batch=2)
    for k, j in itertools.product(range(2), range(6)):
        times, channels = batch.sample(k)
        own = times[channels == j]
        assert batch.counts()[k, j] == len(own)
        first = batch.first_times()[k, j]
        assert first == (own[0] if len(own) else torch.inf)
    again = nn.Spikes.first(batch.first_times())
    assert torch.equal(again.first_times(), batch.first_times())
