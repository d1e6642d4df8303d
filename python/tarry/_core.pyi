"""The extension module: what Rust computes, for numpy arrays."""

import numpy as np
import numpy.typing as npt

__all__ = [
    "first_spike_backward",
    "first_spike_forward",
    "shift_invariant_mse",
    "time_to_first_spike_cross_entropy",
]

_Floats = npt.NDArray[np.float64]

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
