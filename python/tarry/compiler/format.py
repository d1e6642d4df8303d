"""The bytes of a program, as docs/format.md says; written here and read by the Rust core alone."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping

import numpy as np

from ..network import Lif, Network, Population
from .decay import Decay, NeuronTables
from .layout import History, Runs
from .quantise import IntegerNeurons

MAGIC = b"TARRY\r\n\x1a"
VERSION = 1
DIRECT = 0xFF
_HEADER = struct.Struct("<8sHHIdBBHI")
_DESCRIPTOR = struct.Struct("<IIII")
_RECORD = struct.Struct("<BBBBIIIIIIIBBBxIII16x")
_RESETS = {"to_zero": 0, "by_subtraction": 1, "once": 2}
_CONSTANTS = {"delta_synapse": 0, "slow_membrane": 1, "equal": 2, "slow_synapse": 3}
MOST_NEURONS = {2: 1 << 8, 4: 1 << 16}


def write_program(
    network: Network,
    tick: float,
    weight_bits: int,
    neurons: Mapping[str, IntegerNeurons],
    tables: Mapping[str, NeuronTables],
    runs: Runs,
    histories: Mapping[str, History],
    drops: bool,
    notes: str,
) -> bytes:
    """Write a whole program.

    Raises:
        ValueError: more neurons than targets can name (65 536).
    """
    count = sum(p.size for p in network.populations if p.neuron is not None)
    synapse_bytes = 2 if weight_bits <= 8 and count <= MOST_NEURONS[2] else 4
    if count > MOST_NEURONS[synapse_bytes]:
        raise ValueError(f"the network has {count} neurons; a program holds at most {MOST_NEURONS[4]}")
    records, words = _records(network, neurons, tables, histories, drops)
    thetas = [neurons[p.name].theta for p in network.populations if p.neuron is not None]
    sections = [
        records,
        np.concatenate(thetas).astype("<i4").tobytes(),
        words.astype("<u4").tobytes(),
        runs.sources.astype("<u4").tobytes(),
        np.column_stack([np.append(runs.delays, 0), runs.first_synapse]).astype("<u4").tobytes(),
        _synapses(runs, synapse_bytes),
        notes.encode(),
    ]
    return _assemble(sections, tick, synapse_bytes, weight_bits)


def _assemble(sections: list[bytes], tick: float, synapse_bytes: int, weight_bits: int) -> bytes:
    offset = _HEADER.size + 8 + _DESCRIPTOR.size * len(sections)
    table, body = b"", b""
    for kind, section in enumerate(sections):
        table += _DESCRIPTOR.pack(kind, offset + len(body), len(section), zlib.crc32(section))
        body += section + bytes(-len(section) % 4)
    header = _HEADER.pack(
        MAGIC, VERSION, len(sections), offset + len(body), tick, synapse_bytes, weight_bits, 0, 0
    ) + struct.pack("<I", zlib.crc32(table))
    return header + struct.pack("<I", zlib.crc32(header)) + table + body


def _records(
    network: Network,
    neurons: Mapping[str, IntegerNeurons],
    tables: Mapping[str, NeuronTables],
    histories: Mapping[str, History],
    drops: bool,
) -> tuple[bytes, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """The records of all populations and the words of all tables; populations with equal tables share them."""
    placed: dict[int, int] = {}
    words: list[np.ndarray[tuple[int], np.dtype[np.int64]]] = []

    def place(table: Decay | None) -> tuple[int, int]:
        if table is None:
            return 0, 0
        if id(table) not in placed:
            placed[id(table)] = sum(map(len, words))
            words.append(table.words)
        return placed[id(table)], DIRECT if table.shift is None else table.shift

    records = b""
    for population in network.populations:
        history = histories[population.name]
        if population.neuron is None:
            flags = population.binary << 1 | drops << 2
            records += _RECORD.pack(
                0, 0, 0, flags, population.size, history.capacity, history.longest_delay, *([0] * 10)
            )
            continue
        name = population.name
        records += _neuron_record(
            population, name in network.outputs, history, neurons[name], tables[name], place
        )
    return records, np.concatenate(words)


def _neuron_record(
    population: Population,
    is_output: bool,
    history: History,
    integers: IntegerNeurons,
    table: NeuronTables,
    place: Callable[[Decay | None], tuple[int, int]],
) -> bytes:
    assert isinstance(population.neuron, Lif)
    membrane, membrane_shift = place(table.membrane)
    synapse, synapse_shift = place(table.synapse)
    return _RECORD.pack(
        1,
        _RESETS[population.neuron.reset],
        _CONSTANTS[table.constants],
        is_output,
        population.size,
        history.capacity,
        history.longest_delay,
        integers.refractory,
        table.horizon,
        membrane,
        synapse,
        membrane_shift,
        synapse_shift,
        integers.weight_shift,
        table.fast_over_slow,
        table.fast_ticks,
        table.synapse_ticks,
    )


def _synapses(runs: Runs, synapse_bytes: int) -> bytes:
    fields = (
        [("target", "u1"), ("weight", "i1")] if synapse_bytes == 2 else [("target", "<u2"), ("weight", "<i2")]
    )
    synapses = np.empty(len(runs.targets), np.dtype(fields))
    synapses["target"], synapses["weight"] = runs.targets, runs.weights
    return synapses.tobytes()
