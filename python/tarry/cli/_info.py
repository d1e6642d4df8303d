"""Show a program, a network or a platform; without a name, list the platforms."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tarry.cli._types import show

if TYPE_CHECKING:
    from tarry import Program


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "name",
        nargs="?",
        metavar="NAME",
        help="a .tarry program, a .npz network, a platform or its .toml profile",
    )


def execute(options: argparse.Namespace) -> int:
    """Find out what is meant, and show it."""
    from tarry._core import platform_names

    if options.name is None:
        names = platform_names()
        show(options, {"platforms": names}, f"platforms: {', '.join(names)}")
        return 0
    suffix = Path(options.name).suffix
    if suffix == ".tarry":
        show(options, *_program(options.name))
    elif suffix == ".npz":
        show(options, *_network(options.name))
    elif suffix == ".toml" or options.name in platform_names():
        show(options, *_platform(options.name))
    else:
        raise ValueError(
            f"{options.name} is neither a .tarry program, a .npz network nor a platform; platforms are "
            f"{', '.join(platform_names())}"
        )
    return 0


def program_facts(program: Program) -> dict[str, Any]:
    """What a program is, in numbers."""
    return {
        "bytes": len(program.bytes),
        "memory_bytes": program.memory_bytes,
        "tick_seconds": program.tick_seconds,
        "weight_bits": program.weight_bits,
        "synapses": program.synapses,
        "rules": program.rules,
        "delay_bytes": program.delay_bytes,
        "projections": program.projections(),
        "work_per_tick": program.work_per_tick(),
    }


def _program(path: str) -> tuple[dict[str, Any], str]:
    from tarry import Program

    program = Program.load(path)
    populations = [
        {"name": name, **population}
        for name, population in zip(program.names, program.populations(), strict=True)
    ]
    return {**program_facts(program), "populations": populations}, str(program)


def _network(path: str) -> tuple[dict[str, Any], str]:
    from dataclasses import asdict

    import numpy as np

    from tarry import Lif, Network
    from tarry._tables import amount

    network = Network.load(path)
    lines, populations, projections = [], [], []
    for p in network.populations:
        neuron = None if p.neuron is None else asdict(p.neuron)
        if neuron is not None:
            # JSON has no infinity; a non-leaky neuron has no time constant.
            neuron = {name: None if value == np.inf else value for name, value in neuron.items()}
        populations.append(
            {"name": p.name, "size": p.size, "neuron": neuron, "output": p.name in network.outputs}
        )
        if p.neuron is None:
            lines.append(f"{p.name}: {p.size:,} inputs")
        else:
            output = ", output" if p.name in network.outputs else ""
            kind = type(p.neuron).__name__
            if isinstance(p.neuron, Lif):
                kind = (
                    f"tau_mem {amount(p.neuron.tau_mem, 's')}, tau_syn {amount(p.neuron.tau_syn, 's')}, "
                    f"reset {p.neuron.reset}"
                )
            lines.append(f"{p.name}: {p.size:,} neurons, {kind}{output}")
    for q in network.projections:
        low, high = float(q.delays.min()), float(q.delays.max())
        projections.append(
            {
                "source": q.source,
                "target": q.target,
                "synapses": int(np.count_nonzero(q.weights)),
                "delays": list(q.delays.shape),
                "delay_seconds": [low, high],
                "largest_weight": float(np.abs(q.weights).max()),
            }
        )
        lines.append(
            f"{q.source} -> {q.target}: {np.count_nonzero(q.weights):,} synapses, largest weight "
            f"{np.abs(q.weights).max():.3g}, delays of shape {q.delays.shape} "
            f"from {amount(low, 's')} to {amount(high, 's')}"
        )
    return {"populations": populations, "projections": projections}, "\n".join(lines)


def _platform(name: str) -> tuple[dict[str, Any], str]:
    from tarry._tables import aligned, amount
    from tarry.platforms import platform

    profile = platform(name)
    limits = [
        [key, "unknown" if value is None else amount(value, "") if value < 1e6 else f"{value:,.0f}"]
        for key, value in profile["limits"].items()
    ]
    costs = [["cost", "low", "nominal", "high", "how it is known", "source"]]
    for key, interval in profile["costs"].items():
        origin = profile["constants"][key]
        if interval is None:
            costs.append([key, "", "unknown", "", "", ""])
            continue
        unit = "" if origin["unit"] == "1" else origin["unit"]
        bounds = [amount(interval[bound], unit) for bound in ("low", "nominal", "high")]
        costs.append([key, *bounds, origin["known"] or "", ", ".join(origin["source"])])
    head = (
        f"{profile['name']}, {profile['process']}; time model {profile['time_model']}, grade {profile['grade']}\n"
        f"rules of programs, the first is the default: {', '.join(profile['rules'])}"
    )
    return profile, "\n\n".join([head, aligned(limits, right={1}), aligned(costs, right={1, 2, 3})])
