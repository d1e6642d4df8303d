from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tarry import data, nn, train
from tarry.train import _checkpoint

TAU_SYN = 1e-3


def points() -> data.Dataset:
    full = data.yin_yang(TAU_SYN)
    return replace(full, train=full.validation)


def model(kind: Any = "synaptic", seed: int = 0) -> nn.Sequential:
    return train.recipe(kind).model(4, 8, 3, tau_syn=TAU_SYN, seed=seed)


def fit(network: nn.Sequential, path: Path | None, **settings: Any) -> train.History:
    defaults: dict[str, Any] = {
        "epochs": 6,
        "progress": False,
        "seed": 3,
        "delay_learning_rate": 0.003,
        "keep": "best",
    }
    return train.fit(network, points(), checkpoint=path, **(defaults | settings))


def bits(path: Path) -> dict[str, Any]:
    """Everything in a checkpoint that decides how the training goes on."""
    content = path.read_bytes()
    head = len(_checkpoint.MAGIC) + 32
    path_bits: dict[str, Any] = torch.load(__import__("io").BytesIO(content[head:]), weights_only=True)[
        "state"
    ]
    path_bits["epochs"] = [epoch[:4] for epoch in path_bits["epochs"]]  # the rest is wall-clock time
    return path_bits


def same(a: Any, b: Any) -> bool:
    if isinstance(a, Tensor):
        return a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


class KilledError(Exception):
    pass


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[nn.Sequential, train.History, dict[str, Any]]:
    """Six epochs in one go."""
    path = tmp_path_factory.mktemp("whole") / "whole.ckpt"
    network = model()
    return network, fit(network, path), bits(path)


def test_resuming_continues_to_the_bit(
    whole: tuple[nn.Sequential, train.History, dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "half.ckpt"
    saved = 0

    def save_three(*arguments: Any) -> None:
        nonlocal saved
        saved += 1
        if saved > 3:
            raise KilledError
        original(*arguments)

    original = _checkpoint.save
    monkeypatch.setattr(_checkpoint, "save", save_three)
    with pytest.raises(KilledError):
        fit(model(), path)
    monkeypatch.undo()
    assert len(bits(path)["epochs"]) == 3
    network = model(seed=99)  # its own parameters do not matter any more
    history = fit(network, path)
    expected, in_one_go, state = whole
    for a, b in zip(network.parameters(), expected.parameters(), strict=True):
        assert torch.equal(a, b)
    assert (history.loss, history.train_accuracy, history.silent) == (
        in_one_go.loss,
        in_one_go.train_accuracy,
        in_one_go.silent,
    )
    assert same(bits(path), state)


def test_a_kill_in_the_middle_loses_nothing_that_was_written(
    whole: tuple[nn.Sequential, train.History, dict[str, Any]], tmp_path: Path
) -> None:
    path = tmp_path / "killed.ckpt"
    script = f"""
        import sys, time
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from pathlib import Path
        import test_train_checkpoint as t
        from tarry.train import _checkpoint

        save = _checkpoint.save
        def slow_save(path, *rest):
            save(path, *rest)
            time.sleep(0.05)
        _checkpoint.save = slow_save
        t.fit(t.model(), Path({str(path)!r}))
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)])
    deadline = time.monotonic() + 60
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert 1 <= len(bits(path)["epochs"]) < 6
    network = model()
    fit(network, path)
    for a, b in zip(network.parameters(), whole[0].parameters(), strict=True):
        assert torch.equal(a, b)
    assert same(bits(path), whole[2])


def test_a_failed_write_keeps_the_old_file_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.ckpt"
    _checkpoint.save(path, {"epochs": 1}, {"x": torch.ones(3)})
    before = path.read_bytes()

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        _checkpoint.save(path, {"epochs": 1}, {"x": torch.zeros(3)})
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.ckpt"]


def test_a_finished_training_is_not_repeated(tmp_path: Path) -> None:
    path = tmp_path / "done.ckpt"
    network = model()
    history = fit(network, path, epochs=2)
    written = path.read_bytes()
    again = model(seed=5)
    assert fit(again, path, epochs=2) == history
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), again.parameters(), strict=True))
    assert path.read_bytes() == written


def test_starting_over_replaces_the_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "a.ckpt"
    fit(model(), path, epochs=2)
    fit(model(), path, epochs=1, resume=False)
    assert len(bits(path)["epochs"]) == 1


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"learning_rate": 0.02}, "learning_rate = 0.01, not 0.02"),
        ({"epochs": 3}, "epochs = 2, not 3"),
        ({"seed": 4}, "seed = 3, not 4"),
        ({"loss": "cross_entropy"}, "loss = 'mse', not 'cross_entropy'"),
        ({"loss": nn.shift_invariant_mse}, "loss = 'mse', not 'tarry.nn._losses.shift_invariant_mse'"),
    ],
)
def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path, change: dict[str, Any], name: str) -> None:
    path = tmp_path / "a.ckpt"
    fit(model(), path, epochs=2)
    network = model()
    with pytest.raises(ValueError, match=f"was written with {name}; use those settings, another file"):
        fit(network, path, **({"epochs": 2} | change))
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), model().parameters(), strict=True))


def test_a_checkpoint_of_another_model_or_other_data_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.ckpt"
    fit(model(), path, epochs=1)
    with pytest.raises(ValueError, match="was written with model = "):
        fit(model("axonal"), path, epochs=1)
    with pytest.raises(ValueError, match="was written with data = "):
        train.fit(
            model(),
            data.yin_yang(TAU_SYN),
            checkpoint=path,
            epochs=1,
            seed=3,
            delay_learning_rate=0.003,
            keep="best",
            progress=False,
        )


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.ckpt"
    fit(model(), path, epochs=1)
    whole_file = path.read_bytes()
    step = max(1, len(whole_file) // 50)
    for i in range(0, len(whole_file), step):
        path.write_bytes(whole_file[:i] + bytes([whole_file[i] ^ 4]) + whole_file[i + 1 :])
        with pytest.raises(ValueError, match=r"a\.ckpt is (damaged|not a checkpoint)"):
            fit(model(), path, epochs=1)
        path.write_bytes(whole_file[:i])
        with pytest.raises(ValueError, match=r"a\.ckpt is (damaged|not a checkpoint)"):
            fit(model(), path, epochs=1)


@pytest.mark.parametrize(
    ("where", "error"),
    [("missing/a.ckpt", OSError), ("file/a.ckpt", OSError), ("folder", IsADirectoryError)],
)
def test_a_checkpoint_that_cannot_be_written_is_refused_before_training(
    tmp_path: Path, where: str, error: type[Exception]
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    network = model()
    with pytest.raises(error, match="the checkpoint "):
        fit(network, tmp_path / where)
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), model().parameters(), strict=True))
