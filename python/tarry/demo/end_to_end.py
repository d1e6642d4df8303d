"""The whole demonstration: train, compile, check, price, report, each step handing plain data to the next."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from tarry._optional import extra
from tarry.demo._check import Check, check
from tarry.demo._price import Price, price
from tarry.demo._steps import Trained, compile_program, parameters, train_network
from tarry.demo._task import Task
from tarry.program import Program

with extra("all", needed_by="the demonstration"):
    from tarry import plots, report
    from tarry.demo._pictures import draw_pictures
    from tarry.demo._progress import Progress

with extra("all", needed_by="the demonstration"):
    import torch  # noqa: F401 (the training needs it; better said before anything is done)


@dataclass(frozen=True, slots=True, eq=False)
class Demo:
    """What a demonstration came to.

    Args:
        report: what is in ``report.json``.
        paths: the files that were written.
    """

    report: dict[str, Any]
    paths: list[Path] = field(default_factory=list)


def run_demo(task: Task, out: str | PathLike[str], *, progress: bool | None = None, grid: int = 201) -> Demo:
    """Do all of it and write ``report.html``, ``report.json``, ``network.npz``, ``program.tarry`` and the pictures.

    Args:
        task: what about.
        out: the folder to write to; made if it is not there.
        progress: progress bars; None shows them on terminals, and plain lines elsewhere; False shows nothing.
        grid: points to a side of the picture of the plane.

    Raises:
        OSError: the folder cannot be written; said before the training starts.
        ValueError, FloatingPointError: what the steps raise.
    """
    folder = prepare_folder(out)
    show = Progress(progress)
    clock = Clock()
    with clock.time("train"), show.step(describe_training(task)):
        trained = train_network(task, progress=show.bars)
    with (
        clock.time("compile"),
        show.step(f"compile to {task.weight_bits} bits, tick tau_syn/{task.ticks_per_tau_syn}"),
    ):
        program = compile_program(task, trained.network)
    with (
        clock.time("check"),
        show.step("run the test samples one by one in fixed point"),
        show.samples(len(task.data.test)) as done,
    ):
        checked = check(trained.network, program, task.data.test, progress=done)
    with (
        clock.time("price"),
        show.step(f"price on {len(task.platforms)} platforms"),
        show.names(task.platforms) as turn,
    ):
        prices = price(task, trained.network, program, progress=turn)
    with clock.time("draw"), show.step("draw and write the report"), plots.style():
        figures = draw_pictures(task, trained, program, checked, prices, grid=grid)
        result = summarise(task, trained, program, checked, prices, clock.seconds)
        pictures = {name: report.inline_svg(figure, name) for name, figure in figures.items()}
        paths = [folder / name for name in ("report.html", "report.json", "network.npz", "program.tarry")]
        paths[0].write_text(report.render(result, pictures), encoding="utf-8")
        paths[1].write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
        trained.network.save(paths[2])
        program.save(paths[3])
        for name, figure in figures.items():
            paths.append(folder / f"{name}.png")
            report.save_png(figure, paths[-1])
    return Demo(result, paths)


def prepare_folder(out: str | PathLike[str]) -> Path:
    """Make a folder, and write to it once; OSError if that cannot be done."""
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trial = folder / ".tarry-writable"
        trial.touch()
        trial.unlink()
    except OSError as error:
        raise OSError(
            f"the folder {folder} cannot be written ({error.strerror}); name another one"
        ) from error
    return folder


def describe_training(task: Task) -> str:
    """One line about what is trained."""
    layers = "-".join(map(str, task.sizes))
    delays = "without delays" if task.kind == "none" else f"with {task.kind} delays"
    passes = "" if task.epochs is None else f", {task.epochs} epoch{'s' * (task.epochs != 1)}"
    return f"train {layers} {delays} on {task.name}: {len(task.data.train):,} samples{passes}"


def summarise(
    task: Task,
    trained: Trained,
    program: Program,
    checked: Check,
    prices: dict[str, Price],
    seconds: dict[str, float],
) -> dict[str, Any]:
    """Everything that the report says, as plain data."""
    tallies = checked.tallies
    compiled = program.report
    assert compiled is not None  # it was compiled a moment ago
    history = trained.history
    return {
        "task": task.name,
        "seed": task.seed,
        "sizes": list(task.sizes),
        "delays": task.kind,
        "tau_syn_seconds": task.tau_syn,
        "parameters": parameters(trained.network),
        "settings": {name: _plain(value) for name, value in trained.settings.items()},
        "accuracy": {
            "float": checked.float_accuracy,
            "fixed": checked.fixed_accuracy,
            "validation_float": history.validation_accuracy[-1],
        },
        "samples": len(checked.labels),
        "disagreements": checked.disagreements,
        "silent": {
            "float": int(np.count_nonzero(checked.float_decisions < 0)),
            "fixed": int(np.count_nonzero(checked.fixed_decisions < 0)),
        },
        "spike_time_errors_ticks": {
            p.name: _errors(checked, p.name) for p in trained.network.populations if p.neuron is not None
        },
        "train": {
            "seconds": history.seconds,
            "epochs": len(history.loss),
            "samples": len(task.data.train),
            "samples_per_second": history.samples_per_second,
            "loss": history.loss[-1],
        },
        "program": {
            "bytes": len(program.bytes),
            "memory_bytes": program.memory_bytes,
            "weight_bits": program.weight_bits,
            "tick_seconds": program.tick_seconds,
            "ticks_per_tau_syn": task.ticks_per_tau_syn,
            "synapses": program.synapses,
            "longest_delay_ticks": compiled.longest_delay,
            "queue_capacity": sum(t["capacity"] for t in tallies.values()),
            "queue_peak": max(t["peak"] for t in tallies.values()),
            "saturations": sum(t["saturations"] for t in tallies.values()),
            "dropped": sum(t["dropped"] for t in tallies.values()),
            "rejected": sum(t["rejected"] for t in tallies.values()),
            "queues": {name: {"capacity": t["capacity"], "peak": t["peak"]} for name, t in tallies.items()},
            "training_error": None if compiled.task_error is None else list(compiled.task_error),
            "programs_tried": compiled.programs_tried,
            "counts_per_sample": {name: n / len(checked.labels) for name, n in checked.counts.items()},
            "text": str(program),
        },
        "platforms": {name: _platform(p) for name, p in prices.items()},
        "seconds": dict(seconds),
    }


def _errors(checked: Check, population: str) -> dict[str, float | int | None]:
    errors = checked.spike_time_errors(population)
    quantiles = np.percentile(errors, (1, 50, 99)) if len(errors) else (None,) * 3
    return {
        "spikes": len(errors),
        "mean": _number(errors.mean()) if len(errors) else None,
        "deviation": _number(errors.std()) if len(errors) else None,
        **{
            name: _number(q)
            for name, q in zip(("percentile_1", "median", "percentile_99"), quantiles, strict=True)
        },
        "fires_in_one_only": checked.mismatches(population),
    }


def _platform(price: Price) -> dict[str, Any]:
    return {
        **price.estimate,
        "accuracy": price.accuracy,
        "losses": list(price.losses),
        "tick_seconds": price.program.tick_seconds,
        "ticks_per_tau_syn": price.ticks_per_tau_syn,
        "weight_bits": price.program.weight_bits,
        "program_bytes": len(price.program.bytes),
        "obstacles_at_program_tick": price.obstacles_at_task_tick,
    }


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


class Clock:
    """Wall seconds by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def time(self, name: str) -> Iterator[None]:
        """Add what passes in this context under ``name``."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started
