"""Types of the extension module; held to it by stubtest."""

from typing import Any, Self, final

import numpy as np
import numpy.typing as npt
from typing_extensions import disjoint_base

__all__ = [
    "Processor",
    "Program",
    "first_spike_backward",
    "first_spike_forward",
    "first_spike_loss",
    "platform_json",
    "platform_names",
    "platform_obstacles",
    "shift_invariant_mse",
    "simulate_json",
    "time_to_first_spike_cross_entropy",
]

_Floats = npt.NDArray[np.float64]
_Integers = npt.NDArray[np.int64]

@disjoint_base
class Program:
    """A checked program; immutable."""

    def __new__(cls, data: bytes, /) -> Self: ...
    @property
    def bytes(self) -> bytes: ...
    @property
    def tick_seconds(self) -> float: ...
    @property
    def weight_bits(self) -> int: ...
    @property
    def synapses(self) -> int: ...
    @property
    def notes(self) -> str: ...
    @property
    def memory_bytes(self) -> int: ...
    @property
    def delay_bytes(self) -> int: ...
    def populations(self) -> list[dict[str, Any]]: ...
    def projections(self) -> list[dict[str, Any]]: ...
    def hand_over_lengths(self, projection: int) -> npt.NDArray[np.uint32]: ...
    def projection_synapses(self, projection: int) -> npt.NDArray[np.int64]: ...
    def delays(self, unit: int) -> npt.NDArray[np.uint32]: ...
    def run_lengths(self, unit: int) -> npt.NDArray[np.uint32]: ...

@final
class Processor:
    """Runs a program: push spikes in, run, pop spikes out."""

    def __new__(cls, program: Program) -> Processor: ...
    def reset(self) -> None: ...
    def push(self, times: _Integers, channels: _Integers) -> int: ...
    def run_until(self, until: int, stop_after: int | None = None) -> int: ...
    def pop(self) -> tuple[_Integers, _Integers]: ...
    def run(self, times: _Integers, channels: _Integers, until: int) -> tuple[_Integers, _Integers]: ...
    def first_spikes(self, ticks: _Integers) -> _Integers: ...
    def next_deadline(self) -> int | None: ...
    @property
    def now(self) -> int: ...
    def digest(self) -> int: ...
    def states(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], _Integers]: ...
    def counts(self) -> dict[str, int]: ...
    def tallies(self) -> list[dict[str, int]]: ...

# Platforms: profiles and reports as JSON in SI units; a platform is a name or the path of a profile file.

def platform_names() -> list[str]: ...
def platform_json(platform: str) -> str: ...
def platform_obstacles(data: bytes, platform: str) -> list[str]: ...
def simulate_json(
    data: bytes,  # a program
    recordings: list[tuple[_Integers, _Integers]],  # ticks and channels of each
    platforms: list[str],
    decision: str,  # "first" or "all"
) -> str: ...

# Gradients: first-spike layers. Times in seconds, silent = inf; arrays C-contiguous.
# Delays: None, (1, 1), (1, pre) axonal, (post, 1) dendritic or (post, pre) synaptic.

def first_spike_forward(
    times: _Floats,  # [batch, pre]
    weights: _Floats,  # [post, pre]
    delays: _Floats | None,
    tau_mem: float,
    tau_syn: float,
    threshold: float,
    threads: int,
) -> _Floats: ...  # [batch, post]
def first_spike_backward(
    times: _Floats,  # [batch, pre]
    weights: _Floats,  # [post, pre]
    delays: _Floats | None,
    spike_times: _Floats,  # [batch, post]
    gradient: _Floats,  # dL/d spike_times, [batch, post]
    tau_mem: float,
    tau_syn: float,
    threshold: float,
    slope_floor: float,
    threads: int,
) -> tuple[_Floats, _Floats, _Floats | None]: ...  # dL/d times, dL/d weights, dL/d delays
def first_spike_loss(
    times: _Floats,  # [batch, pre]
    labels: _Integers,  # [batch]
    weights: list[_Floats],  # by layer
    delays: list[_Floats | None],
    tau_mem: float,
    tau_syn: float,
    thresholds: list[float],
    loss: str,  # "shift_invariant_mse" or "time_to_first_spike_cross_entropy"
    constants: list[float],  # [margin] or [xi, alpha, beta]
    slope_floor: float,
    threads: int,
) -> tuple[
    float, _Floats, list[_Integers], list[_Floats], list[_Floats | None]
]: ...  # mean loss, output times [batch, classes], silent samples [post], dL/d weights, dL/d delays
def shift_invariant_mse(
    times: _Floats,  # [batch, classes]
    labels: npt.NDArray[np.int64],  # [batch]
    margin: float,
    tau_syn: float,
) -> tuple[float, _Floats]: ...  # mean loss, its derivative with respect to times
def time_to_first_spike_cross_entropy(
    times: _Floats,  # [batch, classes]
    labels: npt.NDArray[np.int64],  # [batch]
    xi: float,
    alpha: float,
    beta: float,
    tau_syn: float,
) -> tuple[float, _Floats]: ...  # mean loss, its derivative with respect to times
