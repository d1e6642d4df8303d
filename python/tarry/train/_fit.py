"""Training of first-spike networks: batches, schedule, silent-neuron rule, checkpoints, progress."""

from __future__ import annotations

import time
from dataclasses import asdict, astuple, replace
from math import isfinite, isnan, nan
from os import PathLike
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor
from tqdm import tqdm

from tarry import nn
from tarry.data import Dataset, Split
from tarry.train import _checkpoint
from tarry.train._adam import Adam
from tarry.train._history import Epoch, History
from tarry.train._objective import Objective, objective
from tarry.train._samples import accuracy, digest, tensors
from tarry.train._settings import Loss, Schedule, Settings
from tarry.train._silent import SilentRule


def evaluate(model: nn.Sequential, split: Split) -> float:
    """Accuracy of the decisions (``nn.decide``) on a split, a fraction; ValueError if the data do not fit."""
    return accuracy(model, *tensors(model, split, "the split"))


def fit(
    model: nn.Sequential,
    data: Dataset,
    *,
    epochs: int,
    batch_size: int = 50,
    learning_rate: float = 0.01,
    delay_learning_rate: float = 0.01,
    constant_learning_rate: float = 0.001,
    schedule: Schedule = "cosine",
    loss: Loss = "mse",
    margin: float = 0.2,
    time_noise: float = 0.0,
    spike_dropout: float = 0.0,
    seed: int = 0,
    silent_limit: tuple[float, float] = (0.3, 1.0),
    silent_bump: float = 0.0005,
    weight_limit: float | None = None,
    checkpoint: str | PathLike[str] | None = None,
    resume: bool = True,
    progress: bool | None = None,
    evaluate_every: int = 1,
    keep: Literal["last", "best"] = "last",
) -> History:
    """Train a model in place with Adam; the same model, data and settings give the same bits.

    Args:
        model: the layers; their parameters are changed.
        data: ``train`` is learned, ``validation`` only watched, ``test`` not touched.
        epochs: passes over the training samples, in the whole: resuming does not add to them.
        batch_size: samples per step.
        learning_rate: of the weights.
        delay_learning_rate: of the raw delays, that is in units in which delays are in tau_syn.
        constant_learning_rate: of the logarithms of time constants and thresholds, where a layer learns them.
        schedule: of all rates: "cosine" falls to 0, "constant", or a function from the fraction of epochs
            done to a factor.
        loss: "mse" (shift-invariant), "cross_entropy", or a function of the output times (batch, classes) in
            seconds and the labels.
        margin: of the shift-invariant loss, in tau_syn.
        time_noise: standard deviation of the noise that every epoch adds to the input times, in tau_syn: makes
            networks that bear coarse ticks. Times stay at least 0.
        spike_dropout: fraction of the input spikes that every epoch leaves out, drawn anew: against overfitting.
        seed: of the order of the samples.
        silent_limit: allowed fractions of missing spikes per batch, (hidden, output): a layer beyond it has
            the weights of its silent neurons raised instead of a gradient step; 1 never does that.
        silent_bump: the first such raise, doubled while it repeats.
        weight_limit: keeps ``|w|`` at or below it after every step; None is the limit of each layer.
        checkpoint: file to which the training is saved after every epoch; None saves nothing.
        resume: go on from the checkpoint if it is there, to the bit; False starts over and replaces it.
        progress: show a progress bar; None shows it where the output is a terminal.
        evaluate_every: epochs between evaluations on the validation set; the last is always evaluated.
        keep: the parameters of the "last" epoch, or of the "best": the first with the fewest errors on the
            training set, which is evaluated after every epoch for that.

    Returns:
        Losses and accuracies per epoch, and the speed.

    Raises:
        ValueError: settings out of range, data that do not fit the model, NaN in data or parameters, training
            samples without a spike, outputs that can never spike, or a checkpoint that is damaged or of other
            settings.
        FloatingPointError: the loss or a parameter stopped being finite.
        OSError: the checkpoint cannot be written; said before the training starts.
    """
    settings = Settings(
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        delay_learning_rate=delay_learning_rate,
        constant_learning_rate=constant_learning_rate,
        schedule=schedule,
        loss=loss,
        margin=margin,
        time_noise=time_noise,
        spike_dropout=spike_dropout,
        seed=seed,
        silent_limit=silent_limit,
        silent_bump=silent_bump,
        weight_limit=weight_limit,
        evaluate_every=evaluate_every,
        keep=keep,
    )
    times, labels = tensors(model, data.train, "the training set")
    if (empty := times.isinf().all(1)).any():
        raise ValueError(
            f"sample {int(empty.nonzero()[0])} of the training set has no spike at all; nothing can be learned from it"
        )
    validation = tensors(model, data.validation, "the validation set")
    if name := _not_finite(model):
        raise ValueError(f"the parameter {name} is not finite before training; start from another model")
    _check_spikes(model, silent_limit)

    minimised = objective(model, settings, times)
    optimiser = settings.optimiser(model)
    generator = torch.Generator().manual_seed(seed)
    rule = SilentRule(silent_limit, silent_bump)
    done: list[Epoch] = []
    best: tuple[float, dict[str, Tensor]] = (-1.0, {})

    path = None if checkpoint is None else Path(checkpoint)
    fingerprint = settings.fingerprint() | {
        "model": repr(model),
        "data": digest(times, labels, *validation),
    }
    if path is not None:
        _checkpoint.check_writable(path)
        if resume and path.exists():
            state = _checkpoint.load(path, fingerprint)
            model.load_state_dict(state["model"])
            optimiser.load(state["optimiser"])
            generator.set_state(state["generator"])
            rule = SilentRule(**state["rule"])
            done = [Epoch(*values) for values in state["epochs"]]
            best = state["best"]

    # `None` tells tqdm to show itself on terminals alone.
    hidden = None if progress is None else not progress
    with tqdm(total=epochs, initial=len(done), unit="epoch", disable=hidden, dynamic_ncols=True) as bar:
        for number in range(len(done), epochs):
            epoch = _epoch(model, minimised, optimiser, rule, generator, settings, number, times, labels)
            if name := _not_finite(model):
                raise FloatingPointError(
                    f"the parameter {name} stopped being finite in epoch {number + 1}; {REMEDY}"
                )
            watch = (number + 1) % evaluate_every == 0 or number + 1 == epochs
            epoch = replace(epoch, validation_accuracy=accuracy(model, *validation) if watch else nan)
            done.append(epoch)
            if keep == "best" and (score := accuracy(model, times, labels)) > best[0]:
                best = score, {name: value.clone() for name, value in model.state_dict().items()}
            if path is not None:
                state = {
                    "model": model.state_dict(),
                    "optimiser": optimiser.state(),
                    "generator": generator.get_state(),
                    "rule": asdict(rule),
                    "epochs": [astuple(e) for e in done],
                    "best": best,
                }
                _checkpoint.save(path, fingerprint, state)
            bar.set_postfix_str(_summary(epoch, len(labels)), refresh=False)
            bar.update()
    if keep == "best":
        model.load_state_dict(best[1])
    return History.of(done, len(labels))


REMEDY = "lower the learning rate or raise the layers' slope_floor"


def _epoch(
    model: nn.Sequential,
    objective: Objective,
    optimiser: Adam,
    rule: SilentRule,
    generator: torch.Generator,
    settings: Settings,
    number: int,
    times: Tensor,
    labels: Tensor,
) -> Epoch:
    """One pass over the samples in a random order; the validation accuracy is left open."""
    started = time.perf_counter()
    layers = list(model)
    order = torch.randperm(len(labels), generator=generator)
    times, labels = times[order], labels[order]
    if settings.time_noise > 0:
        scale = settings.time_noise * layers[0].tau_syn
        noise = torch.randn(times.shape, generator=generator, dtype=times.dtype)
        times = (times + scale * noise).clamp(min=0)
    if settings.spike_dropout > 0:
        dropped = torch.rand(times.shape, generator=generator) < settings.spike_dropout
        times = times.masked_fill(dropped, torch.inf)
    rate_factor = settings.rate_factor(number)
    total, missing = 0.0, 0
    outputs = []
    batches = zip(
        torch.split(times, settings.batch_size), torch.split(labels, settings.batch_size), strict=True
    )
    for i, (batch_times, batch_labels) in enumerate(batches):
        loss, batch_outputs, counts = objective(batch_times, batch_labels)
        value = loss.item()
        if not isfinite(value):
            raise FloatingPointError(
                f"the loss became {value} in epoch {number + 1}, batch {i + 1}; {REMEDY}"
            )
        total += value * len(batch_labels)
        outputs.append(batch_outputs)
        bumped, silent = rule.apply(model, counts, len(batch_labels))
        missing += silent
        if not bumped:
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step(rate_factor)
        for layer in layers:
            layer.limit_weights(settings.weight_limit)
    correct = int((nn.decide(torch.cat(outputs)) == labels).sum())
    return Epoch(
        loss=total / len(labels),
        train_accuracy=correct / len(labels),
        validation_accuracy=nan,
        silent=missing / (len(labels) * sum(layer.outputs for layer in layers)),
        seconds=time.perf_counter() - started,
    )


def _check_spikes(model: nn.Sequential, silent_limit: tuple[float, float]) -> None:
    """Refuse what no gradient can change: layers that can never spike, where no rule raises their weights."""
    for i, layer in enumerate(model):
        last = i == len(model) - 1
        able = layer.can_spike()
        if silent_limit[last] == 1 and not bool(able.all() if last else able.any()):
            which = (
                f"neuron {int((~able).nonzero()[0])} of the output layer"
                if last
                else f"every neuron of layer {i}"
            )
            raise ValueError(
                f"{which} can never spike: all its positive weights together stay below the threshold "
                f"{layer.threshold:g}; raise weight_mean, lower the threshold, or let silent_limit raise its weights"
            )


def _not_finite(model: nn.Sequential) -> str | None:
    """Name of a parameter that holds NaN or infinity."""
    return next((name for name, p in model.named_parameters() if not bool(torch.isfinite(p).all())), None)


def _summary(epoch: Epoch, samples: int) -> str:
    seen = "" if isnan(epoch.validation_accuracy) else f", validation {epoch.validation_accuracy:.1%}"
    return (
        f"loss {epoch.loss:.4f}, train {epoch.train_accuracy:.1%}{seen}, silent {epoch.silent:.1%}, "
        f"{samples / epoch.seconds:,.0f} samples/s"
    )
