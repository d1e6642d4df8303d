"""What a grid of ticks does to a network's spike times and gradients: ``make grid-bias``.

Three networks, each against its discrete twin at 0.1 to 10 ms: a first-spike network that was trained on Yin-Yang, and
many-spike networks with random parameters, feed-forward and recurrent. Writes docs/results/grid_bias.json,
docs/results/grid_bias.svg, and the table of docs/grid_bias.md.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

import tarry
from tarry import data, nn, plots, train

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results"
STEPS = [0.1e-3, 0.2e-3, 0.5e-3, 1e-3, 2e-3, 5e-3, 10e-3]
TAU_MEM, TAU_SYN = 20e-3, 10e-3

Row = dict[str, Any]


def trained_first_spikes(epochs: int, samples: int) -> tuple[tarry.Network, nn.Spikes, float, str]:
    """Yin-Yang, 4-30-3, a learned delay per synapse; time constants of biology."""
    points = data.yin_yang(TAU_SYN)
    recipe = train.recipe("synaptic")
    model = recipe.model(4, 30, 3, tau_syn=TAU_SYN, seed=1, threads=1)
    train.fit(
        model, points, progress=False, **dict(recipe.fit) | {"epochs": epochs, "evaluate_every": epochs}
    )
    times = torch.tensor(points.test.times[:samples])
    return model.network(), nn.Spikes.first(times), 8 * TAU_SYN, "first spikes, 4-30-3, trained on Yin-Yang"


def many_spikes(recurrent: bool, reset: str, samples: int) -> tuple[tarry.Network, nn.Spikes, float, str]:
    """50-30-5 with random weights and delays that make each neuron spike some four times in 100 ms."""
    random = np.random.default_rng(0)
    neuron = tarry.Lif(TAU_MEM, TAU_SYN / 2, reset=reset)  # type: ignore[arg-type]
    inputs, hidden, outputs, longest = 50, 30, 5, 20e-3

    def projection(source: str, target: str, mean: float, deviation: float, shape: tuple[int, int]) -> Any:
        weights = random.normal(mean, deviation, shape)
        return tarry.Projection(source, target, weights, random.uniform(2e-3, longest, shape))

    projections = [projection("input", "hidden", 0.11, 0.03, (hidden, inputs))]
    if recurrent:
        projections.append(projection("hidden", "hidden", 0.0, 0.03, (hidden, hidden)))
    projections.append(projection("hidden", "output", 0.1, 0.03, (outputs, hidden)))
    network = tarry.Network(
        (
            tarry.Population("input", inputs),
            tarry.Population("hidden", hidden, neuron),
            tarry.Population("output", outputs, neuron),
        ),
        tuple(projections),
    )
    recordings = [
        (np.sort(random.uniform(0, 50e-3, 60)), random.integers(0, inputs, 60)) for _ in range(samples)
    ]
    kind = "recurrent" if recurrent else "feed-forward"
    return network, nn.Spikes.of(recordings, inputs), 0.1, f"many spikes, {kind}, reset {reset}"


def table(networks: list[Row]) -> str:
    """The figures as Markdown, a table per network."""
    lines: list[str] = []
    for network in networks:
        lines += [
            f"**{network['name']}** ({network['samples']} samples)",
            "",
            "| tick | layer | same count | error | late | weights: spike-time | weights: surrogate "
            "| delays: spike-time | delays: surrogate |",
            "|---|---|---|---|---|---|---|---|---|",
        ]
        for row in network["rows"]:

            def cosine(estimator: str, parameter: str, row: Row = row) -> str:
                errors = row["gradients"][estimator][parameter]
                return f"{errors['cosine']:.2f} ({errors['relative_error']:.2g})"

            times = (
                [f"{1e3 * row['error']:.3g} ms", f"{row['late'] / row['step']:+.2f} ticks"]
                if row["same_count"] > 0
                else ["–", "–"]
            )
            cells = [
                f"{1e3 * row['step']:g} ms", row["layer"], f"{100 * row['same_count']:.0f} %", *times,
                *(cosine(e, p) for p in ("weights", "delays") for e in ("spike_time", "surrogate")),
            ]  # fmt: skip
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines).strip()


def picture(networks: list[Row]) -> Figure:
    """Spike-time errors above, directions of the weights' gradients below, a column per network."""
    with plots.style():
        drawn = Figure(figsize=(4.1 * len(networks), 7.2))
        axes = drawn.subplots(2, len(networks), squeeze=False)
        for above, below, network in zip(*axes, networks, strict=True):
            plots.grid_time_errors(network["rows"], above)
            plots.grid_gradient_directions(network["rows"], below)
            above.set_title(network["name"].replace(", ", "\n", 1), fontsize=9.5)
            above.set_ylim(0.03, 40)
        handles, names = axes[1, 0].get_legend_handles_labels()
        drawn.legend(handles, names, loc="outside lower center", ncols=2)
    return drawn


def main() -> None:
    """Compute, write, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=100, help="of training on Yin-Yang")
    parser.add_argument(
        "--samples", type=int, default=5, help="per network of many spikes; six times as many first spikes"
    )
    parser.add_argument(
        "--draw", action="store_true", help="only draw and write the table, from the JSON file"
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    path = RESULTS / "grid_bias.json"
    if not options.draw:
        cases = [
            trained_first_spikes(options.epochs, 6 * options.samples),
            many_spikes(False, "by_subtraction", options.samples),
            many_spikes(True, "to_zero", options.samples),
        ]
        networks = []
        for network, spikes, duration, name in cases:
            rows = [row._asdict() for row in nn.grid_bias(network, spikes, steps=STEPS, duration=duration)]
            networks.append({"name": name, "samples": spikes.batch, "duration": duration, "rows": rows})
            print(f"{name}: done", file=sys.stderr, flush=True)
        result = {"command": "make grid-bias", "config": vars(options), "networks": networks}
        path.write_text(json.dumps(result, indent=1).replace("NaN", "null") + "\n")
    networks = json.loads(path.read_text())["networks"]
    drawn = picture(networks)
    with plots.style():
        drawn.savefig(RESULTS / "grid_bias.svg", metadata={"Date": None, "Creator": None})
    page = ROOT / "docs" / "grid_bias.md"
    text = page.read_text()
    fresh = f"<!-- figures -->\n{table(networks)}\n<!-- end of figures -->"
    page.write_text(
        re.sub(r"<!-- figures -->.*<!-- end of figures -->", lambda _: fresh, text, flags=re.DOTALL)
    )
    print(table(networks))


if __name__ == "__main__":
    main()
