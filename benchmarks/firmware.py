"""Sizes of the bare-metal images and instructions of every golden inference: ``make firmware``.

Runs all golden files and the file of all generated networks in QEMU. Writes docs/results/firmware.json and the tables of
docs/reliability.md. The counts are those of executed instructions: the same in every run, whatever the machine, for the
same compiler.
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from firmware_images import BOARDS, ROOT, TARGETS, build, compiler, panics, run, section_bytes, symbols

RESULTS = ROOT / "docs" / "results" / "firmware.json"
PAGE = ROOT / "docs" / "reliability.md"
PROFILES = {"release": "opt-level 3", "small": "opt-level s"}


def files() -> list[Path]:
    """The golden files, then all generated networks."""
    golden = sorted((ROOT / "tests" / "golden").glob("*.bin"))
    return [path.relative_to(ROOT) for path in [*golden, ROOT / "build" / "networks.bin"]]


def size(target: str, profile: str) -> dict[str, Any]:
    """Code and constants of the image of the engine alone."""
    elf = build(target, "engine", profile)
    sections = section_bytes(elf)
    return {
        "target": target,
        "profile": profile,
        "code_bytes": sections[".text"],
        "constant_bytes": sections[".rodata"],
        "panic_symbols": len(panics(symbols(elf))),
    }


def inferences(target: str, profile: str) -> list[dict[str, Any]]:
    """One row per golden file: instructions of reset, push, run and pops of a recording run whole."""
    rows = []
    for file in files():
        outcome = run(build(target, "golden", profile), file)
        (total,) = outcome.files()
        if outcome.status or total["right"] != total["recordings"]:
            raise SystemExit(f"{target}, {profile}, {file}: {total}: the image does not do what it must")
        counts = sorted(line["instructions"] for line in outcome.recordings())
        rows.append(
            {
                "target": target,
                "profile": profile,
                "file": str(file),
                "cases": total["cases"],
                "too_large": [line["case"] for line in outcome.not_run()],
                "recordings": total["recordings"],
                "least": counts[0],
                "median": round(statistics.median(counts)),
                "most": counts[-1],
                "memory_bytes": max(line["memory_bytes"] for line in outcome.recordings()),
                "stack_bytes": total["stack_bytes"],
            }
        )
    return rows


def tables(results: dict[str, Any]) -> dict[str, str]:
    """The tables of the page."""
    sizes = [
        "| target | built with | code | constants | symbols of `core::panicking` |",
        "|---|---|---|---|---|",
    ]
    sizes += [
        f"| {BOARDS[row['target']]} | {PROFILES[row['profile']]} | {row['code_bytes']:,} B | "
        f"{row['constant_bytes']:,} B | {row['panic_symbols']} |"
        for row in results["sizes"]
    ]
    counts = [
        "| golden file | target | built with | recordings, all right | instructions: least | median | most "
        "| arenas | stack |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    order = [str(file) for file in files()]
    for row in sorted(results["inferences"], key=lambda row: order.index(row["file"])):
        left_out = f", {len(row['too_large'])} too large" if row["too_large"] else ""
        counts.append(
            f"| `{row['file']}` | {BOARDS[row['target']].split(',')[0]} | {PROFILES[row['profile']]} | "
            f"{row['recordings']:,}{left_out} | {row['least']:,} | {row['median']:,} | {row['most']:,} | "
            f"{row['memory_bytes']:,} B | {row['stack_bytes']:,} B |"
        )
    made_with = f"{results['compiler']}; {results['emulator']}. `make firmware`"
    return {
        "sizes": "\n".join([*sizes, "", made_with]),
        "counts": "\n".join([*counts, "", "`make firmware`"]),
    }


def first_line(*command: str) -> str:
    """The first line that a command prints."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]


def main() -> None:
    """Build, run, write."""
    kinds = [(target, profile) for target in TARGETS for profile in PROFILES]
    results = {
        "compiler": first_line(compiler(), "--version"),
        "emulator": first_line("qemu-system-arm", "--version"),
        "sizes": [size(*kind) for kind in kinds],
        "inferences": [row for kind in kinds for row in inferences(*kind)],
    }
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    text = PAGE.read_text()
    for name, table in tables(results).items():
        pattern = rf"(<!-- {name} -->).*?(<!-- /{name} -->)"
        text = re.sub(
            pattern, lambda match, table=table: f"{match[1]}\n{table}\n{match[2]}", text, flags=re.DOTALL
        )
        print(table, end="\n\n")
    PAGE.write_text(text)


if __name__ == "__main__":
    main()
