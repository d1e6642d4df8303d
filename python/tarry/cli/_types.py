"""Values of options, checked while the command line is read, and how results are printed."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from math import isfinite
from typing import Any


def positive(text: str) -> int:
    """A whole number of at least 1."""
    return _whole(text, 1)


def natural(text: str) -> int:
    """A whole number of at least 0."""
    return _whole(text, 0)


def seconds(text: str) -> float:
    """A positive, finite number of seconds."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not (isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number of seconds")
    return value


def _whole(text: str, least: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = least - 1
    if value < least:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {least}")
    return value


def show(options: argparse.Namespace, data: Mapping[str, Any], text: str) -> None:
    """Print the result as the user asked: JSON or text."""
    print(json.dumps(data, indent=2, allow_nan=False) if options.json else text)
