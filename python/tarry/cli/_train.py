"""Train a network with learned delays on Yin-Yang and save it."""

from __future__ import annotations

import argparse

from tarry.cli._types import natural, positive, show


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--kind",
        choices=("none", "axonal", "dendritic", "synaptic"),
        default="synaptic",
        help="which delays are learned (default: %(default)s)",
    )
    parser.add_argument(
        "--hidden", type=positive, default=30, metavar="N", help="hidden neurons (default: %(default)s)"
    )
    parser.add_argument("--epochs", type=positive, metavar="N", help="passes (default: as the recipe says)")
    parser.add_argument("--seed", type=natural, default=0, metavar="N", help="(default: %(default)s)")
    parser.add_argument(
        "--checkpoint", metavar="FILE", help="save after every epoch, and go on from it if it is there"
    )
    parser.add_argument("--restart", action="store_true", help="start over and replace the checkpoint")
    parser.add_argument("--out", required=True, metavar="NETWORK.npz", help="where the network is saved")


def execute(options: argparse.Namespace) -> int:
    """Train and save."""
    from pathlib import Path

    from tarry.data import yin_yang
    from tarry.demo import Task, first_spike_times, train_network
    from tarry.demo._check import decide_times

    out = Path(options.out)
    if out.is_dir() or not out.absolute().parent.is_dir():
        raise OSError(f"{out} cannot be written: name a file in a folder that is there")
    task = Task(
        "Yin-Yang",
        yin_yang(1e-3),
        kind=options.kind,
        hidden=options.hidden,
        epochs=options.epochs,
        seed=options.seed,
    )
    trained = train_network(task, checkpoint=options.checkpoint, resume=not options.restart)
    trained.network.save(out)
    history, test = trained.history, task.data.test
    output = first_spike_times(trained.network, test.times)[trained.network.outputs[0]]
    accuracy = float((decide_times(output) == test.labels).mean())
    result = {
        "task": task.name,
        "kind": task.kind,
        "sizes": list(task.sizes),
        "seed": task.seed,
        "epochs": len(history.loss),
        "seconds": history.seconds,
        "samples_per_second": history.samples_per_second,
        "loss": history.loss[-1],
        "accuracy": {
            "train": history.train_accuracy[-1],
            "validation": history.validation_accuracy[-1],
            "test": accuracy,
        },
        "network": str(out),
    }
    show(
        options,
        result,
        f"{'-'.join(map(str, task.sizes))}, {task.kind} delays: {len(history.loss)} epochs in {history.seconds:.1f} s "
        f"({history.samples_per_second:,.0f} samples/s), loss {history.loss[-1]:.4f}, validation "
        f"{history.validation_accuracy[-1]:.1%}, test {accuracy:.1%}\nwritten: {out}",
    )
    return 0
