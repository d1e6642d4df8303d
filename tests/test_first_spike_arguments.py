from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tarry import _core

GOOD: dict[str, Any] = {
    "times": np.zeros((2, 3)),
    "weights": np.ones((4, 3)),
    "delays": None,
    "tau_mem": 2e-3,
    "tau_syn": 1e-3,
    "threshold": 1.0,
    "threads": 1,
}
NAN = np.array([[0.0, np.nan, 0.0]])
BAD_FORWARD = [
    ({"times": np.zeros((2, 4))}, "times has shape"),
    ({"times": np.zeros((0, 3))}, "the batch is empty"),
    ({"times": NAN}, "times holds NaN at flat index 1"),
    ({"times": -np.inf * np.ones((1, 3))}, "times holds -inf"),
    ({"times": np.zeros((3, 2)).T}, "times is not C-contiguous"),
    ({"weights": np.full((4, 3), np.nan)}, "weights holds NaN"),
    ({"weights": np.full((4, 3), np.inf)}, "weights holds inf"),
    ({"weights": np.ones((0, 3))}, "the layer is empty"),
    ({"weights": np.ones((4, 0)), "times": np.zeros((2, 0))}, "the input of the layer is empty"),
    ({"delays": np.full((4, 3), -1e-3)}, "delays holds -0.001"),
    ({"delays": np.full((1, 3), np.inf)}, "delays holds inf"),
    ({"delays": np.zeros((3, 4))}, "delays have shape"),
    ({"tau_mem": 3e4}, "are too far apart"),
    ({"tau_mem": 0.0}, "tau_mem is 0 s"),
    ({"tau_mem": np.nan}, "tau_mem is NaN s"),
    ({"tau_syn": 0.0}, "tau_syn is 0 s"),
    ({"tau_syn": np.inf}, "tau_syn is inf s"),
    ({"threshold": 0.0}, "threshold is 0"),
    ({"weights": np.full((4, 3), 1e70)}, "at most 1e60 thresholds"),
    ({"threads": 0}, "threads is 0"),
    ({"threads": 10**9}, "threads is 1000000000"),
]


@pytest.mark.parametrize(("change", "message"), BAD_FORWARD)
def test_bad_input_of_the_forward_pass(change: dict[str, Any], message: str) -> None:
    _core.first_spike_forward(**GOOD)
    with pytest.raises(ValueError, match=message) as error:
        _core.first_spike_forward(**{**GOOD, **change})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"spike_times": np.zeros((2, 3))}, "spike_times has shape"),
        ({"spike_times": np.full((2, 4), np.nan)}, "spike_times holds NaN"),
        ({"gradient": np.ones((1, 4))}, "gradient has shape"),
        ({"gradient": np.full((2, 4), np.nan)}, "gradient holds NaN"),
        ({"slope_floor": -1.0}, "slope_floor is -1"),
        ({"slope_floor": np.nan}, "slope_floor is NaN"),
        ({"threads": 0}, "threads is 0"),
    ],
)
def test_bad_input_of_the_backward_pass(change: dict[str, Any], message: str) -> None:
    good = {**GOOD, "spike_times": np.ones((2, 4)) * 1e-4, "gradient": np.ones((2, 4)), "slope_floor": 0.0}
    _core.first_spike_backward(**good)
    with pytest.raises(ValueError, match=message):
        _core.first_spike_backward(**{**good, **change})


@pytest.mark.parametrize("name", ["times", "weights"])
def test_other_types_are_refused(name: str) -> None:
    for wrong in (GOOD[name].astype(np.float32), GOOD[name].tolist(), GOOD[name][0]):
        with pytest.raises(TypeError, match=name):
            _core.first_spike_forward(**{**GOOD, name: wrong})
