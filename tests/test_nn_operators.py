from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

import first_spike_reference as reference
from tarry import nn
from tarry.nn._library import refuse_device

BATCH, PRE, POST = 40, 5, 3
TAU_SYN = 1e-3
SHAPES = {
    "none": None,
    "scalar": (1, 1),
    "axonal": (1, PRE),
    "dendritic": (POST, 1),
    "synaptic": (POST, PRE),
}
LOSSES: dict[str, Callable[..., Tensor]] = {
    "mse": partial(nn.shift_invariant_mse, tau_syn=TAU_SYN),
    "cross_entropy": partial(nn.time_to_first_spike_cross_entropy, tau_syn=TAU_SYN),
}
LABELS = torch.arange(BATCH) % POST


def inputs(kind: str, *, dtype: torch.dtype = torch.float64, scale: float = TAU_SYN) -> list[Tensor]:
    """Times, weights and, but for "none", delays that require gradients; some spikes are missing."""
    generator = torch.Generator().manual_seed(3)
    times = 2 * scale * torch.rand(BATCH, PRE, generator=generator, dtype=torch.float64)
    times[0, 2] = torch.inf
    tensors = [times, torch.randn(POST, PRE, generator=generator, dtype=torch.float64) + 0.7]
    shape = SHAPES[kind]
    if shape is not None:
        tensors.append(scale * torch.rand(shape, generator=generator, dtype=torch.float64))
    return [t.to(dtype).requires_grad_() for t in tensors]


def layer(*tensors: Tensor, ratio: float = 2.0, scale: float = TAU_SYN, **settings: Any) -> Tensor:
    return nn.first_spike(*tensors, tau_mem=ratio * scale, tau_syn=scale, **settings)


@pytest.mark.parametrize("ratio", [1.0, 2.0, float("inf")])
@pytest.mark.parametrize("kind", SHAPES)
def test_the_layer_equals_the_reference(kind: str, ratio: float) -> None:
    times, weights, *delays = (t.detach().numpy() for t in inputs(kind, scale=1.0))
    expected = reference.forward(times, weights, delays[0] if delays else None, ratio, 1.0)
    spikes = layer(*inputs(kind), ratio=ratio).detach().numpy() / TAU_SYN
    assert np.isfinite(expected).any()
    assert np.isinf(expected).any() or ratio == np.inf
    np.testing.assert_allclose(spikes, expected, rtol=1e-9)


@pytest.mark.parametrize("ratio", [1.0, 2.0, float("inf")])
@pytest.mark.parametrize("kind", SHAPES)
def test_gradcheck_of_the_layer(kind: str, ratio: float) -> None:
    tensors = [t.detach()[:8] if i == 0 else t.detach() for i, t in enumerate(inputs(kind, scale=1.0))]
    tensors[0][tensors[0].isinf()] = 0.4  # finite differences of inf are not defined
    spikes = layer(*tensors, ratio=ratio, scale=1.0)
    fires = spikes.isfinite()
    assert fires.any()

    def fired(*tensors: Tensor) -> Tensor:
        return layer(*tensors, ratio=ratio, scale=1.0)[fires]

    assert torch.autograd.gradcheck(fired, [t.requires_grad_() for t in tensors], eps=1e-7, atol=1e-4)


@pytest.mark.parametrize("loss", LOSSES)
def test_gradcheck_of_the_losses(loss: str) -> None:
    times = torch.rand(BATCH, POST, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    times[1, 0] = torch.inf  # label 1: another output is silent
    finite = times.isfinite()

    def of_finite(values: Tensor) -> Tensor:
        return LOSSES[loss](times.masked_scatter(finite, values), LABELS, tau_syn=1.0)

    assert torch.autograd.gradcheck(of_finite, times[finite].requires_grad_())


def test_losses_are_the_published_formulas() -> None:
    times = torch.rand(BATCH, POST, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    true = times.gather(1, LABELS[:, None])
    others = torch.nn.functional.one_hot(LABELS, POST) == 0
    mse = 0.5 * (times - true - 0.3 * others).square().sum(1).mean()
    found = nn.shift_invariant_mse(times * TAU_SYN, LABELS, TAU_SYN, margin=0.3)
    torch.testing.assert_close(found, mse)
    entropy = torch.nn.functional.cross_entropy(-times / 0.4, LABELS) + 0.01 * (true / 2).exp().mean()
    found = nn.time_to_first_spike_cross_entropy(
        times * TAU_SYN, LABELS, TAU_SYN, xi=0.4, alpha=0.01, beta=2.0
    )
    torch.testing.assert_close(found, entropy)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_silent_true_class_costs_100_and_has_no_gradient(loss: str) -> None:
    times = torch.full((2, POST), torch.inf, dtype=torch.float64, requires_grad=True)
    value = LOSSES[loss](times, torch.tensor([0, 1]))
    value.backward()  # type: ignore[no-untyped-call]
    assert value.item() == 100.0
    assert times.grad is not None
    assert not times.grad.any()


@pytest.mark.parametrize("grad", [True, False])
@pytest.mark.parametrize("kind", ["none", "synaptic"])
def test_opcheck_of_the_layer(kind: str, grad: bool) -> None:
    tensors = [t.requires_grad_(grad) for t in inputs(kind)]
    padded = [*tensors, None][:3]
    constants = (2 * TAU_SYN, TAU_SYN, 1.0, 0.02, 1)
    operators = torch.ops.tarry
    torch.library.opcheck(operators.first_spike.default, (*padded, None, *constants))
    spikes = operators.first_spike(*padded, None, *constants).detach()
    # The backward operator has no derivative of its own, which opcheck would ask for.
    still = [None if t is None else t.detach() for t in padded]
    torch.library.opcheck(
        operators.first_spike_backward.default, (*still, None, spikes, torch.ones_like(spikes), *constants)
    )


def test_opcheck_of_the_losses() -> None:
    times = (torch.rand(BATCH, POST, dtype=torch.float64) * TAU_SYN).requires_grad_()
    torch.library.opcheck(torch.ops.tarry.shift_invariant_mse.default, (times, LABELS, 0.2, TAU_SYN))
    torch.library.opcheck(
        torch.ops.tarry.time_to_first_spike_cross_entropy.default, (times, LABELS, 0.2, 0.005, 1.0, TAU_SYN)
    )


TIMES = inputs("none")[0].detach()
CONSTANTS = {"shift_invariant_mse": [0.2], "time_to_first_spike_cross_entropy": [0.2, 0.005, 1.0]}


def stack(*parameters: Tensor, loss: Any = "shift_invariant_mse", times: Tensor | None = None) -> Tensor:
    """Loss of two layers, axonal delays and none, in one operator."""
    first, second, delays = parameters
    return nn.first_spike_loss(
        TIMES if times is None else times,
        LABELS,
        [first, second],
        [delays, None],
        tau_mem=2 * TAU_SYN,
        tau_syn=TAU_SYN,
        thresholds=[1.0, 0.8],
        loss=loss,
        constants=CONSTANTS[loss],
        slope_floor=0.02,
    ).loss


def stack_parameters() -> list[Tensor]:
    generator = torch.Generator().manual_seed(4)
    first = torch.randn(6, PRE, generator=generator, dtype=torch.float64) + 0.7
    second = torch.randn(POST, 6, generator=generator, dtype=torch.float64) + 0.7
    delays = TAU_SYN * torch.rand(1, PRE, generator=generator, dtype=torch.float64)
    return [p.requires_grad_() for p in (first, second, delays)]


@pytest.mark.parametrize("loss", CONSTANTS)
def test_the_stack_equals_its_layers(loss: Any) -> None:
    first, second, delays = parameters = stack_parameters()
    hidden = layer(TIMES, first, delays, slope_floor=0.02)
    outputs = layer(hidden, second, threshold=0.8, slope_floor=0.02)
    one_by_one = LOSSES["mse" if loss == "shift_invariant_mse" else "cross_entropy"](outputs, LABELS)
    at_once = stack(*parameters, loss=loss)
    torch.testing.assert_close(at_once, one_by_one, rtol=1e-12, atol=0)
    for found, expected in zip(
        torch.autograd.grad(3 * at_once, parameters),
        torch.autograd.grad(3 * one_by_one, parameters),
        strict=True,
    ):
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9 * float(expected.abs().max()))


def test_opcheck_and_compile_of_the_stack() -> None:
    parameters = stack_parameters()
    layers = [parameters[0], parameters[1]], [parameters[2], None]
    constants = 2 * TAU_SYN, TAU_SYN, [1.0, 1.0], "shift_invariant_mse", [0.2], 0.02, 1
    torch.library.opcheck(torch.ops.tarry.first_spike_loss.default, (TIMES, LABELS, *layers, *constants))
    compiled = torch.compile(stack, fullgraph=True, backend="aot_eager")
    for found, expected in zip(
        torch.autograd.grad(compiled(*parameters), parameters),
        torch.autograd.grad(stack(*parameters), parameters),
        strict=True,
    ):
        assert torch.equal(found, expected)


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")
def test_the_stack_refuses() -> None:
    first, second, delays = stack_parameters()
    with pytest.raises(NotImplementedError, match="no derivative with respect to the input times"):
        stack(first, second, delays, times=inputs("none")[0])
    with pytest.raises(ValueError, match="times"):
        stack(first, second, delays, times=TIMES - 1.0)
    (gradient,) = torch.autograd.grad(stack(first, second, delays), first, create_graph=True)
    with pytest.raises(RuntimeError, match="no second derivative"):
        gradient.sum().backward()  # type: ignore[no-untyped-call]
    make_dual: Any = torch.autograd.forward_ad.make_dual
    plain = [p.detach() for p in (first, second, delays)]
    with (
        torch.autograd.forward_ad.dual_level(),
        pytest.raises(NotImplementedError, match="no forward-mode"),
    ):
        stack(make_dual(plain[0], plain[0]), *plain[1:])


@pytest.mark.parametrize("loss", LOSSES)
def test_compile_takes_the_whole_graph(loss: str) -> None:
    tensors = inputs("synaptic")

    def step(*tensors: Tensor) -> Tensor:
        return LOSSES[loss](layer(*tensors, slope_floor=0.02), LABELS)

    compiled = torch.compile(step, fullgraph=True, backend="aot_eager")
    assert torch.equal(compiled(*tensors), step(*tensors))
    for found, expected in zip(
        torch.autograd.grad(compiled(*tensors), tensors),
        torch.autograd.grad(step(*tensors), tensors),
        strict=True,
    ):
        assert torch.equal(found, expected)


def test_float32_is_computed_in_float64() -> None:
    tensors = inputs("synaptic", dtype=torch.float32)
    wide = [t.detach().double().requires_grad_() for t in tensors]
    spikes, exact = layer(*tensors, slope_floor=0.02), layer(*wide, slope_floor=0.02)
    assert spikes.dtype == torch.float32
    assert torch.equal(spikes, exact.float())
    loss = nn.shift_invariant_mse(spikes, LABELS, TAU_SYN)
    assert loss.dtype == torch.float32
    for gradient in torch.autograd.grad(loss, tensors):
        assert gradient.dtype == torch.float32
        assert gradient.isfinite().all()


def test_threads_do_not_change_a_bit() -> None:
    tensors = inputs("synaptic")
    results = []
    for threads in (1, 2, 3):
        spikes = layer(*tensors, slope_floor=0.02, threads=threads)
        loss = nn.shift_invariant_mse(spikes, LABELS, TAU_SYN)
        results.append([spikes, *torch.autograd.grad(loss, tensors)])
    for result in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(result, results[0], strict=True))


def test_results_do_not_share_memory_with_the_inputs() -> None:
    times, weights, delays = (t.detach() for t in inputs("synaptic"))
    before = [t.clone() for t in (times, weights, delays)]
    spikes = layer(times, weights, delays)
    spikes.fill_(-1.0)
    torch.ops.tarry.first_spike_backward(
        times,
        weights,
        delays,
        None,
        layer(times, weights, delays),
        spikes,
        2 * TAU_SYN,
        TAU_SYN,
        1.0,
        0.02,
        1,
    )[0].fill_(-1.0)
    # Also where the inputs are views of one tensor.
    square = torch.rand(PRE, PRE, dtype=torch.float64)
    kept = square.clone()
    layer(square, square, square).fill_(-1.0)
    assert torch.equal(square, kept)
    assert all(torch.equal(a, b) for a, b in zip((times, weights, delays), before, strict=True))


def test_views_and_expanded_gradients_are_taken() -> None:
    times, weights, delays = inputs("synaptic")
    strided = times.t().contiguous().t()
    assert not strided.is_contiguous()
    assert torch.equal(layer(strided, weights, delays), layer(times, weights, delays))
    spikes = layer(times, weights, delays, slope_floor=0.02)
    (summed,) = torch.autograd.grad(spikes.sum(), weights)  # its gradient is one number, expanded
    spikes = layer(times, weights, delays, slope_floor=0.02)
    (given,) = torch.autograd.grad(spikes, weights, torch.ones_like(spikes))
    assert torch.equal(summed, given)


def refusals() -> dict[str, tuple[Callable[[], object], type[Exception], str]]:
    times, weights, delays = inputs("synaptic")
    plain = [t.detach() for t in (times, weights, delays)]
    forward_ad = torch.autograd.forward_ad
    make_dual: Any = forward_ad.make_dual

    def dual(*, grad: bool) -> object:
        with forward_ad.dual_level(), torch.set_grad_enabled(grad):
            return layer(make_dual(plain[0], plain[0]), *plain[1:])

    def dual_loss() -> object:
        with forward_ad.dual_level():
            return LOSSES["mse"](make_dual(layer(*plain), plain[0][:, :POST]), LABELS)

    def twice(function: Callable[..., Tensor], *tensors: Tensor) -> object:
        (gradient,) = torch.autograd.grad(function(*tensors).nansum(), tensors[0], create_graph=True)
        return torch.autograd.grad(gradient.square().sum(), tensors[0])

    spikes = layer(*plain).clone().requires_grad_()
    return {
        "forward mode": (partial(dual, grad=True), NotImplementedError, "no forward-mode derivative"),
        "forward mode, no_grad": (
            partial(dual, grad=False),
            NotImplementedError,
            "no forward-mode derivative",
        ),
        "forward mode of a loss": (dual_loss, NotImplementedError, "no forward-mode derivative"),
        "jvp": (
            lambda: torch.func.jvp(layer, tuple(plain), tuple(plain)),
            NotImplementedError,
            "tarry::first_spike has no torch.func transforms",
        ),
        "functional gradient": (
            lambda: torch.func.grad(lambda t: layer(t, *plain[1:]).sum())(plain[0]),
            NotImplementedError,
            "no torch.func transforms",
        ),
        "second derivative": (
            lambda: twice(partial(layer, slope_floor=0.02), times, weights, delays),
            RuntimeError,
            "tarry::first_spike has no second derivative",
        ),
        "second derivative of a loss": (
            lambda: twice(partial(LOSSES["mse"], labels=LABELS), spikes),
            RuntimeError,
            "losses have no second derivative",
        ),
        "half precision": (
            lambda: layer(*(t.half() for t in plain)),
            TypeError,
            "all float64 or all float32, not float16, float16, float16",
        ),
        "mixed precision": (
            lambda: layer(plain[0].float(), *plain[1:]),
            TypeError,
            "not float32, float64, float64",
        ),
        "labels of floats": (
            lambda: LOSSES["mse"](spikes, LABELS.double()),
            TypeError,
            "labels of torch.int64, not torch.float64",
        ),
        "label out of range": (
            lambda: LOSSES["mse"](spikes, LABELS + POST),
            ValueError,
            "label",
        ),
        "NaN": (lambda: layer(plain[0] * torch.nan, *plain[1:]), ValueError, "times"),
        "channels": (lambda: layer(plain[0][:, 1:], *plain[1:]), ValueError, "times has shape"),
        "delays": (lambda: layer(*plain[:2], plain[2].t()), ValueError, "delays have shape"),
    }


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")
@pytest.mark.parametrize("case", refusals())
def test_what_is_not_supported_is_refused(case: str) -> None:
    call, error, message = refusals()[case]
    with pytest.raises(error, match=message):
        call()


def test_another_device_is_refused_in_one_sentence() -> None:
    # Without the device at hand: its tensors would reach the default kernel, and that one refuses.
    for name in ("first_spike", "first_spike_backward", "shift_invariant_mse"):
        rows = torch._C._dispatch_dump_table(f"tarry::{name}").splitlines()
        assert any(row.startswith("CUDA:") and row.endswith("[default backend kernel]") for row in rows)
    with FakeTensorMode():
        tensor = torch.empty(2, device="cuda")
    with pytest.raises(NotImplementedError, match=r"was given a tensor on cuda:0; move .* with \.cpu\(\)"):
        refuse_device("first_spike", torch.empty(2), tensor, None, 1.0)


def test_decide_takes_the_earliest_and_the_lowest_index() -> None:
    inf = torch.inf
    times = torch.tensor(
        [[3.0, 1.0, 2.0], [1.0, 1.0, 2.0], [inf, inf, 5.0], [inf, inf, inf], [2.0, 1.0, 1.0]]
    )
    assert nn.decide(times).tolist() == [1, 0, 2, -1, 1]
