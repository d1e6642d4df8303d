"""How operators are registered with torch: the namespace ``tarry``, CPU kernels, and clear refusals.

Operators are defined through ``torch.library`` with an autograd kernel of their own: half the overhead of
``torch.library.custom_op``, and a derivative that does not exist is refused where torch alone would
return a silent zero.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

_library = torch.library.Library("tarry", "DEF")


class ReverseOnly(torch.autograd.Function):
    """Base of the autograd kernels: the forward calls the operator ``below_autograd``, forward mode is refused."""

    @staticmethod
    def jvp(ctx: Any, *tangents: object) -> NoReturn:
        """Refuse: a tangent must not be lost without a word."""
        raise NotImplementedError(
            "tarry operators have no forward-mode derivative; use reverse mode, torch.autograd.grad or backward()"
        )


def define(schema: str, kernel: Callable[..., Any], fake: Callable[..., Any]) -> Any:
    """Register an operator of CPU tensors and return it; other devices are refused in one sentence."""
    name = schema.partition("(")[0]

    def refuse_device(*arguments: object) -> NoReturn:
        devices = {str(a.device) for a in arguments if isinstance(a, Tensor)} - {"cpu"}
        raise NotImplementedError(
            f"tarry::{name} runs on the CPU and was given a tensor on {', '.join(sorted(devices))}; "
            "move the model and its inputs with .cpu()"
        )

    _library.define(schema)
    _library.impl(name, kernel, "CPU")
    _library.impl(name, refuse_device, "CompositeExplicitAutograd")
    torch.library.register_fake(f"tarry::{name}", fake, lib=_library)
    return getattr(torch.ops.tarry, name).default


def define_autograd(operator: Any, function: type[ReverseOnly]) -> None:
    """Let ``function`` differentiate ``operator``."""

    def autograd(*arguments: object) -> Any:
        if torch._C._are_functorch_transforms_active():
            raise NotImplementedError(
                f"{operator.name()} does not support torch.func transforms; use torch.autograd.grad or backward()"
            )
        # Without gradients there is nothing to record; an open dual level may still bring a tangent to refuse.
        if torch.is_grad_enabled() or torch.autograd.forward_ad._current_level >= 0:
            return function.apply(*arguments)
        return below_autograd(operator, *arguments)

    _library.impl(operator, autograd, "Autograd")


def below_autograd(operator: Any, *arguments: object) -> Any:
    """Call the operator's CPU or fake kernel without recording it."""
    with torch._C._AutoDispatchBelowAutograd():
        return operator(*arguments)


def array(tensor: Tensor) -> npt.NDArray[np.float64]:
    """View a CPU tensor as a C-contiguous float64 array; copies only if it is not one already."""
    values: npt.NDArray[np.float64] = tensor.detach().to(torch.float64).contiguous().numpy()
    return values


def check_dtypes(name: str, times: Tensor, *others: Tensor | None) -> None:
    """Refuse anything but float32 or float64, the same for all tensors."""
    if times.dtype not in (torch.float64, torch.float32) or any(
        other is not None and other.dtype != times.dtype for other in others
    ):
        found = ", ".join(str(t.dtype).removeprefix("torch.") for t in (times, *others) if t is not None)
        raise TypeError(f"tarry::{name} takes tensors that are all float64 or all float32, not {found}")
