"""How many spikes the histories of a network need to hold, seen on recordings."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil
from typing import Any

import numpy as np
import numpy.typing as npt

from .compiler import compile_network
from .network import Network
from .processor import Processor
from .program import names_of

Integers = npt.NDArray[np.int64]


def traced_capacities(
    network: Network,
    recordings: Iterable[tuple[Integers, Integers]],
    *,
    tick: float,
    headroom: float = 1.5,
    until: int | None = None,
    **settings: Any,
) -> dict[str, int]:
    """Capacities for ``compile(capacities=...)``, from the most spikes that recordings kept in flight.

    The network is compiled with lists of the worst-case capacity and fed every recording in real time: a spike comes at
    its tick, not ahead of it. Unlike the worst case, which ``compile`` plans for by itself, a trace promises nothing for
    other recordings: what exceeds it is rejected or dropped, and counted. Bitmaps cannot overflow; a population that is
    to have one needs no capacity.

    Args:
        network: populations and projections.
        recordings: (times, channels) in ticks, times never decreasing.
        tick: length of a tick in seconds.
        headroom: factor on what was seen, at least 1.
        until: tick before which every recording ends; None ends it after the tick of its last spike.
        **settings: as of ``compile``.

    Returns:
        Places by population, for every population whose spikes are kept.

    Raises:
        ValueError: a headroom below 1, no recordings, a history that overflowed even so; and as of ``compile`` and of
            ``Processor.feed``.
    """
    if not 1 <= headroom < np.inf:
        raise ValueError(f"headroom is {headroom}; it must be at least 1, and finite")
    given = list(recordings)
    if not given:
        raise ValueError("there are no recordings; capacities are traced on at least one")
    program = compile_network(
        network, tick=tick, **(settings | {"history": "list", "input_policy": "reject"})
    )
    processor = Processor(program)
    for times, channels in given:
        last = int(times[-1]) if len(times) else -1
        # Spikes enter tick by tick, as a sensor sends them.
        processor.run(times, channels, last + 1 if until is None else until)
    tallies = dict(zip(names_of(program), processor.tallies(), strict=True))
    for population in network.populations:
        name, tally = population.name, tallies[population.name]
        # An input rejects; what it drops came twice in a tick.
        if population.neuron is not None and tally["dropped"]:
            raise ValueError(
                f"the history of {name!r} dropped {tally['dropped']} spikes at a peak of {tally['peak']}; give a larger "
                "capacity to trace with"
            )
    return {name: ceil(headroom * tally["peak"]) for name, tally in tallies.items() if tally["peak"]}
