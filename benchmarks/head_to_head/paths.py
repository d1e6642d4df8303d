"""Where things are."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
YARDSTICKS = ROOT.parent / "shared" / "tools" / "yardsticks"
BUILD = ROOT / "build" / "bench"
VENVS = ROOT / "build" / "venvs"
PEERS = Path(__file__).parent / "peers"
