"""Where a network in two parts on two threads starts to pay: ``python benchmarks/partition.py``.

One recurrent population of N neurons that fire about 12 times per second by their own bias, with delays of 1 to 62 ticks of
1 ms per synapse and 8-bit weights; all synapses, or 10 %. Three engines take turns: the program in one piece, its two parts
one after the other on one thread (what partitioning costs by itself), and on two threads. Spikes and digests are compared
before any time counts.

Every tick is timed by itself, and does the same in every round. So the least time of each 32 ticks over all rounds comes
near what they take when nobody disturbs, if there was such a time. (Single ticks would not do: after a thread was
held up, the others have done its next tick already.) What was measured with all the waiting stands beside it. Writes
docs/results/partition.json and the table of docs/scale.md.
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
CASES = [(n, density) for n in (32, 64, 128, 256, 512, 1024, 2048, 4096) for density in (0.1, 1.0)]
TICK, LONGEST, THRESHOLD = 1e-3, 62, 1 << 17
#: Ticks until neurons fire at their rate, spread evenly.
QUIET = 200
WINDOW = 32
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
    taken: list[list[npt.NDArray[np.float64]]] = [[] for _ in timed]
    for turn in range(rounds):
        for index in np.roll(range(len(timed)), turn):
            taken[index].append(timed[index](ticks)[QUIET:] / 1e3)
    means = [[float(own.mean()) for own in each] for each in taken]
    return {
        "neurons": neurons,
        "density": density,
        "deliveries_per_tick": round(spikes * neurons * density),
        "ticks": ticks,
        "rounds": rounds,
        "least_us_per_tick": {name: least(own) for name, own in zip(ENGINES, taken, strict=True)},
        "mean_us_per_tick": {name: quartiles(own) for name, own in zip(ENGINES, means, strict=True)},
        "times_faster_in_mean": {
            name: quartiles([a / b for a, b in zip(means[0], own, strict=True)])
            for name, own in zip(ENGINES, means, strict=True)
        },
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


def least(rounds: list[npt.NDArray[np.float64]]) -> float:
    """The mean tick, from the least time of each window over the rounds."""
    ticks = np.array(rounds)
    windows = ticks[:, : ticks.shape[1] // WINDOW * WINDOW].reshape(len(ticks), -1, WINDOW)
    return round(float(windows.mean(axis=2).min(axis=0).mean()), 3)


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
            "two parts, one thread",
            "two threads",
            "two threads, disturbed",
        ]
    ]
    for case in results["cases"]:
        whole, alone, both = (case["least_us_per_tick"][name] for name in ENGINES)
        low, median, high = case["times_faster_in_mean"][ENGINES[2]]
        rows.append(
            [
                f"{case['neurons']:,}",
                "all" if case["density"] == 1 else f"{case['density']:.0%}",
                f"{case['deliveries_per_tick']:,}",
                f"{whole:.1f}",
                f"{whole / alone:.2f} ×",
                f"**{whole / both:.2f} ×**",
                f"{median:.2f} × ({low:.2f}–{high:.2f})",
            ]
        )
    low, high = results["load_average"]
    rounds = [case["rounds"] for case in results["cases"]]
    note = (
        f"Speed-up over one piece, from the least time of every {WINDOW} ticks in {min(rounds)} rounds; disturbed: of the "
        f"means of rounds, median and quartiles, {results['cores']} cores shared with others at load averages of {low:.0f} "
        f"to {high:.0f}. `python benchmarks/partition.py`"
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
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=0.03, help="of one round in one piece")
    parser.add_argument(
        "--least", type=int, default=1, help="keep the last results of cases with fewer neurons"
    )
    parser.add_argument("--most", type=int, default=1 << 20, help="and of those with more")
    parser.add_argument("--page", action="store_true", help="write the page from the last results alone")
    given = parser.parse_args()
    results: Row = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"cases": [], "load_average": []}
    loads = [*results["load_average"], os.getloadavg()[0]]
    for neurons, density in CASES:
        if given.page or not given.least <= neurons <= given.most:
            continue
        case = measure(neurons, density, given.rounds, given.seconds)
        print(json.dumps(case), flush=True)
        loads.append(os.getloadavg()[0])
        others = [c for c in results["cases"] if (c["neurons"], c["density"]) != (neurons, density)]
        results = {
            "cores": os.cpu_count(),
            "load_average": [min(loads), max(loads)],
            "cases": sorted([*others, case], key=lambda case: (case["neurons"], case["density"])),
        }
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    write_page(json.loads(RESULTS.read_text()))


if __name__ == "__main__":
    main()
