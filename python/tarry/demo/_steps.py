"""From a task to a network and from there to a program."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING

from tarry.compiler import FirstSpikes, compile_network
from tarry.compiler.float_models import Once
from tarry.demo._task import Task
from tarry.network import Network
from tarry.platforms import RuleChoice
from tarry.program import Program

if TYPE_CHECKING:  # compiling needs no torch
    from tarry.train import History


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A network and how it came to be.

    Args:
        network: plain data.
        history: losses and accuracies per epoch.
        settings: the recipe's arguments of ``nn.Lif`` and ``train.fit``, for the report.
    """

    network: Network
    history: History
    settings: dict[str, object]


def train_network(
    task: Task,
    *,
    progress: bool | None = None,
    checkpoint: str | PathLike[str] | None = None,
    resume: bool = True,
) -> Trained:
    """Train the network of the task with the recipe of its kind of delays.

    Args:
        task: what to train for.
        progress: show a progress bar; None shows it where the output is a terminal.
        checkpoint: file to go on from and to save to after every epoch.
        resume: go on from the checkpoint if it is there.

    Raises:
        ValueError, OSError, FloatingPointError: as ``train.fit`` does.
        ImportError: without torch; says how to get it.
    """
    from tarry.train import fit, recipe

    chosen = recipe(task.kind)
    model = chosen.model(*task.sizes, tau_syn=task.tau_syn, seed=task.seed, threads=1)
    settings = {**chosen.fit, "seed": task.seed}
    if task.epochs is not None:
        settings["epochs"] = task.epochs
    with _one_thread():
        history = fit(model, task.data, **settings, checkpoint=checkpoint, resume=resume, progress=progress)
    return Trained(model.network(), history, {"tau_ratio": chosen.tau_ratio, **chosen.layer, **settings})


@contextmanager
def _one_thread() -> Iterator[None]:
    import torch

    # Batches this small gain nothing from more, and torch's threads wait for each other on a busy machine.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def compile_program(
    task: Task,
    network: Network,
    *,
    tick: float | None = None,
    weight_bits: int | None = None,
    rule: RuleChoice = "event",
    once: Once = "refuse",
    samples: int | None = None,
) -> Program:
    """Compile a network, its weight scales chosen by the errors on the training samples.

    Args:
        task: says tick, weight bits and training samples.
        network: what to compile.
        tick: seconds, instead of the task's.
        weight_bits: instead of the task's.
        rule: of the integers.
        once: what a clocked rule does with neurons that fire once, as ``tarry.compile`` says it.
        samples: so many of the training samples, not all.

    Raises:
        ValueError: what does not fit, as ``tarry.compile`` says it.
    """
    train = task.data.train
    return compile_network(
        network,
        tick=tick or task.tick,
        weight_bits=weight_bits or task.weight_bits,
        rule=rule,
        once=once,
        scale=task.scale,
        calibration=FirstSpikes(train.times[:samples], train.labels[:samples]),
        zero_delays="one_tick",
    )


def parameters(network: Network) -> int:
    """How many numbers were learned: weights and delays."""
    return sum(p.weights.size + (p.delays.size if p.delays.ndim else 0) for p in network.projections)
