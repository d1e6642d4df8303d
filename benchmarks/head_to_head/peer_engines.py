"""The peers: which program runs in which environment, for how many recordings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from .cases import Case
from .engine import Command, Engine, one_answer
from .environments import python_of
from .paths import BUILD, PEERS

BRIAN2_RECORDINGS = 20
NEST_RECORDINGS = 10
TORCH_RECORDINGS = 5


def brian2(case: Case) -> list[str | Path]:
    """Brian2 writes and compiles a program for the case, kept until its script, its list or the case changes."""
    python, script, folder = python_of("brian2"), PEERS / "run_brian2.py", BUILD / "brian2" / case.name
    program = folder / "main"
    inputs = [case.file, script, Path(__file__), python.parents[1] / ".installed"]
    if not program.exists() or any(file.stat().st_mtime > program.stat().st_mtime for file in inputs):
        print(f"building {case.name} with Brian2", file=sys.stderr)
        command = [python, script, case.file, "--recordings", str(BRIAN2_RECORDINGS), "--out", folder]
        subprocess.run(command, check=True, stdout=sys.stderr)
        program.touch()
    return [program]


def script(name: str, recordings: int) -> Command:
    """A peer whose program runs in its own Python, one Python thread."""

    def command(case: Case) -> list[str | Path]:
        return [python_of(name), PEERS / f"run_{name}.py", case.file, "--recordings", str(recordings)]

    return command


ENGINES = (
    Engine(
        ("brian2",),
        brian2,
        one_answer("brian2"),
        note=f"Brian2 2.9.0, C++ standalone, {BRIAN2_RECORDINGS} recordings; the same rule in float64",
    ),
    Engine(
        ("nest",),
        script("nest", NEST_RECORDINGS),
        one_answer("nest"),
        rule="to_zero",
        note=f"NEST 3.10.0, {NEST_RECORDINGS} recordings; resets to zero, so its spikes are fewer; its own deliveries",
    ),
    Engine(
        ("torch_ring",),
        script("torch_ring", TORCH_RECORDINGS),
        one_answer("torch_ring"),
        note=f"a ring buffer in torch 2.13.0, batch 1, {TORCH_RECORDINGS} recordings; the same rule",
    ),
    Engine(
        ("spikingjelly",),
        script("spikingjelly", TORCH_RECORDINGS),
        one_answer("spikingjelly"),
        rule="no_delays",
        spikes_within=1e-3,
        note=f"spikingjelly 2.0.0, {TORCH_RECORDINGS} recordings; without delays, whole recordings at once",
    ),
)
