"""A layer of first-spike neurons whose weights and delays are learned."""

from __future__ import annotations

from collections.abc import Collection
from math import exp, inf, isfinite
from typing import Literal

import torch
from torch import Tensor

from tarry.nn._first_spike import first_spike
from tarry.nn._quantisation import Quantisation

Delay = Literal["axonal", "dendritic", "synaptic"]
Constant = Literal["tau_mem", "tau_syn", "threshold"]

RAW_DELAY_DEVIATION = 0.25  # of the initial values, DelGrad (arXiv 2404.19165)


class Lif(torch.nn.Module):
    """Current-based LIF neurons that fire at most once, behind learned weights and delays.

    ``weights`` is a parameter (outputs, inputs). ``raw_delays`` is a parameter p of shape (1, inputs) axonal,
    (outputs, 1) dendritic or (outputs, inputs) synaptic, or None without delays; the delays are
    ``(low + (high - low) sigmoid(p)) tau_syn``, bounded and positive (DelGrad, arXiv 2404.19165).
    The constants named by ``learned`` are learned, too: each is its initial value times exp(p), p the parameter
    ``log_tau_mem``, ``log_tau_syn`` or ``log_threshold``, 0 at first; ``tau_mem``, ``tau_syn`` and ``threshold`` are
    the present values. Delays are in units of the initial tau_syn.
    ``quantisation``, None at first, puts both on grids while the parameters stay what is learned.

    Args:
        inputs: number of input channels.
        outputs: number of neurons.
        delay: None, "axonal", "dendritic" or "synaptic".
        tau_mem: membrane time constant in seconds; ``inf`` for the non-leaky neuron.
        tau_syn: synaptic time constant in seconds.
        threshold: potential at which a neuron fires.
        learned: names of the constants that are learned: "tau_mem", "tau_syn", "threshold"; none by default.
        reset: "once", the neuron fires at most once per sample; nothing else can be trained.
        weight_mean: mean of the initial weights, which are normally distributed.
        weight_deviation: their standard deviation.
        delay_range: (low, high), the bounds of the delays in tau_syn.
        slope_floor: least slope of the potential at the threshold that gradients divide by, in 1/tau_syn;
            0 is exact.
        weight_limit: training keeps ``|w|`` at or below this; None is no limit. It keeps outliers out,
            which coarse weights suffer from.
        threads: threads over the batch; None takes as many as the work is worth, at most
            ``torch.get_num_threads()``. The result has the same bits for any number.
        dtype: of the parameters, float64 or float32; inputs are converted to it. All arithmetic is float64.
        generator: where the initial values are drawn from; None is torch's global generator.

    Raises:
        ValueError: an argument out of its range.
    """

    weights: Tensor
    raw_delays: Tensor | None

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        delay: Delay | None = None,
        tau_mem: float,
        tau_syn: float,
        threshold: float = 1.0,
        learned: Collection[Constant] = (),
        reset: str = "once",
        weight_mean: float = 1.0,
        weight_deviation: float = 1.0,
        delay_range: tuple[float, float] = (0.0, 1.0),
        slope_floor: float = 0.0,
        weight_limit: float | None = None,
        threads: int | None = None,
        dtype: torch.dtype = torch.float64,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        shapes = {None: None, "axonal": (1, inputs), "dendritic": (outputs, 1), "synaptic": (outputs, inputs)}
        low, high = delay_range
        _check(inputs >= 1 and outputs >= 1, f"a layer needs inputs and outputs, not {inputs} and {outputs}")
        _check(delay in shapes, f"delay is {delay!r}; it must be None, 'axonal', 'dendritic' or 'synaptic'")
        _check(tau_mem > 0, f"tau_mem is {tau_mem} s; it must be positive")
        _check(0 < tau_syn < inf, f"tau_syn is {tau_syn} s; it must be positive and finite")
        _check(0 < threshold < inf, f"threshold is {threshold}; it must be positive and finite")
        initial: dict[Constant, float] = {
            "tau_mem": float(tau_mem),
            "tau_syn": float(tau_syn),
            "threshold": float(threshold),
        }
        names = (learned,) if isinstance(learned, str) else tuple(learned)
        unknown = [name for name in names if name not in initial]
        _check(not unknown, f"learned names {unknown}; it may name {', '.join(initial)}")
        for name, value in initial.items():
            _check(
                value < inf or name not in names,
                f"{name} is inf, the neuron without leak, which cannot be learned",
            )
        _check(reset == "once", f"reset is {reset!r}; only reset='once', first-spike coding, can be trained")
        _check(
            0 <= low < high < inf, f"delay_range is {delay_range} tau_syn; it must satisfy 0 <= low < high"
        )
        _check(isfinite(weight_mean), f"weight_mean is {weight_mean}; it must be finite")
        _check(0 <= weight_deviation < inf, f"weight_deviation is {weight_deviation}; it must be at least 0")
        _check(0 <= slope_floor < inf, f"slope_floor is {slope_floor}; it must be at least 0")
        _check(
            weight_limit is None or weight_limit > 0, f"weight_limit is {weight_limit}; it must be positive"
        )
        _check(threads is None or threads >= 1, f"threads is {threads}; it must be at least 1, or None")
        _check(dtype in (torch.float64, torch.float32), f"dtype is {dtype}; it must be float64 or float32")
        self.inputs, self.outputs, self.delay = inputs, outputs, delay
        self._initial = initial
        for name in initial:
            parameter = torch.nn.Parameter(torch.zeros((), dtype=dtype)) if name in names else None
            self.register_parameter(f"log_{name}", parameter)
        self.delay_range, self.slope_floor = (float(low), float(high)), float(slope_floor)
        self.weight_limit, self.threads = weight_limit, threads
        self.quantisation: Quantisation | None = None

        def normal(shape: tuple[int, int], mean: float, deviation: float) -> torch.nn.Parameter:
            values = torch.empty(shape, dtype=torch.float64).normal_(mean, deviation, generator=generator)
            return torch.nn.Parameter(values.to(dtype))

        self.weights = normal((outputs, inputs), weight_mean, weight_deviation)
        shape = shapes[delay]
        raw_delays = None if shape is None else normal(shape, 0.0, RAW_DELAY_DEVIATION)
        self.register_parameter("raw_delays", raw_delays)
        self.limit_weights()

    @property
    def tau_mem(self) -> float:
        """Membrane time constant in seconds."""
        return self._present("tau_mem")

    @property
    def tau_syn(self) -> float:
        """Synaptic time constant in seconds."""
        return self._present("tau_syn")

    @property
    def threshold(self) -> float:
        """Potential at which a neuron fires."""
        return self._present("threshold")

    @property
    def log_constants(self) -> list[Tensor]:
        """The parameters of the learned constants."""
        return [p for name in self._initial if (p := self._parameters[f"log_{name}"]) is not None]

    def _present(self, name: Constant) -> float:
        parameter = self._parameters[f"log_{name}"]
        return self._initial[name] if parameter is None else self._initial[name] * exp(parameter.item())

    def _differentiable(self, name: Constant) -> float | Tensor:
        parameter = self._parameters[f"log_{name}"]
        return self._initial[name] if parameter is None else self._initial[name] * parameter.exp()

    def delays(self) -> Tensor | None:
        """Delays in seconds, differentiable, in the shape of their kind; None without delays."""
        if self.raw_delays is None:
            return None
        low, high = self.delay_range
        unit = self._initial["tau_syn"]
        delays = torch.sigmoid(self.raw_delays) * ((high - low) * unit)
        return delays + low * unit if low else delays

    def synapses(self) -> tuple[Tensor, Tensor | None]:
        """Weights and delays (seconds) as the neurons see them: on the grids of ``quantisation``, if set."""
        weights, delays = self.weights, self.delays()
        if self.quantisation is None:
            return weights, delays
        return self.quantisation.weights(weights), None if delays is None else self.quantisation.delays(
            delays
        )

    def forward(self, times: Tensor) -> Tensor:
        """Spike times (batch, outputs) from those of the inputs (batch, inputs), in seconds; silent = inf."""
        weights, delays = self.synapses()
        return first_spike(
            times.to(weights.dtype),
            weights,
            delays,
            tau_mem=self._differentiable("tau_mem"),
            tau_syn=self._differentiable("tau_syn"),
            threshold=self._differentiable("threshold"),
            slope_floor=self.slope_floor,
            threads=self.threads,
        )

    def can_spike(self) -> Tensor:
        """Whether each neuron could reach the threshold if all its excitatory inputs came at the best moment: bool,
        (outputs,).
        """
        ratio = self.tau_mem / self.tau_syn
        excitation = self.weights.detach().clamp(min=0).sum(1)
        if ratio == inf:
            return excitation > self.threshold  # which the potential only comes near to
        peak = exp(-1.0) if abs(ratio - 1) < 1e-6 else ratio ** (1 / (1 - ratio))  # of one input
        return excitation * peak >= self.threshold

    def limit_weights(self, limit: float | None = None) -> None:
        """Project the weights onto ``|w| <= limit``, by default ``weight_limit``, and the grid's range."""
        limit = self.weight_limit if limit is None else limit
        if limit is not None:
            self.weights.detach().clamp_(-limit, limit)
        if self.quantisation is not None:
            top = self.quantisation.weight_limit
            self.weights.detach().clamp_(-top, top)

    def extra_repr(self) -> str:
        """Everything that decides the layer's result besides its parameters; checkpoints compare it."""
        low, high = self.delay_range
        delay = f"{self.delay!r} ({low:g}..{high:g} tau_syn)" if self.delay else "None"
        constants = ", ".join(
            f"{name}={value!r}" + " (learned)" * (self._parameters[f"log_{name}"] is not None)
            for name, value in self._initial.items()
        )
        text = (
            f"{self.inputs}, {self.outputs}, delay={delay}, {constants}, slope_floor={self.slope_floor!r}, "
            f"weight_limit={self.weight_limit!r}, dtype={self.weights.dtype}"
        )
        return text if self.quantisation is None else f"{text}, {self.quantisation}"


def _check(valid: bool, message: str) -> None:
    if not valid:
        raise ValueError(message)
