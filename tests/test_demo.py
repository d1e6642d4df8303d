"""The demonstration, short: what it writes, and that its figures are those of the parts it is made of."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tarry
from tarry.compiler.quantise import spike_ticks
from tarry.data import Split
from tarry.demo import (
    Task,
    check,
    compile_program,
    first_spike_times,
    fit_platform,
    train_network,
    yin_yang_task,
)
from tarry.demo.end_to_end import Demo, run_demo

EPOCHS = 8


@pytest.fixture(scope="module")
def task() -> Task:
    task = yin_yang_task(epochs=EPOCHS, recordings=20)
    data = task.data
    return replace(
        task, data=replace(data, train=first(data.train, 600), validation=first(data.validation, 100))
    )


def first(split: Split, samples: int) -> Split:
    return Split(split.points[:samples], split.times[:samples], split.labels[:samples])


@pytest.fixture(scope="module")
def demo(task: Task, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return run_demo(task, tmp_path_factory.mktemp("demo") / "new" / "folder", progress=False, grid=31)


@pytest.fixture(scope="module")
def network(demo: Demo) -> tarry.Network:
    return tarry.Network.load(path(demo, "network.npz"))


def path(demo: Demo, name: str) -> Path:
    return next(p for p in demo.paths if p.name == name)


def test_files(demo: Demo) -> None:
    names = {p.name for p in demo.paths}
    assert {"report.html", "report.json", "network.npz", "program.tarry"} < names
    assert sum(name.endswith(".png") for name in names) == 6
    for written in demo.paths:
        assert written.stat().st_size > 1000, written
        assert written.suffix != ".png" or written.read_bytes().startswith(b"\x89PNG")


def test_report_json(demo: Demo) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    report = json.loads(path(demo, "report.json").read_text("utf-8"), parse_constant=refuse)
    assert report == demo.report
    kinds: dict[str, Any] = {
        "task": str,
        "seed": int,
        "parameters": int,
        "accuracy": {"float": float, "fixed": float},
        "samples": int,
        "disagreements": int,
        "train": {"seconds": float, "epochs": int, "samples_per_second": float},
        "program": dict.fromkeys(
            (
                "bytes",
                "memory_bytes",
                "weight_bits",
                "queue_capacity",
                "queue_peak",
                "saturations",
                "dropped",
            ),
            int,
        )
        | {"tick_seconds": float},
    }
    bounds = {"low": float, "nominal": float, "high": float}
    platform = {
        "fits": bool,
        "latency_seconds": bounds,
        "energy_joules": bounds,
        "memory_bytes": int,
        "accuracy": float,
        "tick_seconds": float,
        "rule": str,
        "losses": list,
    }
    kinds["platforms"] = dict.fromkeys(("loihi1", "seneca", "brainscales2", "cortex-m4"), platform)
    check_kinds(report, kinds)
    assert report["task"] == "Yin-Yang"
    assert report["parameters"] == 2 * (4 * 30 + 30 * 3)
    assert report["samples"] == 1000
    assert report["train"]["epochs"] == EPOCHS
    assert report["program"]["weight_bits"] == 8
    assert report["program"]["tick_seconds"] == 1e-3 / 128
    assert 0.5 < report["accuracy"]["fixed"] <= 1
    assert (
        abs(report["accuracy"]["fixed"] - report["accuracy"]["float"]) * 1000
        <= report["disagreements"] + 1e-6
    )
    assert (
        report["program"]["dropped"] == report["program"]["saturations"] == report["program"]["rejected"] == 0
    )
    assert report["program"]["queue_peak"] <= report["program"]["queue_capacity"]
    for entry in report["platforms"].values():
        for quantity in ("latency_seconds", "energy_joules"):
            assert 0 < entry[quantity]["low"] <= entry[quantity]["nominal"] <= entry[quantity]["high"]
    assert sum(entry["fits"] for entry in report["platforms"].values()) >= 3
    rules = {name: entry["rule"] for name, entry in report["platforms"].items()}
    assert rules == {"loihi1": "loihi", "seneca": "delta", "brainscales2": "event", "cortex-m4": "event"}
    for name, entry in report["platforms"].items():
        assert all(type(loss) is str and loss.endswith(".") for loss in entry["losses"])
        assert any("firing once becomes" in loss.lower() for loss in entry["losses"]) == (
            rules[name] != "event"
        )


def check_kinds(value: Any, kinds: Any, where: str = "report") -> None:
    if isinstance(kinds, dict):
        for key, kind in kinds.items():
            assert key in value, f"{where}.{key} is missing"
            check_kinds(value[key], kind, f"{where}.{key}")
    else:
        assert type(value) is kinds, f"{where} is {value!r}"


def test_saved_program_and_network_give_the_accuracies(
    demo: Demo, network: tarry.Network, task: Task
) -> None:
    test = task.data.test
    program = tarry.Program.load(path(demo, "program.tarry"))
    first = tarry.Processor(program).first_spikes(spike_ticks(test.times, program.tick_seconds))
    first = np.where(first < 0, np.iinfo(np.int64).max, first)
    assert np.mean(first.argmin(axis=1) == test.labels) == demo.report["accuracy"]["fixed"]
    output = first_spike_times(network, test.times)["output"]
    assert np.mean(output.argmin(axis=1) == test.labels) == demo.report["accuracy"]["float"]


def test_float_times_are_those_of_the_modules(network: tarry.Network, task: Task) -> None:
    import torch

    from tarry import train

    model = train.recipe("synaptic").model(*task.sizes, tau_syn=task.tau_syn)
    with torch.no_grad():
        for layer, projection in zip(model, network.projections, strict=True):
            layer.weights.copy_(torch.tensor(projection.weights))
            assert layer.raw_delays is not None
            layer.raw_delays.copy_(torch.logit(torch.tensor(projection.delays) / task.tau_syn))
        expected = model(torch.tensor(task.data.test.times[:50])).numpy()
    found = first_spike_times(network, task.data.test.times[:50])["output"]
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_check_sees_every_population(network: tarry.Network, task: Task) -> None:
    program = compile_program(task, network)
    test = first(task.data.test, 40)
    seen: list[tuple[int, int]] = []
    checked = check(network, program, test, progress=lambda done, right: seen.append((done, right)))
    assert seen[-1] == (40, int(np.sum(checked.fixed_decisions == test.labels)))
    assert len(seen) == 40
    # Watching the hidden neurons changes no spike of the outputs.
    expected = tarry.Processor(program).first_spikes(spike_ticks(test.times, program.tick_seconds))
    np.testing.assert_array_equal(checked.ticks["output"], expected)
    errors = checked.spike_time_errors("hidden")
    # Half a tick on average; the mean of a hardly trained network is that of its grazing crossings.
    assert 0 < np.median(errors) < 1
    assert len(errors) > 400
    assert not np.any(checked.spike_time_errors("input") > 0.5)
    assert checked.disagreements == np.sum(checked.fixed_decisions != checked.float_decisions)


def test_finest_tick_is_the_finest(network: tarry.Network, task: Task) -> None:
    longest = max(float(p.delays.max()) for p in network.projections)
    stretched = replace(
        network,
        projections=tuple(
            replace(p, delays=p.delays * (task.tau_syn / longest)) for p in network.projections
        ),
    )
    program = compile_program(task, stretched)
    assert program.report is not None
    assert program.report.longest_delay == 128
    fit = fit_platform(task, stretched, program, "loihi1")
    # A coarser tick only where that is said, with the accuracies.
    finest = "At the finest tick that fits, tau_syn/62, "
    assert fit.ticks_per_tau_syn == (31 if any(loss.startswith(finest) for loss in fit.losses) else 62)
    assert fit.program.tick_seconds == task.tau_syn / fit.ticks_per_tau_syn
    assert fit.program.rules == ["loihi"]
    assert not tarry.obstacles(fit.program, "loihi1")
    with pytest.raises(ValueError, match="rule 'loihi' holds at most 62"):
        compile_program(task, stretched, tick=task.tau_syn / 63, rule="loihi", once=1.0)
    analog = fit_platform(task, stretched, program, "brainscales2")
    assert analog.program.rules == ["event"]
    assert not tarry.obstacles(analog.program, "brainscales2")
    finer = compile_program(
        task, stretched, tick=task.tau_syn / (analog.ticks_per_tau_syn + 1), weight_bits=7
    )
    assert tarry.obstacles(finer, "brainscales2")
    unchanged = fit_platform(task, stretched, program, "cortex-m4")
    assert (unchanged.ticks_per_tau_syn, unchanged.program, unchanged.losses) == (128, program, ())


def test_clocked_rows_stay_close_to_the_event_driven_program(
    demo: Demo, network: tarry.Network, task: Task
) -> None:
    """On the test samples, within noise of what the validation samples allowed; a plain lowering is far away."""
    platforms, fixed = demo.report["platforms"], demo.report["accuracy"]["fixed"]
    assert platforms["loihi1"]["accuracy"] > fixed - 0.1
    assert platforms["seneca"]["accuracy"] > fixed - 0.1
    plain = compile_program(task, network, rule="delta", once=16 * task.tau_syn, samples=100)
    test = tarry.FirstSpikes(task.data.test.times, task.data.test.labels)
    assert 1 - test.error(plain) < platforms["seneca"]["accuracy"]


def test_unfit_at_every_tick_is_said(task: Task) -> None:
    weights = np.ones((2000, 4))
    neuron = tarry.Lif(2e-3, 1e-3, reset="once")
    wide = tarry.Network(
        (
            tarry.Population("input", 4),
            tarry.Population("hidden", 2000, neuron),
            tarry.Population("output", 3, neuron),
        ),
        (
            tarry.Projection("input", "hidden", weights, np.full((1, 4), 1e-4)),
            tarry.Projection("hidden", "output", np.ones((3, 2000)), np.full((1, 1), 1e-4)),
        ),
    )
    program = tarry.compile(wide, tick=task.tick)
    kept = fit_platform(task, wide, program, "brainscales2")
    assert kept.program is program
    assert kept.ticks_per_tau_syn == 128


def test_training_alone_is_the_same_bits(network: tarry.Network, task: Task) -> None:
    again = train_network(task, progress=False).network
    for a, b in zip(again.projections, network.projections, strict=True):
        np.testing.assert_array_equal(a.weights, b.weights)
        np.testing.assert_array_equal(a.delays, b.delays)


def test_networks_without_exact_times_are_refused() -> None:
    neuron = tarry.Lif(2e-3, 1e-3)
    chatty = tarry.Network(
        (tarry.Population("input", 1), tarry.Population("output", 1, neuron)),
        (tarry.Projection("input", "output", np.ones((1, 1))),),
    )
    with pytest.raises(ValueError, match="chains of populations that fire once"):
        first_spike_times(chatty, np.zeros((1, 1)))


def test_check_needs_the_report_of_the_compiler(demo: Demo, network: tarry.Network, task: Task) -> None:
    loaded = tarry.Program.load(path(demo, "program.tarry"))
    with pytest.raises(ValueError, match="loaded from a file"):
        check(network, loaded, task.data.test)


def test_unwritable_folder_is_said_before_the_training(task: Task, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="cannot be written"):
        run_demo(replace(task, epochs=10**6), tmp_path / "file" / "out", progress=False)
