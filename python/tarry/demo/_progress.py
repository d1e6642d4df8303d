"""Progress that says what matters: bars on a terminal, a line per step elsewhere; all of it on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from tqdm import tqdm


class Progress:
    """Where a demonstration stands.

    Args:
        shown: True shows bars and lines, False nothing; None shows bars on terminals alone, and lines everywhere.
    """

    def __init__(self, shown: bool | None) -> None:
        self.bars = sys.stderr.isatty() if shown is None else shown
        self._lines = shown is not False

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Say what is being done, and how long it took."""
        started = time.perf_counter()
        self._say(f"{text} ...")
        yield
        self._say(f"  {time.perf_counter() - started:.1f} s")

    @contextmanager
    def samples(self, total: int) -> Iterator[Callable[[int, int], None]]:
        """A bar over samples with the accuracy so far; hands out ``(done, right)``."""
        with tqdm(total=total, unit="sample", disable=not self.bars, dynamic_ncols=True, leave=False) as bar:

            def done(samples: int, right: int) -> None:
                bar.set_postfix_str(f"{right / samples:.1%} right", refresh=False)
                bar.update(samples - bar.n)

            yield done

    @contextmanager
    def names(self, names: Sequence[str]) -> Iterator[Callable[[str], None]]:
        """A bar over names; hands out a function that is told whose turn it is."""
        with tqdm(
            total=len(names), unit="platform", disable=not self.bars, dynamic_ncols=True, leave=False
        ) as bar:

            def turn(name: str) -> None:
                bar.set_postfix_str(name)
                bar.update(names.index(name) - bar.n)

            yield turn

    def _say(self, text: str) -> None:
        if self._lines:
            print(text, file=sys.stderr, flush=True)
