"""Torch modules and operators over exact first-spike times; needs the extra ``tarry[train]``."""

from tarry._optional import extra

with extra("train", needed_by="tarry.nn"):
    from tarry.nn._first_spike import first_spike as first_spike
    from tarry.nn._lif import Lif as Lif
    from tarry.nn._losses import decide as decide
    from tarry.nn._losses import shift_invariant_mse as shift_invariant_mse
    from tarry.nn._losses import spike_time_mse as spike_time_mse
    from tarry.nn._losses import time_to_first_spike_cross_entropy as time_to_first_spike_cross_entropy
    from tarry.nn._quantisation import Quantisation as Quantisation
    from tarry.nn._sequential import Sequential as Sequential
    from tarry.nn._stack import LossName as LossName
    from tarry.nn._stack import StackLoss as StackLoss
    from tarry.nn._stack import first_spike_loss as first_spike_loss

__all__ = [
    "Lif",
    "LossName",
    "Quantisation",
    "Sequential",
    "StackLoss",
    "decide",
    "first_spike",
    "first_spike_loss",
    "shift_invariant_mse",
    "spike_time_mse",
    "time_to_first_spike_cross_entropy",
]
