"""Price recordings of a program on platforms: latency, energy, memory, with bounds."""

from __future__ import annotations

import argparse

from tarry.cli._types import show


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("program", metavar="PROGRAM.tarry", help="a compiled program")
    parser.add_argument("events", metavar="EVENTS", nargs="+", help="one file of input spikes per recording")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument(
        "--platform",
        action="append",
        metavar="NAME",
        help="name of a platform or path of a profile; may be repeated",
    )
    where.add_argument("--all", action="store_true", help="all platforms that come with the package")
    parser.add_argument(
        "--decision",
        choices=("first", "all"),
        default="first",
        help="a recording ends with the first output spike, or when all outputs have spiked (default: %(default)s)",
    )


def execute(options: argparse.Namespace) -> int:
    """Price and print; 1 if the program does not fit on one of the platforms."""
    from tarry import Program
    from tarry.data import load_events
    from tarry.simulate import simulate

    program = Program.load(options.program)
    recordings = [load_events(path) for path in options.events]
    report = simulate(program, recordings, platforms=options.platform, decision=options.decision)
    show(options, report.to_dict(), str(report))
    return 0 if all(entry["fits"] for entry in report.platforms.values()) else 1
