"""Where the shared circular delay queue wins: ``make delay-queue`` writes docs/results/delay_queue.json and the page.

One clocked layer is compiled with every block width and layout and run on the same spikes; all programs of a case take
turns in one process, so that noise hits them alike, and must agree.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from pathlib import Path

from layers import ROOT, Case, measure
from page import write_page

RESULTS = ROOT / "docs" / "results" / "delay_queue.json"
BINARY = ROOT / "target" / "release" / "examples" / "delay_queue"
WIDTHS = (1, 4, 8, 16, 32, 64)


def cases() -> list[Case]:
    """Every sweep of the page."""
    base = Case("", 0.0, sources=256, targets=256, fan_out=256, longest=62, rate=8.0)
    found = [base.but("activity", rate, rate=rate, widths=WIDTHS) for rate in (0.1, 0.5, 2.0, 8.0, 30.0)]
    for longest in (7, 15, 62, 125, 250):
        ring = 1 << longest.bit_length()
        widths = (*(width for width in (1, 8, 32, 128) if width < ring), ring)
        found.append(base.but("delay", longest, longest=longest, widths=widths))
    for levels in (1, 2, 4, 8, 16):
        found.append(base.but("levels", levels, levels=levels, widths=(1, 64), dense=True))
    wide = base.but(
        "", 0.0, sources=1024, targets=4096, longest=250, widths=(1, 4, 8, 16), ring=True, ticks=200
    )
    for fan_out in (256, 1024, 4096):
        found.append(wide.but("fan_out", fan_out, fan_out=fan_out, rate=7680 / fan_out))
    return found


def main() -> None:
    """Measure, then write the page; or the page alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--page", action="store_true", help="only write the page from the results")
    arguments = parser.parse_args()
    if not arguments.page:
        build = ["cargo", "build", "--release", "--quiet", "-p", "firmware-sim", "--example", "delay_queue"]
        subprocess.run(build, cwd=ROOT, check=True)
        rows = [row for case in cases() for row in measure(case, BINARY, arguments.repeats)]
        RESULTS.write_text(json.dumps({"command": "make delay-queue", "rows": rows}, indent=1) + "\n")
    write_page(json.loads(RESULTS.read_text())["rows"], Path(ROOT))


if __name__ == "__main__":
    main()
