"""Data-parallel training: torch's DistributedDataParallel over two processes against one process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from tarry import data, nn, train

PROCESSES = 2


def model() -> nn.Sequential:
    return train.recipe("synaptic").model(4, 12, 3, tau_syn=1e-3, seed=5, threads=1)


def batch() -> tuple[Tensor, Tensor]:
    points = data.yin_yang(1e-3).train
    return torch.tensor(points.times[:90]), torch.tensor(points.labels[:90])


def two_steps(layers: torch.nn.Module, times: Tensor, labels: Tensor) -> None:
    optimiser = torch.optim.Adam(layers.parameters(), lr=0.01)
    for _ in range(2):
        optimiser.zero_grad()
        nn.shift_invariant_mse(layers(times), labels, 1e-3).backward()  # type: ignore[no-untyped-call]
        optimiser.step()


def one_of_two(rank: int, port: int, folder: Path) -> None:
    """What each of the processes does."""
    meeting = f"tcp://127.0.0.1:{port}"
    dist.init_process_group("gloo", meeting, timedelta(seconds=60), PROCESSES, rank)
    times, labels = batch()
    layers = DistributedDataParallel(model())
    two_steps(layers, times[rank::PROCESSES], labels[rank::PROCESSES])
    torch.save(layers.module.state_dict(), folder / f"{rank}.pt")
    dist.destroy_process_group()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_two_processes_step_as_one(tmp_path: Path) -> None:
    port = str(free_port())
    environment = os.environ | {"GLOO_SOCKET_IFNAME": "lo"}
    started = [
        subprocess.Popen([sys.executable, __file__, str(rank), port, str(tmp_path)], env=environment)
        for rank in range(PROCESSES)
    ]
    try:
        assert [process.wait(240) for process in started] == [0, 0]
    finally:
        for process in started:
            process.kill()
            process.wait()
    alone = model()
    two_steps(alone, *batch())
    start = model().state_dict()
    for rank in range(PROCESSES):
        found = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        for name, expected in alone.state_dict().items():
            torch.testing.assert_close(found[name], expected, rtol=0, atol=1e-12)
            assert (expected - start[name]).abs().max() > 1e-3


if __name__ == "__main__":
    one_of_two(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
