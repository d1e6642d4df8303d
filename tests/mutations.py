"""Break the code on purpose and see the tests fail: ``make mutations``.

Each mutation changes one place in a copy of the repository and runs the tests that must notice. Stops with an error if one
survives. Not part of the suite: every mutation of Rust compiles the core again.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
CORE = ["cargo", "test", "-q", "-p", "tarry-core", "--test", "golden"]
PARITY = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "tests/test_parity.py"]
MUTATIONS = [
    # `>` for `>=`, at an arrival and at a predicted tick
    ("rust/core/src/lif.rs", ">= i64::from(neuron.threshold)", "> i64::from(neuron.threshold)", CORE),
    ("rust/core/src/prediction.rs", "if potential >= threshold", "if potential > threshold", CORE),
    # a delay off by one tick, in the engine and in the compiler
    ("rust/core/src/tick.rs", "u64::from(next.delay)", "u64::from(next.delay + 1)", CORE),
    (
        "python/tarry/compiler/layout.py",
        "delays=delay[starts],",
        "delays=delay[starts] + (delay[starts] == 7),",
        PARITY,
    ),
    # a table entry off by one, as read and as written
    ("rust/core/src/table.rs", "rounded(word(", "1 + rounded(word(", CORE),
    (
        "python/tarry/compiler/decay.py",
        "for x in low + high]",
        "for x in [low[0], low[1] + (1 << 170)] + low[2:] + high]",
        PARITY,
    ),
]


def survives(folder: Path, file: str, old: str, new: str, command: list[str]) -> bool:
    """Whether the tests pass although the code is broken."""
    path = folder / file
    text = path.read_text()
    if old not in text:
        raise SystemExit(f"{file} does not hold {old!r} any more: mend the mutation")
    path.write_text(text.replace(old, new, 1))
    passes = tests_pass(folder, command)
    path.write_text(text)
    return passes


def tests_pass(folder: Path, command: list[str]) -> bool:
    """Run tests on the copy."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(folder / "python"),
        "CARGO_TARGET_DIR": str(folder / "target"),
    }
    return (
        subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False).returncode == 0
    )


def main() -> None:
    """Try all mutations."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "tarry"
        shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns("target", ".venv", ".git", "build"))
        if not (tests_pass(folder, CORE) and tests_pass(folder, PARITY)):
            raise SystemExit("the tests do not pass before anything was broken")
        survivors = 0
        for file, old, new, command in MUTATIONS:
            lives = survives(folder, file, old, new, command)
            survivors += lives
            print(f"{'SURVIVED' if lives else 'noticed'}: {file}: {old} -> {new}")
    if survivors:
        raise SystemExit(f"{survivors} mutations were not noticed")


if __name__ == "__main__":
    main()
