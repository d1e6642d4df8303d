"""What a demonstration is about: data, network, program, platforms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tarry.data import Dataset, yin_yang

Kind = Literal["none", "axonal", "dendritic", "synaptic"]

PLATFORMS = ("loihi1", "seneca", "brainscales2", "cortex-m4")


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A classification by first spikes, from the data to the platforms.

    Args:
        name: for headings and for the ``task`` of the report.
        data: training, validation and test samples.
        kind: which delays are learned.
        hidden: neurons between inputs and outputs.
        epochs: passes over the training samples; None for the number of the recipe.
        seed: of the initial parameters and the order of the samples.
        weight_bits: of the integer weights, with the sign.
        scale: one weight scale per "layer" or per "neuron".
        ticks_per_tau_syn: how fine the ticks of the program are.
        platforms: names of the profiles that it is priced on.
        recordings: how many test samples are priced.
    """

    name: str
    data: Dataset
    kind: Kind = "synaptic"
    hidden: int = 30
    epochs: int | None = None
    seed: int = 0
    weight_bits: int = 8
    scale: Literal["layer", "neuron"] = "neuron"
    ticks_per_tau_syn: int = 128
    platforms: Sequence[str] = PLATFORMS
    recordings: int = 1000

    @property
    def tau_syn(self) -> float:
        """The synaptic time constant in seconds."""
        return self.data.tau_syn

    @property
    def tick(self) -> float:
        """The length of a tick in seconds."""
        return self.tau_syn / self.ticks_per_tau_syn

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Inputs, hidden neurons, outputs."""
        return self.data.train.times.shape[1], self.hidden, len(self.data.class_names)


def yin_yang_task(
    *, seed: int = 0, epochs: int | None = None, recordings: int = 1000, tau_syn: float = 1e-3
) -> Task:
    """The published Yin-Yang set on a 4-30-3 network with a delay for each synapse."""
    return Task("Yin-Yang", yin_yang(tau_syn), seed=seed, epochs=epochs, recordings=recordings)
