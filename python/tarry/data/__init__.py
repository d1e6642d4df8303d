"""Data sets as spike times, and files of events. Needs numpy alone."""

from tarry.data._mnist import mnist as mnist
from tarry.data._splits import Dataset as Dataset
from tarry.data._splits import Split as Split
from tarry.data._yin_yang import yin_yang as yin_yang
from tarry.data.events import load_events as load_events
from tarry.data.events import save_events as save_events

__all__ = ["Dataset", "Split", "load_events", "mnist", "save_events", "yin_yang"]
