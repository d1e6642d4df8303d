from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import Any

import numpy as np
import pytest
import torch

from tarry import Lif, data, nn

TAU_SYN = 1e-3


def lif(inputs: int, outputs: int, **settings: Any) -> nn.Lif:
    return nn.Lif(inputs, outputs, **({"tau_mem": 2e-3, "tau_syn": TAU_SYN} | settings))


@pytest.mark.parametrize(
    ("delay", "shape"), [("axonal", (1, 4)), ("dendritic", (3, 1)), ("synaptic", (3, 4)), (None, None)]
)
def test_delays_have_the_shape_of_their_kind_and_stay_in_range(delay: Any, shape: Any) -> None:
    layer = lif(4, 3, delay=delay, delay_range=(0.25, 1.5), generator=torch.Generator().manual_seed(0))
    delays = layer.delays()
    if shape is None:
        assert delays is None
        return
    assert delays is not None
    assert layer.raw_delays is not None
    assert delays.shape == shape
    expected = (0.25 + 1.25 * torch.sigmoid(layer.raw_delays)) * TAU_SYN
    torch.testing.assert_close(delays, expected, rtol=1e-14, atol=0)
    with torch.no_grad():
        layer.raw_delays.fill_(-1e3)
        torch.testing.assert_close(layer.delays(), torch.full(shape, 0.25e-3, dtype=torch.float64))
        layer.raw_delays.fill_(1e3)
        torch.testing.assert_close(layer.delays(), torch.full(shape, 1.5e-3, dtype=torch.float64))


def test_time_scales_with_tau_syn() -> None:
    times = torch.rand(20, 4, dtype=torch.float64)
    slow, fast = (
        lif(4, 3, delay="synaptic", tau_mem=2 * t, tau_syn=t, generator=torch.Generator().manual_seed(1))
        for t in (1.0, 1e-6)
    )
    torch.testing.assert_close(slow(times), fast(times * 1e-6) * 1e6)


def test_the_layer_converts_its_input_to_its_own_dtype() -> None:
    times = torch.rand(5, 4) * TAU_SYN
    assert lif(4, 3, dtype=torch.float32)(times.double()).dtype == torch.float32
    assert lif(4, 3)(times).dtype == torch.float64


def test_weights_are_limited_from_the_start() -> None:
    layer = lif(10, 10, weight_deviation=5.0, weight_limit=1.5)
    assert layer.weights.abs().max() == 1.5
    layer.limit_weights(0.5)
    assert layer.weights.abs().max() == 0.5


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"inputs": 0}, "a layer needs inputs and outputs, not 0 and 3"),
        ({"delay": "axon"}, "delay is 'axon'; it must be None, 'axonal', 'dendritic' or 'synaptic'"),
        ({"tau_mem": 0.0}, "tau_mem is 0.0 s"),
        ({"tau_syn": float("inf")}, "tau_syn is inf s"),
        ({"threshold": -1.0}, "threshold is -1.0"),
        ({"reset": "to_zero"}, "reset is 'to_zero'; only reset='once', first-spike coding, can be trained"),
        ({"delay_range": (1.0, 0.5)}, r"delay_range is \(1.0, 0.5\) tau_syn"),
        ({"slope_floor": float("nan")}, "slope_floor is nan"),
        ({"weight_limit": 0.0}, "weight_limit is 0.0"),
        ({"weight_mean": float("nan")}, "weight_mean is nan"),
        ({"weight_deviation": -1.0}, "weight_deviation is -1.0"),
        ({"threads": 0}, "threads is 0"),
        ({"dtype": torch.float16}, "dtype is torch.float16"),
    ],
)
def test_lif_refuses(settings: dict[str, Any], message: str) -> None:
    arguments = {"inputs": 4, "outputs": 3, "tau_mem": 2e-3, "tau_syn": TAU_SYN} | settings
    with pytest.raises(ValueError, match=message):
        nn.Lif(**arguments)


def test_sequential_refuses() -> None:
    with pytest.raises(ValueError, match="at least one layer"):
        nn.Sequential()
    with pytest.raises(ValueError, match="layer 1 has 6 inputs, but the one before it has 5 outputs"):
        nn.Sequential(lif(4, 5), lif(6, 3))
    with pytest.raises(ValueError, match="not Linear"):
        nn.Sequential(torch.nn.Linear(4, 3))  # type: ignore[arg-type]


def test_sequential_returns_the_last_layer_or_all() -> None:
    model = nn.Sequential(lif(4, 6, delay="axonal"), lif(6, 5), lif(5, 3, delay="synaptic"))
    times = torch.rand(7, 4, dtype=torch.float64) * TAU_SYN
    every = model(times, return_all=True)
    assert [tuple(t.shape) for t in every] == [(7, 6), (7, 5), (7, 3)]
    assert torch.equal(model(times), every[-1])
    assert torch.equal(model[1](every[0]), every[1])


@pytest.mark.parametrize(
    ("sizes", "names"),
    [
        ((4, 3), ["input", "output"]),
        ((4, 6, 3), ["input", "hidden", "output"]),
        ((4, 6, 5, 3), ["input", "hidden1", "hidden2", "output"]),
    ],
)
def test_the_network_holds_what_the_layers_hold(sizes: tuple[int, ...], names: list[str]) -> None:
    kinds = [None, "dendritic", "synaptic"][: len(sizes) - 1]
    model = nn.Sequential(
        *(lif(a, b, delay=kind, threshold=1.5) for a, b, kind in zip(sizes, sizes[1:], kinds, strict=False))
    )
    network = model.network()
    assert [p.name for p in network.populations] == names
    assert [p.size for p in network.populations] == list(sizes)
    assert network.outputs == ("output",)
    for population in network.populations[1:]:
        assert isinstance(population.neuron, Lif)
        assert (population.neuron.tau_mem, population.neuron.tau_syn) == (2e-3, TAU_SYN)
        assert (population.neuron.threshold, population.neuron.reset) == (1.5, "once")
    for projection, layer in zip(network.projections, model, strict=True):
        assert np.array_equal(projection.weights, layer.weights.detach().numpy())
        delays = layer.delays()
        expected = np.zeros(()) if delays is None else delays.detach().numpy()
        assert np.array_equal(projection.delays, expected)
    before = network.projections[0].weights.copy()
    with torch.no_grad():
        model[0].weights.zero_()
    assert np.array_equal(network.projections[0].weights, before)


def test_a_model_learns() -> None:
    points = data.yin_yang(TAU_SYN).train
    times, labels = torch.tensor(points.times[:500]), torch.tensor(points.labels[:500])
    generator = torch.Generator().manual_seed(0)
    model = nn.Sequential(
        *(lif(a, b, delay="synaptic", slope_floor=0.02, generator=generator) for a, b in ((4, 20), (20, 3)))
    )
    adam = torch.optim.Adam(model.parameters(), lr=0.03)
    losses = []
    for _ in range(40):
        loss = nn.shift_invariant_mse(model(times), labels, TAU_SYN)
        adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def test_without_torch_the_base_works_and_the_extra_is_named() -> None:
    script = """
        import sys

        class Hide:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] in ("torch", "tqdm"):
                    raise ModuleNotFoundError(f"No module named {name!r}", name=name)

        sys.meta_path.insert(0, Hide())
        import tarry
        from tarry import data
        assert len(data.yin_yang(1e-3).train) == 5000
        for module in ("nn", "train"):
            try:
                __import__(f"tarry.{module}")
            except ImportError as error:
                print(error)
    """
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(script)], capture_output=True, text=True
    )
    assert result.stderr == ""
    assert result.stdout.splitlines() == [
        f'tarry.{module} needs torch, which is not installed; get it with: pip install "tarry[train]"'
        for module in ("nn", "train")
    ]


def test_importing_tarry_does_not_import_torch() -> None:
    script = "import sys, tarry, tarry.data; assert 'torch' not in sys.modules and 'tqdm' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0
