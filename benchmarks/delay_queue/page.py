"""The page and the pictures of the delay queue, from the results alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import LogLocator

import tarry
from tarry.plots._style import style

Rows = list[dict[str, Any]]
AXES = {
    "activity": "input spikes per tick (256 sources)",
    "delay": "longest delay in ticks",
    "levels": "delays shared by all sources",
    "fan_out": "synapses per source (4096 targets)",
}
BEGIN, END = "<!-- measured -->", "<!-- /measured -->"


def write_page(rows: Rows, root: Path) -> None:
    """Write docs/delay_queue.svg and the tables of docs/delay_queue.md."""
    with style():
        figure, panels = plt.subplots(2, 2, figsize=(9.5, 7.0))
        for panel, (sweep, label) in zip(panels.flat, AXES.items(), strict=True):
            _panel(panel, [row for row in rows if row["sweep"] == sweep], label)
        figure.savefig(root / "docs" / "delay_queue.svg", metadata={"Date": None})
        plt.close(figure)
    page = root / "docs" / "delay_queue.md"
    text = page.read_text()
    before, rest = text.split(BEGIN)
    tables = [
        _sweep_table([row for row in rows if row["sweep"] == sweep], label) for sweep, label in AXES.items()
    ]
    tables.append(_budget_table())
    page.write_text(before + BEGIN + "\n\n" + "\n\n".join(tables) + "\n\n" + END + rest.split(END)[1])


def _panel(panel: Any, rows: Rows, label: str) -> None:
    for kind in dict.fromkeys(row["what"] for row in rows):
        own = [row for row in rows if row["what"] == kind]
        dashed = "--" if "plain" in kind or "dense" in kind else "-"
        panel.plot(
            [row["value"] for row in own],
            [row["us_per_tick"] for row in own],
            dashed,
            color=_colour(kind),
            marker="o",
            markersize=3.5,
            label=kind,
        )
    panel.set(xscale="log", yscale="log", xlabel=label, ylabel="µs per tick")
    values = sorted({row["value"] for row in rows})
    panel.set_xticks(values, [f"{value:g}" for value in values])
    panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    panel.yaxis.set_major_formatter("{x:g}")
    panel.minorticks_off()
    panel.legend(ncols=2)


def _colour(kind: str) -> Any:
    """The same in every panel: blocks by their width, rings and rows apart."""
    if "B = " in kind:
        width = int(kind.removeprefix("B = ").split()[0])
        return plt.get_cmap("viridis")(min(1.0, np.log2(width) / 8))
    return "#c2410c" if "ring" in kind else "#7c3aed"


def _sweep_table(rows: Rows, label: str) -> str:
    lines = [
        f"**{label[0].upper()}{label[1:]}**",
        "",
        "| value | what | µs per tick | ns per delivery | writes per spike (runs) | delay memory | program |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        runs = "" if row["runs_per_spike"] is None else f"{row['runs_per_spike']:.1f}"
        lines.append(
            f"| {row['value']:g} | {row['what']} | {row['us_per_tick']:.2f} | "
            f"{1e3 * row['us_per_tick'] / row['deliveries_per_tick']:.2f} | {runs} | "
            f"{row['delay_bytes']:,} | {row['table_bytes']:,} |"
        )
    return "\n".join(lines)


def _budget_table() -> str:
    """64-64-20, delays up to 62, 8-bit weights: bytes with lists of 256 spikes and with bitmaps."""
    rng = np.random.default_rng(1)
    populations = (
        tarry.Population("input", 64, binary=True),
        tarry.Population("hidden", 64, tarry.DeltaLif(beta=31170, threshold=500)),
        tarry.Population("output", 20, tarry.DeltaLif(beta=31170, threshold=500)),
    )

    def project(source: str, target: str, post: int, pre: int, least: int) -> tarry.Projection:
        weights = rng.integers(1, 128, (post, pre)) * rng.choice([-1, 1], (post, pre))
        return tarry.Projection(source, target, weights, rng.integers(least, 63, (post, pre)) * 1e-3)

    network = tarry.Network(
        populations,
        (project("input", "hidden", 64, 64, 0), project("hidden", "output", 20, 64, 1)),
        ("output",),
    )
    lines = [
        "**RAM budget: 64-64-20, delays up to 62 ticks, 8-bit weights**",
        "",
        "| B | lists of 256 spikes | bitmaps (cannot overflow) | program |",
        "|---|---|---|---|",
    ]
    for width in (1, 4, 8, 16, 64):
        lists = tarry.compile(
            network,
            tick=1e-3,
            block=width,
            layout="packed",
            history="list",
            capacities={"input": 256, "hidden": 256},
            input_window=1,
        )
        bitmaps = tarry.compile(
            network, tick=1e-3, block=width, layout="packed", history="bitmap", input_window=1
        )
        name = {1: "1 (SCDQ)", 64: "64 (ring)"}.get(width, str(width))
        lines.append(f"| {name} | {lists.delay_bytes:,} | {bitmaps.delay_bytes:,} | {len(bitmaps.bytes):,} |")
    return "\n".join(lines)
