"""The network as data: what it refuses, and that a file brings it back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tarry

INPUT = tarry.Population("in", 2)
OUT = tarry.Population("out", 3, tarry.Lif(2e-3, 1e-3))


def test_a_file_brings_everything_back(tmp_path: Path) -> None:
    neuron = tarry.Lif(2e-3, 1e-3, threshold=[1.0, 2.0, 3.0], reset="by_subtraction", refractory=1e-4)
    network = tarry.Network(
        (
            tarry.Population("in", 2, binary=True),
            tarry.Population("a", 3, neuron),
            tarry.Population("b", 3, OUT.neuron),
        ),
        (
            tarry.Projection("in", "a", np.arange(6.0).reshape(3, 2), np.array([[1e-3, 2e-3]])),
            tarry.Projection("a", "b", np.eye(3), 1e-4),
        ),
        ("b", "a"),
    )
    network.save(tmp_path / "network.npz")
    again = tarry.Network.load(tmp_path / "network.npz")
    assert again.populations == network.populations
    assert again.outputs == network.outputs == ("a", "b")
    for ours, theirs in zip(network.projections, again.projections, strict=True):
        assert (ours.source, ours.target) == (theirs.source, theirs.target)
        assert np.array_equal(ours.weights, theirs.weights)
        assert np.array_equal(ours.delays, theirs.delays)


def test_arrays_are_frozen_copies() -> None:
    weights = np.ones((3, 2))
    projection = tarry.Projection("in", "out", weights)
    weights[:] = 7
    assert np.all(projection.weights == 1)
    with pytest.raises(ValueError, match="read-only"):
        projection.weights[0, 0] = 2


@pytest.mark.parametrize(
    ("lif", "message"),
    [
        ({"tau_mem": 0.0}, "tau_mem is 0.0 s; it must be positive"),
        ({"tau_mem": float("nan")}, "tau_mem is nan"),
        ({"tau_syn": -1.0}, "tau_syn is -1.0 s"),
        ({"tau_syn": float("inf")}, "tau_syn is inf"),
        ({"reset": "never"}, "reset is 'never'; it must be one of to_zero"),
        ({"refractory": -1.0}, "refractory is -1.0 s"),
        ({"threshold": 0.0}, "threshold must be a positive number"),
        ({"threshold": [[1.0]]}, "threshold must be a positive number"),
    ],
)
def test_neurons_refuse(lif: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tarry.Lif(**({"tau_mem": 2e-3, "tau_syn": 1e-3} | lif))


@pytest.mark.parametrize(
    ("weights", "delays", "message"),
    [
        (np.ones(3), 0.0, r"weights have shape \(3,\)"),
        (np.full((3, 2), np.nan), 0.0, "a weight is not finite"),
        (np.ones((3, 2)), np.zeros(2), "could mean axonal or dendritic"),
        (np.ones((3, 2)), np.zeros((2, 3)), r"they must be a scalar, \(1, 2\), \(3, 1\) or \(3, 2\)"),
        (np.ones((3, 2)), -1e-3, "at least 0 s"),
        (np.ones((3, 2)), np.inf, "delays must be finite"),
    ],
)
def test_projections_refuse(weights: Any, delays: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tarry.Projection("in", "out", weights, delays)


@pytest.mark.parametrize(
    ("populations", "projections", "outputs", "message"),
    [
        ((OUT,), (), (), "the network has no input"),
        ((INPUT,), (), (), "the network has no neurons"),
        ((INPUT, INPUT, OUT), (), (), "two populations have the same name"),
        ((INPUT, OUT), (("in", "nobody", (3, 2)),), (), "there is no population 'nobody'"),
        ((INPUT, OUT), (("out", "in", (2, 3)),), (), "'in' is an input and takes no synapses"),
        ((INPUT, OUT), (("in", "out", (2, 3)),), (), r"the populations need \(3, 2\)"),
        ((INPUT, OUT), (("in", "out", (3, 2)),), ("in",), "output 'in' is not a population of neurons"),
        ((INPUT, OUT), (("in", "out", (3, 2)),), ("out", "out"), "an output is named twice"),
        ((INPUT, OUT), (("out", "out", (3, 3)),), (), "name the outputs"),
    ],
)
def test_networks_refuse(populations: Any, projections: Any, outputs: Any, message: str) -> None:
    made = tuple(tarry.Projection(s, t, np.ones(shape), 1e-3) for s, t, shape in projections)
    with pytest.raises(ValueError, match=message):
        tarry.Network(populations, made, outputs)


def test_populations_refuse() -> None:
    with pytest.raises(ValueError, match="size 0"):
        tarry.Population("a", 0)
    with pytest.raises(ValueError, match="only inputs can be"):
        tarry.Population("a", 1, OUT.neuron, binary=True)
    with pytest.raises(ValueError, match="3 neurons and 2 thresholds"):
        tarry.Population("a", 3, tarry.Lif(2e-3, 1e-3, threshold=[1.0, 2.0]))


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "network.npz"
    path.write_bytes(b"not a network")
    with pytest.raises(ValueError, match=r"is not a Tarry network .*write one with Network\.save"):
        tarry.Network.load(path)
    with pytest.raises(FileNotFoundError):
        tarry.Network.load(tmp_path / "absent.npz")
