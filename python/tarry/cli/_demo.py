"""Train, compile, check and price a network with learned delays on Yin-Yang, and write a report."""

from __future__ import annotations

import argparse
from typing import Any

from tarry._tables import aligned, amount, size
from tarry.cli._types import natural, positive, show

QUICK_EPOCHS = 20


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--out", default="tarry-demo", metavar="DIR", help="folder to write to (default: %(default)s)"
    )
    parser.add_argument(
        "--seed", type=natural, default=0, metavar="N", help="of the training (default: %(default)s)"
    )
    parser.add_argument(
        "--epochs", type=positive, metavar="N", help="passes over the samples (default: as the recipe says)"
    )
    parser.add_argument(
        "--quick", action="store_true", help=f"{QUICK_EPOCHS} epochs, fewer priced samples, a coarser picture"
    )


def execute(options: argparse.Namespace) -> int:
    """Run the demonstration and say what it came to."""
    from tarry.demo import yin_yang_task
    from tarry.demo.end_to_end import run_demo

    task = yin_yang_task(
        seed=options.seed,
        epochs=options.epochs or (QUICK_EPOCHS if options.quick else None),
        recordings=100 if options.quick else 1000,
    )
    demo = run_demo(task, options.out, grid=61 if options.quick else 201)
    show(
        options,
        demo.report,
        summary(demo.report) + "\n\nwritten: " + "\n         ".join(map(str, demo.paths)),
    )
    return 0


def summary(report: dict[str, Any]) -> str:
    """What a demonstration came to, for a terminal."""
    accuracy, program, train = report["accuracy"], report["program"], report["train"]
    errors = report["spike_time_errors_ticks"]
    layers = "-".join(map(str, report["sizes"]))
    facts = [
        [
            "network",
            f"{layers}, {report['delays']} delays, {report['parameters']} parameters, seed {report['seed']}",
        ],
        [
            "training",
            f"{train['epochs']} epochs in {train['seconds']:.1f} s, {train['samples_per_second']:,.0f} samples/s",
        ],
        ["accuracy, float", f"{accuracy['float']:.1%} of {report['samples']:,} test samples"],
        [
            "accuracy, fixed point",
            f"{accuracy['fixed']:.1%}; {report['disagreements']} samples decided differently",
        ],
        [
            "program",
            f"{program['bytes']:,} bytes, {program['memory_bytes']:,} bytes of memory, {program['weight_bits']}-bit "
            f"weights, tick {amount(program['tick_seconds'], 's')}",
        ],
        [
            "queue",
            f"at most {program['queue_peak']} spikes under way, {program['dropped'] + program['rejected']} lost, "
            f"{program['saturations']} states cut",
        ],
        ["spike time error", "; ".join(f"{name} {_error(e)}" for name, e in errors.items())],
    ]
    rows = [["platform", "fits", "rule", "tick", "accuracy", "latency", "energy", "memory"]]
    for name, p in report["platforms"].items():
        rows.append(
            [
                name,
                "yes" if p["fits"] else "no",
                p["rule"],
                f"{amount(p['tick_seconds'], 's')} (tau_syn/{p['ticks_per_tau_syn']}, {p['weight_bits']} bits)",
                f"{p['accuracy']:.1%}",
                _interval(p["latency_seconds"], "s"),
                _interval(p["energy_joules"], "J"),
                size(p["memory_bytes"]),
            ]
        )
    reasons = [
        f"{name}: at tau_syn/{program['ticks_per_tau_syn']} and {program['weight_bits']} bits {reason}"
        for name, p in report["platforms"].items()
        for reason in p["obstacles_at_program_tick"]
    ]
    losses = [f"{name}: {loss}" for name, p in report["platforms"].items() for loss in p["losses"]]
    return "\n\n".join(
        filter(None, [aligned(facts, right=set()), aligned(rows, right={7}), "\n".join(reasons + losses)])
    )


def _error(error: dict[str, Any]) -> str:
    return f"{error['mean']:+.2f} ± {error['deviation']:.2f} ticks" if error["spikes"] else "no spikes"


def _interval(value: dict[str, float], unit: str) -> str:
    return f"{amount(value['nominal'], unit)} ({amount(value['low'], unit)} to {amount(value['high'], unit)})"
