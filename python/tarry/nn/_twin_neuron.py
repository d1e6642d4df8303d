"""One tick of LIF neurons on a grid, with surrogate gradients or with the derivatives of spike times.

Between ticks the potential follows its equation exactly (``dV/dt = -V/tau_mem + I/tau_syn``); only the times of
spikes and arrivals are bound to the grid.
"""

from __future__ import annotations

from math import inf
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from tarry.network import Reset

Gradient = Literal["surrogate", "spike_time"]


class Neuron(NamedTuple):
    """A population on a grid.

    Args:
        mem: decay of the potential per tick.
        syn: decay of the synaptic current per tick.
        drive: what a unit of current adds to the potential in one tick.
        threshold: potential at which a neuron fires, () or (n,).
        tau_mem: seconds; ``inf`` without leak.
        tau_syn: seconds; 0 for delta synapses.
        reset: "to_zero", "by_subtraction" or "once".
        hold: refractory period in ticks.
        step: length of a tick in seconds.
    """

    mem: Tensor
    syn: Tensor
    drive: Tensor
    threshold: Tensor
    tau_mem: Tensor
    tau_syn: Tensor
    reset: Reset
    hold: int
    step: float


class State(NamedTuple):
    """What neurons remember from tick to tick, (batch, n) each.

    Args:
        current: synaptic current.
        potential: membrane potential after reset.
        peak: largest potential so far; used by "once".
        fired: 1 from the first spike on; used by "once".
        recent: spikes and offsets of the last ``hold`` ticks, newest first.
    """

    current: Tensor
    potential: Tensor
    peak: Tensor
    fired: Tensor
    recent: tuple[tuple[Tensor, Tensor | None], ...]


def neuron(
    tau_mem: Tensor, tau_syn: Tensor, threshold: Tensor, reset: Reset, refractory: float, step: float
) -> Neuron:
    """Constants of a population for ticks of ``step`` seconds, differentiable in both time constants."""
    mem = torch.exp(-step / tau_mem)
    syn = torch.exp(-step / tau_syn)
    # tau_mem / (tau_mem - tau_syn) (mem - syn), without the cancellation at equal constants
    x = step / tau_syn - step / tau_mem
    safe = torch.where(x.abs() < 1e-5, 1.0, x)
    quotient = torch.where(x.abs() < 1e-5, 1 + x / 2, torch.expm1(safe) / safe)
    drive = step / tau_syn * syn * quotient
    return Neuron(mem, syn, drive, threshold, tau_mem, tau_syn, reset, round(refractory / step), step)


def rest(like: Tensor) -> State:
    """Neurons at rest, in the shape and dtype of ``like``, (batch, n)."""
    zero = torch.zeros_like(like)
    return State(zero, zero, torch.full_like(like, -inf), zero, ())


def tick(
    neuron: Neuron,
    state: State,
    arrived: Tensor,
    late: Tensor | None,
    gradient: Gradient,
    width: float,
    detach_reset: bool,
) -> tuple[State, Tensor, Tensor | None]:
    """Advance by one tick: decay, test, reset, then arrivals (delta synapses: arrivals before the test).

    Args:
        neuron: the population.
        state: after the last tick.
        arrived: weights that arrive at this tick, (batch, n).
        late: weight times offset in seconds of the arrivals, (batch, n); zero but for its derivative.
        gradient: "surrogate" or "spike_time".
        width: half-width of the surrogate, a fraction of the threshold.
        detach_reset: whether surrogate gradients are kept from passing through the reset.

    Returns:
        The new state, spikes (batch, n), and their offsets in seconds where ``gradient`` is "spike_time".
    """
    current, threshold = state.current, neuron.threshold
    if float(neuron.tau_syn) > 0:
        potential = neuron.mem * state.potential + neuron.drive * current
        current = neuron.syn * current
    else:
        potential = neuron.mem * state.potential + arrived
    held = None
    if state.recent:
        held = torch.stack([s.detach() for s, _ in state.recent]).sum(0) > 0
        potential = torch.where(held, state.potential, potential)

    offsets = None
    peak, fired = state.peak, state.fired
    if gradient == "spike_time":
        spikes = (potential >= threshold).to(potential.dtype)
        if neuron.reset == "once":
            spikes = spikes * (1 - fired)
        if held is not None:
            spikes = spikes.masked_fill(held, 0.0)
        # Through the last tick, so that it is positive even where a peak lies between the two.
        slope = ((potential - state.potential) / neuron.step).detach()
        least = 0.01 * threshold.detach() / neuron.tau_syn.detach()  # where two spikes were due at once
        above = potential - threshold
        offsets = -spikes * (above - above.detach()) / torch.maximum(slope, least)
        fired = fired + spikes if neuron.reset == "once" else fired
    elif neuron.reset == "once":
        # "Has fired" is a step of the largest potential so far. Once it has, only a new record still says when.
        counts = (potential > peak) | (fired == 0)
        peak = torch.maximum(peak, potential)
        at = torch.where(counts, peak, peak.detach())
        before, fired = fired, _Surrogate.apply(at / threshold - 1, width, 0.5 / width)  # type: ignore[no-untyped-call]
        spikes = fired - before
    else:
        spikes = _Surrogate.apply(potential / threshold - 1, width, 1.0)  # type: ignore[no-untyped-call]
        if held is not None:
            spikes = spikes * ~held

    through = spikes.detach() if detach_reset or gradient == "spike_time" else spikes
    if neuron.reset == "to_zero":
        potential = potential * (1 - through)
    elif neuron.reset == "by_subtraction":
        reduced = potential - threshold * through
        if offsets is not None and neuron.hold:  # V is exactly 0 while it is held
            reduced = torch.where(through > 0, reduced.detach(), potential)
        potential = reduced

    recent = state.recent
    if offsets is not None and neuron.reset != "once":
        if neuron.hold == 0:
            potential = _restart(neuron, potential, current, through, offsets)
        elif len(recent) == neuron.hold:
            oldest, moved = recent[-1]
            assert moved is not None
            potential = _restart(neuron, potential, current, oldest, moved)
    if neuron.hold:
        recent = ((spikes, offsets), *recent)[: neuron.hold]
    if float(neuron.tau_syn) > 0:
        current = current + arrived
        if late is not None:  # an arrival that comes later by o adds o w / tau_syn to I, and takes it from V
            shift = late / neuron.tau_syn
            current = current + shift
            potential = potential - (shift if held is None else shift.masked_fill(held, 0.0))
    return State(current, potential, peak, fired, recent), spikes, offsets


def _restart(neuron: Neuron, potential: Tensor, current: Tensor, spikes: Tensor, offsets: Tensor) -> Tensor:
    """Potential at the tick at which it starts again, had it started ``offsets`` later; equal in value."""
    if neuron.reset == "by_subtraction" and neuron.hold == 0:
        return potential - neuron.threshold * offsets / neuron.tau_mem
    slope = current / neuron.tau_syn - potential.detach() * spikes / neuron.tau_mem
    return potential - offsets * slope


class _Surrogate(torch.autograd.Function):
    """Step function whose derivative is a fast sigmoid, height / (1 + abs(x) / width)^2 (Zenke and Ganguli 2018)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, width: float, height: float) -> Tensor:
        ctx.save_for_backward(x)
        ctx.constants = width, height
        return (x >= 0).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (x,) = ctx.saved_tensors
        width, height = ctx.constants
        return gradients[0] * height / (1 + x.abs() / width).square(), None, None
