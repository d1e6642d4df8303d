"""Neuron models in the integers of one clocked rule, taken by the compiler as they are.

One tick is one step of the rule. ``docs/semantics.md`` (Clocked rules) defines every operation and names its source;
``threshold=None`` makes a population of integrators of that rule, which never spike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from .neurons import Readout, check_readout

#: A whole number for all neurons, or one per neuron; kept as an int or a tuple of ints.
WholeNumbers: TypeAlias = int | Sequence[int] | npt.NDArray[np.int64]
ClockedReset = Literal["to_zero", "by_subtraction"]

CLOCKED_RESETS: tuple[ClockedReset, ...] = ("to_zero", "by_subtraction")
#: States of ``delta`` and ``shift`` are clamped here; thresholds and biases lie within.
STATE_LIMIT = (1 << 31) - 1
LONGEST_REFRACTORY = 1 << 20
#: One in the 15 fractional bits of beta and rho, and in the 30 of a read-out's gamma.
ONE = 1 << 15
READOUT_ONE = 1 << 30
LONGEST_SHIFT = 31
#: Loihi: decays of 12 bits, vth of 17, bias of 13 shifted by an exponent of 3, refractory period and delay of 6.
LOIHI_DECAY = (1 << 12) - 1
LOIHI_THRESHOLD = (1 << 17) - 1
LOIHI_BIAS = (-(1 << 12), (1 << 12) - 1)
LOIHI_BIAS_EXPONENT = (1 << 3) - 1
LOIHI_REFRACTORY = (1 << 6) - 1
LOIHI_DELAY = 62


@dataclass(frozen=True, slots=True)
class IntegerAdaptation:
    """A threshold raised by own spikes: every tick ``a = (rho a) >> 15``, every spike ``a += increment``.

    Args:
        rho: factor per tick times 2^15, one for the population.
        increment: what a spike adds; a whole number or one per neuron.
    """

    rho: int
    increment: WholeNumbers

    def __post_init__(self) -> None:
        _keep_whole(self, "rho", 0, ONE, single=True)
        _keep_whole(self, "increment", 0, STATE_LIMIT)


@dataclass(frozen=True, slots=True)
class DeltaLif:
    """Discrete LIF with delta synapses, ``u = sgn(u) ((beta abs(u)) >> 15) + I + bias``; it fires at ``u >= threshold``.

    Args:
        beta: decay per tick times 2^15, 0 to 2^15; a whole number or one per neuron.
        threshold: 1 to 2^31 - 1, one or one per neuron; None for integrators.
        reset: ``"by_subtraction"`` (of the threshold alone) or ``"to_zero"``.
        refractory: ticks after a spike in which u keeps its value and arrivals are lost.
        bias: added in every tick; one or one per neuron.
        adaptation: how own spikes raise the threshold, if they do.
        readout: as in ``Integrator``; integrators only.
        readout_gamma: factor of the weighted read-out per tick times 2^30.
    """

    beta: WholeNumbers
    threshold: WholeNumbers | None
    reset: ClockedReset = "by_subtraction"
    refractory: int = 0
    bias: WholeNumbers = 0
    adaptation: IntegerAdaptation | None = None
    readout: Readout | None = None
    readout_gamma: int | None = None

    def __post_init__(self) -> None:
        _keep_whole(self, "beta", 0, ONE)
        _keep_common(self)


@dataclass(frozen=True, slots=True)
class ShiftLif:
    """Current-based LIF whose decays are shifts: ``x - sgn(x) max(abs(x) >> k, 1)``, as on the Xylo chips.

    Args:
        k_mem: shift of the membrane, 0 to 31, one for the population.
        k_syn: shift of the synaptic current, or None for delta synapses (i = I).
        threshold: 1 to 2^31 - 1, one or one per neuron; None for integrators.
        reset: ``"by_subtraction"`` (of the threshold alone) or ``"to_zero"``.
        refractory: ticks after a spike in which v keeps its value; i goes on.
        bias: added to v in every tick; one or one per neuron.
        adaptation: how own spikes raise the threshold, if they do.
        readout: as in ``Integrator``; integrators only.
        readout_gamma: factor of the weighted read-out per tick times 2^30.
    """

    k_mem: int
    k_syn: int | None
    threshold: WholeNumbers | None
    reset: ClockedReset = "by_subtraction"
    refractory: int = 0
    bias: WholeNumbers = 0
    adaptation: IntegerAdaptation | None = None
    readout: Readout | None = None
    readout_gamma: int | None = None

    def __post_init__(self) -> None:
        _keep_whole(self, "k_mem", 0, LONGEST_SHIFT, single=True)
        if self.k_syn is not None:
            _keep_whole(self, "k_syn", 0, LONGEST_SHIFT, single=True)
        _keep_common(self)


@dataclass(frozen=True, slots=True)
class LoihiLif:
    """Current-based LIF of the Loihi chips as in Lava's bit-accurate model; it resets to zero.

    Args:
        delta_u: decay of the current, 0 to 4095: ``u`` keeps ``4096 - (delta_u + 1)`` of 4096.
        delta_v: decay of the potential, 0 to 4095: ``v`` keeps ``4096 - delta_v`` of 4096.
        threshold: mantissa of vth, 1 to 2^17 - 1; it fires at ``v > threshold * 64``. None for integrators.
        refractory: ticks, 0 to 63, after a spike in which v keeps its value; u goes on.
        bias_mantissa: -4096 to 4095; ``bias_mantissa * 2^bias_exponent`` is added to v in every tick.
        bias_exponent: 0 to 7.
        readout: as in ``Integrator``; integrators only.
        readout_gamma: factor of the weighted read-out per tick times 2^30.

    Each of delta_u, delta_v, threshold, bias_mantissa and bias_exponent is one number or one per neuron.
    """

    delta_u: WholeNumbers
    delta_v: WholeNumbers
    threshold: WholeNumbers | None
    refractory: int = 0
    bias_mantissa: WholeNumbers = 0
    bias_exponent: WholeNumbers = 0
    readout: Readout | None = None
    readout_gamma: int | None = None

    def __post_init__(self) -> None:
        _keep_whole(self, "delta_u", 0, LOIHI_DECAY)
        _keep_whole(self, "delta_v", 0, LOIHI_DECAY)
        _keep_whole(self, "bias_mantissa", *LOIHI_BIAS)
        _keep_whole(self, "bias_exponent", 0, LOIHI_BIAS_EXPONENT)
        _keep_spiking(self, LOIHI_THRESHOLD, LOIHI_REFRACTORY)


IntegerNeuron: TypeAlias = DeltaLif | ShiftLif | LoihiLif


def _keep_common(neuron: DeltaLif | ShiftLif) -> None:
    if neuron.reset not in CLOCKED_RESETS:
        raise ValueError(f"reset is {neuron.reset!r}; it must be one of {', '.join(CLOCKED_RESETS)}")
    _keep_whole(neuron, "bias", -STATE_LIMIT, STATE_LIMIT)
    if neuron.threshold is None and neuron.adaptation is not None:
        raise ValueError("integrators (threshold=None) have no threshold to adapt: leave adaptation out")
    _keep_spiking(neuron, STATE_LIMIT, LONGEST_REFRACTORY)


def _keep_spiking(neuron: IntegerNeuron, largest_threshold: int, longest_refractory: int) -> None:
    _keep_whole(neuron, "refractory", 0, longest_refractory, single=True)
    check_readout(neuron.readout, "readout_gamma", neuron.readout_gamma)
    if neuron.readout_gamma is not None:
        _keep_whole(neuron, "readout_gamma", 0, READOUT_ONE, single=True)
    if neuron.threshold is not None:
        _keep_whole(neuron, "threshold", 1, largest_threshold)
        if neuron.readout is not None:
            raise ValueError(
                f"readout is {neuron.readout!r}; neurons that spike have none: give threshold=None for integrators"
            )
    elif neuron.refractory:
        raise ValueError("integrators (threshold=None) never spike: leave their refractory period at 0")


def _keep_whole(model: object, name: str, least: int, largest: int, *, single: bool = False) -> None:
    """Replace a field by an int or a tuple of ints, so that models compare and are stored alike."""
    values = np.asarray(getattr(model, name), np.float64)
    per_neuron = "" if single else ", or one such number per neuron"
    wrong = ~((values == np.rint(values)) & (values >= least) & (values <= largest))
    if values.ndim > (0 if single else 1) or not values.size or np.any(wrong):
        first = float(values.flat[np.argmax(wrong)]) if values.size else 0.0
        shown = f"{first:.10g}" if np.any(wrong) else f"of shape {values.shape}"
        raise ValueError(
            f"{name} is {shown}; it must be a whole number from {least} to {largest}{per_neuron}"
        )
    object.__setattr__(model, name, tuple(map(int, values.tolist())) if values.ndim else int(values))
