"""The loop in real time: counts add up, nothing is lost, it stops whatever happens. No test looks at how fast it is."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tarry
from generated import UNTIL, draw
from tarry.realtime import Statistics, bucket_edges
from test_processor import relay, spikes


class Clock:
    """Seconds that pass only when somebody waits or works."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        # Every look at the clock takes a while, so that waiting ends.
        self.now += 1e-5
        return self.now


def play(loop_arguments: dict[str, Any], work: Callable[[int, Clock], None]) -> tuple[Statistics, list[int]]:
    """30 ticks of 1 ms by a clock that `work` moves on in every step; the statistics, and when each step began."""
    clock, began = Clock(), []

    def source(start: int, _end: int) -> tuple[np.ndarray, np.ndarray]:
        began.append(round(clock.now / 1e-3))
        work(start, clock)
        return spikes((start, 0))

    loop = tarry.RealtimeLoop(tarry.Processor(relay()), 1e-3, source, until=30, clock=clock, **loop_arguments)
    # The real time for which the thread waits moves this clock only by its looks at it.
    with loop:
        assert loop.join(60)
    return loop.statistics(), began


def late_once(start: int, clock: Clock) -> None:
    if start == 10:
        clock.now += 5.5e-3


def test_catching_up_does_every_missed_period() -> None:
    statistics, began = play({"policy": "catch_up"}, late_once)
    assert (statistics.steps, statistics.skipped_periods) == (30, 0)
    assert statistics.deadline_misses == 5
    assert began == [*range(11), 16, 16, 16, 16, 16, *range(16, 30)]


def test_skipping_gives_missed_periods_up() -> None:
    statistics, began = play({"policy": "skip"}, late_once)
    assert (statistics.steps, statistics.skipped_periods) == (30, 5)
    assert statistics.deadline_misses == 1
    assert began == [*range(11), *range(16, 35)]


@pytest.mark.parametrize("policy", ["skip", "catch_up"])
def test_counts_add_up(policy: str) -> None:
    statistics, _ = play({"policy": policy}, late_once)
    assert statistics.latencies.sum() == statistics.steps == statistics.spikes_in
    # The last five spikes are still under way: their delay is five ticks.
    assert statistics.spikes_out == 25
    assert statistics.queue_peaks == {"in": 6, "out": 0}
    assert statistics.dropped == statistics.waiting == 0
    assert 5.5e-3 < statistics.longest_latency < 5.7e-3
    edges = bucket_edges()
    assert statistics.latency(1.0) == statistics.longest_latency
    assert statistics.latency(0.0) == edges[np.flatnonzero(statistics.latencies)[0]]
    assert statistics.latency(0.5) < 1e-3
    with pytest.raises(ValueError, match="share is 2; it must be from 0 to 1"):
        statistics.latency(2)


@pytest.mark.parametrize("ticks", [1, 9])
def test_the_same_spikes_as_a_recording(ticks: int) -> None:
    case = draw(11)
    processor = tarry.Processor(case.compile())
    expected = processor.run(*case.arrays(), UNTIL)
    digest = processor.digest()
    processor.reset()
    got: list[tuple[np.ndarray, np.ndarray]] = []
    recording = case.arrays()
    arrived = np.searchsorted(recording[0], np.arange(UNTIL + 1))

    def source(start: int, end: int) -> tuple[np.ndarray, np.ndarray] | None:
        own = slice(arrived[start], arrived[end])
        return (recording[0][own], recording[1][own]) if arrived[start] < arrived[end] else None

    loop = tarry.RealtimeLoop(
        processor, 1e-5, source, lambda *out: got.append(out), "catch_up", ticks=ticks, until=UNTIL
    )
    with loop:
        assert loop.join(60)
    assert np.concatenate([t for t, _ in got]).tolist() == expected[0].tolist()
    assert np.concatenate([c for _, c in got]).tolist() == expected[1].tolist()
    assert processor.digest() == digest
    assert loop.statistics().spikes_in == len(recording[0])


def test_a_recording_is_played_to_its_end() -> None:
    processor = tarry.Processor(relay())
    got: list[int] = []
    loop = tarry.RealtimeLoop(
        processor, 1e-4, spikes((0, 0), (3, 1), (7, 0)), lambda t, _c: got.extend(t.tolist())
    )
    with loop:
        assert loop.join(60)
    assert processor.now == 8
    assert got == [5]
    assert loop.statistics().spikes_in == 3


def test_spikes_from_other_threads_enter_at_the_next_step() -> None:
    processor = tarry.Processor(relay(capacities={"in": 1000}))
    got: list[int] = []
    loop = tarry.RealtimeLoop(processor, 1e-4, None, lambda _t, c: got.extend(c.tolist()))
    with loop:

        def send(channel: int) -> None:
            for _ in range(50):
                loop.send(channel)

        senders = [threading.Thread(target=send, args=(channel,)) for channel in (0, 1)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        while loop.statistics().waiting:
            assert not loop.join(0.005)
        statistics = loop.stop()
    # Two of one channel in one tick fire its neuron once.
    assert set(got) <= {0, 1}
    assert (statistics.spikes_in, statistics.waiting) == (100, 0)
    assert statistics.spikes_out == len(got)
    assert 1 <= statistics.inbox_peak <= 100
    with pytest.raises(ValueError, match="the loop has ended; it takes no more spikes"):
        loop.send(0)


def test_what_was_sent_too_late_is_not_forgotten() -> None:
    started = threading.Event()

    def source(_start: int, _end: int) -> None:
        started.set()
        raise StopIteration

    loop = tarry.RealtimeLoop(tarry.Processor(relay()), 1e-4, source, inbox=3)
    loop.send([0, 1])
    with pytest.raises(ValueError, match="2 spikes wait and 2 more do not fit into the inbox of 3"):
        loop.send([0, 1])
    with loop:
        assert loop.join(60)
    assert started.is_set()
    assert (loop.statistics().waiting, loop.statistics().steps) == (2, 0)


def broken(*_: object) -> None:
    raise RuntimeError("the sensor is gone")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"source": broken}, RuntimeError, "the sensor is gone"),
        ({"source": spikes((0, 0)), "sink": broken, "until": 9}, None, ""),
        ({"source": lambda s, _e: spikes((s, 0)), "sink": broken}, RuntimeError, "the sensor is gone"),
        (
            {"source": lambda s, e: spikes((e, 0))},
            ValueError,
            "spike 0 has tick 1; the run ends before tick 1",
        ),
        ({"source": lambda s, e: (np.zeros(1), np.zeros(1, int))}, TypeError, "not float64"),
        ({"source": lambda s, e: spikes(*[(s, 0)] * 9)}, ValueError, "does not fit"),
    ],
)
def test_errors_end_the_loop(arguments: dict[str, Any], error: type[Exception] | None, message: str) -> None:
    loop = tarry.RealtimeLoop(tarry.Processor(relay(capacities={"in": 8})), 1e-4, **arguments)
    if error is None:
        with loop:
            assert loop.join(60)
        return
    with pytest.raises(error, match=message), loop:
        loop.join(60)
    assert not loop.is_running
    # It is raised once; then the account can be read.
    assert loop.stop().steps >= 0


def test_drops_are_counted() -> None:
    processor = tarry.Processor(relay(capacities={"in": 2}, input_policy="drop"))
    loop = tarry.RealtimeLoop(processor, 1e-4, lambda s, _e: spikes((s, 0), (s, 1), (s, 1)), until=1)
    with loop:
        assert loop.join(60)
    assert (loop.statistics().spikes_in, loop.statistics().dropped) == (3, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"period_seconds": 0.0}, "period_seconds is 0.0; it must be a positive"),
        ({"period_seconds": float("nan")}, "period_seconds is nan"),
        ({"policy": "hurry"}, "policy is 'hurry'; it must be"),
        ({"ticks": 0}, "ticks is 0; a step has at least one"),
    ],
)
def test_loops_that_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tarry.RealtimeLoop(tarry.Processor(relay()), **{"period_seconds": 1e-3, **arguments})


def test_a_loop_starts_once() -> None:
    loop = tarry.RealtimeLoop(tarry.Processor(relay()), 10.0)
    with loop:
        with pytest.raises(RuntimeError, match="the loop was started before"):
            loop.start()
        # A period of ten seconds does not hold up the stop.
        assert not loop.join(0.01)
    assert not loop.is_running


PROGRAM = """
    import sys, threading, time
    import numpy as np
    import tarry
    lif = tarry.Lif(1e-3, 0.0, threshold=0.5)
    network = tarry.Network((tarry.Population("in", 1), tarry.Population("out", 1, lif)),
                            (tarry.Projection("in", "out", np.ones((1, 1)), 1e-3),))
    processor = tarry.Processor(tarry.compile(network, tick=1e-3, input_spikes=9))
    one = np.zeros(1, np.int64)
    loop = tarry.RealtimeLoop(processor, 1e-3, lambda start, end: (one + start, one))
"""


def run(program: str, interrupt: bool) -> tuple[int, str, str]:
    code = textwrap.dedent(PROGRAM) + textwrap.dedent(program)
    # Whoever runs the tests in the background may have them ignore the interrupt.
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert child.stdout is not None
    try:
        assert child.stdout.readline() == "ready\n"
        if interrupt:
            child.send_signal(signal.SIGINT)
        out, errors = child.communicate(timeout=60)
    finally:
        child.kill()
        child.wait()
    return child.returncode, out, errors


def test_ctrl_c_ends_the_block_and_the_loop() -> None:
    code, out, errors = run(
        """
        try:
            with loop:
                while loop.statistics().steps < 3:
                    time.sleep(0.001)
                print("ready", flush=True)
                loop.join()
        except KeyboardInterrupt:
            found = loop.statistics()
            print(loop.is_running, threading.active_count(), found.steps == processor.now == found.latencies.sum())
            sys.exit(7)
        """,
        interrupt=True,
    )
    assert (code, out) == (7, "False 1 True\n"), errors


def test_ctrl_c_without_any_handling() -> None:
    code, _, errors = run('loop.start()\nprint("ready", flush=True)\nloop.join()', interrupt=True)
    assert code != 0
    assert errors.strip().endswith("KeyboardInterrupt")


def test_a_loop_does_not_outlive_the_main_thread() -> None:
    code, _, errors = run('loop.start()\nprint("ready", flush=True)', interrupt=False)
    assert (code, errors) == (0, "")
