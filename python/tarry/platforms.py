"""The platform profiles: what each platform can hold and what its operations cost.

``python -m tarry.platforms`` prints the tables of docs/platforms.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from os import PathLike, fspath
from typing import Any, Literal

from . import _core
from ._tables import amount, amounts, markdown

RuleChoice = Literal["event", "delta", "loihi", "shift"]

__all__ = ["default_rule", "finest_tick", "obstacles", "platform", "platforms"]


def platforms() -> dict[str, dict[str, Any]]:
    """The platform profiles that come with the package, by name; see :func:`platform`."""
    return {name: platform(name) for name in _core.platform_names()}


def platform(name: str | PathLike[str]) -> dict[str, Any]:
    """A platform profile as plain data in SI units.

    ``limits`` holds numbers (``weight_bits`` with the sign, ``delay_longest`` in ticks, ...), ``costs``
    bounds, both None where unsourced; ``constants`` says of each how it is known and where from;
    ``neurons`` is the most that it holds.

    Args:
        name: name of a platform that comes with the package, or the path of a profile file.

    Raises:
        ValueError: neither, or a file that breaks the format of docs/platforms.md.
    """
    data: dict[str, Any] = json.loads(_core.platform_json(fspath(name)))
    return data


def obstacles(program: _core.Program | bytes, name: str | PathLike[str]) -> list[str]:
    """One sentence for everything of a program that does not fit on a platform; empty if it fits.

    Raises:
        ValueError: an unknown platform, or a damaged program.
    """
    data = program if isinstance(program, bytes) else program.bytes
    return _core.platform_obstacles(data, fspath(name))


def finest_tick(name: str | PathLike[str], longest_delay: float) -> float:
    """The shortest tick, in seconds, at which a platform holds a delay of so many seconds.

    0 where the number of delay steps does not bind the tick: no limit is known, or there are no steps.

    Raises:
        ValueError: an unknown platform, or a delay that is negative or not finite.
    """
    if not 0 <= longest_delay < float("inf"):
        raise ValueError(f"longest_delay is {longest_delay} s; it must be finite and at least 0")
    steps: float | None = platform(name)["limits"].get("delay_longest")
    return 0.0 if steps is None else longest_delay / steps


def default_rule(name: str | PathLike[str]) -> RuleChoice:
    """The integer rule that programs for a platform are compiled with unless another is asked for."""
    rules: list[RuleChoice] = platform(name)["rules"]
    return rules[0]


def check_rule(name: str | PathLike[str], rule: RuleChoice) -> None:
    """Refuse a rule that a platform does not list.

    Raises:
        ValueError: it does not, with the rules that it lists.
    """
    rules = platform(name)["rules"]
    if rule not in rules:
        raise ValueError(
            f"rule is {rule!r}; {fspath(name)} takes programs of rule {' or '.join(map(repr, rules))}"
        )


def profile_table() -> str:
    """Markdown tables of the profiles: what each platform holds, and every constant of its costs."""
    profiles = platforms()
    header = [
        "platform",
        "process",
        "time model",
        "rules",
        "grade",
        "neurons",
        "weight bits",
        "longest delay",
        "least tick",
    ]
    rows = [header, *(_limits_row(name, profile) for name, profile in profiles.items())]
    parts = [markdown(rows)]
    for name, profile in profiles.items():
        rows = [["cost", "nominal", "low", "high", "how it is known", "read", "source"]]
        rows += [_cost_row(key, cost, profile["constants"][key]) for key, cost in profile["costs"].items()]
        parts.append(f"**{profile['name']}** (`{name}`)\n\n{markdown(rows)}")
    return "\n\n".join(parts)


def _limits_row(name: str, profile: Mapping[str, Any]) -> list[str]:
    limits = profile["limits"]
    neurons, tick = profile["neurons"], limits.get("tick_smallest")
    steps, hardware = limits.get("delay_longest"), limits.get("delay_time_longest")
    delay = "-" if steps is None else f"{steps:g} steps"
    return [
        name,
        *(profile[key] for key in ("process", "time_model")),
        ", ".join(profile["rules"]),
        profile["grade"],
        "-" if neurons is None else str(neurons),
        f"{limits['weight_bits']:g}",
        delay if hardware is None else f"{amount(hardware, 's')}, in hardware",
        "-" if tick is None else amount(tick, "s"),
    ]


def _cost_row(key: str, cost: Mapping[str, float] | None, origin: Mapping[str, Any]) -> list[str]:
    if cost is None:
        return [key, "unsourced", *["-"] * 5]
    unit = "" if origin["unit"] == "1" else origin["unit"]
    return [key, *amounts(cost, unit), origin["known"], origin["checked"], ", ".join(origin["source"])]


if __name__ == "__main__":
    print(profile_table())
