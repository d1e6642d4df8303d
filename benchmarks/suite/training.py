"""The training step: the core's exact gradients, and the same through torch."""

from __future__ import annotations

import numpy as np

from tarry import _core

from .networks import TAU_SYN, yin_yang_like

CONSTANTS = (2 * TAU_SYN, TAU_SYN, [1.0, 1.0], "shift_invariant_mse", [0.2], 0.0, 1)


class Step:
    """Loss and all derivatives of 4-30-3 with synaptic delays, 256 samples, one thread."""

    def setup(self) -> None:
        """One weight's derivative must equal a central difference."""
        self.example = Example()
        gradient = self.example.loss()[3][0]
        at, step = (2, 1), 1e-6
        sides = []
        for sign in (1, -1):
            self.example.weights[0][at] += sign * step
            sides.append(self.example.loss()[0])
            self.example.weights[0][at] -= sign * step
        difference = (sides[0] - sides[1]) / (2 * step)
        if not abs(gradient[at] - difference) <= 1e-4 * np.abs(gradient).max():
            raise AssertionError(f"the derivative is {gradient[at]}, a central difference {difference}")

    def time_core(self) -> None:
        """In the core."""
        self.example.loss()

    def track_silent(self) -> int:
        """Samples and neurons without a spike."""
        return int(sum(silent.sum() for silent in self.example.loss()[2]))


class TorchStep:
    """The same through the torch operators: forward, loss, backward."""

    def setup(self) -> None:
        """The loss must be the core's."""
        import torch

        from tarry import nn

        torch.set_num_threads(1)
        self.nn = nn
        example = Example()
        self.times, self.labels = torch.from_numpy(example.times), torch.from_numpy(example.labels)
        self.parameters = [
            [torch.from_numpy(array).requires_grad_() for array in layer]
            for layer in zip(example.weights, example.delays, strict=True)
        ]
        ours, core = self.loss(), example.loss()[0]
        if not abs(ours - core) <= 1e-9 * abs(core):
            raise AssertionError(f"the loss is {ours} through torch, {core} in the core")

    def loss(self) -> float:
        """Forward and backward."""
        times = self.times
        for weights, delays in self.parameters:
            times = self.nn.first_spike(
                times, weights, delays, tau_mem=2 * TAU_SYN, tau_syn=TAU_SYN, threshold=1.0
            )
        loss = self.nn.shift_invariant_mse(times, self.labels, TAU_SYN)
        loss.backward()
        return float(loss.detach())

    def time_torch(self) -> None:
        """Through torch."""
        self.loss()


class Example:
    """A batch, labels, and the parameters of both layers."""

    def __init__(self) -> None:
        network, self.times = yin_yang_like()
        self.labels = np.random.default_rng(4).integers(0, 3, len(self.times))
        self.weights = [projection.weights.copy() for projection in network.projections]
        self.delays = [projection.delays.copy() for projection in network.projections]

    def loss(self) -> tuple:
        """Loss, spike times, silent samples, derivatives by weights and by delays."""
        return _core.first_spike_loss(self.times, self.labels, self.weights, self.delays, *CONSTANTS)
