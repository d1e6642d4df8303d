"""Compile a network into an integer program."""

from __future__ import annotations

import argparse
from typing import Any

from tarry.cli._info import program_facts
from tarry.cli._types import positive, seconds, show


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("network", metavar="NETWORK.npz", help="a network that was saved")
    parser.add_argument("--tick", type=seconds, required=True, metavar="SECONDS", help="length of a tick")
    parser.add_argument(
        "--weight-bits",
        type=int,
        choices=range(2, 17),
        default=8,
        metavar="BITS",
        help="2 to 16 (default: %(default)s)",
    )
    parser.add_argument(
        "--scale", choices=("layer", "neuron"), default="layer", help="one weight scale per what"
    )
    parser.add_argument("--platform", metavar="NAME", help="a platform whose limits the program must keep")
    parser.add_argument(
        "--rule",
        choices=("event", "delta", "loihi", "shift"),
        help="the integer rule (default: that of the platform, or event)",
    )
    parser.add_argument(
        "--block",
        type=positive,
        metavar="TICKS",
        help="B of the delay queue of clocked rules, a power of two",
    )
    parser.add_argument(
        "--history", choices=("auto", "list", "bitmap"), default="auto", help="how clocked rules keep spikes"
    )
    parser.add_argument(
        "--once",
        choices=("refuse", "longest_refractory"),
        default="refuse",
        help="what clocked rules do with neurons that fire once",
    )
    parser.add_argument(
        "--calibrate",
        choices=("yin_yang",),
        help="choose the weight scales by the errors on these training samples",
    )
    parser.add_argument(
        "--raise-zero-delays",
        action="store_true",
        help="make delays of 0 s between neurons one tick; else refused",
    )
    parser.add_argument(
        "--memory-limit", type=positive, metavar="BYTES", help="refuse programs that need more"
    )
    parser.add_argument("--out", required=True, metavar="PROGRAM.tarry", help="where the program is saved")


def execute(options: argparse.Namespace) -> int:
    """Compile, save, and show the program."""
    from tarry import Network, compile

    network = Network.load(options.network)
    program = compile(
        network,
        tick=options.tick,
        weight_bits=options.weight_bits,
        platform=options.platform,
        rule=options.rule,
        block=options.block,
        history=options.history,
        once=options.once,
        scale=options.scale,
        calibration=_yin_yang(network) if options.calibrate else None,
        zero_delays="one_tick" if options.raise_zero_delays else "refuse",
        memory_limit=options.memory_limit,
    )
    program.save(options.out)
    report = program.report
    result: dict[str, Any] = {
        "program": options.out,
        **program_facts(program),
    }
    if report is not None:
        result |= {
            "clipped_weights": report.clipped_weights,
            "pruned_weights": report.pruned_weights,
            "raised_delays": report.raised_delays,
            "longest_delay_ticks": report.longest_delay,
            "losses": list(report.losses),
            "delay_bytes_of_ends": report.delay_bytes_of_ends,
            "task_error": None if report.task_error is None else list(report.task_error),
        }
    show(options, result, f"{program}\nwritten: {options.out}")
    return 0


def _yin_yang(network: Any) -> Any:
    from tarry import FirstSpikes, Lif
    from tarry.data import yin_yang

    inputs = sum(p.size for p in network.populations if p.neuron is None)
    outputs = sum(network.population(name).size for name in network.outputs)
    if (inputs, outputs) != (4, 3):
        raise ValueError(
            f"the network has {inputs} inputs and {outputs} outputs; Yin-Yang has 4 and 3: calibrate it in Python, with "
            "tarry.compile(calibration=)"
        )
    neuron = network.population(network.outputs[0]).neuron
    if not isinstance(neuron, Lif):
        raise ValueError(
            f"the output is {type(neuron).__name__}; Yin-Yang calibrates networks of Lif neurons"
        )
    train = yin_yang(neuron.tau_syn).train
    return FirstSpikes(train.times, train.labels)
