"""The table of the README, from docs/results/head_to_head.json."""

from __future__ import annotations

import statistics
from typing import Any

TITLES = {
    "tarry": "Tarry",
    "tarry_native": "Tarry, native",
    "yardstick_32": "C, 32 bit",
    "yardstick_16": "C, 16 bit",
    "kernel_scatter_32": "inner loop alone, 32 bit",
    "kernel_scatter_16": "inner loop alone, 16 bit",
    "kernel_row_add_32": "row add alone",
    "brian2": "Brian2",
    "nest": "NEST",
    "torch_ring": "torch ring",
    "spikingjelly": "spikingjelly, no delays",
}
TICKS = 1000  # of a recording
PEERS = ("brian2", "nest", "torch_ring")  # those that have delays
Rows = dict[str, dict[str, Any]]


def table(results: dict[str, Any]) -> str:
    """Speeds by case and engine, latencies and memory on the fixed case, and what the issue asks for as ratios."""
    cases: dict[str, Rows] = results["cases"]
    names = [name for name in TITLES if any(name in rows for rows in cases.values())]
    rounds = max(row.get("rounds", 0) for rows in cases.values() for row in rows.values())
    lines = [
        f"**The fixed workload**, million deliveries per second (one thread, medians of {rounds} rounds, engines taking "
        f"turns; {results['machine']})",
        "",
        "| engine | " + " | ".join(cases) + " | tick p50, p99, p99.9 (µs) | peak memory |",
        "|---" * (len(cases) + 3) + "|",
    ]
    for name in names:
        speeds = [speed(rows.get(name)) for rows in cases.values()]
        fixed = cases.get("fixed", {}).get(name, {})
        lines.append(f"| {TITLES[name]} | {' | '.join(speeds)} | {latency(fixed)} | {memory(fixed)} |")
    lines += ["", *notes(cases), "", *ratios(cases), *sparse(cases)]
    return "\n".join(lines).rstrip() + "\n\n`make head-to-head`"


def speed(row: dict[str, Any] | None) -> str:
    """Millions per second."""
    if row is None:
        return ""
    return number(row["deliveries_per_second"] / 1e6) if row["checked"] else "wrong"


def number(value: float) -> str:
    """With three digits, or whole."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def latency(row: dict[str, Any]) -> str:
    """Quantiles of a tick in microseconds."""
    if row.get("p50_us") is None:
        return ""
    return ", ".join(number(row[key]) for key in ("p50_us", "p99_us", "p99.9_us"))


def memory(row: dict[str, Any]) -> str:
    """The whole process, at its peak."""
    return f"{row['peak_bytes'] / 1e6:,.0f} MB" if row.get("peak_bytes") else ""


def notes(cases: dict[str, Rows]) -> list[str]:
    """What each peer is and does otherwise, once."""
    found = {
        row["note"]: None
        for rows in cases.values()
        for name, row in rows.items()
        if name in (*PEERS, "spikingjelly") and "note" in row
    }
    return ["; ".join(found) + ". Peak memory is that of the whole process."] if found else []


def ratios(cases: dict[str, Rows]) -> list[str]:
    """Tarry against what it is compared with, each from the rounds of one run."""
    lines = []
    for case, rows in cases.items():
        for ours in ("tarry", "tarry_native"):
            if not rows.get(ours, {}).get("checked"):
                continue
            parts = [
                f"{ratio(rows[ours], rows[other]):.2f} × {TITLES[other]}"
                for other in rows
                if other.startswith(("yardstick", "kernel")) and rows[other]["checked"]
            ]
            peers = [name for name in PEERS if rows.get(name, {}).get("checked")]
            if peers:
                fastest = max(peers, key=lambda name: rows[name]["deliveries_per_second"])
                parts.append(f"{ratio(rows[ours], rows[fastest]):.1f} × {TITLES[fastest]}, the fastest peer")
            if parts:
                lines.append(f"- {case}, {TITLES[ours]}: {'; '.join(parts)}")
    return lines


def sparse(cases: dict[str, Rows]) -> list[str]:
    """What few spikes take beside their share of the deliveries, and what the neurons alone take."""
    lines = []
    for ours in ("tarry", "tarry_native"):
        pair = [cases.get(case, {}).get(ours, {}) for case in ("rate_500", "fixed")]
        if all(row.get("checked") and row.get("idle_tick_us") for row in pair):
            few, many = pair
            taken = many["deliveries_per_second"] / few["deliveries_per_second"]
            lines.append(
                f"- rate_500, {TITLES[ours]}: {taken:.2f} × its share of the time of fixed, by deliveries; "
                f"{number(tick_us(few))} µs per tick, and the neurons alone, with nothing delivered, take "
                f"{number(few['idle_tick_us'])} µs"
            )
    return lines


def tick_us(row: dict[str, Any]) -> float:
    """Microseconds of a tick, mean."""
    return float(1e6 * row["deliveries"] / row["deliveries_per_second"] / row["recordings"] / TICKS)


def ratio(ours: dict[str, Any], other: dict[str, Any]) -> float:
    """The median over the rounds of the ratios within a round; of CPU time where both tell theirs."""
    key = "cpu_by_round" if ours.get("cpu_by_round") and other.get("cpu_by_round") else "by_round"
    parts: list[float] = [a / b for a, b in zip(ours[key], other[key], strict=True)]
    return statistics.median(parts)
