"""A processor in real time: a thread of its own, one step per period, and an account of how punctual it was."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Literal, Self

import numpy as np
import numpy.typing as npt

from ._punctuality import Statistics, bucket_edges, bucket_of
from .processor import Integers, Processor, Spikes

__all__ = ["RealtimeLoop", "Statistics", "bucket_edges"]

#: A stop is noticed after so many seconds at the latest.
LONGEST_WAIT = 0.1

Source = Callable[[int, int], tuple[Spikes, Spikes] | None]
Sink = Callable[[Integers, Integers], object]
_NONE = np.zeros(0, np.int64)


class RealtimeLoop:
    """Steps a processor once per period, on a thread of its own, paced by a clock that never goes back.

    Each step asks the source for the spikes of its ticks, takes what was sent meanwhile, runs, and hands the output
    spikes to the sink. Every tick is done once and in order, whatever happens; so nothing is lost, but a loop that
    cannot keep up falls behind. What then happens is the policy: ``"catch_up"`` does the missed steps one after the
    other without waiting, so that the ticks follow the clock again; ``"skip"`` gives the missed periods up and counts
    them, so that the network's time stands still in them and no burst follows.

    An error in the source, in the sink or in the processor ends the loop; ``stop``, ``join`` and the end of the
    ``with`` block raise it. The loop also ends when the main thread does, and before Ctrl-C leaves the ``with`` block.
    The processor belongs to the loop while it runs.

    Args:
        processor: goes on from where it is.
        period_seconds: seconds per step.
        source: called with the first tick of a step and the tick after its last; returns (times, channels) within them,
            or None. StopIteration ends the loop. Or a whole recording (times, channels), or None for ``send`` alone.
        sink: called with (times, channels) of the output spikes of a step that has any; they are its to keep.
        policy: ``"skip"`` or ``"catch_up"``.
        ticks: ticks per step.
        until: ends the loop before this tick.
        inbox: spikes that may wait for their step after ``send``.
        clock: seconds; for tests.

    Raises:
        ValueError: a period or a number of ticks that is not positive, an unknown policy.
    """

    def __init__(
        self,
        processor: Processor,
        period_seconds: float,
        source: Source | tuple[Spikes, Spikes] | None = None,
        sink: Sink | None = None,
        policy: Literal["skip", "catch_up"] = "skip",
        *,
        ticks: int = 1,
        until: int | None = None,
        inbox: int = 65536,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        if not (math.isfinite(period_seconds) and period_seconds > 0):
            raise ValueError(f"period_seconds is {period_seconds}; it must be a positive number of seconds")
        if policy not in ("skip", "catch_up"):
            raise ValueError(f'policy is {policy!r}; it must be "skip" or "catch_up"')
        if ticks < 1:
            raise ValueError(f"ticks is {ticks}; a step has at least one tick")
        self.processor, self.period_seconds, self.policy = processor, period_seconds, policy
        self._source = _played(*source) if isinstance(source, tuple) else source
        self._sink, self._ticks, self._until, self._clock = sink, ticks, until, clock
        self._inbox: list[int] = []
        self._inbox_room = inbox
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._statistics = Statistics()
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Start the thread; the first period begins now.

        Raises:
            RuntimeError: it was started before.
        """
        if self._thread is not None:
            raise RuntimeError("the loop was started before; make another one to go on")
        self._thread = threading.Thread(target=self._main, name="tarry.RealtimeLoop")
        self._thread.start()
        return self

    def stop(self) -> Statistics:
        """End the loop after the step under way, and wait for that.

        Raises:
            The error that ended the loop, if one did.
        """
        self._stopping.set()
        self._wait(None)
        return self._ended()

    def join(self, timeout: float | None = None) -> bool:
        """Wait until the loop ends by itself, at most ``timeout`` seconds; whether it has ended.

        Raises:
            The error that ended the loop, if one did.
        """
        self._wait(timeout)
        if self.is_running:
            return False
        self._ended()
        return True

    @property
    def is_running(self) -> bool:
        """Whether the thread is at work."""
        return self._thread is not None and self._thread.is_alive()

    def send(self, channels: npt.ArrayLike) -> None:
        """Give spikes from any thread; they enter at the first tick of the next step.

        Raises:
            ValueError: the inbox is full, or the loop has ended; none of the spikes was taken.
        """
        given = np.atleast_1d(np.asarray(channels))
        if given.dtype.kind not in "iu" and given.size:
            raise TypeError(f"channels have dtype {given.dtype}; they must be integers")
        with self._lock:
            if self._stopping.is_set():
                raise ValueError("the loop has ended; it takes no more spikes")
            if len(self._inbox) + len(given) > self._inbox_room:
                raise ValueError(
                    f"{len(self._inbox)} spikes wait and {len(given)} more do not fit into the inbox of "
                    f"{self._inbox_room}; send fewer, or make it larger"
                )
            self._inbox += given.tolist()
            peak = max(self._statistics.inbox_peak, len(self._inbox))
            self._statistics = replace(self._statistics, inbox_peak=peak)

    def statistics(self) -> Statistics:
        """How the loop has fared so far, from any thread."""
        with self._lock:
            found, inbox = self._statistics, len(self._inbox)
            tallies, names = self.processor.tallies(), self.processor.names
        return replace(
            found,
            latencies=found.latencies.copy(),
            waiting=inbox,
            dropped=sum(tally["dropped"] for tally in tallies),
            queue_peaks={name: tally["peak"] for name, tally in zip(names, tallies, strict=True)},
        )

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._stopping.set()
        self._wait(None)
        # An error of the block itself says more than one that followed from it.
        if kind is None:
            self._ended()

    def _wait(self, timeout: float | None) -> None:
        if self._thread is not None:
            self._thread.join(timeout)

    def _ended(self) -> Statistics:
        error, self._error = self._error, None
        if error is not None:
            raise error
        return self.statistics()

    def _main(self) -> None:
        try:
            self._run()
        except BaseException as error:
            self._error = error
        finally:
            with self._lock:
                self._stopping.set()

    def _run(self) -> None:
        origin, slot = self._clock(), 0
        while self._wait_until(origin + slot * self.period_seconds):
            start = self.processor.now
            end = start + self._ticks if self._until is None else min(start + self._ticks, self._until)
            if start >= end:
                return
            try:
                asked = self._source(start, end) if self._source is not None else None
            except StopIteration:
                return
            given, came = self._step(start, end, asked)
            latency = self._clock() - (origin + slot * self.period_seconds)
            next_slot = slot + 1
            if self.policy == "skip":
                # The first period that has not begun yet.
                next_slot = max(next_slot, math.ceil(slot + latency / self.period_seconds))
            self._account(latency, next_slot - slot - 1, given, came)
            slot = next_slot

    def _step(self, start: int, end: int, asked: tuple[Spikes, Spikes] | None) -> tuple[int, int]:
        """How many spikes went in and came out."""
        times, channels = asked if asked is not None else (_NONE, _NONE)
        with self._lock:
            sent, self._inbox = self._inbox, []
            if sent:
                times = np.concatenate([np.full(len(sent), start), _signed(times)])
                channels = np.concatenate([np.array(sent), _signed(channels)])
            out_times, out_channels = self.processor.feed(times, channels, end)
        if len(out_times) and self._sink is not None:
            self._sink(out_times, out_channels)
        return len(times), len(out_times)

    def _account(self, latency: float, skipped: int, given: int, came: int) -> None:
        with self._lock:
            before = self._statistics
            before.latencies[bucket_of(latency)] += 1
            self._statistics = replace(
                before,
                steps=before.steps + 1,
                deadline_misses=before.deadline_misses + (latency > self.period_seconds),
                skipped_periods=before.skipped_periods + skipped,
                spikes_in=before.spikes_in + given,
                spikes_out=before.spikes_out + came,
                longest_latency=max(before.longest_latency, latency),
            )

    def _wait_until(self, moment: float) -> bool:
        """Wait for a moment; False if the loop is to end."""
        while (left := moment - self._clock()) > 0:
            if self._stopping.wait(min(left, LONGEST_WAIT)) or not threading.main_thread().is_alive():
                return False
        return not self._stopping.is_set() and threading.main_thread().is_alive()


def _signed(numbers: Spikes) -> Spikes:
    """Integers of any width as int64, which joins with others; anything else is for the processor to refuse."""
    return numbers.astype(np.int64) if numbers.dtype.kind in "iu" else numbers


def _played(times: Spikes, channels: Spikes) -> Source:
    """A source that plays a recording and ends after its last spike."""
    position = 0

    def play(_start: int, end: int) -> tuple[Spikes, Spikes]:
        nonlocal position
        if position >= len(times):
            raise StopIteration
        first, position = position, int(np.searchsorted(times, end))
        return times[first:position], channels[first:position]

    return play
