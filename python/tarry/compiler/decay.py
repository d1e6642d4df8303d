"""Tables of decay factors, right to the last bit: ``rne(2^30 exp(-n tick / tau))``.

Time constants and tick are the exact rationals that their float64 values are; the exponentials are computed in
integers with 200 fractional bits, so that the rounding is never in doubt (docs/semantics.md §3).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor, inf, log2
from typing import Literal

import numpy as np
import numpy.typing as npt

Q = 30
ONE = 1 << Q
#: Factors at the horizon and beyond are zero: none is larger than this there.
HORIZON_FACTOR = 4
LONGEST_DIRECT_SYNAPSE = 1 << 16
#: Ticks over which a horizon is looked for.
LONGEST_TABLE = 1 << 26
_BITS = 200

Words = npt.NDArray[np.int64]
Constants = Literal["delta_synapse", "slow_membrane", "equal", "slow_synapse"]
Tables = Literal["split", "direct"]


@dataclass(frozen=True, eq=False)
class Decay:
    """One table: ``shift`` is log2 of the length of its fine level, or None where it holds every factor."""

    words: Words
    shift: int | None

    def factors(self, ticks: Words) -> Words:
        """The factors after so many ticks, as the processor reads them."""
        if self.shift is None:
            return self.words[ticks]
        fine = 1 << self.shift
        products: Words = self.words[fine + (ticks >> self.shift)] * self.words[ticks & (fine - 1)]
        return (products + (ONE >> 1)) >> Q


@dataclass(frozen=True)
class NeuronTables:
    """All that a population's neurons read: membrane table, synapse table (if they have one), their horizon.

    ``synapse_ticks`` is tau_syn in ticks where S of equal constants is computed from P, else 0.
    """

    constants: Constants
    membrane: Decay
    synapse: Decay | None
    synapse_ticks: int
    horizon: int
    fast_ticks: int
    fast_over_slow: int


def constants_of(tau_mem: float, tau_syn: float) -> Constants:
    """How the two time constants compare."""
    if tau_syn == 0:
        return "delta_synapse"
    if tau_mem == tau_syn:
        return "equal"
    return "slow_membrane" if tau_mem > tau_syn else "slow_synapse"


@lru_cache(maxsize=64)
def neuron_tables(tau_mem: float, tau_syn: float, tick: float, form: Tables) -> NeuronTables:
    """Build the tables of neurons with these time constants, all in seconds.

    Raises:
        ValueError: equal constants that are no whole number of ticks and need more than 2^16 factors.
    """
    constants = constants_of(tau_mem, tau_syn)
    membrane_rate = Fraction(tick) / Fraction(tau_mem)
    synapse_rate = Fraction(tick) / Fraction(tau_syn) if tau_syn else membrane_rate
    slowest, fastest = min(membrane_rate, synapse_rate), max(membrane_rate, synapse_rate)
    shift = max(5, ceil(log2(20 / slowest) / 2))
    whole = constants == "equal" and (1 / synapse_rate).denominator == 1
    synapse_ticks = (1 / synapse_rate).numerator if whole else 0

    last = ceil(30 / slowest) + (1 << shift)
    if last > LONGEST_TABLE:
        raise ValueError(
            f"the slowest time constant is {float(1 / slowest):,.0f} ticks of {tick} s; at most "
            f"{LONGEST_TABLE // 30:,} are possible: use a coarser tick"
        )
    membrane = _split(membrane_rate, shift, last)
    ticks = np.arange(last, dtype=np.int64)
    if constants == "equal":
        synapse = Decay(_alpha(membrane, synapse_rate, synapse_ticks, ticks), None)
        total = membrane.factors(ticks) + synapse.factors(ticks)
    elif constants == "delta_synapse":
        synapse, total = None, membrane.factors(ticks)
    else:
        synapse = _split(synapse_rate, shift, last)
        total = np.maximum(membrane.factors(ticks), synapse.factors(ticks))
    horizon = int(np.argmax(total <= HORIZON_FACTOR))
    if constants == "equal" and not whole and horizon > LONGEST_DIRECT_SYNAPSE:
        raise ValueError(
            f"tau_mem = tau_syn = {tau_syn} s is {float(1 / synapse_rate)} ticks, not a whole number, and needs a table "
            f"of {horizon} factors (at most {LONGEST_DIRECT_SYNAPSE}): use a tick that divides tau_syn, or a coarser one"
        )
    if constants == "equal" and whole and form == "split":
        synapse = None
    else:
        synapse_ticks = 0
    return NeuronTables(
        constants=constants,
        membrane=_stored(membrane, form, horizon),
        synapse=_stored(synapse, form, horizon) if synapse is not None else None,
        synapse_ticks=synapse_ticks,
        horizon=horizon,
        fast_ticks=0 if constants == "delta_synapse" else min(floor(1 / fastest), 1 << 28),
        fast_over_slow=0
        if constants in {"delta_synapse", "equal"}
        else round((slowest / fastest) * (1 << 24)),
    )


def factor_per_tick(tick: float, tau: float, bits: int) -> int:
    """``rne(2^bits exp(-tick / tau))``, right to the last bit; 0 for tau = 0 and 2^bits for tau = inf."""
    if tau == 0:
        return 0
    exact = 1 << _BITS if tau == inf else _exponential(Fraction(tick) / Fraction(tau))
    return (exact + (1 << (_BITS - bits - 1))) >> (_BITS - bits)


def _stored(table: Decay, form: Tables, horizon: int) -> Decay:
    """The table cut at the horizon, in the form asked for; both forms hold the same factors."""
    if table.shift is None or form == "direct":
        return Decay(table.factors(np.arange(horizon, dtype=np.int64)), None)
    fine = 1 << table.shift
    return Decay(table.words[: fine + -(-horizon // fine)], table.shift)


def _split(rate: Fraction, shift: int, last: int) -> Decay:
    """Two levels: exp(-i rate) for i < 2^shift, then exp(-i 2^shift rate) until ``last`` is covered."""
    fine = 1 << shift
    low = _powers(_exponential(rate), fine)
    high = _powers(_exponential(rate * fine), -(-last // fine) + 1)
    return Decay(np.array([_rounded(x) for x in low + high], np.int64), shift)


def _alpha(membrane: Decay, rate: Fraction, whole_ticks: int, ticks: Words) -> Words:
    """S of equal constants: (n/N) exp(-n/N), from P where N is whole, else by itself."""
    if whole_ticks:
        return (ticks * membrane.factors(ticks) + whole_ticks // 2) // whole_ticks
    powers = _powers(_exponential(rate), len(ticks))
    return np.array(
        [_rounded(n * x * rate.numerator // rate.denominator) for n, x in enumerate(powers)], np.int64
    )


def _powers(base: int, count: int) -> list[int]:
    powers = [1 << _BITS]
    for _ in range(count - 1):
        powers.append(powers[-1] * base >> _BITS)
    return powers


def _exponential(x: Fraction) -> int:
    """exp(-x), x >= 0, with 200 fractional bits: the series at x / 2^k, squared k times."""
    halvings = max(0, ceil(log2(x)) + 8) if x > 0 else 0
    guard = _BITS + 2 * halvings + 16
    reduced = (x.numerator << guard) // (x.denominator << halvings)
    term = total = 1 << guard
    i = 0
    while term:
        i += 1
        term = -(term * reduced >> guard) // i if term > 0 else (-term * reduced >> guard) // i
        total += term
    for _ in range(halvings):
        total = total * total >> guard
    return total >> (guard - _BITS)


def _rounded(x: int) -> int:
    """A number with 200 fractional bits, times 2^30, to nearest; exact ties occur at 1 and 0 only, which are whole."""
    return (x + (1 << (_BITS - Q - 1))) >> (_BITS - Q)
