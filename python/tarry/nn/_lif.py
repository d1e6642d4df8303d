"""A layer of first-spike neurons whose weights and delays are learned."""

from __future__ import annotations

from math import inf, isfinite
from typing import Literal

import torch
from torch import Tensor

from tarry.nn._first_spike import first_spike
from tarry.nn._quantisation import Quantisation

Delay = Literal["axonal", "dendritic", "synaptic"]

RAW_DELAY_DEVIATION = 0.25  # of the initial values, DelGrad (arXiv 2404.19165)


class Lif(torch.nn.Module):
    """Current-based LIF neurons that fire at most once, behind learned weights and delays.

    ``weights`` is a parameter (outputs, inputs). ``raw_delays`` is a parameter p of shape (1, inputs) axonal,
    (outputs, 1) dendritic or (outputs, inputs) synaptic, or None without delays; the delays are
    ``(low + (high - low) sigmoid(p)) tau_syn``, bounded and positive (DelGrad, arXiv 2404.19165).
    ``quantisation``, None at first, puts both on grids while the parameters stay what is learned.

    Args:
        inputs: number of input channels.
        outputs: number of neurons.
        delay: None, "axonal", "dendritic" or "synaptic".
        tau_mem: membrane time constant in seconds; ``inf`` for the non-leaky neuron.
        tau_syn: synaptic time constant in seconds.
        threshold: potential at which a neuron fires.
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
        self.tau_mem, self.tau_syn, self.threshold = float(tau_mem), float(tau_syn), float(threshold)
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

    def delays(self) -> Tensor | None:
        """Delays in seconds, differentiable, in the shape of their kind; None without delays."""
        if self.raw_delays is None:
            return None
        low, high = self.delay_range
        delays = torch.sigmoid(self.raw_delays) * ((high - low) * self.tau_syn)
        return delays + low * self.tau_syn if low else delays

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
            tau_mem=self.tau_mem,
            tau_syn=self.tau_syn,
            threshold=self.threshold,
            slope_floor=self.slope_floor,
            threads=self.threads,
        )

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
        text = (
            f"{self.inputs}, {self.outputs}, delay={delay}, tau_mem={self.tau_mem!r}, "
            f"tau_syn={self.tau_syn!r}, threshold={self.threshold!r}, slope_floor={self.slope_floor!r}, "
            f"weight_limit={self.weight_limit!r}, dtype={self.weights.dtype}"
        )
        return text if self.quantisation is None else f"{text}, {self.quantisation}"


def _check(valid: bool, message: str) -> None:
    if not valid:
        raise ValueError(message)
