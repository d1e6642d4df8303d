"""What a network costs on each platform, on the rule of the platform and at the finest tick that it holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tarry.compiler import FirstSpikes, compile_network
from tarry.compiler.quantise import spike_ticks
from tarry.data import Split
from tarry.demo._clocked import Fit, finest_ticks, fit_clocked, weight_bits
from tarry.demo._steps import compile_program
from tarry.demo._task import Task
from tarry.network import Network
from tarry.platforms import default_rule, obstacles
from tarry.program import Program
from tarry.simulate import simulate

Recording = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


@dataclass(frozen=True, slots=True, eq=False)
class Price:
    """One platform.

    Args:
        program: for the platform; the task's own where it holds the network at no tick.
        ticks_per_tau_syn: of that program.
        losses: sentences that say what the platform's rule cost the network.
        accuracy: of that program on the test samples, a fraction.
        obstacles_at_task_tick: why the program of the task does not fit; empty if it does.
        estimate: what ``tarry.simulate`` says about that program.
    """

    program: Program
    ticks_per_tau_syn: int
    losses: tuple[str, ...]
    accuracy: float
    obstacles_at_task_tick: list[str]
    estimate: dict[str, Any]


def price(
    task: Task, network: Network, program: Program, *, progress: Callable[[str], object] | None = None
) -> dict[str, Price]:
    """Price the network on every platform of the task over its test samples.

    On each platform the network is compiled again if the program does not fit there, or the platform runs another rule:
    with as many weight bits as the platform has, up to the task's, at the finest tick, tau_syn over a whole number, that
    the platform holds. On a clocked rule a coarser tick may be better, as the validation samples say.

    Args:
        task: says platforms, tick, weight bits and samples.
        network: the float network.
        program: compiled from it for the task.
        progress: called with the name of each platform when its turn comes.

    Raises:
        ValueError: an unknown platform.
    """
    prices = {}
    test = FirstSpikes(task.data.test.times, task.data.test.labels)
    for name in task.platforms:
        if progress is not None:
            progress(name)
        fitted = fit_platform(task, network, program, name)
        recordings = recordings_of(task.data.test, fitted.program.tick_seconds, task.recordings)
        prices[name] = Price(
            program=fitted.program,
            ticks_per_tau_syn=fitted.ticks_per_tau_syn,
            losses=fitted.losses,
            accuracy=1 - test.error(fitted.program),
            obstacles_at_task_tick=obstacles(program, name),
            estimate=simulate(fitted.program, recordings, platforms=[name]).to_dict()["platforms"][name],
        )
    return prices


def fit_platform(task: Task, network: Network, program: Program, name: str) -> Fit:
    """A program of the default rule of a platform, at the finest tick up to the task's that the platform holds.

    Where it holds none, the program is returned as it is.
    """
    unchanged = Fit(task.ticks_per_tau_syn, program)
    if default_rule(name) != "event":
        return fit_clocked(task, network, program, name) or unchanged
    if not obstacles(program, name):
        return unchanged
    bits = weight_bits(task, name, "event")

    def fits(ticks: int) -> bool:
        tick = task.tau_syn / ticks
        coarse = compile_network(network, tick=tick, weight_bits=bits, zero_delays="one_tick")
        return not obstacles(coarse, name)

    # The search cannot see what other weight scales prune; the program that is kept is asked again.
    for ticks in range(finest_ticks(task, fits), 0, -1):
        fitted = compile_program(task, network, tick=task.tau_syn / ticks, weight_bits=bits)
        if not obstacles(fitted, name):
            return Fit(ticks, fitted)
    return unchanged


def recordings_of(split: Split, tick: float, limit: int) -> list[Recording]:
    """The first samples of a split as (ticks, channels), in order of time."""
    recordings = []
    for sample in spike_ticks(split.times[:limit], tick):
        channels = np.argsort(sample, kind="stable").astype(np.int64)
        channels = channels[sample[channels] >= 0]
        recordings.append((sample[channels], channels))
    return recordings
