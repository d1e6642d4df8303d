"""What is minimised, batch by batch: in one operator where the layers allow it, else layer by layer."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from tarry import nn
from tarry.train._settings import Settings

Objective = Callable[[Tensor, Tensor], nn.StackLoss]
LONGEST = 100.0  # in the smaller time constant: as late as the one operator takes input spikes


def objective(model: nn.Sequential, settings: Settings, times: Tensor) -> Objective:
    """Return the loss of a batch of ``times`` and labels; the ways there agree but for rounding."""
    layers = list(model)
    tau_mem, tau_syn, slope_floor = layers[-1].tau_mem, layers[-1].tau_syn, layers[-1].slope_floor
    alike = all(
        (layer.tau_mem, layer.tau_syn, layer.slope_floor) == (tau_mem, tau_syn, slope_floor)
        for layer in layers
    )
    learned = any(layer.log_constants for layer in layers)
    spikes = times[times.isfinite()]
    near = bool(((spikes >= 0) & (spikes <= LONGEST * min(tau_mem, tau_syn))).all())
    if callable(settings.loss) or learned or not (alike and near):
        return _layer_by_layer(model, settings)
    thresholds = [layer.threshold for layer in layers]
    name, constants = settings.loss_constants()

    def at_once(times: Tensor, labels: Tensor) -> nn.StackLoss:
        weights, delays = zip(*(layer.synapses() for layer in layers), strict=True)
        return nn.first_spike_loss(
            times,
            labels,
            weights,
            delays,
            tau_mem=tau_mem,
            tau_syn=tau_syn,
            thresholds=thresholds,
            loss=name,
            constants=constants,
            slope_floor=slope_floor,
            threads=layers[-1].threads,
        )

    return at_once


def _layer_by_layer(model: nn.Sequential, settings: Settings) -> Objective:
    loss = settings.loss_function(model[-1].tau_syn)

    def through_all(times: Tensor, labels: Tensor) -> nn.StackLoss:
        every = model(times, return_all=True)
        silent = [torch.isinf(spikes).sum(0) for spikes in every]
        return nn.StackLoss(loss(every[-1], labels), every[-1].detach(), silent)

    return through_all
