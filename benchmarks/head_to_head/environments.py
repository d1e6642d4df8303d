"""Virtual environments of the peers, one each, from pinned lists: build/venvs/NAME, requirements/peers-NAME.txt."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from .paths import ROOT, VENVS

UV = Path(sys.executable).with_name("uv")


def python_of(name: str) -> Path:
    """The interpreter of a peer's environment, made or renewed where its list has changed.

    Lists are complete: nothing is resolved here, since some peers' own requirements contradict each other.
    """
    wanted = ROOT / "requirements" / f"peers-{name}.txt"
    home = VENVS / name
    python, stamp = home / "bin" / "python", home / ".installed"
    if not stamp.exists() or stamp.read_text() != wanted.read_text():
        print(f"making {home.relative_to(ROOT)}", file=sys.stderr)
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        subprocess.run([UV, "venv", "-q", "--clear", "--python", version, home], check=True)
        subprocess.run(
            [UV, "pip", "install", "-q", "--no-deps", "--compile-bytecode", "--python", python, "-r", wanted],
            check=True,
        )
        stamp.write_text(wanted.read_text())
    return python
