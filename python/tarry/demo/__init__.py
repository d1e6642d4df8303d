"""The main job step by step, for any task: train, compile, check, price. ``tarry.demo.end_to_end`` does all of it.

Training needs ``tarry[train]``, pictures and report need ``tarry[all]``, the rest numpy alone.
"""

from tarry.demo._check import Check as Check
from tarry.demo._check import check as check
from tarry.demo._check import first_spike_times as first_spike_times
from tarry.demo._clocked import Fit as Fit
from tarry.demo._price import Price as Price
from tarry.demo._price import fit_platform as fit_platform
from tarry.demo._price import price as price
from tarry.demo._price import recordings_of as recordings_of
from tarry.demo._steps import Trained as Trained
from tarry.demo._steps import compile_program as compile_program
from tarry.demo._steps import train_network as train_network
from tarry.demo._task import Task as Task
from tarry.demo._task import yin_yang_task as yin_yang_task

__all__ = [
    "Check",
    "Fit",
    "Price",
    "Task",
    "Trained",
    "check",
    "compile_program",
    "first_spike_times",
    "fit_platform",
    "price",
    "recordings_of",
    "train_network",
    "yin_yang_task",
]
