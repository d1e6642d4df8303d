"""The clocked rules, every neuron in every tick, in plain integers.

docs/semantics.md, Clocked rules, says what each line computes. Nothing here is shared with the compiler.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

LIMIT = 2**31 - 1
LOIHI_LIMIT = 2**23 - 1


@dataclass(frozen=True)
class Clocked:
    """A population under a clocked rule, one number per neuron; without thresholds they are integrators.

    ``decay`` is beta, delta_v or k_mem; ``synapse_decay`` is delta_u or k_syn (None: i = I), unused by ``delta``;
    ``threshold`` of ``loihi`` is the mantissa of vth and ``bias`` is already shifted by its exponent.
    """

    name: str
    rule: Literal["delta", "loihi", "shift"]
    decay: Sequence[int]
    synapse_decay: Sequence[int | None]
    threshold: Sequence[int] | None
    reset: Literal["to_zero", "by_subtraction"]
    bias: Sequence[int]
    increment: Sequence[int]
    rho: int = 0
    refractory: int = 0
    readout: Literal["max", "sum", "last", "weighted"] | None = None
    gamma: int = 0

    @property
    def adaptive(self) -> bool:
        """Whether the neurons have the state a."""
        return self.rho != 0 or any(self.increment)


@dataclass
class ClockedState:
    """Current i (u of Loihi), potential v (u of ``delta``), adaptation a, refractory ticks left; the read-out."""

    i: int = 0
    v: int = 0
    a: int = 0
    held: int = 0
    read: int = 0


class _ClockedRule:
    """One population: its states, and what a tick does to one of them."""

    def __init__(self, neurons: Clocked) -> None:
        self.neurons = neurons
        self.size = len(neurons.decay)
        self.states = [ClockedState() for _ in range(self.size)]
        self.saturations = 0
        self.gain = [2**30] * self.size
        if neurons.readout == "max":
            for state in self.states:
                state.read = -(2**31)

    def update(self, index: int, arrived: int, now: int) -> bool:
        state = self.states[index]
        state.a = (self.neurons.rho * state.a) >> 15
        held = state.held > 0
        if self.neurons.rule == "delta":
            self.delta(state, index, arrived, held)
        elif self.neurons.rule == "loihi":
            self.loihi(state, index, arrived, held)
        else:
            self.shift(state, index, arrived, held)
        if held:
            state.held -= 1
            return False
        if self.neurons.threshold is None:
            self.read(state, index)
            return False
        return self.test(state, self.neurons.threshold[index], self.neurons.increment[index])

    def delta(self, state: ClockedState, index: int, arrived: int, held: bool) -> None:
        if not held:
            left = fraction_of(state.v, self.neurons.decay[index], 15)
            state.v = self.clamp(left + arrived + self.neurons.bias[index], LIMIT)

    def loihi(self, state: ClockedState, index: int, arrived: int, held: bool) -> None:
        delta_u = self.neurons.synapse_decay[index]
        assert delta_u is not None
        state.i = wrapped(fraction_of(state.i, 4096 - (delta_u + 1), 12) + arrived * 2**6)
        if not held:
            left = fraction_of(state.v, 4096 - self.neurons.decay[index], 12)
            state.v = self.clamp(left + state.i + self.neurons.bias[index], LOIHI_LIMIT)

    def shift(self, state: ClockedState, index: int, arrived: int, held: bool) -> None:
        k_syn = self.neurons.synapse_decay[index]
        left = 0 if k_syn is None else decayed_by_shift(state.i, k_syn)
        state.i = self.clamp(left + arrived, LIMIT)
        if not held:
            left = decayed_by_shift(state.v, self.neurons.decay[index])
            state.v = self.clamp(left + state.i + self.neurons.bias[index], LIMIT)

    def test(self, state: ClockedState, threshold: int, increment: int) -> bool:
        loihi = self.neurons.rule == "loihi"
        if not (state.v > threshold * 2**6 if loihi else state.v >= threshold + state.a):
            return False
        state.v = 0 if self.neurons.reset == "to_zero" else state.v - threshold
        state.a = self.clamp(state.a + increment, LIMIT)
        state.held = self.neurons.refractory
        return True

    def read(self, state: ClockedState, index: int) -> None:
        if self.neurons.readout == "max":
            state.read = max(state.read, state.v)
        elif self.neurons.readout == "sum":
            state.read += state.v
        elif self.neurons.readout == "last":
            state.read = state.v
        elif self.neurons.readout == "weighted":
            state.read += (self.gain[index] * state.v) >> 30
            self.gain[index] = (self.gain[index] * self.neurons.gamma) >> 30

    def clamp(self, value: int, limit: int) -> int:
        kept = max(-limit, min(limit, value))
        self.saturations += kept != value
        return kept

    def words(self) -> Iterator[tuple[int, ...]]:
        for s in self.states:
            words = (s.v,) if self.neurons.rule == "delta" else (s.i, s.v)
            yield (*words, s.a) if self.neurons.adaptive else words


def fraction_of(x: int, factor: int, bits: int) -> int:
    """factor / 2^bits of x, rounded towards zero."""
    size = (abs(x) * factor) >> bits
    return -size if x < 0 else size


def decayed_by_shift(x: int, k: int) -> int:
    """x less its 2^k-th part, but less at least 1, towards zero."""
    step = max(abs(x) >> k, 1)
    if x > 0:
        return x - step
    return x + step if x < 0 else 0


def wrapped(u: int) -> int:
    """Once around a word of 24 bits."""
    if u > 2**23:
        return u - 2**24
    return u + 2**24 if u <= -(2**23) else u


def shifted_sum(total: int, exponent: int) -> int:
    """A projection's sum times 2^exponent, rounded towards minus infinity."""
    return total << exponent if exponent >= 0 else total >> -exponent
