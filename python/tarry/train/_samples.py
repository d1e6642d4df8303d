"""Splits as tensors that a model can take, checked."""

from __future__ import annotations

import hashlib

import numpy as np
import torch
from torch import Tensor

from tarry import nn
from tarry.data import Split


def tensors(model: nn.Sequential, split: Split, name: str) -> tuple[Tensor, Tensor]:
    """Times (n, channels) in the model's dtype and int64 labels (n,); ValueError if they do not fit it."""
    times, labels = np.asarray(split.times), np.asarray(split.labels)
    inputs, classes = model[0].inputs, model[-1].outputs
    if times.ndim != 2 or labels.shape != times.shape[:1]:
        raise ValueError(
            f"{name} has times of shape {times.shape} and labels of shape {labels.shape}; "
            "they must be (n, channels) and (n,)"
        )
    if not len(times):
        raise ValueError(f"{name} is empty")
    if times.shape[1] != inputs:
        raise ValueError(f"{name} has {times.shape[1]} channels, but the model has {inputs} inputs")
    if times.dtype.kind != "f" or labels.dtype.kind not in "iu":
        raise ValueError(
            f"{name} has times of {times.dtype} and labels of {labels.dtype}; "
            "they must be floats and integers"
        )
    invalid = np.isnan(times) | (times == -np.inf)
    if invalid.any():
        row, channel = np.argwhere(invalid)[0]
        raise ValueError(
            f"{name} has the time {times[row, channel]} in sample {row}, channel {channel}; "
            "times are seconds, or inf where a channel is silent"
        )
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(
            f"{name} has labels from {labels.min()} to {labels.max()}; "
            f"with {classes} outputs they must be 0..{classes - 1}"
        )
    return torch.tensor(times, dtype=model[0].weights.dtype), torch.tensor(labels.astype(np.int64))


def accuracy(model: nn.Sequential, times: Tensor, labels: Tensor) -> float:
    """Fraction of samples that the model decides as labelled."""
    with torch.no_grad():
        return int((nn.decide(model(times)) == labels).sum()) / len(labels)


def digest(*values: Tensor) -> str:
    """Short name of the contents of tensors."""
    return hashlib.sha256(b"".join(v.numpy().tobytes() for v in values)).hexdigest()[:16]
