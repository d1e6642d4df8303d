"""From float neurons and weights to the integers of the clocked rules: every number, every loss, every refusal."""

from __future__ import annotations

from math import exp, inf, log2
from typing import Any

import numpy as np
import pytest

import tarry
from tarry.compiler.clocked_weights import check_delays, quantise_weights, taken_weights, weight_range
from tarry.compiler.lower import CLOCKED_RULES, ClockedNeurons, Rule, lower

MS = 1e-3


def lowered(neuron: Any, rule: Rule | None, scale: Any = 1 / 64, size: int = 3, **how: Any) -> ClockedNeurons:
    return lower(tarry.Population("a", size, neuron), rule, MS, scale, **how)


def test_delta_scales_thresholds_and_biases_by_the_weight_scale_alone() -> None:
    adaptation = tarry.Adaptation(50 * MS, [0.5, 0.25, 0.0])
    lif = tarry.Lif(20 * MS, 0.0, [1.0, 2.0, 3.0], "by_subtraction", 3.4 * MS, 0.5, adaptation)
    got = lowered(lif, "delta", scale=[1 / 1024, 1 / 512, 1 / 256])
    assert (got.rule, got.size, got.spiking, got.reset, got.refractory) == (
        "delta",
        3,
        True,
        "by_subtraction",
        3,
    )
    assert got.decay.tolist() == [31170] * 3  # the beta of the fixed workload
    assert got.synapse_decay.tolist() == [0] * 3
    assert got.threshold.tolist() == [1024, 1024, 768]
    lost = 1 - 31170 / 2**15
    assert got.bias.tolist() == [round(0.5 * lost * s) for s in (1024, 512, 256)]
    assert got.rho == round(2**15 * exp(-1 / 50))
    assert got.increment.tolist() == [512, 128, 0]


@pytest.mark.parametrize("tau_mem", [0.1, 0.7, 0.72, 1.0, 5.6, 5.7, 16.0, 100.0, 2.0**31])
@pytest.mark.parametrize("tau_syn", [0.0, 0.2, 3.0, 8.0])
def test_shift_takes_the_nearest_power_of_two(tau_mem: float, tau_syn: float) -> None:
    got = lowered(tarry.Lif(tau_mem * MS, tau_syn * MS, 0.75, bias=2.0), "shift")
    k_mem = max(round(log2(tau_mem)), 0)
    k_syn = max(round(log2(tau_syn)), 0) if tau_syn else -1
    assert (got.decay.tolist(), got.synapse_decay.tolist()) == ([k_mem] * 3, [k_syn] * 3)
    assert got.threshold.tolist() == [48 << max(k_syn, 0)] * 3
    assert got.bias.tolist() == [round(128 * 2 ** max(k_syn, 0) / 2**k_mem)] * 3
    assert got.reset == "to_zero"


@pytest.mark.parametrize("tau_syn", [0.0, 1.0, 5.0, 1e5])
def test_loihi_keeps_the_charge_of_a_spike(tau_syn: float) -> None:
    got = lowered(tarry.Lif(20 * MS, tau_syn * MS, 1.0, bias=[0.0, 0.5, -1.0]), "loihi", scale=1 / 25)
    delta_v = 4096 - round(4096 * exp(-1 / 20))
    delta_u = max(4095 - round(4096 * exp(-1 / tau_syn)), 0) if tau_syn else 4095
    assert (got.decay.tolist(), got.synapse_decay.tolist()) == ([delta_v] * 3, [delta_u] * 3)
    gain = 4096 / (delta_u + 1)
    assert got.threshold.tolist() == [round(25 * gain)] * 3
    exact = [25 * gain * 64 * delta_v / 4096 * b for b in (0.0, 0.5, -1.0)]
    assert got.bias.tolist() == pytest.approx(exact, rel=2**-12, abs=0.5)
    assert got.reset == "to_zero"


def test_integrators_and_their_read_outs() -> None:
    integrator = tarry.Integrator(20 * MS, 0.0, 0.5, "weighted", 100 * MS)
    for rule in CLOCKED_RULES:
        got = lowered(integrator, rule)
        assert (got.spiking, got.refractory, got.readout) == (False, 0, "weighted")
        assert got.gamma == round(2**30 * exp(-1 / 100))
        assert got.threshold.tolist() == [0] * 3
        assert lowered(tarry.Integrator(1.0, readout="max"), rule).gamma == 0
    assert lowered(tarry.Integrator(inf), "delta").decay.tolist() == [1 << 15] * 3
    assert lowered(tarry.Integrator(inf), "loihi").decay.tolist() == [0] * 3
    assert lowered(tarry.Integrator(1.0, readout="weighted", readout_tau=inf), "delta").gamma == 1 << 30


def test_models_in_integers_pass_through() -> None:
    got = lowered(
        tarry.DeltaLif([1, 2, 3], 9, "to_zero", 4, -7, tarry.IntegerAdaptation(5, [6, 7, 8])), None, scale=0.0
    )
    assert (got.rule, got.reset, got.refractory, got.rho) == ("delta", "to_zero", 4, 5)
    assert [a.tolist() for a in (got.decay, got.threshold, got.bias, got.increment, got.synapse_decay)] == [
        [1, 2, 3],
        [9] * 3,
        [-7] * 3,
        [6, 7, 8],
        [0] * 3,
    ]
    got = lowered(tarry.ShiftLif(4, None, None, readout="sum"), "shift")
    assert (got.spiking, got.readout, got.gamma) == (False, "sum", 0)
    assert (got.decay.tolist(), got.synapse_decay.tolist()) == ([4] * 3, [-1] * 3)
    assert lowered(tarry.ShiftLif(4, 5, 1), None).synapse_decay.tolist() == [5] * 3
    got = lowered(tarry.LoihiLif(1, 2, 3, 4, [5, -6, 7], [0, 1, 7]), None)
    assert (got.rule, got.reset, got.refractory) == ("loihi", "to_zero", 4)
    assert got.bias.tolist() == [5, -12, 7 << 7]
    assert (got.synapse_decay.tolist(), got.decay.tolist(), got.threshold.tolist()) == (
        [1] * 3,
        [2] * 3,
        [3] * 3,
    )
    assert got.losses == ()


@pytest.mark.parametrize(
    ("lif", "rule", "scale", "losses"),
    [
        (tarry.Lif(20 * MS, 0.0, 64.0), "delta", 1 / 64, []),
        (
            tarry.Lif(20 * MS, 5 * MS, 64.0),
            "delta",
            1 / 64,
            ["tau_syn of 5 ms is dropped: a spike acts within one tick"],
        ),
        (
            tarry.Lif(20 * MS, 4 * MS, 1.0),
            "shift",
            1 / 64,
            ["tau_mem of 20 ms becomes 15.5 ms (-22.5 %)", "tau_syn of 4 ms becomes 3.48 ms (-13.1 %)"],
        ),
        (tarry.Lif(20 * MS, 0.0, 1.0), "loihi", 1 / 64, []),
        (
            tarry.Lif(20 * MS, 0.0, 2.4),
            "delta",
            1.0,
            ["a threshold of 2.4 in the integers of the rule becomes 2"],
        ),
        (
            tarry.Lif(20 * MS, 0.0, 64.0, refractory=1.4 * MS),
            "delta",
            1.0,
            ["a refractory period of 1.4 ms becomes 1 ms"],
        ),
        (tarry.Lif(1e5, 0.0, 64.0), "delta", 1.0, ["tau_mem of 100000 s becomes infinite: no leak"]),
    ],
)
def test_what_lowering_loses_is_told(lif: tarry.Lif, rule: Rule, scale: float, losses: list[str]) -> None:
    got = lowered(lif, rule, scale).losses
    assert len(got) == len(losses)
    for sentence, start in zip(got, losses, strict=True):
        assert sentence.startswith(f"population 'a': {start}")


def test_firing_once_is_refused_or_becomes_the_longest_refractory_period() -> None:
    once = tarry.Lif(20 * MS, 0.0, 64.0, "once")
    for rule, longest in (("delta", 1 << 20), ("shift", 1 << 20), ("loihi", 63)):
        with pytest.raises(ValueError, match=r"fire once are unknown.*once=\"longest_refractory\""):
            lowered(once, rule)  # type: ignore[arg-type]
        got = lowered(once, rule, once="longest_refractory")  # type: ignore[arg-type]
        assert (got.reset, got.refractory) == ("to_zero", longest)
        assert any("firing once becomes a reset to zero" in loss for loss in got.losses)


@pytest.mark.parametrize(
    ("neuron", "rule", "scale", "message"),
    [
        (tarry.DeltaLif(1, 1), "loihi", 1.0, r"'a' is DeltaLif, in the integers of rule 'delta'; it cannot"),
        (
            tarry.Lif(MS, 0.0),
            "event",
            1.0,
            "the rule is 'event'; float neurons are lowered onto delta, loihi",
        ),
        (tarry.Lif(MS, 0.0), None, 1.0, "the rule is None"),
        (None, "delta", 1.0, "'a' is an input"),
        (tarry.Lif(MS, 0.0), "delta", 0.0, "weight scales must be positive"),
        (
            tarry.Lif(MS, 0.0),
            "delta",
            3.0,
            r"onto rule 'delta' at a tick of 1 ms: threshold is 0; it must be",
        ),
        (tarry.Lif(MS, 0.0), "delta", [1.0, 1e-12, 1.0], "threshold is 1e\\+12; it must be"),
        (
            tarry.Lif(MS, 0.0),
            "loihi",
            1e-6,
            "threshold is 1000000; it must be a whole number from 1 to 131071",
        ),
        (tarry.Lif(MS, 0.0, reset="by_subtraction"), "loihi", 1.0, "it resets to zero alone"),
        (tarry.Lif(MS, 0.0, adaptation=tarry.Adaptation(MS, 1.0)), "loihi", 1.0, "no adaptive threshold"),
        (tarry.Lif(MS, 0.0, refractory=64 * MS), "loihi", 1.0, "a refractory period of 64 ticks; at most 63"),
        (tarry.Lif(MS, 0.0, refractory=1e4), "delta", 1.0, "10000000 ticks; at most 1048576"),
        (tarry.Lif(MS, 0.0, bias=1e6), "loihi", 1.0, "a bias of .* in its integers; at most 524160"),
        (tarry.Lif(inf, 0.0), "shift", 1.0, r"tau_mem is inf s; decays by shifts hold at most 2\^31 ticks"),
    ],
)
def test_lowering_refuses(neuron: Any, rule: Any, scale: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        lowered(neuron, rule, scale)


@pytest.mark.parametrize("rule", ["delta", "shift"])
@pytest.mark.parametrize("bits", [2, 3, 8, 16])
def test_weights_are_rounded_then_clipped(rule: Rule, bits: int) -> None:
    largest = 2 ** (bits - 1) - 1
    weights = np.array([[0.5, 1.5, -1.5], [largest + 0.6, -largest, -largest - 9.0]]) * [[2.0], [0.25]]
    got, clipped = quantise_weights(weights, [2.0, 0.25], rule, bits)
    two = min(2, largest)
    assert got.tolist() == [[0, two, -two], [largest, -largest, -largest]]
    assert clipped == 2 + 2 * (largest < 2)


def test_one_bit_is_the_sign() -> None:
    got, clipped = quantise_weights(np.array([[0.0, 1e-9, -0.2, 7.0]]), 1.0, "delta", 1)
    assert (got.tolist(), clipped) == ([[0, 1, -1, 1]], 1)


@pytest.mark.parametrize(
    ("weights", "bits", "expected", "clipped"),
    [
        ([-300.0, -255.0, 1.0, 3.0, 255.2, 900.0], 8, [-256, -256, 0, 4, 254, 254], 3),
        ([0.0, 0.5, 1.5, 255.4, 256.0], 8, [0, 0, 2, 255, 255], 1),
        ([0.0, -0.5, -1.5, -255.4, -256.0], 8, [0, 0, -2, -255, -255], 1),
        ([-300.0, -97.0, 63.0, 97.0, 255.0], 2, [-256, -128, 0, 128, 128], 1),
        ([0.0, 33.0, 255.0], 2, [0, 64, 192], 1),
    ],
)
def test_loihi_weights_depend_on_their_signs(
    weights: list[float], bits: int, expected: list[int], clipped: int
) -> None:
    got = quantise_weights(np.array([weights]), 1.0, "loihi", bits)
    assert (got[0].tolist(), got[1]) == ([expected], clipped)
    assert got[0] in weight_range("loihi", bits, np.array([weights]))
    assert taken_weights(got[0].astype(float), "loihi", bits, "").tolist() == [expected]


@pytest.mark.parametrize(
    ("weights", "rule", "bits", "message"),
    [
        ([[1.0, 200.0]], "delta", 8, "a weight is 200; at 8 bits .* are whole numbers, from -127 to 127"),
        ([[2.0, 1.0, -2.0]], "loihi", 8, "a weight is 1; .* together, .* multiples of 2 from -256 to 254"),
        ([[256.0]], "loihi", 8, "a weight is 256; .* from 0 to 255"),
        ([[-256.0]], "loihi", 8, "a weight is -256; .* from -255 to 0"),
        ([[1.0]], "delta", 17, "weights of 17 bits; rule 'delta' has 1 to 16"),
        ([[1.0]], "loihi", 9, "weights of 9 bits; rule 'loihi' has 2 to 8"),
    ],
)
def test_weights_outside_are_refused(weights: Any, rule: Rule, bits: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        taken_weights(np.array(weights), rule, bits, "projection 'a' -> 'b'")


def test_loihi_holds_delays_of_62_ticks() -> None:
    check_delays(np.array([[62]]), "loihi", "projection 'a' -> 'b'")
    check_delays(np.array([[63]]), "delta", "projection 'a' -> 'b'")
    with pytest.raises(ValueError, match="a delay of 63 ticks; rule 'loihi' holds at most 62"):
        check_delays(np.array([[63]]), "loihi", "projection 'a' -> 'b'")
