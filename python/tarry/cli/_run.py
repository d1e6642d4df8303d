"""Run a program over a file of events."""

from __future__ import annotations

import argparse

from tarry.cli._types import positive, show


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("program", metavar="PROGRAM.tarry", help="a compiled program")
    parser.add_argument("events", metavar="EVENTS", help="input spikes, .npz or .csv (tick,channel)")
    parser.add_argument(
        "--until", type=positive, required=True, metavar="TICK", help="run all ticks before this one"
    )
    parser.add_argument(
        "--out", metavar="SPIKES", help="file for the output spikes, .npz or .csv; else they are printed"
    )


def execute(options: argparse.Namespace) -> int:
    """Run and hand over the spikes."""
    from tarry import Processor, Program
    from tarry.data import load_events, save_events

    program = Program.load(options.program)
    processor = Processor(program)
    times, channels = processor.run(*load_events(options.events), options.until)
    tallies = dict(zip(program.names, processor.tallies(), strict=True))
    result = {
        "until": options.until,
        "spikes": len(times),
        "times": times.tolist(),
        "channels": channels.tolist(),
        "digest": f"{processor.digest():016x}",
        "tallies": tallies,
        "counts": processor.counts(),
    }
    text = "\n".join(
        ["tick,channel", *(f"{t},{c}" for t, c in zip(times.tolist(), channels.tolist(), strict=True))]
    )
    if options.out:
        if not len(times):
            raise ValueError(
                f"no output spike came before tick {options.until}; {options.out} was not written"
            )
        save_events(options.out, times, channels)
        text = f"{len(times):,} output spikes before tick {options.until:,}\nwritten: {options.out}"
    show(options, result, text)
    return 0
