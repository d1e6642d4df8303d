"""Losses and regularisers of networks that spike many times. All return a scalar and are differentiable.

Spike times have derivatives, spike counts have none: where a count is wanted, its surrogate is named here.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from tarry.nn._events import Spikes
from tarry.nn._events_lif import SpikingLif
from tarry.nn._events_readout import read_out


def spike_time_mse(spikes: Spikes, targets: Spikes, *, tau: float) -> Tensor:
    """Half the squared distance, in ``tau`` seconds, of the k-th spike of each channel to its k-th target.

    Summed over pairs, averaged over samples. A spike without a target and a target without a spike add nothing:
    no derivative can make or unmake a spike. ``wake`` brings silent neurons back.

    Raises:
        ValueError: other samples or channels in the targets than in the spikes.
    """
    if (spikes.batch, spikes.size) != (targets.batch, targets.size):
        raise ValueError(
            f"the targets are {targets.batch} samples of {targets.size} channels; the spikes are "
            f"{spikes.batch} of {spikes.size}"
        )
    most = max(int(spikes.counts().max()), int(targets.counts().max()), 1)

    def places(batch: Spikes) -> Tensor:
        return (batch.samples * batch.size + batch.channels) * most + batch.ranks()

    wanted = torch.full((spikes.batch * spikes.size * most,), torch.nan, dtype=spikes.times.dtype)
    wanted[places(targets)] = targets.times.detach().to(wanted.dtype)
    distance = (spikes.times - wanted[places(spikes)]) / tau
    return 0.5 * distance[~torch.isnan(distance)].square().sum() / spikes.batch


def spike_counts(spikes: Spikes, *, until: float) -> Tensor:
    """Number of spikes of each channel, (batch, size), with a surrogate derivative.

    The value is the exact count. Its derivative is that of the mean over 0..``until`` of the number of spikes so
    far, ``sum_k (1 - t_k / until)``: a spike that comes earlier counts as more. Silent channels have none.
    """
    places = spikes.samples * spikes.size + spikes.channels
    early = 1.0 - spikes.times / until
    ones = torch.ones_like(early)
    counts = torch.zeros(spikes.batch * spikes.size, dtype=early.dtype)
    return counts.index_add(0, places, early + (ones - early).detach()).reshape(spikes.batch, spikes.size)


def rate_penalty(spikes: Spikes, *, low: float = 0.0, high: float, until: float) -> Tensor:
    """Half the squared excess of mean spike counts over ``high``, and deficit below ``low``, averaged over neurons.

    Counts are means over the batch per neuron, with the surrogate derivative of ``spike_counts``.
    """
    counts = spike_counts(spikes, until=until).mean(dim=0)
    return 0.5 * ((counts - high).clamp(min=0).square() + (low - counts).clamp(min=0).square()).mean()


def delay_penalty(delays: Tensor, *, scale: float) -> Tensor:
    """Half the mean square of delays in units of ``scale`` seconds: long delays cost memory and latency."""
    return 0.5 * (delays / scale).square().mean()


def wake(layer: SpikingLif, inputs: Spikes, outputs: Spikes, *, margin: float = 0.0) -> Tensor:
    """What brings silent neurons back: half the squared distance of their highest potential to the threshold.

    For each sample and neuron without a spike, ``max(0, threshold (1 + margin) - max over time of V)^2 / 2`` in
    squared thresholds, averaged over all samples and neurons. The highest potential and its derivative with respect to
    weights, delays and input times are exact; a neuron that inhibition keeps below 0 is pulled by the sum of its weights
    alone. Constants count as given; spikes of recurrent neighbours are inputs like all others.

    Args:
        layer: the layer.
        inputs: the spikes that went in.
        outputs: the spikes that came out.
        margin: how far above the threshold silent neurons are pulled, in thresholds.
    """
    silent = outputs.counts() == 0
    weights, delays = layer.weights, layer.delays()
    if layer.recurrent_weights is not None:
        inputs, weights, delays = _with_recurrent(layer, inputs, outputs)
    tau_mem, tau_syn, threshold = (
        value.detach() if isinstance(value, Tensor) else value for value in layer.constants()
    )
    dtype = weights.dtype
    peaks = read_out(
        Spikes(inputs.times.to(dtype), inputs.channels, inputs.offsets, inputs.size),
        weights,
        delays,
        tau_mem=float(tau_mem),
        tau_syn=float(tau_syn),
        reading="max",
        duration=layer.until,
        threads=layer.threads,
    )
    highest = peaks / threshold
    # V that never rises above 0 has no maximum to differentiate; the weights themselves stand in for it.
    pull = weights.mean(dim=1).expand_as(highest)
    highest = torch.where(peaks > 0, highest, highest + pull - pull.detach())
    lack = (1.0 + margin - highest).clamp(min=0).square()
    return 0.5 * torch.where(silent, lack, torch.zeros_like(lack)).mean()


def _with_recurrent(layer: SpikingLif, inputs: Spikes, outputs: Spikes) -> tuple[Spikes, Tensor, Tensor]:
    """Inputs and neurons as the channels of one population, with all their synapses side by side."""
    assert layer.recurrent_weights is not None
    shape = (layer.outputs, layer.inputs)
    given = layer.delays()
    feed = torch.zeros(shape, dtype=layer.weights.dtype) if given is None else given.expand(shape)
    between = layer.recurrent_delays()
    assert between is not None
    weights = torch.cat([layer.weights, layer.recurrent_weights], dim=1)
    delays = torch.cat([feed, between.expand(layer.outputs, layer.outputs)], dim=1)
    samples = torch.cat([inputs.samples, outputs.samples])
    times = torch.cat([inputs.times, outputs.times.to(inputs.times.dtype)])
    channels = torch.cat([inputs.channels, outputs.channels + layer.inputs])
    order = torch.from_numpy(_lexical(samples, times))
    joined = Spikes(
        times[order], channels[order], inputs.offsets + outputs.offsets, layer.inputs + layer.outputs
    )
    return joined, weights, delays


def _lexical(samples: Tensor, times: Tensor) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.lexsort((times.detach().numpy(), samples.numpy()))
