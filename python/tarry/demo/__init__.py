"""The main job end to end, as steps that other tasks can use; needs ``tarry[all]``.

``run_demo(yin_yang_task(), "out")`` does what ``tarry demo --out out`` does.
"""

from tarry._optional import extra

with extra("all", needed_by="tarry.demo"):
    from tarry.demo._check import Check as Check
    from tarry.demo._check import check as check
    from tarry.demo._check import first_spike_times as first_spike_times
    from tarry.demo._pictures import draw_pictures as draw_pictures
    from tarry.demo._price import Price as Price
    from tarry.demo._price import fit_platform as fit_platform
    from tarry.demo._price import price as price
    from tarry.demo._price import recordings_of as recordings_of
    from tarry.demo._run import Demo as Demo
    from tarry.demo._run import run_demo as run_demo
    from tarry.demo._run import summarise as summarise
    from tarry.demo._steps import Trained as Trained
    from tarry.demo._steps import compile_program as compile_program
    from tarry.demo._steps import train_network as train_network
    from tarry.demo._task import Task as Task
    from tarry.demo._task import yin_yang_task as yin_yang_task

__all__ = [
    "Check",
    "Demo",
    "Price",
    "Task",
    "Trained",
    "check",
    "compile_program",
    "draw_pictures",
    "first_spike_times",
    "fit_platform",
    "price",
    "recordings_of",
    "run_demo",
    "summarise",
    "train_network",
    "yin_yang_task",
]
