"""Neurons of the clocked rules: float models are lowered onto a rule's integers, models in integers pass through.

docs/semantics.md, Clocked rules, says what the integers mean.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from .._tables import amount
from ..integer_neurons import ClockedReset, DeltaLif, IntegerNeuron, LoihiLif
from ..models import INTEGER_MODELS
from ..network import Population
from ..neurons import Readout
from .float_models import LOWERINGS, FloatModel, Once, Rule

__all__ = ["CLOCKED_RULES", "ClockedNeurons", "Rule", "integer_model", "lower", "rule_of_model"]

Integers = npt.NDArray[np.int64]

CLOCKED_RULES: tuple[Rule, ...] = ("delta", "loihi", "shift")
_RULES: dict[str, Rule] = {"DeltaLif": "delta", "LoihiLif": "loihi", "ShiftLif": "shift"}


@dataclass(frozen=True, eq=False)
class ClockedNeurons:
    """A population in the integers of a clocked rule; arrays hold one value per neuron.

    Args:
        rule: ``"delta"``, ``"loihi"`` or ``"shift"``.
        size: number of neurons.
        spiking: False for integrators.
        reset: what a spike does to the potential.
        refractory: ticks.
        decay: beta, delta_v or k_mem.
        synapse_decay: 0, delta_u or k_syn; k_syn is -1 where i = I.
        threshold: theta; the mantissa of vth for ``loihi``; 0 where not spiking.
        bias: what is added in every tick; for ``loihi`` the mantissa shifted by its exponent.
        rho, increment: of the adaptation; both 0 without.
        readout, gamma: of integrators; gamma is 0 unless the read-out is weighted.
        losses: sentences that say what lowering a float model changed.
    """

    rule: Rule
    size: int
    spiking: bool
    reset: ClockedReset
    refractory: int
    decay: Integers
    synapse_decay: Integers
    threshold: Integers
    bias: Integers
    rho: int
    increment: Integers
    readout: Readout | None
    gamma: int
    losses: tuple[str, ...] = ()


def lower(
    population: Population,
    rule: Rule | None,
    tick: float,
    scale: float | npt.ArrayLike = 1.0,
    *,
    once: Once = "refuse",
) -> ClockedNeurons:
    """The integers of a population of neurons under a clocked rule.

    Args:
        population: its model is float, or in the integers of a rule and then taken as it is.
        rule: the rule for float models; models in integers know theirs (None, or the same).
        tick: seconds.
        scale: what an integer weight of 1 is worth, one number or one per neuron; float models only.
        once: neurons that fire once are refused, or reset to zero with the rule's longest refractory period or one of so
            many seconds, if that is shorter.

    Raises:
        ValueError: what the rule cannot express, with the numbers.
    """
    neuron, losses = integer_model(population, rule, tick, scale, once=once)
    return replace(_passed_through(neuron, rule_of_model(neuron), population.size), losses=losses)


def integer_model(
    population: Population,
    rule: Rule | None,
    tick: float,
    scale: float | npt.ArrayLike = 1.0,
    *,
    once: Once = "refuse",
) -> tuple[IntegerNeuron, tuple[str, ...]]:
    """The same as a model in the integers of the rule, and what it loses; arguments and errors of ``lower``."""
    neuron, where = population.neuron, f"population {population.name!r}"
    if isinstance(neuron, INTEGER_MODELS):
        own = rule_of_model(neuron)
        if rule not in (None, own):
            raise ValueError(
                f"{where} is {type(neuron).__name__}, in the integers of rule {own!r}; it cannot run on {rule!r}"
            )
        return neuron, ()
    if neuron is None:
        raise ValueError(f"{where} is an input; it has no neurons to lower")
    if rule not in CLOCKED_RULES:
        raise ValueError(
            f"{where}: the rule is {rule!r}; float neurons are lowered onto delta, loihi or shift"
        )
    scales = np.broadcast_to(np.asarray(scale, np.float64), (population.size,))
    if not np.all(np.isfinite(scales) & (scales > 0)):
        raise ValueError(f"{where}: weight scales must be positive")
    float_model = FloatModel(neuron, where, tick, tuple(map(float, scales)), once, [])
    try:
        model = LOWERINGS[rule](float_model)
    except ValueError as error:
        raise ValueError(f"{where} onto rule {rule!r} at a tick of {amount(tick, 's')}: {error}") from error
    return model, tuple(float_model.losses)


def rule_of_model(neuron: IntegerNeuron) -> Rule:
    """The rule whose integers a model has."""
    return _RULES[type(neuron).__name__]


def _passed_through(neuron: IntegerNeuron, rule: Rule, size: int) -> ClockedNeurons:
    def per_neuron(values: npt.ArrayLike | None) -> Integers:
        return np.broadcast_to(np.asarray(0 if values is None else values, np.int64), (size,))

    plain = ClockedNeurons(
        rule=rule,
        size=size,
        spiking=neuron.threshold is not None,
        reset="to_zero",
        refractory=neuron.refractory,
        decay=per_neuron(0),
        synapse_decay=per_neuron(0),
        threshold=per_neuron(neuron.threshold),
        bias=per_neuron(0),
        rho=0,
        increment=per_neuron(0),
        readout=neuron.readout,
        gamma=neuron.readout_gamma or 0,
    )
    if isinstance(neuron, LoihiLif):
        return replace(
            plain,
            decay=per_neuron(neuron.delta_v),
            synapse_decay=per_neuron(neuron.delta_u),
            bias=per_neuron(neuron.bias_mantissa) << per_neuron(neuron.bias_exponent),
        )
    adaptation = neuron.adaptation
    plain = replace(
        plain,
        reset=neuron.reset,
        bias=per_neuron(neuron.bias),
        rho=adaptation.rho if adaptation else 0,
        increment=per_neuron(adaptation.increment if adaptation else 0),
    )
    if isinstance(neuron, DeltaLif):
        return replace(plain, decay=per_neuron(neuron.beta))
    k_syn = -1 if neuron.k_syn is None else neuron.k_syn
    return replace(plain, decay=per_neuron(neuron.k_mem), synapse_decay=per_neuron(k_syn))
