"""The bare-metal images of firmware_sim/firmware: build them, run them in QEMU, look at their symbols."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
FIRMWARE = ROOT / "firmware_sim" / "firmware"
TARGETS = ("thumbv7em-none-eabihf", "riscv32imc-unknown-none-elf")
BOARDS = {TARGETS[0]: "Cortex-M4, mps2-an386", TARGETS[1]: "RV32IMC, virt"}


class Missing(Exception):
    """A tool is missing; says which."""


@cache
def compiler() -> str:
    """The Rust compiler that has both targets, where QEMU is there too; else :class:`Missing`."""
    found = subprocess.run([FIRMWARE / "setup.sh", "--check"], capture_output=True, text=True, check=False)
    if found.returncode:
        raise Missing(found.stderr.strip())
    return found.stdout.strip()


@cache
def build(target: str, image: str, profile: str = "release", *, control: bool = False) -> Path:
    """Build an image (``golden``, ``engine``); returns the ELF file. ``control`` builds a panic into it."""
    folder = ROOT / "target" / ("firmware-control" if control else "firmware")
    command = ["cargo", "build", "--quiet", "--locked", "--offline", "--bin", image, "--target", target]
    command += ["--profile", profile, "--target-dir", str(folder)]
    command += ["--features", "control"] if control else []
    environment = {**os.environ}
    if compiler() != shutil.which("rustc"):
        environment["RUSTC"] = compiler()
    subprocess.run(command, cwd=FIRMWARE, env=environment, check=True)
    return folder / target / profile / image


@dataclass(frozen=True)
class Outcome:
    """Exit status of an image and the lines that it printed."""

    status: int
    lines: list[dict[str, Any]]

    def recordings(self) -> list[dict[str, Any]]:
        """The lines of recordings, in order."""
        return [line for line in self.lines if "recording" in line]

    def not_run(self) -> list[dict[str, Any]]:
        """The lines of cases that were not run, each with the reason."""
        return [line for line in self.lines if isinstance(line.get("not_run"), str)]

    def files(self) -> list[dict[str, Any]]:
        """The lines of files: how many cases, recordings, right ones."""
        return [line for line in self.lines if "file" in line]


def run(elf: Path, *arguments: str | Path, image: Path | None = None) -> Outcome:
    """Run an image in QEMU; ``image`` is a file that lies in its memory before reset."""
    loaded = ["--image", str(image)] if image else []
    command = [str(FIRMWARE / "qemu.sh"), str(elf), *loaded, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.stderr:
        raise RuntimeError(f"{elf.name}: {done.stderr}")
    return Outcome(done.returncode, [json.loads(line) for line in done.stdout.splitlines()])


def symbols(elf: Path) -> list[str]:
    """The names of all symbols."""
    listed = subprocess.run(["nm", "--demangle", elf], capture_output=True, text=True, check=True)
    return [line.split(maxsplit=2)[-1] for line in listed.stdout.splitlines()]


def panics(names: Iterable[str]) -> list[str]:
    """Those through which code panics: of ``core::panicking``, and what the panic handler calls."""
    return [name for name in names if "panicking" in name or "tarry_panicked" in name]


def section_bytes(elf: Path) -> dict[str, int]:
    """The lengths of the sections."""
    listed = subprocess.run(["size", "-A", elf], capture_output=True, text=True, check=True)
    rows = [line.split() for line in listed.stdout.splitlines()]
    return {row[0]: int(row[1]) for row in rows if len(row) == 3 and row[0].startswith(".")}
