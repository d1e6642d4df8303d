"""Data-parallel training: torch's DistributedDataParallel over two processes against one process."""

from __future__ import annotations

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


def worker(rank: int, folder: str) -> None:
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=PROCESSES)
    times, labels = batch()
    layers = DistributedDataParallel(model())
    two_steps(layers, times[rank::PROCESSES], labels[rank::PROCESSES])
    torch.save(layers.module.state_dict(), f"{folder}/{rank}.pt")
    dist.destroy_process_group()


def test_two_processes_step_as_one(tmp_path: Path) -> None:
    other = torch.multiprocessing.get_context("spawn").Process(target=worker, args=(1, str(tmp_path)))
    other.start()
    worker(0, str(tmp_path))
    other.join(60)
    assert other.exitcode == 0
    alone = model()
    two_steps(alone, *batch())
    start = model().state_dict()
    for rank in range(PROCESSES):
        found = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        for name, expected in alone.state_dict().items():
            torch.testing.assert_close(found[name], expected, rtol=0, atol=1e-12)
            assert (expected - start[name]).abs().max() > 1e-3
