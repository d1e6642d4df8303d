"""How operators are registered with torch: the namespace ``tarry``, CPU kernels, and clear refusals.

Operators are defined through ``torch.library`` with an autograd kernel of their own: half the overhead of
``torch.library.custom_op``, and a derivative that does not exist is refused where torch alone would
return a silent zero.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

_library = torch.library.Library("tarry", "DEF")  # type: ignore[no-untyped-call]


class ReverseOnly(torch.autograd.Function):
    """Base of the autograd kernels: the forward calls the operator ``below_autograd``; no forward mode."""

    @staticmethod
    def jvp(ctx: Any, *tangents: object) -> NoReturn:
        """Refuse: a tangent must not be lost without a word."""
        raise NotImplementedError(
            "tarry's operators have no forward-mode derivative; use torch.autograd.grad or backward()"
        )


def define(schema: str, kernel: Callable[..., Any], fake: Callable[..., Any]) -> Any:
    """Register an operator of CPU tensors and return it; other devices are refused in one sentence."""
    name = schema.partition("(")[0]
    _library.define(schema)  # type: ignore[no-untyped-call]
    _library.impl(name, kernel, "CPU")  # type: ignore[no-untyped-call]
    _library.impl(name, partial(refuse_device, name), "CompositeExplicitAutograd")  # type: ignore[no-untyped-call]
    torch.library.register_fake(f"tarry::{name}", fake, lib=_library)
    return getattr(torch.ops.tarry, name).default


def refuse_device(name: str, *arguments: object) -> NoReturn:
    """Kernel of every device but the CPU."""
    devices = {str(a.device) for a in arguments if isinstance(a, Tensor)} - {"cpu"}
    raise NotImplementedError(
        f"tarry::{name} runs on the CPU and was given a tensor on {', '.join(sorted(devices))}; "
        "move the model and its inputs with .cpu()"
    )


class Once(ReverseOnly):
    """A gradient tied to what it was computed at, so that its derivative is refused instead of lost."""

    @staticmethod
    def forward(ctx: Any, gradient: Tensor, *at: Tensor) -> Tensor:
        """Return the gradient."""
        return gradient.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> NoReturn:
        """Refuse."""
        raise RuntimeError(
            "tarry's losses have no second derivative; their gradient cannot be differentiated"
        )


def define_autograd(operator: Any, differentiable: Callable[..., Any]) -> None:
    """Let ``differentiable``, the ``apply`` of a ``ReverseOnly`` or around it, record ``operator``."""

    def autograd(*arguments: object) -> Any:
        if torch._C._are_functorch_transforms_active():
            raise NotImplementedError(
                f"{operator.name()} has no torch.func transforms; use torch.autograd.grad or backward()"
            )
        # Nothing is recorded without gradients; an open dual level may still bring a tangent to refuse.
        if torch.is_grad_enabled() or torch.autograd.forward_ad._current_level >= 0:
            return differentiable(*arguments)
        return below_autograd(operator, *arguments)

    _library.impl(operator, autograd, "Autograd")  # type: ignore[no-untyped-call]


def below_autograd(operator: Any, *arguments: object) -> Any:
    """Call the operator's CPU or fake kernel without recording it."""
    with torch._C._AutoDispatchBelowAutograd():
        return operator(*arguments)


def array(tensor: Tensor) -> npt.NDArray[np.float64]:
    """View a CPU tensor as a C-contiguous float64 array; copies only if it is not one already."""
    tensor = tensor.detach()
    if tensor.dtype is not torch.float64 or not tensor.is_contiguous():  # tested, as a call costs more
        tensor = tensor.to(torch.float64).contiguous()
    values: npt.NDArray[np.float64] = tensor.numpy()
    return values


def tensor(values: npt.NDArray[np.float64], like: Tensor) -> Tensor:
    """Wrap an array as a tensor in the dtype of ``like``."""
    result = torch.from_numpy(values)
    return result if like.dtype is torch.float64 else result.to(like.dtype)


def check_labels(name: str, labels: Tensor) -> None:
    """Refuse labels that are not int64."""
    if labels.dtype is not torch.int64:
        raise TypeError(f"tarry::{name} takes labels of torch.int64, not {labels.dtype}")


def worth(threads: int, synapses: int) -> int:
    """Number of threads for a batch with so many synapses to go through; ``threads`` 0 leaves it open."""
    # Below about a million, some milliseconds, a second thread costs more than it brings.
    return threads or max(1, min(torch.get_num_threads(), synapses >> 20))


def check_dtypes(name: str, times: Tensor, *others: Tensor | None) -> None:
    """Refuse anything but float32 or float64, the same for all tensors."""
    dtype = times.dtype
    for other in others:
        if other is not None and other.dtype is not dtype:
            break
    else:
        if dtype is torch.float64 or dtype is torch.float32:
            return
    found = ", ".join(str(t.dtype).removeprefix("torch.") for t in (times, *others) if t is not None)
    raise TypeError(f"tarry::{name} takes tensors that are all float64 or all float32, not {found}")
