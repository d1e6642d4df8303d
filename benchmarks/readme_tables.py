"""Write the tables of the README from docs/results: ``python benchmarks/readme_tables.py``."""

from __future__ import annotations

import json
import re
import statistics
from pathlib import Path
from typing import Any

from head_to_head.table import table

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results"


def percent(values: list[float]) -> str:
    """Mean and deviation in per cent."""
    deviation = f" ± {100 * statistics.stdev(values):.2f}" if len(values) > 1 else ""
    return f"{100 * statistics.mean(values):.2f}{deviation}"


def points(before: list[float], after: list[float]) -> str:
    """Mean loss in points."""
    return f"{100 * (statistics.mean(before) - statistics.mean(after)):.2f}"


def accuracy() -> str:
    """Accuracies on Yin-Yang by kind of delay."""
    results = json.loads((RESULTS / "yin_yang.json").read_text())
    lines = [
        f"**Yin-Yang, 4-30-3, test accuracy in %** (mean ± deviation of {len(results['seeds'])} seeds, last epoch, "
        "test set read once)",
        "",
        "| delays | float | 8 bits, tick τ/128 | gap | decided differently | 8 bits, tick τ/64 | gap |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind, rows in results["kinds"].items():
        lines.append(
            f"| {kind} | {percent(rows['float'])} | {percent(rows['fixed_128'])} | "
            f"{points(rows['float'], rows['fixed_128'])} | "
            f"{statistics.mean(rows['differing_128']):.1f} of 1000 | {percent(rows['fixed_64'])} | "
            f"{points(rows['float'], rows['fixed_64'])} |"
        )
    few = results["config"]["fine_tuned"]
    tuned = results["kinds"]["synaptic"]["fine_tuned"]
    lines += [
        "",
        f"With {few['weight_bits']}-bit weights and {few['delay_bits']}-bit delays at τ/{few['ticks_per_tau']}, after "
        f"{few['epochs']} epochs of fine-tuning with quantised parameters, the synaptic networks "
        f"reach {percent(tuned)} in fixed point, "
        f"{points(results['kinds']['synaptic']['float'], tuned)} points below float. `make accuracy`",
    ]
    return "\n".join(lines)


def sizes() -> str:
    """Accuracies on Yin-Yang over hidden sizes, and at equal numbers of parameters."""
    results = json.loads((RESULTS / "yin_yang_sizes.json").read_text())
    rows = {(row["kind"], row["hidden"]): row for row in results["rows"]}
    kinds = list(dict.fromkeys(kind for kind, _ in rows))
    hidden = [5, 10, 15, 20, 30]
    seeds = sorted({len(row["seeds"]) for row in rows.values()})
    lines = [
        f"**Yin-Yang, 4-H-3, float test accuracy in %** (mean ± deviation of {seeds[0]}"
        f"{f' to {seeds[-1]}' if len(seeds) > 1 else ''} seeds, {results['config']['epochs']} epochs, parameters in "
        "brackets)",
        "",
        "| delays | " + " | ".join(f"H = {h}" for h in hidden) + " |",
        "|---" * (len(hidden) + 1) + "|",
    ]
    for kind in kinds:
        cells = [
            f"{percent(row['test_accuracy'])} ({row['parameters']})"
            if (row := rows.get((kind, h)))
            else "not run"
            for h in hidden
        ]
        lines.append(f"| {kind} | " + " | ".join(cells) + " |")
    equal = [row for row in rows.values() if 205 <= row["parameters"] <= 215]
    listed = "; ".join(
        f"{row['kind']} H = {row['hidden']} ({row['parameters']}): {percent(row['test_accuracy'])}"
        for row in equal
    )
    return "\n".join([*lines, "", f"At equal numbers of parameters: {listed}. `make sizes`"])


def digits() -> str:
    """Accuracies on MNIST."""
    lines = [
        "| MNIST, first spikes | delays | test accuracy in % | epochs | minutes of processor time | samples/s |",
        "|---|---|---|---|---|---|",
    ]
    for path in sorted(RESULTS.glob("mnist*.json")):
        run = json.loads(path.read_text())
        config = run["config"]
        accuracies = ", ".join(f"{100 * accuracy:.2f}" for accuracy in run["test_accuracy"])
        used = [seconds for seconds in run["cpu_seconds"] if seconds is not None]
        minutes = f"{statistics.mean(used) / 60:.0f}" if used else "not measured"
        speed = statistics.median(run["samples_per_second"])
        lines.append(
            f"| {'-'.join(map(str, config['sizes']))} | {config['delay']} | {accuracies} | {config['epochs']} | "
            f"{minutes} | {speed:.0f} |"
        )
    return "\n".join([*lines, "", "`make mnist`"])


def speed() -> str:
    """Speeds as ratios."""
    rows: list[dict[str, Any]] = json.loads((RESULTS / "bench.json").read_text())["rows"]
    lines = ["| one thread | speed | compared with | ratio |", "|---|---|---|---|"]
    for row in rows:
        if "ratio" in row:
            lines.append(f"| {row['what']} | {row['speed']} | {row['compared_with']} | {row['ratio']:.2f} |")
    fuzz = json.loads((RESULTS / "fuzz.json").read_text())
    safety = (
        f"{fuzz['cases']:,} damaged programs with right checksums and hostile streams: {fuzz['refused']:,} refused, "
        f"{fuzz['ran']:,} run, {fuzz['panics']} panics. `make fuzz`"
    )
    return "\n".join([*lines, "", "`make bench`", "", safety])


def head_to_head() -> str:
    """The fixed workload, engine against engine."""
    return table(json.loads((RESULTS / "head_to_head.json").read_text()))


def main() -> None:
    """Replace what stands between the markers."""
    readme = ROOT / "README.md"
    text = readme.read_text()
    tables = {"accuracy": accuracy(), "speed": speed()}
    # What takes hours: each table appears once its results do.
    if (RESULTS / "head_to_head.json").exists():
        tables["head-to-head"] = head_to_head()
    if (RESULTS / "yin_yang_sizes.json").exists():
        tables["sizes"] = sizes()
    if any(RESULTS.glob("mnist*.json")):
        tables["mnist"] = digits()
    for name, content in tables.items():
        pattern = rf"(<!-- {name} -->).*?(<!-- /{name} -->)"
        text = re.sub(
            pattern,
            lambda match, content=content: f"{match[1]}\n{content}\n{match[2]}",
            text,
            flags=re.DOTALL,
        )
    readme.write_text(text)


if __name__ == "__main__":
    main()
