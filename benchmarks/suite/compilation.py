"""The compiler: time and bytes."""

from __future__ import annotations

import numpy as np

import tarry

from .networks import TAU_SYN, many_spikes, yin_yang_like


class Compilation:
    """Networks of three sizes without calibration."""

    params = ("4-30-3", "64-64-20", "700-128-20")
    param_names = ("network",)

    def setup(self, name: str) -> None:
        """Compile once; the program must hold every synapse that was not rounded to nothing."""
        self.tick = TAU_SYN / 64
        if name == "4-30-3":
            self.network = yin_yang_like()[0]
        elif name == "64-64-20":
            self.network, self.tick = many_spikes()[0], 1e-4
        else:
            self.network, self.tick = large(), 1e-3
        self.program = self.compile()
        wanted = sum(projection.weights.size for projection in self.network.projections)
        report = self.program.report
        if report is None or self.program.synapses + report.pruned_weights != wanted:
            raise AssertionError(f"{self.program.synapses} synapses in the program, {wanted} in the network")

    def compile(self) -> tarry.Program:
        """With 8-bit weights."""
        return tarry.compile(self.network, tick=self.tick, weight_bits=8)

    def time_compile(self, _: str) -> None:
        """Network to checked Program."""
        self.compile()

    def time_check(self, _: str) -> None:
        """Bytes to checked Program."""
        tarry.Program(self.program.bytes)

    def track_program_bytes(self, _: str) -> int:
        """Of the file."""
        return len(self.program.bytes)

    def track_memory_bytes(self, _: str) -> int:
        """Of a processor for it."""
        return self.program.memory_bytes


def large() -> tarry.Network:
    """700-128-20 with synaptic delays up to 62 ticks: a spoken-digit network."""
    rng = np.random.default_rng(3)
    lif = tarry.Lif(tau_mem=20e-3, tau_syn=5e-3, threshold=1.0, reset="to_zero")
    sizes = {"input": 700, "hidden": 128, "output": 20}
    populations = [
        tarry.Population(name, size, None if name == "input" else lif) for name, size in sizes.items()
    ]
    projections = [
        tarry.Projection(
            source,
            target,
            rng.normal(0, 0.1, (sizes[target], sizes[source])),
            rng.integers(1, 63, (sizes[target], sizes[source])) * 1e-3,
        )
        for source, target in (("input", "hidden"), ("hidden", "output"))
    ]
    return tarry.Network(tuple(populations), tuple(projections))
