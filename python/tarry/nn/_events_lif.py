"""A layer of neurons that spike many times, whose weights and delays are learned."""

from __future__ import annotations

from collections.abc import Collection
from math import inf, isfinite
from typing import Literal

import torch
from torch import Tensor

from tarry.network import RESETS, Reset
from tarry.nn._events import Spikes
from tarry.nn._events_operator import MOST_SPIKES, spiking

Delay = Literal["axonal", "dendritic", "synaptic"]
Trainable = Literal["tau_mem", "tau_syn", "threshold"]

_DELAYS = (None, "axonal", "dendritic", "synaptic")


class SpikingLif(torch.nn.Module):
    """Current-based LIF neurons that spike many times in continuous time, behind learned weights and delays.

    ``weights`` is a parameter (outputs, inputs). ``raw_delays`` is a parameter p, (1, inputs) axonal, (outputs, 1)
    dendritic or (outputs, inputs) synaptic, or None without delays; the delays are ``low + (high - low) sigmoid(p)``
    seconds, evenly spread at first. ``recurrent_weights`` and ``raw_recurrent_delays`` are the same between the neurons, or
    None. Trainable constants are kept as logarithms, ``log_tau_mem``, ``log_tau_syn`` and ``log_threshold`` (one
    per neuron), so that they stay positive.

    Args:
        inputs: number of input channels.
        outputs: number of neurons.
        delay: None, "axonal", "dendritic" or "synaptic".
        recurrent: None, or the kind of delay of synapses between the neurons.
        tau_mem: membrane time constant in seconds; ``inf`` for the non-leaky neuron.
        tau_syn: synaptic time constant in seconds; 0 for delta synapses.
        threshold: potential at which a neuron spikes.
        reset: "to_zero", "by_subtraction" or "once".
        refractory: refractory period in seconds.
        trainable: which constants are learned, of "tau_mem", "tau_syn" and "threshold".
        delay_range: (low, high), the bounds of the delays in seconds.
        recurrent_delay_range: those of the recurrent delays; low must be positive.
        weight_mean: mean of the initial weights, which are normally distributed.
        weight_deviation: their standard deviation; None is 1/sqrt(inputs).
        recurrent_deviation: standard deviation of the initial recurrent weights; None is 0.1/sqrt(outputs).
        until: seconds; later spikes are not computed. Recurrent networks may go on for ever without it.
        most_spikes: more spikes of one neuron in one sample are refused as a spike storm.
        slope_floor: least slope of the potential at a spike that derivatives divide by, in threshold/tau_mem (in
            1/second without leak); 0 is exact.
        threads: threads over the samples; None takes as many as the work is worth.
        dtype: of the parameters and spike times, float64 or float32. All arithmetic is float64.
        generator: where the initial values are drawn from; None is torch's global generator.

    Raises:
        ValueError: an argument out of its range.
    """

    weights: Tensor
    raw_delays: Tensor | None
    recurrent_weights: Tensor | None
    raw_recurrent_delays: Tensor | None
    log_tau_mem: Tensor | None
    log_tau_syn: Tensor | None
    log_threshold: Tensor | None

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        delay: Delay | None = None,
        recurrent: Delay | None = None,
        tau_mem: float,
        tau_syn: float,
        threshold: float = 1.0,
        reset: Reset = "to_zero",
        refractory: float = 0.0,
        trainable: Collection[Trainable] = (),
        delay_range: tuple[float, float] | None = None,
        recurrent_delay_range: tuple[float, float] | None = None,
        weight_mean: float = 0.0,
        weight_deviation: float | None = None,
        recurrent_deviation: float | None = None,
        until: float = inf,
        most_spikes: int = MOST_SPIKES,
        slope_floor: float = 0.0,
        threads: int | None = None,
        dtype: torch.dtype = torch.float64,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        _check(inputs >= 1 and outputs >= 1, f"a layer needs inputs and outputs, not {inputs} and {outputs}")
        for name, kind in (("delay", delay), ("recurrent", recurrent)):
            _check(
                kind in _DELAYS, f"{name} is {kind!r}; it must be None, 'axonal', 'dendritic' or 'synaptic'"
            )
        _check(tau_mem > 0, f"tau_mem is {tau_mem} s; it must be positive")
        _check(0 <= tau_syn < inf, f"tau_syn is {tau_syn} s; it must be positive, or 0 for delta synapses")
        _check(0 < threshold < inf, f"threshold is {threshold}; it must be positive and finite")
        _check(reset in RESETS, f"reset is {reset!r}; it must be one of {', '.join(RESETS)}")
        _check(0 <= refractory < inf, f"refractory is {refractory} s; it must be zero or positive")
        known = {"tau_mem": isfinite(tau_mem), "tau_syn": tau_syn > 0, "threshold": True}
        for name in trainable:
            _check(name in known, f"trainable holds {name!r}; it may hold {', '.join(known)}")
            _check(
                known[name], f"{name} cannot be learned: it is {tau_mem if name == 'tau_mem' else tau_syn}"
            )
        scale = max(tau_syn, tau_mem if isfinite(tau_mem) else 0.0)
        low, high = delay_range or (0.0, scale)
        _check(
            0 <= low < high < inf,
            f"delay_range is {delay_range}; it must be seconds that satisfy 0 <= low < high",
        )
        r_low, r_high = recurrent_delay_range or (0.1 * scale, scale)
        _check(
            0 < r_low < r_high < inf,
            f"recurrent_delay_range is {recurrent_delay_range}; it must be seconds that satisfy 0 < low < high",
        )
        _check(isfinite(weight_mean), f"weight_mean is {weight_mean}; it must be finite")
        _check(most_spikes >= 1, f"most_spikes is {most_spikes}; it must be at least 1")
        _check(0 <= slope_floor < inf, f"slope_floor is {slope_floor}; it must be at least 0")
        _check(threads is None or threads >= 1, f"threads is {threads}; it must be at least 1, or None")
        _check(dtype in (torch.float64, torch.float32), f"dtype is {dtype}; it must be float64 or float32")
        self.inputs, self.outputs, self.delay, self.recurrent = inputs, outputs, delay, recurrent
        self.tau_mem, self.tau_syn, self.threshold = float(tau_mem), float(tau_syn), float(threshold)
        self.reset, self.refractory, self.until = reset, float(refractory), float(until)
        self.delay_range, self.recurrent_delay_range = (
            (float(low), float(high)),
            (float(r_low), float(r_high)),
        )
        self.most_spikes, self.slope_floor, self.threads = most_spikes, float(slope_floor), threads

        def normal(shape: tuple[int, int], mean: float, deviation: float) -> torch.nn.Parameter:
            values = torch.empty(shape, dtype=torch.float64).normal_(mean, deviation, generator=generator)
            return torch.nn.Parameter(values.to(dtype))

        def even(kind: Delay | None, pre: int) -> torch.nn.Parameter | None:
            shapes = {"axonal": (1, pre), "dendritic": (outputs, 1), "synaptic": (outputs, pre)}
            if kind is None:
                return None
            values = torch.empty(shapes[kind], dtype=torch.float64).uniform_(0.02, 0.98, generator=generator)
            return torch.nn.Parameter(values.logit().to(dtype))

        def constant(name: Trainable, values: Tensor) -> torch.nn.Parameter | None:
            return torch.nn.Parameter(values.log().to(dtype)) if name in trainable else None

        deviation = inputs**-0.5 if weight_deviation is None else weight_deviation
        self.weights = normal((outputs, inputs), weight_mean, deviation)
        self.register_parameter("raw_delays", even(delay, inputs))
        deviation = 0.1 * outputs**-0.5 if recurrent_deviation is None else recurrent_deviation
        between = None if recurrent is None else normal((outputs, outputs), 0.0, deviation)
        self.register_parameter("recurrent_weights", between)
        self.register_parameter("raw_recurrent_delays", even(recurrent, outputs))
        doubles = torch.float64
        self.register_parameter("log_tau_mem", constant("tau_mem", torch.tensor(self.tau_mem, dtype=doubles)))
        self.register_parameter("log_tau_syn", constant("tau_syn", torch.tensor(self.tau_syn, dtype=doubles)))
        thresholds = torch.full((outputs,), self.threshold, dtype=doubles)
        self.register_parameter("log_threshold", constant("threshold", thresholds))

    def delays(self) -> Tensor | None:
        """Delays in seconds, differentiable, in the shape of their kind; None without delays."""
        return _bounded(self.raw_delays, self.delay_range)

    def recurrent_delays(self) -> Tensor | None:
        """Delays between the neurons in seconds, differentiable; None without recurrence."""
        return _bounded(self.raw_recurrent_delays, self.recurrent_delay_range)

    def constants(self) -> tuple[float | Tensor, float | Tensor, float | Tensor]:
        """tau_mem, tau_syn (seconds) and threshold, differentiable where they are learned."""
        learned = (self.log_tau_mem, self.log_tau_syn, self.log_threshold)
        given = (self.tau_mem, self.tau_syn, self.threshold)
        tau_mem, tau_syn, threshold = (
            value if log is None else log.exp() for log, value in zip(learned, given, strict=True)
        )
        return tau_mem, tau_syn, threshold

    def forward(self, spikes: Spikes) -> Spikes:
        """Spikes of the neurons from those of the inputs, times in seconds."""
        tau_mem, tau_syn, threshold = self.constants()
        dtype = self.weights.dtype
        if spikes.times.dtype is not dtype:
            spikes = Spikes(spikes.times.to(dtype), spikes.channels, spikes.offsets, spikes.size)
        per_second = self.threshold / self.tau_mem if isfinite(self.tau_mem) else 1.0
        return spiking(
            spikes,
            self.weights,
            self.delays(),
            self.recurrent_weights,
            self.recurrent_delays(),
            tau_mem=tau_mem,
            tau_syn=tau_syn,
            threshold=threshold,
            reset=self.reset,
            refractory=self.refractory,
            until=self.until,
            most_spikes=self.most_spikes,
            slope_floor=self.slope_floor * per_second,
            threads=self.threads,
        )

    def never_spiking(self) -> Tensor:
        """Neurons that cannot spike on any input: no weight into them is positive; int64 indices."""
        weights = [w for w in (self.weights, self.recurrent_weights) if w is not None]
        dead = torch.stack([(w.detach() <= 0).all(dim=1) for w in weights]).all(dim=0)
        return dead.nonzero().flatten()

    def extra_repr(self) -> str:
        """Everything that decides the layer's result besides its parameters."""
        return (
            f"{self.inputs}, {self.outputs}, delay={self.delay!r} {self.delay_range} s, "
            f"recurrent={self.recurrent!r}, tau_mem={self.tau_mem!r}, tau_syn={self.tau_syn!r}, "
            f"threshold={self.threshold!r}, reset={self.reset!r}, refractory={self.refractory!r}, "
            f"until={self.until!r}, dtype={self.weights.dtype}"
        )


def _bounded(raw: Tensor | None, bounds: tuple[float, float]) -> Tensor | None:
    return None if raw is None else bounds[0] + (bounds[1] - bounds[0]) * torch.sigmoid(raw)


def _check(valid: bool, message: str) -> None:
    if not valid:
        raise ValueError(message)
