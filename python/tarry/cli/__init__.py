"""The command line: ``tarry demo | train | compile | run | simulate | info``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from tarry.cli import _compile, _demo, _info, _run, _simulate, _train

COMMANDS = (_demo, _train, _compile, _run, _simulate, _info)

DONE, FAILED, INTERRUPTED = 0, 1, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0 if it did its work and 1 if not (bad input, something does not fit).

    Wrong usage exits with 2, Ctrl-C with 130. Errors are one sentence on stderr, or a traceback with ``--debug``.
    """
    options = _parser().parse_args(arguments)
    try:
        code: int = options.execute(options)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        print(f"tarry {options.command}: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read has seen enough; nothing is left to be flushed at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (ValueError, TypeError, ArithmeticError, OSError, ImportError, MemoryError) as error:
        if options.debug:
            raise
        print(f"tarry {options.command}: {_sentence(error)}", file=sys.stderr)
        return FAILED


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tarry",
        description="Spiking networks with learned delays: train, compile to integers, run, price.",
        epilog="Exit codes: 0 done, 1 failed (bad input, or something does not fit), 2 wrong usage, 130 interrupted.",
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print JSON on stdout instead of text")
    common.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in COMMANDS:
        name, summary = module.__name__.rpartition("._")[2], (module.__doc__ or "").strip().splitlines()[0]
        command = commands.add_parser(name, parents=[common], help=summary, description=summary)
        module.arguments(command)
        command.set_defaults(execute=module.execute)
    return parser
