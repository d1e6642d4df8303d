"""Where a network in two parts on two threads starts to pay: ``python benchmarks/partition.py``.

One recurrent population of N neurons that fire about 12 times per second by their own bias, with delays of 1 to 62 ticks of
1 ms per synapse and 8-bit weights; all synapses, or 10 %. Three engines take turns: the program in one piece, its two parts
one after the other on one thread (what partitioning costs by itself), and on two threads. Spikes and digests are compared
before any time counts. A round times every tick by itself and keeps the median: on a machine that is shared, a thread that
has to wait for a core spoils the ticks it waits in, and the median of the others stands. The mean, which has all of the
waiting, is shown beside it. Writes docs/results/partition.json and the table of docs/scale.md.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import tarry
from tarry._tables import markdown

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results" / "partition.json"
PAGE = ROOT / "docs" / "scale.md"
CASES = [(n, 1.0) for n in (256, 512, 1024, 2048, 4096)] + [(n, 0.1) for n in (256, 1024, 4096, 8192)]
TICK, LONGEST, THRESHOLD = 1e-3, 62, 1 << 17
#: Ticks until neurons fire at their rate, spread evenly.
QUIET = 200
ENGINES = ("one piece", "two parts, one thread", "two parts, two threads")

Row = dict[str, Any]


def network(neurons: int, density: float) -> tarry.Network:
    """Recurrent neurons without leak: the bias, not the size of the network, sets how often they fire."""
    rng = np.random.default_rng(neurons)
    shape = (neurons, neurons)
    weights = rng.integers(-127, 128, shape, dtype=np.int16)
    if density < 1:
        weights *= rng.random(shape, dtype=np.float32) < density
    bias = (THRESHOLD / rng.uniform(60, 110, neurons)).astype(int)
    model = tarry.DeltaLif(1 << 15, THRESHOLD, bias=bias)
    delays = rng.integers(1, LONGEST + 1, shape, dtype=np.int16) * TICK
    return tarry.Network(
        (tarry.Population("in", 1), tarry.Population("neurons", neurons, model)),
        (
            tarry.Projection("in", "neurons", np.full((neurons, 1), 1.0)),
            tarry.Projection("neurons", "neurons", weights, delays),
        ),
        ("neurons",),
    )


def measure(neurons: int, density: float, rounds: int, seconds: float) -> Row:
    """Microseconds per tick of all engines in turn; spikes and digests are the same, or it is an error."""
    built = network(neurons, density)
    whole = tarry.compile(built, tick=TICK)
    parts = tarry.partition(built, 2, tick=TICK)
    del built
    processors = (
        tarry.Processor(whole),
        tarry.PartitionedProcessor(parts, 1),
        tarry.PartitionedProcessor(parts, 2),
    )
    nothing = np.zeros(0, np.int64)
    timed: list[Callable[[int], npt.NDArray[np.int64]]] = [partial(one_piece, processors[0])]
    timed += [partial(processor.tick_nanoseconds, nothing, nothing) for processor in processors[1:]]
    checked = 600
    found = [(processor.run(nothing, nothing, checked), processor.digest()) for processor in processors]
    for (times, channels), digest in found[1:]:
        assert digest == found[0][1]
        assert np.array_equal(times, found[0][0][0])
        assert np.array_equal(channels, found[0][0][1])
    spikes = int(np.count_nonzero(found[0][0][0] >= QUIET)) / (checked - QUIET)

    usual = float(np.median(timed[0](checked)[QUIET:]))
    ticks = QUIET + int(np.clip(seconds * 1e9 / usual, 400, 4000))
    medians: list[list[float]] = [[] for _ in timed]
    means: list[list[float]] = [[] for _ in timed]
    for turn in range(rounds):
        for index in np.roll(range(len(timed)), turn):
            taken = timed[index](ticks) / 1e3
            medians[index].append(float(np.median(taken[QUIET:])))
            means[index].append(float(np.mean(taken[QUIET:])))
    return {
        "neurons": neurons,
        "density": density,
        "deliveries_per_tick": round(spikes * neurons * density),
        "ticks": ticks,
        "us_per_tick": by_engine(medians),
        "mean_us_per_tick": by_engine(means),
        "times_faster": by_engine([[a / b for a, b in zip(medians[0], own, strict=True)] for own in medians]),
        "times_faster_in_mean": by_engine(
            [[a / b for a, b in zip(means[0], own, strict=True)] for own in means]
        ),
        "program_bytes": len(whole.bytes),
    }


def one_piece(processor: tarry.Processor, until: int) -> npt.NDArray[np.int64]:
    """Nanoseconds of every tick; the call from Python is in them, outputs are taken between."""
    processor.reset()
    taken = np.zeros(until, np.int64)
    for tick in range(until):
        start = time.perf_counter_ns()
        processor.run_until(tick + 1)
        taken[tick] = time.perf_counter_ns() - start
        processor.pop()
    return taken


def by_engine(values: list[list[float]]) -> dict[str, list[float]]:
    """Quartiles of each."""
    return {name: quartiles(own) for name, own in zip(ENGINES, values, strict=True)}


def quartiles(values: list[float]) -> list[float]:
    """Lower quartile, median, upper quartile."""
    return [round(q, 3) for q in statistics.quantiles(values, n=4, method="inclusive")]


def table(results: Row) -> str:
    """The table of docs/scale.md."""
    rows: list[list[str]] = [
        [
            "neurons",
            "synapses",
            "deliveries per tick",
            "one piece, us per tick",
            "two parts on one thread",
            "two threads",
            "two threads, mean",
        ]
    ]
    for case in results["cases"]:
        gain = {name: [f"{q:.2f}" for q in qs] for name, qs in case["times_faster"].items()}
        mean = [f"{q:.2f}" for q in case["times_faster_in_mean"][ENGINES[2]]]
        low, median, high = gain[ENGINES[2]]
        rows.append(
            [
                f"{case['neurons']:,}",
                "all" if case["density"] == 1 else f"{case['density']:.0%}",
                f"{case['deliveries_per_tick']:,}",
                f"{case['us_per_tick'][ENGINES[0]][1]:.1f}",
                f"{gain[ENGINES[1]][1]} ×",
                f"**{median} ×** ({low}–{high})",
                f"{mean[1]} × ({mean[0]}–{mean[2]})",
            ]
        )
    low, high = results["load_average"]
    note = (
        f"Speed-up over one piece: medians of {results['rounds']} rounds in turn, quartiles in brackets. "
        f"{results['cores']} cores, shared with other work: load averages of {low:.0f} to {high:.0f}. `python benchmarks/partition.py`"
    )
    return f"{markdown(rows)}\n\n{note}"


def write_page(results: Row) -> None:
    """Replace what stands between the markers of the page."""
    text = PAGE.read_text()
    block = f"<!-- table -->\n{table(results)}\n<!-- /table -->"
    PAGE.write_text(re.sub("<!-- table -->.*?<!-- /table -->", lambda _: block, text, flags=re.DOTALL))


def main() -> None:
    """Measure all cases and write results and page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--seconds", type=float, default=0.03, help="of one round in one piece")
    parser.add_argument("--most", type=int, default=1 << 20, help="leave out cases with more neurons")
    parser.add_argument("--page", action="store_true", help="write the page from the last results alone")
    given = parser.parse_args()
    if not given.page:
        cases, loads = [], [os.getloadavg()[0]]
        for neurons, density in CASES:
            if neurons <= given.most:
                cases.append(measure(neurons, density, given.rounds, given.seconds))
                loads.append(os.getloadavg()[0])
                print(json.dumps(cases[-1]), flush=True)
        results = {
            "rounds": given.rounds,
            "cores": os.cpu_count(),
            "load_average": [min(loads), max(loads)],
            "cases": cases,
        }
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    write_page(json.loads(RESULTS.read_text()))


if __name__ == "__main__":
    main()
