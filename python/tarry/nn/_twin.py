"""The discrete twin of a network: the same neurons, weights and delays on a grid of ticks, trained through time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from tarry import network
from tarry.neurons import Lif
from tarry.nn._twin_grid import Raster, Rounding, delayed, taps
from tarry.nn._twin_neuron import Gradient, neuron, rest, tick


class HasNetwork(Protocol):
    """A torch model that can say which network it is, as ``nn.Sequential`` does."""

    def network(self) -> network.Network:
        """The network as plain data."""


class Twin(torch.nn.Module):
    """A network on a grid of ticks, differentiable by backpropagation through time: what the field trains.

    Spikes and arrivals are bound to ticks; in between, potentials follow their equations exactly. A neuron fires at the
    first tick at which its potential is at or above the threshold, at most once per tick. Delays between neurons
    last one tick at least.

    ``gradient`` says what is backpropagated:

    - "surrogate": the step of the threshold has the derivative of a fast sigmoid of height 1. Spikes grow and
      shrink where they are. For ``reset="once"`` the step is taken of the largest potential so far and the sigmoid
      has unit area: the derivative of a spike time is then the exact one in the limit of short ticks and a narrow
      surrogate.
    - "spike_time": spike times have the derivative of implicit differentiation, -dV/V', taken at their ticks:
      the adjoint of continuous time evaluated on the grid (EventProp as it is run on grids). It is exact for
      short ticks. Not for delta synapses.

    Parameters: ``weights`` and ``delays`` (seconds) by projection, ``thresholds``, ``tau_mem`` and ``tau_syn``
    (seconds) by population, in the order of the network; the last three require no gradient unless asked.

    Args:
        source: the network, or a model with ``network()``.
        step: length of a tick in seconds.
        gradient: "surrogate" or "spike_time".
        rounding: of delays; "nearest" tick with the derivative of linear interpolation (straight through), or
            "linear", a spike shared between two ticks. "spike_time" takes the nearest, its delays being times.
        width: half-width of the surrogate as a fraction of the threshold; 0.1 is a slope of 10.
        detach_reset: whether surrogate gradients are kept from passing through the reset.
        dtype: of parameters and arithmetic.

    Raises:
        ValueError: an argument out of its range, or a network that the gradient cannot serve.
    """

    def __init__(
        self,
        source: network.Network | HasNetwork,
        step: float,
        *,
        gradient: Gradient = "surrogate",
        rounding: Rounding = "nearest",
        width: float = 0.1,
        detach_reset: bool = True,
        dtype: torch.dtype = torch.float64,
    ) -> None:
        super().__init__()
        plain = source if isinstance(source, network.Network) else source.network()
        if not 0 < step < float("inf"):
            raise ValueError(f"step is {step} s; it must be positive")
        if gradient not in ("surrogate", "spike_time"):
            raise ValueError(f"gradient is {gradient!r}; it must be 'surrogate' or 'spike_time'")
        if rounding not in ("nearest", "linear"):
            raise ValueError(f"rounding is {rounding!r}; it must be 'nearest' or 'linear'")
        if gradient == "spike_time" and rounding == "linear":
            raise ValueError(
                "gradient='spike_time' needs rounding='nearest': it moves spikes, it does not share them"
            )
        if not 0 < width < float("inf"):
            raise ValueError(f"width is {width}; it must be positive")
        neurons = [p for p in plain.populations if p.neuron is not None]
        for population in neurons:
            if gradient == "spike_time" and lif_of(population).tau_syn == 0:
                raise ValueError(
                    f"population {population.name!r} has delta synapses, whose spikes have no slope at the "
                    "threshold; use gradient='surrogate'"
                )
        self.source, self.step = plain, float(step)
        self.gradient, self.rounding, self.width, self.detach_reset = gradient, rounding, width, detach_reset

        def parameter(values: Any, learned: bool = True) -> torch.nn.Parameter:
            return torch.nn.Parameter(torch.tensor(np.asarray(values), dtype=dtype), requires_grad=learned)

        models = [lif_of(p) for p in neurons]
        self.weights = torch.nn.ParameterList(parameter(p.weights) for p in plain.projections)
        self.delays = torch.nn.ParameterList(parameter(p.delays) for p in plain.projections)
        self.thresholds = torch.nn.ParameterList(parameter(m.threshold, False) for m in models)
        self.tau_mem = torch.nn.ParameterList(parameter(m.tau_mem, False) for m in models)
        self.tau_syn = torch.nn.ParameterList(parameter(m.tau_syn, False) for m in models)
        self._index = {p.name: i for i, p in enumerate(neurons)}
        self._groups = _groups(plain)

    def forward(self, inputs: Raster | Mapping[str, Raster]) -> dict[str, Raster]:
        """Spikes of every population, by name, the inputs among them.

        Args:
            inputs: of the network's only input, or by name; all of the same shape and step.

        Raises:
            ValueError: an input that is missing, of another step, size or length.
        """
        names = [p.name for p in self.source.populations if p.neuron is None]
        rasters = dict(inputs) if isinstance(inputs, Mapping) else {names[0]: inputs}
        if set(rasters) != set(names):
            raise ValueError(f"the network has the inputs {', '.join(names)}; given are {', '.join(rasters)}")
        batch, _, ticks = rasters[names[0]].spikes.shape
        for name, raster in rasters.items():
            shape = (batch, self.source.population(name).size, ticks)
            if tuple(raster.spikes.shape) != shape or raster.step != self.step:
                raise ValueError(
                    f"input {name!r} has shape {tuple(raster.spikes.shape)} and a step of {raster.step} s; "
                    f"it must have {shape} (batch, channels, ticks) and {self.step} s"
                )
        for group in self._groups:
            rasters |= self._run(group, rasters, ticks)
        return rasters

    def _run(self, group: Sequence[str], before: Mapping[str, Raster], ticks: int) -> dict[str, Raster]:
        """Spikes of populations that reach each other, tick by tick; what comes from before is summed at once."""
        timed = self.gradient == "spike_time"
        kernels = [self._kernel(i) for i in range(len(self.weights))]
        arrivals, lates, cells, states = {}, {}, {}, {}
        batch = next(iter(before.values())).spikes.shape[0]
        for name in group:
            size = self.source.population(name).size
            total = self.weights[0].new_zeros(batch, size, ticks)
            late = total if timed else None
            for i, projection in enumerate(self.source.projections):
                if projection.target == name and projection.source in before:
                    raster = before[projection.source]
                    total = total + delayed(raster.spikes, self.weights[i], kernels[i])
                    if late is not None:
                        late = late + self._late(i, raster, kernels[i])
            arrivals[name] = total.unbind(2)
            lates[name] = None if late is None else late.unbind(2)
            cells[name] = self._neuron(name)
            states[name] = rest(arrivals[name][0])
        loops = [i for i, p in enumerate(self.source.projections) if p.source in group and p.target in group]
        lines = {
            i: _DelayLine(self.weights[i], kernels[i], self._moved(i) if timed else None, batch)
            for i in loops
        }

        spikes: dict[str, list[Tensor]] = {name: [] for name in group}
        offsets: dict[str, list[Tensor]] = {name: [] for name in group}
        for t in range(ticks):
            for name in group:
                arrived, late_series = arrivals[name][t], lates[name]
                late = None if late_series is None else late_series[t]
                for i, line in lines.items():
                    if self.source.projections[i].target == name:
                        now, now_late = line.arriving()
                        arrived = arrived + now
                        late = late if now_late is None or late is None else late + now_late
                states[name], spike, offset = tick(
                    cells[name], states[name], arrived, late, self.gradient, self.width, self.detach_reset
                )
                spikes[name].append(spike)
                if offset is not None:
                    offsets[name].append(offset)
            for i, line in lines.items():
                name = self.source.projections[i].source
                line.enter(spikes[name][t], offsets[name][t] if timed else None)
        return {
            name: Raster(
                torch.stack(spikes[name], 2), torch.stack(offsets[name], 2) if timed else None, self.step
            )
            for name in group
        }

    def _neuron(self, name: str) -> Any:
        model, i = lif_of(self.source.population(name)), self._index[name]
        return neuron(
            self.tau_mem[i], self.tau_syn[i], self.thresholds[i], model.reset, model.refractory, self.step
        )

    def _kernel(self, i: int) -> Tensor:
        from_input = self.source.population(self.source.projections[i].source).neuron is None
        delays: Tensor = self.delays[i]
        if self.gradient == "spike_time":
            delays = delays.detach()
        return taps(delays, self.step, self.rounding, 0 if from_input else 1)

    def _moved(self, i: int) -> Tensor:
        """Zero, with the derivative of the delays."""
        delays: Tensor = self.delays[i]
        return delays - delays.detach()

    def _late(self, i: int, raster: Raster, kernel: Tensor) -> Tensor:
        """Weights times offsets of what arrives: those of the spikes and those of the delays."""
        weights, moved = self.weights[i].detach(), self._moved(i)
        late: Tensor = raster.spikes.new_zeros(())
        if raster.offsets is not None:
            late = delayed(raster.offsets, weights, kernel)
        late = late + delayed(raster.spikes.detach(), weights * moved, kernel)
        return late


class _DelayLine:
    """What is on its way between neurons in a loop: arrivals of the coming ticks, (batch, taps - 1, post)."""

    def __init__(self, weights: Tensor, kernel: Tensor, moved: Tensor | None, batch: int) -> None:
        post, pre = weights.shape
        full = kernel.expand(post, pre, kernel.shape[-1])[:, :, 1:]  # between neurons a tick at least
        sent = weights.unsqueeze(2) * full
        self._weights = _flat(sent)
        self._fixed = self._moved = None
        if moved is not None:
            self._fixed = _flat(sent.detach())
            self._moved = _flat(sent.detach() * moved.expand(post, pre).unsqueeze(2))
        self._due = weights.new_zeros(batch, full.shape[2], post)
        self._late = self._due

    def arriving(self) -> tuple[Tensor, Tensor | None]:
        """What arrives at this tick, (batch, post), and the same by weight times offset."""
        return self._due[:, 0], None if self._moved is None else self._late[:, 0]

    def enter(self, spikes: Tensor, offsets: Tensor | None) -> None:
        """Send the spikes of this tick, (batch, pre), on their way, and go on to the next."""
        self._due = _next(self._due, spikes @ self._weights)
        if offsets is not None and self._fixed is not None and self._moved is not None:
            self._late = _next(self._late, offsets @ self._fixed + spikes.detach() @ self._moved)


def _flat(kernel: Tensor) -> Tensor:
    """(post, pre, taps) as (pre, taps * post)."""
    return kernel.permute(1, 2, 0).reshape(kernel.shape[1], -1)


def _next(due: Tensor, sums: Tensor) -> Tensor:
    """The arrivals one tick later, with those that have just left."""
    return functional.pad(due[:, 1:], (0, 0, 0, 1)) + sums.view_as(due)


def lif_of(population: network.Population) -> Lif:
    """The float ``Lif`` of a population; ValueError if it has another model."""
    if not isinstance(population.neuron, Lif):
        raise ValueError(
            f"population {population.name!r} is {type(population.neuron).__name__}; a twin is made of Lif neurons"
        )
    return population.neuron


def _groups(plain: network.Network) -> list[list[str]]:
    """Populations that reach each other, together; a group comes after everything that leads into it."""
    names = [p.name for p in plain.populations]
    place = {name: i for i, name in enumerate(names)}
    reaches = np.eye(len(names), dtype=np.int64)
    for projection in plain.projections:
        reaches[place[projection.source], place[projection.target]] = 1
    for _ in names:  # paths of every length
        reaches = np.minimum(reaches @ reaches, 1)
    together = reaches * reaches.T
    neurons = [i for i, p in enumerate(plain.populations) if p.neuron is not None]
    leaders = sorted({int(np.argmax(together[i])) for i in neurons}, key=lambda i: int(reaches[:, i].sum()))
    return [[names[j] for j in neurons if together[i, j]] for i in leaders]
