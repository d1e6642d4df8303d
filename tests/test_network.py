"""The network as data: what it refuses, and that a file brings it back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tarry

INPUT = tarry.Population("in", 2)
#: The package without its types, to be called wrongly.
loose: Any = tarry
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


MODELS = [
    tarry.Lif(2e-3, 1e-3, bias=[0.0, 0.5, -1.0], adaptation=tarry.Adaptation(1e-2, [0.0, 1.0, 2.0])),
    tarry.Integrator(np.inf),
    tarry.Integrator(2e-3, 1e-3, 0.25, "weighted", 1e-2),
    tarry.DeltaLif([0, 1, 1 << 15], 7, "to_zero", 3, -5, tarry.IntegerAdaptation(1 << 15, (1, 2, 3))),
    tarry.DeltaLif(31170, None, readout="weighted", readout_gamma=1 << 30),
    tarry.ShiftLif(4, None, np.array([5, 6, 7]), refractory=2),
    tarry.ShiftLif(0, 31, None, readout="max"),
    tarry.LoihiLif(4095, [0, 1, 4095], 100, 63, [-4096, 0, 4095], 7),
    tarry.LoihiLif(0, 0, None, readout="sum"),
]


@pytest.mark.parametrize("model", MODELS)
def test_a_file_brings_every_model_back(tmp_path: Path, model: Any) -> None:
    exponent = -3 if isinstance(model, tarry.LoihiLif) else 0
    network = tarry.Network(
        (INPUT, tarry.Population("out", 3, model)),
        (tarry.Projection("in", "out", np.ones((3, 2)), 0.0, exponent),),
    )
    network.save(tmp_path / "network.npz")
    again = tarry.Network.load(tmp_path / "network.npz")
    assert again.populations == network.populations
    assert [p.exponent for p in again.projections] == [exponent]


def test_files_without_models_and_exponents_hold_lif(tmp_path: Path) -> None:
    """As they were written before there were other models."""
    neuron = {"tau_mem": 2e-3, "tau_syn": 1e-3, "threshold": [1.0, 2.0], "reset": "once", "refractory": 0.0}
    header = {
        "format": "tarry-network-1",
        "populations": [
            {"name": "in", "size": 1, "neuron": None, "binary": False},
            {"name": "out", "size": 2, "neuron": neuron, "binary": False},
        ],
        "projections": [{"source": "in", "target": "out"}],
        "outputs": ["out"],
    }
    text = np.frombuffer(json.dumps(header).encode(), np.uint8)
    np.savez(tmp_path / "old.npz", header=text, weights_0=np.ones((2, 1)), delays_0=np.zeros(()))
    network = tarry.Network.load(tmp_path / "old.npz")
    assert network.populations[1].neuron == tarry.Lif(2e-3, 1e-3, [1.0, 2.0], "once")
    assert network.projections[0].exponent == 0


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
    ("make", "message"),
    [
        (lambda: loose.Lif(2e-3, 0.0, bias=np.nan), "bias must be a finite number"),
        (lambda: loose.Lif(np.inf, 0.0, bias=1.0), "no potential to rest at: leave its bias at 0"),
        (lambda: loose.Adaptation(0.0, 1.0), "tau of the adaptation is 0.0 s"),
        (lambda: loose.Adaptation(1e-3, -1.0), "increment must be a number of at least 0"),
        (lambda: loose.Integrator(0.0), "tau_mem is 0.0 s"),
        (lambda: loose.Integrator(1e-3, readout="mean"), "readout is 'mean'; it must be None or one of max"),
        (lambda: loose.Integrator(1e-3, readout="weighted"), "the weighted read-out needs it"),
        (lambda: loose.Integrator(1e-3, readout="max", readout_tau=1.0), "the others take none"),
        (lambda: loose.Integrator(1e-3, readout="weighted", readout_tau=0.0), "readout_tau is 0.0 s"),
        (
            lambda: loose.DeltaLif(32769, 1),
            "beta is 32769; it must be a whole number from 0 to 32768, or one",
        ),
        (lambda: loose.DeltaLif([1, 0.5], 1), "beta is 0.5; it must be a whole number"),
        (lambda: loose.DeltaLif(1, 0), "threshold is 0; it must be a whole number from 1 to 2147483647"),
        (lambda: loose.DeltaLif(1, 1, "once"), "reset is 'once'; it must be one of to_zero, by_subtraction"),
        (
            lambda: loose.DeltaLif(1, 1, refractory=1.5),
            "refractory is 1.5; it must be a whole number from 0 to",
        ),
        (lambda: loose.DeltaLif(1, 1, readout="max"), "neurons that spike have none"),
        (lambda: loose.DeltaLif(1, None, refractory=1), "never spike: leave their refractory period at 0"),
        (lambda: loose.DeltaLif(1, None, adaptation=loose.IntegerAdaptation(1, 1)), "no threshold to adapt"),
        (lambda: loose.DeltaLif(1, None, readout="weighted"), "readout_gamma is None: the weighted read-out"),
        (
            lambda: loose.DeltaLif(1, None, "to_zero", readout="weighted", readout_gamma=-1),
            "readout_gamma is -1",
        ),
        (lambda: loose.IntegerAdaptation(-1, 1), "rho is -1; it must be a whole number from 0 to 32768$"),
        (
            lambda: loose.ShiftLif([1, 2], None, 1),
            r"k_mem is of shape \(2,\); it must be a whole number from 0 to 31$",
        ),
        (lambda: loose.ShiftLif(1, 32, 1), "k_syn is 32"),
        (lambda: loose.LoihiLif(4096, 0, 1), "delta_u is 4096"),
        (lambda: loose.LoihiLif(0, -1, 1), "delta_v is -1"),
        (
            lambda: loose.LoihiLif(0, 0, 1 << 17),
            "threshold is 131072; it must be a whole number from 1 to 131071",
        ),
        (lambda: loose.LoihiLif(0, 0, 1, 64), "refractory is 64; it must be a whole number from 0 to 63"),
        (lambda: loose.LoihiLif(0, 0, 1, 0, 4096), "bias_mantissa is 4096"),
        (lambda: loose.LoihiLif(0, 0, 1, 0, 1, 8), "bias_exponent is 8"),
    ],
)
def test_models_refuse(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_integer_models_take_whole_weights_and_loihi_alone_exponents() -> None:
    def network(model: Any, weight: float, exponent: int = 0) -> tarry.Network:
        projection = tarry.Projection("in", "out", np.full((3, 2), weight), 0.0, exponent)
        return tarry.Network((INPUT, tarry.Population("out", 3, model)), (projection,))

    with pytest.raises(ValueError, match=r"a weight is no whole number; DeltaLif takes its integers"):
        network(tarry.DeltaLif(1, 1), 0.5)
    with pytest.raises(ValueError, match="only projections into LoihiLif neurons have one"):
        network(tarry.DeltaLif(1, 1), 1.0, 1)
    with pytest.raises(ValueError, match="exponent is 8; it must be a whole number from -8 to 7"):
        network(tarry.LoihiLif(1, 1, 1), 1.0, 8)


@pytest.mark.parametrize(
    "model", [tarry.Integrator(1e-3, readout="max"), tarry.Lif(1e-3, 0.0, bias=1.0), MODELS[0]]
)
def test_the_event_rule_refuses_what_it_cannot_run(model: Any) -> None:
    network = tarry.Network(
        (INPUT, tarry.Population("out", 3, model)), (tarry.Projection("in", "out", np.ones((3, 2))),)
    )
    with pytest.raises(ValueError, match=r"population 'out' .* a clocked rule"):
        tarry.compile(network, tick=1e-3, rule="event")


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
    with pytest.raises(ValueError, match="3 neurons and 2 values of threshold"):
        tarry.Population("a", 3, tarry.Lif(2e-3, 1e-3, threshold=[1.0, 2.0]))
    with pytest.raises(ValueError, match="3 neurons and 2 values of increment"):
        tarry.Population("a", 3, tarry.Lif(2e-3, 1e-3, adaptation=tarry.Adaptation(1.0, [1.0, 2.0])))


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "network.npz"
    path.write_bytes(b"not a network")
    with pytest.raises(ValueError, match=r"is not a Tarry network .*write one with Network\.save"):
        tarry.Network.load(path)
    with pytest.raises(FileNotFoundError):
        tarry.Network.load(tmp_path / "absent.npz")
