"""Checks what engines answered and sums it up: medians over the rounds."""

from __future__ import annotations

import statistics
from typing import Any

from .cases import Case
from .engine import Answer, Engine
from .expected import expected

Figures = dict[str, Any]


def disagreement(case: Case, engine: Engine, answer: Answer) -> str | None:
    """What differs between an answer and the simulation of the engine's rule; None if nothing does."""
    wanted = expected(case, engine.rule, answer.recordings).totals(answer.recordings)
    for key, right in wanted.items():
        found = getattr(answer, key)
        allowed = engine.spikes_within * right if key.startswith("spikes") else 0
        if found is not None and abs(found - right) > allowed:
            return f"{key} is {found}, the simulation has {right:.0f} ({engine.rule}, {answer.recordings} recordings)"
    return None


def deliveries(case: Case, engine: Engine, recordings: int) -> int:
    """Deliveries due within the recordings, from the simulation that the engine's spikes were compared with."""
    return int(expected(case, engine.rule, recordings).totals(recordings)["deliveries_due"])


def summary(case: Case, engine: Engine, answers: list[Answer], peaks: list[int]) -> Figures:
    """Medians over the rounds; nothing but the reason where an answer is wrong."""
    for answer in answers:
        reason = disagreement(case, engine, answer)
        if reason:
            return {"checked": False, "why": reason}
    recordings = answers[0].recordings
    due = deliveries(case, engine, recordings)
    cpu = [a.cpu_seconds for a in answers if a.cpu_seconds]
    ticks = [a.tick_us for a in answers if a.tick_us]
    idle = [a.idle_tick_us for a in answers if a.idle_tick_us]
    quantile = {
        f"{key}_us": statistics.median(tick[key] for tick in ticks) if ticks else None
        for key in ("p50", "p99", "p99.9")
    }
    return {
        "deliveries_per_second": due / statistics.median(a.seconds for a in answers),
        "deliveries_per_cpu_second": due / statistics.median(cpu) if cpu else None,
        **quantile,
        "peak_bytes": max(peaks),
        "memory_bytes": answers[0].memory_bytes,
        "idle_tick_us": statistics.median(idle) if idle else None,
        "checked": True,
        "recordings": recordings,
        "deliveries": due,
        "rounds": len(answers),
        "by_round": [due / answer.seconds for answer in answers],
        "cpu_by_round": [due / seconds for seconds in cpu] if len(cpu) == len(answers) else None,
        "note": engine.note,
    }


def kernel_summary(rows: list[Figures]) -> Figures:
    """Medians of an inner loop alone."""
    if not all(row["sums_checked"] for row in rows):
        return {"checked": False, "why": "its sums are wrong"}
    return {
        "deliveries_per_second": statistics.median(row["deliveries_per_second"] for row in rows),
        "deliveries_per_cpu_second": statistics.median(row["deliveries_per_cpu_second"] for row in rows),
        "p50_us": None,
        "p99_us": None,
        "p99.9_us": None,
        "peak_bytes": None,
        "checked": True,
        "rounds": len(rows),
        "by_round": [row["deliveries_per_second"] for row in rows],
        "cpu_by_round": [row["deliveries_per_cpu_second"] for row in rows],
        "note": f"inner loop alone: {rows[0]['kernel']}",
    }
