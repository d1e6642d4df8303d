"""What a network costs on each platform, at the finest tick that the platform holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tarry.compiler import FirstSpikes, compile_network
from tarry.compiler.quantise import spike_ticks
from tarry.data import Split
from tarry.demo._steps import compile_program
from tarry.demo._task import Task
from tarry.network import Network
from tarry.platforms import obstacles, platform
from tarry.program import Program
from tarry.simulate import simulate

Recording = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


@dataclass(frozen=True, slots=True, eq=False)
class Price:
    """One platform.

    Args:
        program: at the finest tick that the platform holds; the task's own where it holds none.
        ticks_per_tau_syn: of that program.
        accuracy: of that program on the test samples, a fraction.
        obstacles_at_task_tick: why the program of the task does not fit; empty if it does.
        estimate: what ``tarry.simulate`` says about that program.
    """

    program: Program
    ticks_per_tau_syn: int
    accuracy: float
    obstacles_at_task_tick: list[str]
    estimate: dict[str, Any]


def price(
    task: Task, network: Network, program: Program, *, progress: Callable[[str], object] | None = None
) -> dict[str, Price]:
    """Price the network on every platform of the task over its test samples.

    On each platform the network is compiled again if the program does not fit there: with as many weight bits as the
    platform has, up to the task's, at the finest tick, tau_syn over a whole number, that the platform holds.

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
        ticks, fitted = fit_platform(task, network, program, name)
        recordings = recordings_of(task.data.test, fitted.tick_seconds, task.recordings)
        prices[name] = Price(
            program=fitted,
            ticks_per_tau_syn=ticks,
            accuracy=1 - test.error(fitted),
            obstacles_at_task_tick=obstacles(program, name),
            estimate=simulate(fitted, recordings, platforms=[name]).to_dict()["platforms"][name],
        )
    return prices


def fit_platform(task: Task, network: Network, program: Program, name: str) -> tuple[int, Program]:
    """The program at the finest tick up to the task's that a platform holds, and how many of them are in tau_syn.

    Where it holds none, the program is returned as it is.
    """
    if not obstacles(program, name):
        return task.ticks_per_tau_syn, program
    held = platform(name)["limits"].get("weight_bits")
    bits = min(task.weight_bits, int(held)) if held else task.weight_bits

    def fits(ticks: int) -> bool:
        tick = task.tau_syn / ticks
        coarse = compile_network(network, tick=tick, weight_bits=bits, zero_delays="one_tick")
        return not obstacles(coarse, name)

    # Whatever a tick can break (longest delay, distinct delays, memory) breaks more of it the finer it is.
    low, high = 0, task.ticks_per_tau_syn + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    # The search cannot see what other weight scales prune; the program that is kept is asked again.
    for ticks in range(low, 0, -1):
        fitted = compile_program(task, network, tick=task.tau_syn / ticks, weight_bits=bits)
        if not obstacles(fitted, name):
            return ticks, fitted
    return task.ticks_per_tau_syn, program


def recordings_of(split: Split, tick: float, limit: int) -> list[Recording]:
    """The first samples of a split as (ticks, channels), in order of time."""
    recordings = []
    for sample in spike_ticks(split.times[:limit], tick):
        channels = np.argsort(sample, kind="stable").astype(np.int64)
        channels = channels[sample[channels] >= 0]
        recordings.append((sample[channels], channels))
    return recordings
