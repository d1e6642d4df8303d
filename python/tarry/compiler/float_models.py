"""From a float ``Lif`` or ``Integrator`` to the integers of a clocked rule; the roundings of neurons are here.

Two things hold in the rule's own arithmetic, whatever its decays were rounded to: a spike of weight w adds, over all
its time, w to the potential, and without input the potential rests at the bias. So, nearest and ties to even,

    theta = rne(gain threshold / scale)      increment = rne(gain increment / scale)
    bias  = rne(gain lost bias / scale)

where ``gain`` is what a spike of integer weight 1 adds to the potential over all its time and ``lost`` is the share of
the potential that a tick takes away, both after the decays are rounded. A synapse that keeps the share f of its current
per tick adds 1 + f + f^2 + … = 1 / (1 - f).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import inf, log
from typing import Any, Literal

import numpy as np

from .._tables import amount
from ..integer_neurons import (
    LOIHI_BIAS,
    LOIHI_BIAS_EXPONENT,
    LOIHI_DECAY,
    LOIHI_REFRACTORY,
    LONGEST_REFRACTORY,
    LONGEST_SHIFT,
    ONE,
    DeltaLif,
    IntegerAdaptation,
    IntegerNeuron,
    LoihiLif,
    ShiftLif,
)
from ..neurons import Integrator, Lif, Numbers
from .decay import factor_per_tick

Rule = Literal["delta", "loihi", "shift"]
#: What becomes of neurons that fire once: they are refused, or get a refractory period, the longest or so many seconds.
Once = Literal["refuse", "longest_refractory"] | float

#: Relative changes below these are not told.
_NOTICEABLE_TIME, _NOTICEABLE_VALUE = 5e-3, 1e-2
_LOIHI_UNIT = 1 << 6


@dataclass(frozen=True, eq=False)
class FloatModel:
    """A float model, what its integers depend on, and the losses found so far (sentences)."""

    neuron: Lif | Integrator
    where: str
    tick: float
    scales: tuple[float, ...]
    once: Once
    losses: list[str]

    def lose(self, sentence: str) -> None:
        """Add one loss."""
        self.losses.append(f"{self.where}: {sentence}")

    def scaled(self, name: str, values: Numbers, factor: Fraction) -> int | list[int]:
        """``rne(factor value / scale)`` of every neuron; one number where all agree."""
        numbers = np.broadcast_to(np.asarray(values, np.float64), (len(self.scales),)).tolist()
        pairs = dict.fromkeys(zip(numbers, self.scales, strict=True))
        exact = {(v, s): factor * Fraction(v) / Fraction(s) for v, s in pairs}
        coarse = [x for x in exact.values() if abs(round(x) - x) > _NOTICEABLE_VALUE * abs(x)]
        if coarse:
            self.lose(
                f"a {name} of {float(coarse[0]):.4g} in the integers of the rule becomes {round(coarse[0])}: "
                "a smaller weight scale has finer steps"
            )
        rounded = [round(exact[pair]) for pair in zip(numbers, self.scales, strict=True)]
        return rounded[0] if len(set(rounded)) == 1 else rounded

    def check_time_constant(self, name: str, tau: float, kept: Fraction) -> None:
        """Tell by how much a time constant changes where a tick keeps the share ``kept``."""
        rounded = 0.0 if kept == 0 else inf if kept == 1 else -self.tick / log(kept)
        if rounded != tau and abs(rounded - tau) > _NOTICEABLE_TIME * tau:
            change = f" ({100 * (rounded / tau - 1):+.1f} %)" if 0 < tau < inf else ""
            becomes = "infinite: no leak" if rounded == inf else amount(rounded, "s") + change
            self.lose(f"{name} of {amount(tau, 's')} becomes {becomes}")

    def spiking(self, gain: Fraction, longest_refractory: int) -> dict[str, Any]:
        """Threshold, reset and refractory period of a Lif; the read-out of an Integrator."""
        neuron = self.neuron
        if isinstance(neuron, Integrator):
            gamma = None
            if neuron.readout_tau is not None:
                gamma = factor_per_tick(self.tick, neuron.readout_tau, 30)
            return {"threshold": None, "readout": neuron.readout, "readout_gamma": gamma}
        threshold = self.scaled("threshold", neuron.threshold, gain)
        if neuron.reset == "once":
            if self.once == "refuse":
                raise ValueError(
                    'neurons that fire once are unknown to it: choose another reset, or once="longest_refractory"'
                )
            period = longest_refractory
            if self.once != "longest_refractory":
                period = min(period, round(Fraction(self.once) / Fraction(self.tick)))
            self.lose(
                f"firing once becomes a reset to zero with a refractory period of {period} ticks "
                f"({amount(period * self.tick, 's')}), after which a neuron may fire again"
            )
            return {"threshold": threshold, "reset": "to_zero", "refractory": period}
        refractory = round(Fraction(neuron.refractory) / Fraction(self.tick))
        if refractory > longest_refractory:
            raise ValueError(
                f"a refractory period of {refractory} ticks; at most {longest_refractory} are possible"
            )
        if abs(refractory * self.tick - neuron.refractory) > _NOTICEABLE_VALUE * neuron.refractory:
            self.lose(
                f"a refractory period of {amount(neuron.refractory, 's')} becomes "
                f"{amount(refractory * self.tick, 's')}"
            )
        return {"threshold": threshold, "reset": neuron.reset, "refractory": refractory}

    def adaptation(self, gain: Fraction) -> IntegerAdaptation | None:
        """The adaptation of a Lif."""
        adaptation = self.neuron.adaptation if isinstance(self.neuron, Lif) else None
        if adaptation is None:
            return None
        rho = factor_per_tick(self.tick, adaptation.tau, 15)
        self.check_time_constant("tau of the adaptation", adaptation.tau, Fraction(rho, ONE))
        return IntegerAdaptation(rho, self.scaled("increment", adaptation.increment, gain))


def _onto_delta(model: FloatModel) -> DeltaLif:
    neuron = model.neuron
    beta = factor_per_tick(model.tick, neuron.tau_mem, 15)
    kept, gain = Fraction(beta, ONE), Fraction(1)
    model.check_time_constant("tau_mem", neuron.tau_mem, kept)
    if neuron.tau_syn:
        model.lose(
            f"tau_syn of {amount(neuron.tau_syn, 's')} is dropped: a spike acts within one tick, all at once"
        )
    return DeltaLif(
        beta,
        bias=model.scaled("bias", neuron.bias, gain * (1 - kept)),
        adaptation=model.adaptation(gain),
        **model.spiking(gain, LONGEST_REFRACTORY),
    )


def _onto_shift(model: FloatModel) -> ShiftLif:
    neuron = model.neuron
    k_mem = _shift("tau_mem", neuron.tau_mem, model.tick)
    kept, gain = 1 - Fraction(1, 1 << k_mem), Fraction(1)
    model.check_time_constant("tau_mem", neuron.tau_mem, kept)
    k_syn = None
    if neuron.tau_syn:
        k_syn = _shift("tau_syn", neuron.tau_syn, model.tick)
        gain = Fraction(1 << k_syn)
        model.check_time_constant("tau_syn", neuron.tau_syn, 1 - 1 / gain)
    return ShiftLif(
        k_mem,
        k_syn,
        bias=model.scaled("bias", neuron.bias, gain * (1 - kept)),
        adaptation=model.adaptation(gain),
        **model.spiking(gain, LONGEST_REFRACTORY),
    )


def _onto_loihi(model: FloatModel) -> LoihiLif:
    neuron = model.neuron
    delta_v = min(LOIHI_DECAY + 1 - factor_per_tick(model.tick, neuron.tau_mem, 12), LOIHI_DECAY)
    delta_u = max(LOIHI_DECAY - factor_per_tick(model.tick, neuron.tau_syn, 12), 0)
    lost, gain = Fraction(delta_v, LOIHI_DECAY + 1), Fraction(LOIHI_DECAY + 1, delta_u + 1)
    model.check_time_constant("tau_mem", neuron.tau_mem, 1 - lost)
    model.check_time_constant("tau_syn", neuron.tau_syn, 1 - 1 / gain)
    if isinstance(neuron, Lif) and neuron.adaptation is not None:
        raise ValueError("it has no adaptive threshold: use delta or shift, or leave the adaptation out")
    spiking = model.spiking(gain, LOIHI_REFRACTORY)
    if spiking.pop("reset", "to_zero") != "to_zero":
        raise ValueError('it resets to zero alone: choose reset="to_zero", or another rule')
    bias = np.atleast_1d(model.scaled("bias", neuron.bias, gain * lost * _LOIHI_UNIT))
    mantissas, exponents = zip(*map(_mantissa_and_exponent, bias.tolist()), strict=True)
    return LoihiLif(
        delta_u,
        delta_v,
        bias_mantissa=mantissas if len(mantissas) > 1 else mantissas[0],
        bias_exponent=exponents if len(exponents) > 1 else exponents[0],
        **spiking,
    )


def _shift(name: str, tau: float, tick: float) -> int:
    """rne(log2(tau / tick)), at least 0; no quotient of floats lies on a tie, which is irrational."""
    square = (Fraction(tau) / Fraction(tick)) ** 2 if tau < inf else Fraction(1 << 2 * LONGEST_SHIFT + 2)
    k = 0
    while square > 1 << 2 * k + 1:
        k += 1
    if k > LONGEST_SHIFT:
        raise ValueError(
            f"{name} is {amount(tau, 's')}; decays by shifts hold at most 2^{LONGEST_SHIFT} ticks: use a finite one"
        )
    return k


def _mantissa_and_exponent(bias: int) -> tuple[int, int]:
    """The nearest mantissa of 13 bits with the smallest exponent that holds it."""
    for exponent in range(LOIHI_BIAS_EXPONENT + 1):
        mantissa = round(Fraction(bias, 1 << exponent))
        if LOIHI_BIAS[0] <= mantissa <= LOIHI_BIAS[1]:
            return mantissa, exponent
    raise ValueError(
        f"a bias of {bias} in its integers; at most {LOIHI_BIAS[1] << LOIHI_BIAS_EXPONENT} are possible: "
        "use a larger weight scale"
    )


LOWERINGS: dict[Rule, Callable[[FloatModel], IntegerNeuron]] = {
    "delta": _onto_delta,
    "loihi": _onto_loihi,
    "shift": _onto_shift,
}
