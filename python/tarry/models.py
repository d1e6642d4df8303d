"""All neuron models as one type, their parameters per neuron, and how files write them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, fields
from typing import Any, TypeAlias

from .integer_neurons import DeltaLif, IntegerAdaptation, LoihiLif, ShiftLif
from .neurons import Adaptation, Integrator, Lif

Neuron: TypeAlias = Lif | Integrator | DeltaLif | ShiftLif | LoihiLif

INTEGER_MODELS = (DeltaLif, ShiftLif, LoihiLif)
_MODELS: dict[str, type[Neuron]] = {m.__name__: m for m in (Lif, Integrator, *INTEGER_MODELS)}


def per_neuron_counts(model: Neuron | Adaptation | IntegerAdaptation | None) -> Iterator[tuple[str, int]]:
    """The parameters of a model that have one value per neuron, and how many they have."""
    for field in fields(model) if model is not None else ():
        value = getattr(model, field.name)
        if isinstance(value, tuple):
            yield field.name, len(value)
        elif isinstance(value, Adaptation | IntegerAdaptation):
            yield from per_neuron_counts(value)


def neuron_header(neuron: Neuron | None) -> dict[str, Any] | None:
    """A model as JSON has it; None for inputs."""
    return None if neuron is None else {"model": type(neuron).__name__} | asdict(neuron)


def neuron_from_header(header: dict[str, Any] | None) -> Neuron | None:
    """What ``neuron_header`` wrote; files from before there were other models name none."""
    if header is None:
        return None
    arguments = dict(header)
    model = _MODELS[arguments.pop("model", "Lif")]
    if arguments.get("adaptation") is not None:
        adaptation = IntegerAdaptation if issubclass(model, INTEGER_MODELS) else Adaptation
        arguments["adaptation"] = adaptation(**arguments["adaptation"])
    return model(**arguments)
