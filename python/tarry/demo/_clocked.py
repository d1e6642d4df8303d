"""Networks of neurons that fire once, compiled for platforms of a clocked rule; validation samples choose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from tarry.compiler import FirstSpikes, compile_network, spread_synapses
from tarry.compiler.clocked_weights import LOIHI_WEIGHT_BITS
from tarry.demo._steps import compile_program
from tarry.demo._task import Task
from tarry.network import Network
from tarry.platforms import RuleChoice, default_rule, obstacles, platform
from tarry.program import Program

#: Delta synapses for one synapse with a current, on rules that have no current: as few as are good enough.
TAPS = (1, 8, 16, 32, 64)
#: Ticks are the finest that the platform holds, or these multiples of it.
COARSER = (1, 2, 4)
#: A coarser tick must be better by more than this share of the validation samples; more taps are tried while the
#: program of the task is better by more than that share.
CLEARLY_BETTER, GOOD_ENOUGH = 0.01, 0.02
#: Refractory period of neurons that fire once, in tau_syn: longer than a sample lasts.
REFRACTORY = 16
#: Training samples that the weight scales are chosen by: clocked rules take a tick for every tick.
SAMPLES = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A program for a platform.

    Args:
        ticks_per_tau_syn: of the program.
        program: with its compile report.
        losses: sentences that say what the platform's rule cost the network.
    """

    ticks_per_tau_syn: int
    program: Program
    losses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Choice:
    taps: int
    ticks: int
    accuracy: float
    finest: int
    accuracy_at_finest: float


def fit_clocked(task: Task, network: Network, program: Program, name: str) -> Fit | None:
    """Compile for a platform whose default rule is clocked; None where it holds the network at no tick.

    Neurons that fire once get a refractory period. Rules without synaptic current get several delta synapses for each
    synapse. The tick is the finest that the platform holds unless a coarser one is clearly better.

    Args:
        task: says the finest tick, weight bits and samples.
        network: the float network.
        program: of the task; it says which accuracy is good enough.
        name: of the platform.
    """
    rule = default_rule(name)
    validation = FirstSpikes(task.data.validation.times, task.data.validation.labels)
    bits = weight_bits(task, name, rule)

    @cache
    def compiled(taps: int, ticks: int) -> Program | None:
        try:
            found = compile_network(
                spread_synapses(network, taps),
                tick=task.tau_syn / ticks,
                weight_bits=bits,
                rule=rule,
                zero_delays="one_tick",
                once=REFRACTORY * task.tau_syn,
            )
        except ValueError:  # a delay, weight or threshold beyond what the rule can hold
            return None
        return None if obstacles(found, name) else found

    def fits(taps: int, ticks: int) -> bool:
        return compiled(taps, ticks) is not None

    def accuracy(taps: int, ticks: int) -> float:
        found = compiled(taps, ticks)
        return 0.0 if found is None else 1 - validation.error(found)

    choices: list[_Choice] = []
    for taps in TAPS if rule == "delta" else (1,):
        finest = finest_ticks(task, partial(fits, taps))
        if not finest:
            break
        found = {ticks: accuracy(taps, ticks) for ticks in {finest // n for n in COARSER} - {0}}
        best = max(found, key=lambda ticks: (found[ticks], ticks))
        ticks = best if found[best] > found[finest] + CLEARLY_BETTER else finest
        choices.append(_Choice(taps, ticks, found[ticks], finest, found[finest]))
        if found[ticks] >= 1 - validation.error(program) - GOOD_ENOUGH:
            break
    if not choices:
        return None
    chosen = max(choices, key=lambda choice: (choice.accuracy, -choice.taps))
    fitted = compile_program(
        task,
        spread_synapses(network, chosen.taps),
        tick=task.tau_syn / chosen.ticks,
        weight_bits=bits,
        rule=rule,
        once=REFRACTORY * task.tau_syn,
        samples=SAMPLES,
    )
    if obstacles(fitted, name):
        # Other weight scales prune other synapses; those of the search are known to fit.
        kept = compiled(chosen.taps, chosen.ticks)
        fitted = fitted if kept is None else kept
    return Fit(chosen.ticks, fitted, tuple(_losses(network, fitted, rule, chosen, choices[0])))


def finest_ticks(task: Task, fits: Callable[[int], bool]) -> int:
    """The most ticks in tau_syn, up to the task's, that fit; 0 where none do."""
    if fits(task.ticks_per_tau_syn):
        return task.ticks_per_tau_syn
    # Whatever a tick can break (longest delay, distinct delays, memory) breaks more of it the finer it is.
    low, high = 0, task.ticks_per_tau_syn
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def weight_bits(task: Task, name: str, rule: RuleChoice) -> int:
    """As many as the platform and the rule have, up to the task's."""
    held = platform(name)["limits"].get("weight_bits")
    bits = min(task.weight_bits, int(held)) if held else task.weight_bits
    return min(bits, LOIHI_WEIGHT_BITS) if rule == "loihi" else bits


def _losses(
    network: Network, fitted: Program, rule: RuleChoice, chosen: _Choice, plain: _Choice
) -> list[str]:
    compiled = fitted.report
    assert compiled is not None  # it was compiled a moment ago
    # What several populations lose alike is said once.
    losses = list(dict.fromkeys(_without_name(loss) for loss in compiled.losses))
    if chosen.taps > 1:
        synapses = sum(int(np.count_nonzero(p.weights)) for p in network.projections)
        losses.append(
            f"The rule has no synaptic current, so each synapse became up to {chosen.taps} delta synapses, "
            f"{fitted.synapses:,} instead of {synapses:,}, and potentials rise in steps; {_percent(chosen.accuracy)} of the "
            f"validation samples were right with them, {_percent(plain.accuracy)} with one each."
        )
    if rule == "loihi" and any(np.any(p.weights > 0) and np.any(p.weights < 0) for p in network.projections):
        losses.append(
            "Of the 9 bits of a weight one is the sign; where the weights of a projection have both signs, they go in "
            "steps of two."
        )
    if chosen.ticks != chosen.finest:
        at_finest, at_chosen = _percent(chosen.accuracy_at_finest), _percent(chosen.accuracy)
        losses.append(
            f"At the finest tick that fits, tau_syn/{chosen.finest}, {at_finest} of the validation samples were right, "
            f"at tau_syn/{chosen.ticks} {at_chosen}: the coarser one was taken."
        )
    if compiled.raised_delays:
        losses.append(f"Delays of {compiled.raised_delays:,} synapses between neurons became one tick.")
    return losses


def _without_name(loss: str) -> str:
    sentence = loss.split(": ", 1)[1]
    return (sentence if sentence.startswith("tau_") else sentence[0].upper() + sentence[1:]) + "."


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.1f} %"
