"""The bytes of a program, as docs/format.md says; written here and read by the Rust core alone."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ..network import Network, Population
from ..neurons import Integrator, Lif
from .blocks import ACCUMULATORS, LAYOUTS, Block
from .clocked import ClockedPopulation
from .decay import Decay, NeuronTables
from .histories import History
from .layout import Runs
from .quantise import IntegerNeurons

MAGIC = b"TARRY\r\n\x1a"
VERSION = 2
DIRECT = 0xFF
_HEADER = struct.Struct("<8sHHIdBBHI")
_DESCRIPTOR = struct.Struct("<IIII")
_RECORD = struct.Struct("<BBBBIIIIIIIBBBxIIII12x")
_CLOCKED = struct.Struct("<BBBBIIIIIIIII8xI12x")
_PROJECTION = struct.Struct("<HHBBBBBBbxIIIII")
_RESETS = {"to_zero": 0, "by_subtraction": 1, "once": 2}
_CONSTANTS = {"delta_synapse": 0, "slow_membrane": 1, "equal": 2, "slow_synapse": 3}
_RULES = {"delta": 2, "loihi": 3, "shift": 4}
READOUTS = (None, "max", "sum", "last", "weighted")
_OUTPUT, _BINARY, _DROPS, _BITMAP, _SILENT, _ENTRIES, _ADAPTS = (1 << bit for bit in range(7))
MOST_NEURONS = {2: 1 << 8, 4: 1 << 16}


def write_program(
    network: Network,
    tick: float,
    weight_bits: int,
    neurons: Mapping[str, IntegerNeurons],
    tables: Mapping[str, NeuronTables],
    runs: Runs,
    clocked: Mapping[str, ClockedPopulation],
    blocks: Sequence[Block],
    histories: Mapping[str, History],
    drops: bool,
    notes: str,
) -> bytes:
    """Write a whole program.

    ``neurons`` and ``tables`` are of the event-driven populations, ``clocked`` of the others; ``blocks`` are sorted by
    target.

    Raises:
        ValueError: more event-driven neurons than targets can name (65 536), tables beyond 2^31 bytes.
    """
    count = sum(p.size for p in network.populations if p.name in neurons)
    synapse_bytes = 2 if weight_bits <= 8 and count <= MOST_NEURONS[2] else 4
    if count > MOST_NEURONS[synapse_bytes]:
        raise ValueError(f"the network has {count} neurons; a program holds at most {MOST_NEURONS[4]}")
    records, words, parameters = _records(network, neurons, tables, clocked, histories, drops)
    thetas = [neurons[p.name].theta for p in network.populations if p.name in neurons]
    order = {p.name: index for index, p in enumerate(network.populations)}
    sections = [
        records,
        np.concatenate([*thetas, []]).astype("<i4").tobytes(),
        words.astype("<u4").tobytes(),
        runs.sources.astype("<u4").tobytes(),
        np.column_stack([np.append(runs.delays, 0), runs.first_synapse]).astype("<u4").tobytes(),
        _synapses(runs, synapse_bytes),
        parameters,
        *_projections(order, blocks),
        notes.encode(),
    ]
    if sum(map(len, sections)) >= 1 << 31:
        raise ValueError("the program would be 2 GiB or longer: use fewer synapses or fewer blocks of delays")
    return _assemble(sections, tick, synapse_bytes, weight_bits)


def _projections(order: Mapping[str, int], blocks: Sequence[Block]) -> tuple[bytes, bytes, bytes]:
    """The sections of clocked projections: records, rows, weights."""
    records, weights, rows = b"", bytearray(), 0
    for block in blocks:
        packed = block.layout == "packed"
        records += _PROJECTION.pack(
            order[block.synapses.source],
            order[block.synapses.target],
            LAYOUTS.index(block.layout),
            block.word_bytes,
            block.weight_bits,
            block.width.bit_length() - 1 if packed else 0,
            block.stride.bit_length() - 1 if packed else 0,
            ACCUMULATORS.index(block.accumulator),
            block.synapses.exponent,
            block.blocks,
            rows,
            len(weights),
            len(block.weights),
            block.synapses.longest,
        )
        rows += len(block.rows)
        weights += block.weights + bytes(-len(block.weights) % 4)
    table = np.concatenate([*(block.rows for block in blocks), []]).astype("<u4").tobytes()
    return records, table, bytes(weights)


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
    clocked: Mapping[str, ClockedPopulation],
    histories: Mapping[str, History],
    drops: bool,
) -> tuple[bytes, np.ndarray[tuple[int], np.dtype[np.int64]], bytes]:
    """The records of all populations, the words of all tables, the parameters of clocked neurons.

    Populations with equal tables share them.
    """
    placed: dict[int, int] = {}
    words: list[np.ndarray[tuple[int], np.dtype[np.int64]]] = []

    def place(table: Decay | None) -> tuple[int, int]:
        if table is None:
            return 0, 0
        if id(table) not in placed:
            placed[id(table)] = sum(map(len, words))
            words.append(table.words)
        return placed[id(table)], DIRECT if table.shift is None else table.shift

    records, parameters = b"", b""
    for population in network.populations:
        name = population.name
        history = histories[name]
        flags = _ENTRIES * history.has_entries | _BITMAP * history.is_bitmap
        if population.neuron is None:
            flags |= _BINARY * population.binary | _DROPS * drops
            records += _RECORD.pack(
                0,
                0,
                0,
                flags,
                population.size,
                history.capacity,
                history.longest_delay,
                *([0] * 10),
                history.kept_ticks,
            )
            continue
        flags |= _OUTPUT * (name in network.outputs)
        if name in clocked:
            record, own = _clocked_record(clocked[name], flags, history, len(parameters) // 4)
            records += record
            parameters += own
        else:
            records += _neuron_record(population, flags, history, neurons[name], tables[name], place)
    return records, np.concatenate([*words, np.empty(0, np.int64)]), parameters


def _clocked_record(
    population: ClockedPopulation, flags: int, history: History, first_parameter: int
) -> tuple[bytes, bytes]:
    """The record of a clocked population, and its parameters: one word where all neurons share it."""
    neurons = population.neurons
    per_neuron, words = 0, []
    columns = (neurons.decay, neurons.synapse_decay, neurons.threshold, neurons.bias, neurons.increment)
    for index, column in enumerate(columns):
        differ = bool(np.any(column != column[0]))
        per_neuron |= differ << index
        words.append(column if differ else column[:1])
    adapts = neurons.rho > 0 or bool(np.any(neurons.increment))
    record = _CLOCKED.pack(
        _RULES[neurons.rule],
        _RESETS[neurons.reset],
        READOUTS.index(neurons.readout),
        flags | _SILENT * (not neurons.spiking) | _ADAPTS * adapts,
        neurons.size,
        history.capacity,
        history.longest_delay,
        neurons.refractory,
        first_parameter,
        per_neuron,
        neurons.gamma,
        neurons.rho,
        population.input_bound,
        history.kept_ticks,
    )
    return record, np.concatenate(words).astype("<i4").tobytes()


def _neuron_record(
    population: Population,
    flags: int,
    history: History,
    integers: IntegerNeurons,
    table: NeuronTables,
    place: Callable[[Decay | None], tuple[int, int]],
) -> bytes:
    neuron = population.neuron
    assert isinstance(neuron, (Lif, Integrator))
    membrane, membrane_shift = place(table.membrane)
    synapse, synapse_shift = place(table.synapse)
    return _RECORD.pack(
        1,
        _RESETS[neuron.reset] if isinstance(neuron, Lif) else 0,
        _CONSTANTS[table.constants],
        flags | _SILENT * isinstance(neuron, Integrator),
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
        history.kept_ticks,
    )


def _synapses(runs: Runs, synapse_bytes: int) -> bytes:
    fields = (
        [("target", "u1"), ("weight", "i1")] if synapse_bytes == 2 else [("target", "<u2"), ("weight", "<i2")]
    )
    synapses = np.empty(len(runs.targets), np.dtype(fields))
    synapses["target"], synapses["weight"] = runs.targets, runs.weights
    return synapses.tobytes()
