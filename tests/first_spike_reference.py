"""First-spike layers in plain numpy, slow and obvious: what the extension is compared with.

Nothing here is shared with it. Times are in units of tau_syn; ``ratio`` is tau_mem / tau_syn: any number for
``response``, ``scanned_spike`` and ``implicit``, 1, 2 or inf for what goes through the closed forms.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def response(age: Array, ratio: float) -> Array:
    """Post-synaptic potential of weight 1, ``age`` after its arrival."""
    age = np.maximum(age, 0.0)
    if ratio == 1:
        return age * np.exp(-age)
    if ratio == np.inf:
        return 1.0 - np.exp(-age)
    return ratio / (ratio - 1.0) * (np.exp(-age / ratio) - np.exp(-age))


def implicit(
    times: Array, weights: Array, ratio: float, threshold: float, spike: float
) -> tuple[Array, Array, dict[str, float]]:
    """(dT/dw, dT/dt, dT/d constants) of one neuron by the theorem of implicit functions, formulas of the potential.

    The constants are tau_mem, tau_syn (in units of tau_syn) and threshold.
    """
    causal = times < spike - 1e-13
    age, w = spike - times[causal], weights[causal]
    response_now = response(age, ratio)
    slow = np.exp(-age / ratio)
    if ratio == 1:
        rise, by_ratio = (1.0 - age) * slow, age * age * slow / 2.0
    elif ratio == np.inf:
        rise, by_ratio = np.exp(-age), 0.0 * age
    else:
        rise = (ratio * np.exp(-age) - slow) / (ratio - 1.0)
        by_ratio = (age * slow - response_now) / (ratio * (ratio - 1.0))
    slope = float(w @ rise)
    dw, dt = np.zeros_like(weights), np.zeros_like(times)
    dw[causal], dt[causal] = -response_now / slope, w * rise / slope
    # K depends on age / tau_syn and tau_mem / tau_syn alone.
    of_ratio = -float(w @ by_ratio) / slope
    of_scale = float(w @ (age * rise)) / slope
    of_tau_syn = of_scale - (0.0 if ratio == np.inf else ratio * of_ratio)
    return dw, dt, {"tau_mem": of_ratio, "tau_syn": of_tau_syn, "threshold": 1.0 / slope}


def lambert_w0(z: float) -> float:
    """W0 for -1/e <= z <= 0 by bisection of the increasing w exp(w)."""
    low, high = -1.0, 0.0
    while True:
        middle = 0.5 * (low + high)
        if middle in (low, high):
            return middle
        if middle * np.exp(middle) < z:
            low = middle
        else:
            high = middle


def prefix_spike(times: Array, weights: Array, ratio: float, threshold: float) -> float:
    """Closed form of every causal set, earliest valid one (Goeltz et al. 2021; DelGrad, methods)."""
    finite = np.isfinite(times)
    times, weights = times[finite], weights[finite]
    if times.size == 0:
        return np.inf
    order = np.argsort(times, kind="stable")
    origin = times[order[0]]
    times, weights = times[order] - origin, weights[order]
    best = np.inf
    for n in range(1, times.size + 1):
        t, w = times[:n], weights[:n]
        spike = _closed_form(t, w, ratio, threshold)
        following = times[n] if n < times.size else np.inf
        if np.isfinite(spike) and t[-1] - 1e-14 <= spike <= following + 1e-14:
            best = min(best, spike)
    return float(origin + best)


def _closed_form(times: Array, weights: Array, ratio: float, threshold: float) -> float:
    a1 = float(weights @ np.exp(times))
    if a1 <= 0:
        return np.inf
    if ratio == 1:
        b = float(weights @ (times * np.exp(times)))
        z = -threshold / a1 * np.exp(min(b / a1, 700.0))
        return np.inf if z < -np.exp(-1.0) else b / a1 - lambert_w0(z)
    if ratio == 2:
        c = 0.5 * threshold
        a2 = float(weights @ np.exp(times / 2.0))
        square = a2 * a2 - 4.0 * a1 * c
        if square < 0 or a2 + np.sqrt(square) <= 0:
            return np.inf
        return float(2.0 * np.log(2.0 * a1 / (a2 + np.sqrt(square))))
    total = float(weights.sum())
    return float(np.log(a1 / (total - threshold))) if total > threshold else np.inf


def scanned_spike(
    times: Array, weights: Array, ratio: float, threshold: float, step: float = 1e-3, tail: float = 40.0
) -> float:
    """The first crossing, by sampling the potential and bisecting it; blind to bumps below ``step``.

    A crossing later than ``tail`` after the last arrival is not seen.
    """
    finite = np.isfinite(times)
    times, weights = times[finite], weights[finite]
    if times.size == 0:
        return np.inf

    def potential(t: Array) -> Array:
        return response(t[:, None] - times, ratio) @ weights

    grid = np.unique(np.concatenate([np.arange(times.min(), times.max() + tail, step), times]))
    above = np.flatnonzero(potential(grid) >= threshold)
    if above.size == 0:
        return np.inf
    low, high = grid[above[0] - 1], grid[above[0]]
    while low < (middle := 0.5 * (low + high)) < high:
        if potential(np.array([middle]))[0] < threshold:
            low = middle
        else:
            high = middle
    return float(high)


def arrivals(times: Array, delays: Array | None, post: int) -> Array:
    """Arrival times [post, pre] of one sample."""
    shifts = np.zeros((1, 1)) if delays is None else delays
    return np.broadcast_to(times, (post, times.size)) + shifts


def forward(times: Array, weights: Array, delays: Array | None, ratio: float, threshold: float) -> Array:
    """Spike times [batch, post]."""
    return np.array(
        [
            [
                prefix_spike(row, w, ratio, threshold)
                for row, w in zip(arrivals(sample, delays, len(weights)), weights, strict=True)
            ]
            for sample in times
        ]
    )


def jacobian(
    times: Array, weights: Array, ratio: float, threshold: float, spike: float
) -> tuple[Array, Array, float]:
    """(dT/dw, dT/dt, dT/dthreshold) of one neuron by the formulas of the closed forms (DelGrad, methods)."""
    dw, dt = np.zeros_like(weights), np.zeros_like(times)
    causal = times < spike - 1e-13
    t, w = times[causal] - spike, weights[causal]  # relative to the spike: T = 0
    a1 = float(w @ np.exp(t))
    if ratio == 1:
        lambert = float(w @ (t * np.exp(t))) / a1  # T = b/a1 - W at T = 0
        factor = 1.0 / (a1 * (1.0 + lambert))
        dw[causal] = factor * np.exp(t) * t
        dt[causal] = factor * w * np.exp(t) * (t + 1.0)
        return dw, dt, factor
    if ratio == 2:
        c = 0.5 * threshold
        a2 = float(w @ np.exp(t / 2.0))
        x = a2 - 2.0 * c  # the root, from exp(T/2) = 1 = (a2 - x)/(2 c)
        dw[causal] = 2.0 * ((1.0 + c / x) / a1 * np.exp(t) - np.exp(t / 2.0) / x)
        dt[causal] = w * ((1.0 + c / x) / a1 * 2.0 * np.exp(t) - np.exp(t / 2.0) / x)
        return dw, dt, 1.0 / x
    rest = float(w.sum()) - threshold
    dw[causal] = np.exp(t) / a1 - 1.0 / rest
    dt[causal] = w * np.exp(t) / a1
    return dw, dt, 1.0 / rest
