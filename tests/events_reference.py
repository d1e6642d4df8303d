"""Neurons that spike many times, in plain numpy, slow and obvious: what the extension is compared with.

Nothing here is shared with it. Times in seconds. The forward finds crossings by bisection between events of one global list;
derivatives come from the theorem of implicit functions, forwards: a Jacobian of every spike time with respect to every
parameter, by superposition of responses. No adjoint, no state.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp, inf
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass
class Layer:
    """Parameters of a layer; delays already expanded to (post, pre)."""

    weights: Array
    delays: Array
    recurrent_weights: Array | None
    recurrent_delays: Array | None
    threshold: Array
    tau_mem: float
    tau_syn: float
    reset: str = "to_zero"
    refractory: float = 0.0


@dataclass
class Arrival:
    """A spike at its target: weight, and where its time and its weight come from."""

    time: float
    weight: float
    source: tuple[str, int]  # ("input" or "output", spike)
    synapse: tuple[str, int, int]  # ("feed" or "recurrent", post, pre)


@dataclass
class Spike:
    """A spike of a neuron and the derivative of its time."""

    time: float
    neuron: int
    gradient: Array = field(default_factory=lambda: np.zeros(0))


def response(age: float, tau_mem: float, tau_syn: float) -> tuple[float, float]:
    """Potential of weight 1, ``age`` after its arrival, and its slope."""
    if tau_syn == 0:
        return exp(-age / tau_mem), -exp(-age / tau_mem) / tau_mem
    s = exp(-age / tau_syn)
    if tau_mem == inf:
        return 1 - s, s / tau_syn
    if tau_mem == tau_syn:
        return age / tau_syn * s, (1 - age / tau_syn) * s / tau_syn
    c = tau_mem / (tau_mem - tau_syn)
    m = exp(-age / tau_mem)
    return c * (m - s), c * (s / tau_syn - m / tau_mem)


def of_constants(age: float, tau_mem: float, tau_syn: float) -> tuple[float, float]:
    """Derivatives of the response with respect to tau_mem and tau_syn, by complex steps."""
    h = 1e-30

    def value(m: complex, s: complex) -> Any:
        if s == 0:
            return np.exp(-age / m)
        if tau_mem == inf:
            return 1 - np.exp(-age / s)
        if tau_mem == tau_syn:  # the series around equal constants
            x = age * (1 / s - 1 / m)
            return age / s * np.exp(-age / m) * (1 - x / 2 + x * x / 6)
        return m / (m - s) * (np.exp(-age / m) - np.exp(-age / s))

    of_mem = 0.0 if tau_mem == inf else value(tau_mem + 1j * h, tau_syn).imag / h
    of_syn = 0.0 if tau_syn == 0 else value(tau_mem, tau_syn + 1j * h).imag / h
    return of_mem, of_syn


class Neuron:
    """One neuron with a current: V is a sum of responses since the last release, and of the current left then."""

    def __init__(self, layer: Layer, index: int) -> None:
        self.layer, self.index = layer, index
        self.arrivals: list[Arrival] = []
        self.spikes: list[int] = []
        self.release = -inf

    def potential(self, t: float) -> float:
        """V(t): what arrived before the release acts through the current that it left behind."""
        m, s = self.layer.tau_mem, self.layer.tau_syn
        v = 0.0
        for a in self.arrivals:
            if a.time > t:
                continue
            if a.time >= self.release:
                v += a.weight * response(t - a.time, m, s)[0]
            else:
                v += a.weight * exp(-(self.release - a.time) / s) * response(t - self.release, m, s)[0]
        return v

    def current(self, t: float) -> float:
        """I(t)."""
        return sum(a.weight * exp(-(t - a.time) / self.layer.tau_syn) for a in self.arrivals if a.time <= t)

    def crossing(self, start: float, end: float) -> float:
        """First time in (start, end] at which V reaches the threshold, or inf."""
        start = max(start, self.release)
        if not any(a.time <= start for a in self.arrivals) or start >= end:
            return inf
        theta = self.layer.threshold[self.index]
        m, s = self.layer.tau_mem, self.layer.tau_syn
        end = min(end, start + 40 * max(s, m if m < inf else 0))
        v, i = self.potential(start), self.current(start)
        if v >= theta or max(v, 0.0) + max(i, 0.0) < theta:  # a current of 1 brings V to less than 1
            return inf
        # Between arrivals V has one maximum at most: golden section, then bisection on its rising side.
        low, high = start, end
        ratio = (5**0.5 - 1) / 2
        for _ in range(200):
            x, y = high - ratio * (high - low), low + ratio * (high - low)
            if self.potential(x) < self.potential(y):
                low = x
            else:
                high = y
            if max(self.potential(x), self.potential(y)) >= theta:
                break
        best = max((low, high, end, x, y), key=lambda t: self.potential(t))
        if self.potential(best) < theta:
            return inf
        low, high = start, best
        while low < (middle := 0.5 * (low + high)) < high:
            if self.potential(middle) < theta:
                low = middle
            else:
                high = middle
        return high


def simulate(layer: Layer, times: Array, channels: npt.NDArray[np.int64], until: float = inf) -> list[Spike]:
    """Spikes with a current (tau_syn > 0), event by event, and d(time)/d(parameters) of each.

    Parameters are, in order: input times, weights, delays, recurrent weights, recurrent delays, thresholds, tau_mem,
    tau_syn. Both resets are the same with a current; ``once`` is an infinite refractory period.
    """
    post, pre = layer.weights.shape
    neurons = [Neuron(layer, j) for j in range(post)]
    refractory = inf if layer.reset == "once" else layer.refractory
    pending = [
        Arrival(t + layer.delays[j, c], layer.weights[j, c], ("input", k), ("feed", j, c))
        for k, (t, c) in enumerate(zip(times, channels, strict=True))
        for j in range(post)
    ]
    sizes = {"input": len(times), "feed": post * pre, "recurrent": post * post}
    starts = {"input": 0, "weights": sizes["input"]}
    starts["delays"] = starts["weights"] + sizes["feed"]
    starts["recurrent_weights"] = starts["delays"] + sizes["feed"]
    starts["recurrent_delays"] = starts["recurrent_weights"] + sizes["recurrent"]
    starts["threshold"] = starts["recurrent_delays"] + sizes["recurrent"]
    starts["tau_mem"] = starts["threshold"] + post
    total = starts["tau_mem"] + 2
    spikes: list[Spike] = []
    now = -inf
    pending.sort(key=lambda a: a.time)
    while True:
        following = pending[0].time if pending else inf
        found = [(n.crossing(now, following), j) for j, n in enumerate(neurons)]
        first, j = min(found)
        if first < until and first <= following:
            spike = Spike(first, j)
            spike.gradient = _implicit(layer, neurons[j], first, spikes, starts, total)
            spikes.append(spike)
            neurons[j].spikes.append(len(spikes) - 1)
            neurons[j].release = first + refractory
            if layer.recurrent_weights is not None and layer.recurrent_delays is not None:
                for m in range(post):
                    arrival = Arrival(
                        first + layer.recurrent_delays[m, j],
                        layer.recurrent_weights[m, j],
                        ("output", len(spikes) - 1),
                        ("recurrent", m, j),
                    )
                    pending.append(arrival)
                pending.sort(key=lambda a: a.time)
            now = first
            continue
        if not pending or following >= until:
            return spikes
        arrival = pending.pop(0)
        neurons[arrival.synapse[1]].arrivals.append(arrival)
        now = arrival.time


def _implicit(
    layer: Layer, neuron: Neuron, time: float, spikes: list[Spike], starts: dict[str, int], total: int
) -> Array:
    """DT/dp = -(dV/dp - dthreshold/dp) / (dV/dt), from the derivatives of all earlier spike times."""
    m, s = layer.tau_mem, layer.tau_syn
    post, pre = layer.weights.shape
    release = neuron.release
    of_release = spikes[neuron.spikes[-1]].gradient if neuron.spikes else np.zeros(total)
    gradient = np.zeros(total)
    slope = 0.0
    for a in neuron.arrivals:
        kind, k = a.source
        of_arrival = np.zeros(total)
        if kind == "input":
            of_arrival[k] = 1.0
        else:
            of_arrival += spikes[k].gradient
        prefix = "" if a.synapse[0] == "feed" else "recurrent_"
        place = a.synapse[1] * (pre if prefix == "" else post) + a.synapse[2]
        of_arrival[starts[f"{prefix}delays"] + place] += 1.0
        if a.time >= release:
            value, rise = response(time - a.time, m, s)
            gradient -= a.weight * rise * of_arrival
            of_mem, of_syn = of_constants(time - a.time, m, s)
        else:  # through the current that is left at the release
            left = exp(-(release - a.time) / s)
            shape, steep = response(time - release, m, s)
            value, rise = left * shape, left * steep
            of_left = left / s * (of_arrival - of_release)
            gradient += a.weight * (of_left * shape - left * steep * of_release)
            of_mem, of_syn = (left * x for x in of_constants(time - release, m, s))
            of_syn += left * (release - a.time) / s**2 * shape
        gradient[starts[f"{prefix}weights"] + place] += value
        gradient[starts["tau_mem"]] += a.weight * of_mem
        gradient[starts["tau_mem"] + 1] += a.weight * of_syn
        slope += a.weight * rise
    gradient[starts["threshold"] + neuron.index] -= 1.0
    return -gradient / slope
