"""Torch modules and operators over exact first-spike times; needs the extra ``tarry[train]``."""

from tarry._optional import extra

with extra("train", needed_by="tarry.nn"):
    from tarry.nn._events import Spikes as Spikes
    from tarry.nn._events_lif import SpikingLif as SpikingLif
    from tarry.nn._events_losses import delay_penalty as delay_penalty
    from tarry.nn._events_losses import rate_penalty as rate_penalty
    from tarry.nn._events_losses import spike_counts as spike_counts
    from tarry.nn._events_losses import spike_time_mse as spike_time_mse
    from tarry.nn._events_losses import wake as wake
    from tarry.nn._events_operator import spiking as spiking
    from tarry.nn._events_readout import Integrator as Integrator
    from tarry.nn._events_readout import read_out as read_out
    from tarry.nn._events_sequential import SpikingSequential as SpikingSequential
    from tarry.nn._first_spike import first_spike as first_spike
    from tarry.nn._lif import Lif as Lif
    from tarry.nn._losses import decide as decide
    from tarry.nn._losses import first_spike_mse as first_spike_mse
    from tarry.nn._losses import shift_invariant_mse as shift_invariant_mse
    from tarry.nn._losses import time_to_first_spike_cross_entropy as time_to_first_spike_cross_entropy
    from tarry.nn._quantisation import Quantisation as Quantisation
    from tarry.nn._sequential import Sequential as Sequential
    from tarry.nn._stack import LossName as LossName
    from tarry.nn._stack import StackLoss as StackLoss
    from tarry.nn._stack import first_spike_loss as first_spike_loss
    from tarry.nn._twin import Twin as Twin
    from tarry.nn._twin_bias import LayerBias as LayerBias
    from tarry.nn._twin_bias import grid_bias as grid_bias
    from tarry.nn._twin_grid import Raster as Raster
    from tarry.nn._twin_grid import rasterise as rasterise
    from tarry.nn._twin_grid import rasterise_events as rasterise_events

__all__ = [
    "Integrator",
    "LayerBias",
    "Lif",
    "LossName",
    "Quantisation",
    "Raster",
    "Sequential",
    "Spikes",
    "SpikingLif",
    "SpikingSequential",
    "StackLoss",
    "Twin",
    "decide",
    "delay_penalty",
    "first_spike",
    "first_spike_loss",
    "first_spike_mse",
    "grid_bias",
    "rasterise",
    "rasterise_events",
    "rate_penalty",
    "read_out",
    "shift_invariant_mse",
    "spike_counts",
    "spike_time_mse",
    "spiking",
    "time_to_first_spike_cross_entropy",
    "wake",
]
