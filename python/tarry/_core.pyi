"""Types of the extension module; held to it by stubtest."""

from typing import Any, Self, final

import numpy as np
import numpy.typing as npt
from typing_extensions import disjoint_base

__all__ = [
    "PartitionedProcessor",
    "Processor",
    "Program",
    "Snapshot",
    "first_spike_backward",
    "first_spike_constants_backward",
    "first_spike_forward",
    "first_spike_loss",
    "platform_json",
    "platform_names",
    "platform_obstacles",
    "read_out_backward",
    "read_out_forward",
    "run_recordings",
    "shift_invariant_mse",
    "simulate_json",
    "spiking_backward",
    "spiking_forward",
    "time_to_first_spike_cross_entropy",
]

_Floats = npt.NDArray[np.float64]
_Integers = npt.NDArray[np.int64]
_Spikes = npt.NDArray[np.integer[Any]]  # int64, uint64, int32 or uint32

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

@disjoint_base
class Processor:
    """Runs a program: push spikes in, run, pop spikes out."""

    def __new__(cls, program: Program) -> Self: ...
    def reset(self) -> None: ...
    def push(self, times: _Spikes, channels: _Spikes) -> int: ...
    def run_until(self, until: int, stop_after: int | None = None) -> int: ...
    def pop(self) -> tuple[_Integers, _Integers]: ...
    def pop_into(self, times: _Spikes, channels: _Spikes) -> int: ...
    @property
    def waiting(self) -> int: ...
    def run(self, times: _Spikes, channels: _Spikes, until: int) -> tuple[_Integers, _Integers]: ...
    def feed(self, times: _Spikes, channels: _Spikes, until: int) -> tuple[_Integers, _Integers]: ...
    def first_spikes(self, ticks: _Integers, stop_after: int | None = None) -> _Integers: ...
    def snapshot(self) -> Snapshot: ...
    def restore(self, snapshot: Snapshot) -> None: ...
    def next_deadline(self) -> int | None: ...
    @property
    def now(self) -> int: ...
    def digest(self) -> int: ...
    def values(self, population: int) -> _Integers: ...
    def words(self, population: int) -> npt.NDArray[np.int32]: ...
    def states(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], _Integers]: ...
    def counts(self) -> dict[str, int]: ...
    def tallies(self) -> list[dict[str, int]]: ...

@disjoint_base
class PartitionedProcessor:
    """Runs the parts of a network on threads."""

    def __new__(
        cls,
        populations: list[tuple[int, bool, bool]],  # size, is input, is output
        programs: list[Program],  # one per part
        units: list[list[int]],  # first unit of each population of each program
        threads: int,
        /,
    ) -> Self: ...
    def run(self, times: _Spikes, channels: _Spikes, until: int) -> tuple[_Integers, _Integers]: ...
    def tick_nanoseconds(self, times: _Spikes, channels: _Spikes, until: int) -> _Integers: ...
    def digest(self) -> int: ...
    def values(self, population: int) -> _Integers: ...

@final
class Snapshot:
    """The state of a processor between two ticks: what it was made to do before, it will do again."""

    def __new__(cls, data: bytes, /) -> Snapshot: ...
    @property
    def bytes(self) -> bytes: ...
    def __getnewargs__(self) -> tuple[Any]: ...

def run_recordings(
    program: Program,
    recordings: list[tuple[_Spikes, _Spikes]],  # ticks and channels of each
    until: list[int],  # one for all, or one each
    threads: int,  # 0: as many as there are cores
) -> tuple[
    _Integers,  # times
    _Integers,  # channels
    _Integers,  # where the spikes of each recording begin, and the end
    npt.NDArray[np.uint64],  # digests
    list[tuple[int, _Integers]],  # populations that are read, and their values [recordings, neurons]
    list[dict[str, int]],  # tallies of the populations, over all recordings
    dict[str, int],  # counts, over all recordings
]: ...

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

# Spikes of a batch: times [spikes] in seconds, channels [spikes], offsets [batch + 1]; each sample in order of time.

def spiking_forward(
    times: _Floats,
    channels: _Integers,
    offsets: _Integers,
    weights: _Floats,  # [post, pre]
    delays: _Floats | None,
    recurrent_weights: _Floats | None,  # [post, post]
    recurrent_delays: _Floats | None,
    thresholds: _Floats,  # [post]
    tau_mem: float,
    tau_syn: float,
    reset: str,
    refractory: float,
    until: float,
    most_spikes: int,
    threads: int,
) -> tuple[_Floats, _Integers, _Integers, _Floats]: ...  # times, channels, offsets, trace [spikes, 4]
def spiking_backward(
    times: _Floats,
    channels: _Integers,
    offsets: _Integers,
    weights: _Floats,  # [post, pre]
    delays: _Floats | None,
    recurrent_weights: _Floats | None,  # [post, post]
    recurrent_delays: _Floats | None,
    thresholds: _Floats,  # [post]
    tau_mem: float,
    tau_syn: float,
    reset: str,
    refractory: float,
    spike_times: _Floats,
    spike_channels: _Integers,
    spike_offsets: _Integers,
    trace: _Floats,  # [spikes, 4]
    gradient: _Floats,  # dL/d spike_times
    constants: bool,
    of_times: bool,
    slope_floor: float,
    threads: int,
) -> tuple[
    _Floats, _Floats, _Floats | None, _Floats | None, _Floats | None, _Floats, float, float
]: ...  # dL/d times, weights, delays, recurrent weights, recurrent delays, thresholds, tau_mem, tau_syn
def read_out_forward(
    times: _Floats,
    channels: _Integers,
    offsets: _Integers,
    weights: _Floats,  # [post, pre]
    delays: _Floats | None,
    tau_mem: float,
    tau_syn: float,
    reading: str,
    rate: float,
    duration: float,
    threads: int,
) -> tuple[_Floats, _Floats]: ...  # values [batch, post]; for "max" when, [batch * post]
def read_out_backward(
    times: _Floats,
    channels: _Integers,
    offsets: _Integers,
    weights: _Floats,  # [post, pre]
    delays: _Floats | None,
    tau_mem: float,
    tau_syn: float,
    reading: str,
    rate: float,
    duration: float,
    when: _Floats,
    gradient: _Floats,  # dL/d values, [batch, post]
    threads: int,
) -> tuple[_Floats, _Floats, _Floats | None]: ...  # dL/d times, weights, delays
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
def first_spike_constants_backward(
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
) -> tuple[float, float, float]: ...  # dL/d tau_mem, dL/d tau_syn, dL/d threshold
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
