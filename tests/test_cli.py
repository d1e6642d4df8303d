"""Every command's good and bad ways: what it prints, its exit code, one sentence on stderr."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tarry
from tarry.cli import main
from tarry.data import load_events, save_events

NEURON = tarry.Lif(2e-3, 1e-3, reset="once")
TICK = 7.8125e-6
COMMANDS = ("demo", "train", "compile", "run", "simulate", "info")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A network with a delay of 100 ticks, its program, and events."""
    random = np.random.default_rng(3)
    network = tarry.Network(
        (
            tarry.Population("input", 4),
            tarry.Population("hidden", 6, NEURON),
            tarry.Population("output", 3, NEURON),
        ),
        (
            tarry.Projection("input", "hidden", random.normal(1.5, 1, (6, 4)), np.full((1, 1), 100 * TICK)),
            tarry.Projection("hidden", "output", random.normal(1.5, 1, (3, 6)), np.full((1, 1), 50 * TICK)),
        ),
    )
    network.save(tmp_path / "network.npz")
    tarry.compile(network, tick=TICK).save(tmp_path / "program.tarry")
    save_events(tmp_path / "events.csv", [10, 20, 20, 40], [0, 1, 2, 3])
    save_events(tmp_path / "late.npz", [1000, 1010], [0, 3])
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    try:
        code = main([str(argument) for argument in arguments])
    except SystemExit as exit:
        code = int(exit.code or 0)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def fails(capsys: pytest.CaptureFixture[str], *arguments: object, says: str) -> None:
    code, out, err = run(capsys, *arguments)
    assert code == 1, err
    assert out == ""
    assert err.startswith(f"tarry {arguments[0]}: ")
    assert says in err
    assert "Traceback" not in err
    assert err.count("\n") == 1, "more than one line"


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, *filter(None, [command, "--help"]))
    assert code == 0
    assert "usage: tarry" in out
    assert all(name in out for name in ("--json", "--debug") if command)
    assert all(name in out for name in COMMANDS if not command)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fly"],
        ["demo", "--epochs", "0"],
        ["demo", "--seed", "-1"],
        ["train"],
        ["train", "--kind", "wavy", "--out", "x.npz"],
        ["compile", "network.npz", "--out", "p.tarry"],
        ["compile", "network.npz", "--out", "p.tarry", "--tick", "nan"],
        ["compile", "network.npz", "--out", "p.tarry", "--tick", "1e-6", "--weight-bits", "40"],
        ["run", "program.tarry", "events.csv"],
        ["run", "program.tarry", "events.csv", "--until", "soon"],
        ["simulate", "program.tarry", "events.csv"],
        ["simulate", "program.tarry", "events.csv", "--all", "--platform", "loihi1"],
    ],
)
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, *arguments)
    assert code == 2
    assert out == ""
    assert err.startswith("usage: tarry")


def test_compile(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(
        capsys,
        "compile",
        folder / "network.npz",
        "--tick",
        TICK,
        "--weight-bits",
        8,
        "--out",
        folder / "again.tarry",
    )
    assert code == 0
    assert out.startswith("program of")
    assert (folder / "again.tarry").read_bytes() == (folder / "program.tarry").read_bytes()


def test_compile_calibrated(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = folder / "p.tarry"
    code, text, _ = run(
        capsys,
        "compile",
        folder / "network.npz",
        "--tick",
        5e-5,
        "--calibrate",
        "yin_yang",
        "--json",
        "--out",
        out,
    )
    assert code == 0
    result = json.loads(text)
    start, kept = result["task_error"]
    assert kept <= start
    assert result["bytes"] == out.stat().st_size


def test_compile_for_a_platform(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    common = (
        "compile",
        folder / "network.npz",
        "--platform",
        "loihi1",
        "--out",
        folder / "p.tarry",
        "--tick",
    )
    fails(capsys, *common, 2 * TICK, says="neurons that fire once are unknown to it")
    fails(capsys, *common, TICK, "--rule", "event", says="loihi1 takes programs of rule 'loihi'")
    fails(capsys, *common, TICK, "--once", "longest_refractory", says="rule 'loihi' holds at most 62")
    assert not (folder / "p.tarry").exists()
    code, out, _ = run(capsys, *common, 2 * TICK, "--once", "longest_refractory", "--block", 4)
    assert code == 0
    assert "rule loihi" in out
    assert "packed, B = 4" in out or "shared" in out or "own" in out
    assert "lost: " in out


def test_compile_bad(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rest = ("--tick", TICK, "--out", folder / "p.tarry")
    fails(capsys, "compile", folder / "missing.npz", *rest, says="No such file")
    fails(capsys, "compile", folder / "late.npz", *rest, says="is not a Tarry network")
    fails(capsys, "compile", folder / "network.npz", *rest, "--memory-limit", 100, says="the limit is 100")
    fails(capsys, "compile", folder / "network.npz", *rest, "--platform", "abacus", says="abacus")
    fails(
        capsys,
        "compile",
        folder / "network.npz",
        "--tick",
        TICK,
        "--out",
        folder / "no" / "p.tarry",
        says="No such file",
    )
    other = tarry.Network(
        (tarry.Population("input", 2), tarry.Population("output", 2, NEURON)),
        (tarry.Projection("input", "output", np.ones((2, 2))),),
    )
    other.save(folder / "other.npz")
    fails(
        capsys, "compile", folder / "other.npz", *rest, "--calibrate", "yin_yang", says="Yin-Yang has 4 and 3"
    )


def test_run_prints_the_spikes_of_the_processor(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "run", folder / "program.tarry", folder / "events.csv", "--until", 5000)
    assert code == 0
    processor = tarry.Processor(tarry.Program.load(folder / "program.tarry"))
    times, channels = processor.run(*load_events(folder / "events.csv"), 5000)
    assert len(times) > 0
    assert out.splitlines() == ["tick,channel", *(f"{t},{c}" for t, c in zip(times, channels, strict=True))]


@pytest.mark.parametrize("name", ["spikes.npz", "spikes.csv"])
def test_run_to_a_file(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    common = ("run", folder / "program.tarry", folder / "events.csv", "--until", 5000)
    code, _, _ = run(capsys, *common, "--out", folder / name)
    assert code == 0
    code, out, _ = run(capsys, *common, "--json")
    result = json.loads(out)
    times, channels = load_events(folder / name)
    assert times.tolist() == result["times"]
    assert channels.tolist() == result["channels"]
    assert result["tallies"]["input"]["accepted"] == 4


def test_run_bad(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program, events = folder / "program.tarry", folder / "events.csv"
    until = ("--until", 5000)
    fails(capsys, "run", folder / "missing.tarry", events, *until, says="No such file")
    fails(capsys, "run", program, folder / "missing.csv", *until, says="No such file")
    fails(capsys, "run", events, events, *until, says=str(events))
    fails(capsys, "run", program, program, *until, says=".npz or .csv")
    fails(capsys, "run", program, events, "--until", 15, says="15")
    fails(capsys, "run", program, events, "--until", 41, "--out", folder / "s.csv", says="no output spike")
    fails(capsys, "run", program, events, *until, "--out", folder / "s.txt", says=".npz or .csv")
    fails(capsys, "run", program, events, *until, "--out", folder / "no" / "s.csv", says="No such file")
    for name, text, says in (
        ("header.csv", "time,neuron\n1,0\n", "header"),
        ("sorted.csv", "tick,channel\n5,0\n4,0\n", "sort"),
        ("negative.csv", "tick,channel\n-5,0\n", "negative"),
        ("channel.csv", "tick,channel\n5,4\n", "channel"),
        ("empty.csv", "tick,channel\n", "no events"),
    ):
        (folder / name).write_text(text)
        fails(capsys, "run", program, folder / name, *until, says=says)


@pytest.mark.parametrize("length", [0, 3, 40, -1])
def test_damaged_programs_are_refused(length: int, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = (folder / "program.tarry").read_bytes()
    (folder / "short.tarry").write_bytes(data[:length])
    (folder / "flipped.tarry").write_bytes(data[:100] + bytes([data[100] ^ 1]) + data[101:])
    for name in ("short.tarry", "flipped.tarry"):
        fails(capsys, "info", folder / name, says=name)
        fails(capsys, "run", folder / name, folder / "events.csv", "--until", 9, says=name)
        fails(capsys, "simulate", folder / name, folder / "events.csv", "--all", says=name)


def test_simulate(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    common = ("simulate", folder / "program.tarry", folder / "events.csv", folder / "late.npz")
    code, out, _ = run(capsys, *common, "--platform", "cortex-m4", "--platform", "seneca", "--json")
    assert code == 0
    report = json.loads(out)
    assert list(report["platforms"]) == ["cortex-m4", "seneca"]
    assert report["recordings"] == 2
    code, out, _ = run(capsys, *common, "--all")
    assert code == 1, "Loihi holds 62 ticks of the 100"
    assert "does not fit: its longest delay is 100 ticks" in out


def test_simulate_bad(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program, events = folder / "program.tarry", folder / "events.csv"
    fails(capsys, "simulate", program, events, "--platform", "abacus", says="abacus")
    fails(capsys, "simulate", program, folder / "missing.npz", "--all", says="No such file")
    (folder / "channel.csv").write_text("tick,channel\n5,4\n")
    fails(capsys, "simulate", program, folder / "channel.csv", "--all", says="channel")


@pytest.mark.parametrize("name", ["program.tarry", "network.npz", "loihi1", None])
def test_info(name: str | None, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    what: list[Any] = [] if name is None else [folder / name if "." in name else name]
    code, text, _ = run(capsys, "info", *what)
    assert code == 0
    code, out, _ = run(capsys, "info", *what, "--json")
    assert code == 0
    data = json.loads(out)
    if name == "program.tarry":
        assert [p["name"] for p in data["populations"]] == ["input", "hidden", "output"]
        assert text.startswith(f"program of {data['bytes']:,} bytes")
    elif name == "network.npz":
        assert data["projections"][0]["delay_seconds"] == [100 * TICK, 100 * TICK]
        assert "hidden: 6 neurons" in text
    elif name == "loihi1":
        assert data["limits"]["delay_longest"] == 62
        assert "Intel Loihi 1" in text
    else:
        assert "loihi1" in data["platforms"]


def test_info_of_a_non_leaky_network_is_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    neuron = tarry.Lif(float("inf"), 1e-3, reset="once")
    tarry.Network(
        (tarry.Population("input", 1), tarry.Population("output", 1, neuron)),
        (tarry.Projection("input", "output", np.ones((1, 1))),),
    ).save(tmp_path / "n.npz")
    code, out, _ = run(capsys, "info", tmp_path / "n.npz", "--json")
    assert code == 0
    assert json.loads(out)["populations"][1]["neuron"]["tau_mem"] is None
    assert run(capsys, "info", tmp_path / "n.npz")[0] == 0


def test_info_bad(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fails(capsys, "info", "abacus", says="platforms are loihi1")
    fails(capsys, "info", folder / "missing.tarry", says="No such file")
    fails(capsys, "info", folder / "late.npz", says="is not a Tarry network")
    (folder / "profile.toml").write_text("name = 3")
    fails(capsys, "info", folder / "profile.toml", says="profile.toml")


def test_train(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    common = ("train", "--kind", "axonal", "--hidden", 5, "--checkpoint", tmp_path / "c", "--json", "--out")
    code, out, _ = run(capsys, *common, tmp_path / "a.npz", "--epochs", 1)
    assert code == 0
    result = json.loads(out)
    assert result["sizes"] == [4, 5, 3]
    assert 0 < result["accuracy"]["test"] <= 1
    network = tarry.Network.load(tmp_path / "a.npz")
    assert [p.delays.shape for p in network.projections] == [(1, 4), (1, 5)]
    # The checkpoint is of a finished training with these settings: nothing is left to learn.
    code, _, _ = run(capsys, *common, tmp_path / "b.npz", "--epochs", 1)
    assert code == 0
    np.testing.assert_array_equal(
        tarry.Network.load(tmp_path / "b.npz").projections[0].weights, network.projections[0].weights
    )
    fails(capsys, *common, tmp_path / "b.npz", "--epochs", 2, says="epochs")
    fails(capsys, *common, tmp_path / "no" / "b.npz", "--epochs", 10**6, says="cannot be written")


def test_demo(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "demo", "--out", tmp_path / "out", "--epochs", 1, "--quick")
    assert code == 0
    assert "accuracy, fixed point" in out
    assert str(tmp_path / "out" / "report.html") in out
    assert "train 4-30-3 with synaptic delays on Yin-Yang: 5,000 samples, 1 epoch" in err
    assert "\r" not in err, "no bars where there is no terminal"
    (tmp_path / "file").write_text("")
    fails(capsys, "demo", "--out", tmp_path / "file" / "out", says="cannot be written")


def test_debug_shows_the_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="neither"):
        main(["info", "abacus", "--debug"])


def process(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.mark.parametrize(
    ("missing", "arguments", "line"),
    [
        ("torch", ["train", "--out", "never.npz"], 'pip install "tarry[train]"'),
        ("torch", ["demo", "--out", "never"], 'pip install "tarry[all]"'),
        ("matplotlib", ["demo", "--out", "never"], 'pip install "tarry['),
        ("jinja2", ["demo", "--out", "never"], 'pip install "tarry['),
    ],
)
def test_without_an_extra(missing: str, arguments: list[str], line: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; from tarry.cli import main; sys.exit(main(sys.argv[1:]))"
    done = process(code, *arguments)
    assert done.returncode == 1
    assert f"needs {missing}" in done.stderr
    assert line in done.stderr
    assert "Traceback" not in done.stderr
    assert not Path("never").exists()


def test_help_and_the_base_commands_load_no_extra(folder: Path) -> None:
    code = (
        "import sys; from tarry.cli import main; code = main(sys.argv[1:]);"
        "assert not {'torch', 'matplotlib', 'jinja2', 'tqdm'} & set(sys.modules); sys.exit(code)"
    )
    compiled = folder / "p.tarry"
    for arguments in (
        ["info", "loihi1"],
        ["compile", folder / "network.npz", "--tick", TICK, "--calibrate", "yin_yang", "--out", compiled],
        ["run", compiled, folder / "events.csv", "--until", 900],
        ["simulate", compiled, folder / "events.csv", "--platform", "seneca"],
    ):
        done = process(code, *arguments)
        assert done.returncode == 0, done.stderr


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_interrupt(tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint"
    arguments = [
        "train",
        "--epochs",
        "1000000",
        "--checkpoint",
        str(checkpoint),
        "--out",
        str(tmp_path / "n.npz"),
    ]
    # Whoever runs the tests in the background may have them ignore the interrupt.
    running = subprocess.Popen(
        [sys.executable, "-m", "tarry", *arguments],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        while not checkpoint.exists() and running.poll() is None:
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=120)
    finally:
        running.kill()
    assert running.returncode == 130
    assert err.endswith("tarry train: interrupted\n")
    assert "Traceback" not in err
