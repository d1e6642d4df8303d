"""A network as plain data: populations, projections, delays. It knows no platform and no tick."""

from __future__ import annotations

import json
from dataclasses import dataclass
from os import PathLike
from typing import Literal

import numpy as np
import numpy.typing as npt

from .integer_neurons import LoihiLif
from .models import INTEGER_MODELS, Neuron, neuron_from_header, neuron_header, per_neuron_counts
from .neurons import RESETS as RESETS
from .neurons import Lif as Lif
from .neurons import Reset as Reset

DelayKind = Literal["none", "axonal", "dendritic", "synaptic"]
Array = npt.NDArray[np.float64]

FILE_FORMAT = "tarry-network-1"
EXPONENTS = (-8, 7)


@dataclass(frozen=True, slots=True)
class Population:
    """A named group of neurons of one kind; without a neuron model it is an input.

    Args:
        name: unique within the network.
        size: number of neurons or input channels.
        neuron: the neuron model, float or in a rule's integers, or None for an input.
        binary: inputs only: a channel spikes at most once per tick, a second spike is dropped and counted.
    """

    name: str
    size: int
    neuron: Neuron | None = None
    binary: bool = False

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("a population needs a name")
        if self.size < 1:
            raise ValueError(f"population {self.name!r} has size {self.size}; it must be at least 1")
        if self.binary and self.neuron is not None:
            raise ValueError(f"population {self.name!r} is binary; only inputs can be")
        for name, count in per_neuron_counts(self.neuron):
            if count != self.size:
                raise ValueError(
                    f"population {self.name!r} has {self.size} neurons and {count} values of {name}; "
                    "give one number or one per neuron"
                )

    @property
    def fires_once(self) -> bool:
        """Whether its neurons fire at most once until ``reset()``."""
        return isinstance(self.neuron, Lif) and self.neuron.reset == "once"


@dataclass(frozen=True, slots=True, eq=False, init=False)
class Projection:
    """Synapses from every neuron of one population to every neuron of another; weight 0 is no synapse.

    Args:
        source: name of the presynaptic population.
        target: name of the postsynaptic population.
        weights: shape (post, pre), dimensionless; whole numbers where the target is a model in integers.
        delays: seconds; a scalar, (1, pre) axonal, (post, 1) dendritic or (post, pre) synaptic.
        exponent: into ``LoihiLif`` only: the sum of the projection's weights that arrive in a tick is shifted left by
            it (right, arithmetically, where it is negative) before it joins the others; -8 to 7.
    """

    source: str
    target: str
    weights: Array
    delays: Array
    exponent: int

    def __init__(
        self,
        source: str,
        target: str,
        weights: npt.ArrayLike,
        delays: npt.ArrayLike = 0.0,
        exponent: int = 0,
    ) -> None:
        where = f"projection {source!r} -> {target!r}"
        weights = _frozen(weights)
        delays = _frozen(delays)
        if weights.ndim != 2:
            raise ValueError(f"{where}: weights have shape {weights.shape}; they must be (post, pre)")
        if not np.all(np.isfinite(weights)):
            raise ValueError(f"{where}: a weight is not finite")
        if delays.ndim == 1:
            raise ValueError(
                f"{where}: delays have shape {delays.shape}, which could mean axonal or dendritic; "
                "give (1, pre), (post, 1), (post, pre) or a scalar"
            )
        post, pre = weights.shape
        if delays.shape not in {(), (1, 1), (1, pre), (post, 1), (post, pre)}:
            raise ValueError(
                f"{where}: delays have shape {delays.shape}; with weights {weights.shape} they must be a scalar, "
                f"(1, {pre}), ({post}, 1) or ({post}, {pre})"
            )
        if not np.all(np.isfinite(delays) & (delays >= 0)):
            raise ValueError(f"{where}: delays must be finite and at least 0 s")
        if exponent not in range(EXPONENTS[0], EXPONENTS[1] + 1):
            raise ValueError(
                f"{where}: exponent is {exponent}; it must be a whole number from {EXPONENTS[0]} to {EXPONENTS[1]}"
            )
        object.__setattr__(self, "source", source)
        object.__setattr__(self, "target", target)
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "delays", delays)
        object.__setattr__(self, "exponent", int(exponent))


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Populations and the projections between them, in order of declaration.

    Args:
        populations: inputs (no neuron model) and neurons.
        projections: synapses between them; several between the same two populations add up.
        outputs: names of the populations whose spikes leave the network; by default those without
            outgoing projections.
    """

    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]
    outputs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        populations, projections = tuple(self.populations), tuple(self.projections)
        sizes = {p.name: p.size for p in populations}
        if len(sizes) != len(populations):
            raise ValueError("two populations have the same name")
        models = {p.name: p.neuron for p in populations}
        inputs = {name for name, model in models.items() if model is None}
        if not inputs:
            raise ValueError("the network has no input: one population must be without a neuron model")
        if len(inputs) == len(populations):
            raise ValueError("the network has no neurons: one population must have a neuron model")
        for projection in projections:
            where = f"projection {projection.source!r} -> {projection.target!r}"
            for name in (projection.source, projection.target):
                if name not in sizes:
                    raise ValueError(
                        f"{where}: there is no population {name!r}; there are {', '.join(sizes)}"
                    )
            if projection.target in inputs:
                raise ValueError(f"{where}: {projection.target!r} is an input and takes no synapses")
            shape = (sizes[projection.target], sizes[projection.source])
            if projection.weights.shape != shape:
                raise ValueError(
                    f"{where}: weights have shape {projection.weights.shape}; the populations need {shape} (post, pre)"
                )
            _check_integers(projection, models[projection.target], where)
        sources = {p.source for p in projections}
        outputs = tuple(self.outputs) or tuple(p.name for p in populations if p.name not in sources | inputs)
        for name in outputs:
            if name not in sizes or name in inputs:
                raise ValueError(f"output {name!r} is not a population of neurons")
        if len(set(outputs)) != len(outputs):
            raise ValueError("an output is named twice")
        if not outputs:
            raise ValueError("no population is without outgoing projections: name the outputs")
        object.__setattr__(self, "populations", populations)
        object.__setattr__(self, "projections", projections)
        # Channels follow the order of declaration, whatever the order of the names.
        object.__setattr__(self, "outputs", tuple(p.name for p in populations if p.name in outputs))

    def population(self, name: str) -> Population:
        """Return the population of that name; KeyError if there is none."""
        for population in self.populations:
            if population.name == name:
                return population
        raise KeyError(
            f"there is no population {name!r}; there are {', '.join(p.name for p in self.populations)}"
        )

    def save(self, path: str | PathLike[str]) -> None:
        """Write the network to an ``.npz`` file: a JSON header and the arrays, no pickle."""
        arrays = {
            f"{kind}_{i}": getattr(p, kind)
            for i, p in enumerate(self.projections)
            for kind in ("weights", "delays")
        }
        header = {
            "format": FILE_FORMAT,
            "populations": [
                {"name": p.name, "size": p.size, "neuron": neuron_header(p.neuron), "binary": p.binary}
                for p in self.populations
            ],
            "projections": [
                {"source": p.source, "target": p.target, "exponent": p.exponent} for p in self.projections
            ],
            "outputs": list(self.outputs),
        }
        with open(path, "wb") as file:
            np.savez(file, header=np.frombuffer(json.dumps(header).encode(), np.uint8), **arrays)

    @staticmethod
    def load(path: str | PathLike[str]) -> Network:
        """Read a network that ``save`` wrote; ValueError if the file is something else."""
        try:
            with np.load(path, allow_pickle=False) as file:
                header = json.loads(bytes(file["header"]))
                if header["format"] != FILE_FORMAT:
                    raise ValueError(f"its format is {header['format']!r}")
                return Network(
                    tuple(
                        Population(p["name"], p["size"], neuron_from_header(p["neuron"]), p["binary"])
                        for p in header["populations"]
                    ),
                    tuple(
                        Projection(
                            p["source"],
                            p["target"],
                            file[f"weights_{i}"],
                            file[f"delays_{i}"],
                            p.get("exponent", 0),
                        )
                        for i, p in enumerate(header["projections"])
                    ),
                    tuple(header["outputs"]),
                )
        except FileNotFoundError:
            raise
        except Exception as error:
            raise ValueError(
                f"{path} is not a Tarry network ({error}); write one with Network.save"
            ) from error


def _frozen(values: npt.ArrayLike) -> Array:
    array = np.array(values, np.float64)
    array.setflags(write=False)
    return array


def _check_integers(projection: Projection, target: Neuron | None, where: str) -> None:
    if projection.exponent and not isinstance(target, LoihiLif):
        raise ValueError(
            f"{where}: exponent is {projection.exponent}; only projections into LoihiLif neurons have one: leave it at 0"
        )
    if isinstance(target, INTEGER_MODELS) and np.any(projection.weights != np.rint(projection.weights)):
        raise ValueError(
            f"{where}: a weight is no whole number; {type(target).__name__} takes its integers as they are"
        )
