"""Files of events: `.npz` with int64 arrays `times` (ticks) and `channels`, or CSV `tick,channel`."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import numpy as np
import numpy.typing as npt

Events = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


def save_events(path: str | PathLike[str], times: npt.ArrayLike, channels: npt.ArrayLike) -> None:
    """Write events to ``path``, whose ending, ``.npz`` or ``.csv``, says the format.

    Args:
        path: the file to write.
        times: ticks, integers, at least 0, non-decreasing, (n,).
        channels: channel of each event, integers, at least 0, (n,).

    Raises:
        ValueError: arrays that are not events, or another ending.
        OSError: the file cannot be written.
    """
    suffix = _suffix(path)
    times, channels = _checked(np.asarray(times), np.asarray(channels), "the events to save")
    if suffix == ".npz":
        with open(path, "wb") as file:
            np.savez(file, times=times, channels=channels)
    else:
        rows = "".join(f"{t},{c}\n" for t, c in zip(times.tolist(), channels.tolist(), strict=True))
        Path(path).write_text("tick,channel\n" + rows, encoding="ascii")


def load_events(path: str | PathLike[str]) -> Events:
    """Read ``(times, channels)``, both int64 of shape (n,), from an ``.npz`` or ``.csv`` file.

    Raises:
        ValueError: what the file holds is not events: wrong columns, unsorted, negative, empty.
        OSError: the file cannot be read.
    """
    times, channels = _load_npz(path) if _suffix(path) == ".npz" else _load_csv(path)
    return _checked(times, channels, str(path))


def _suffix(path: str | PathLike[str]) -> str:
    suffix = Path(path).suffix.lower()
    if suffix not in {".npz", ".csv"}:
        raise ValueError(f"{path} ends in {suffix!r}; events are kept in files that end in .npz or .csv")
    return suffix


def _load_npz(path: str | PathLike[str]) -> tuple[npt.NDArray[np.generic], npt.NDArray[np.generic]]:
    try:
        with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
            return file["times"], file["channels"]
    except OSError as error:
        if error.errno is not None:
            raise
        raise ValueError(f"{path} is not an .npz file ({error})") from error
    except Exception as error:
        raise ValueError(
            f"{path} does not hold the arrays 'times' and 'channels' ({error}); write them with save_events"
        ) from error


def _load_csv(path: str | PathLike[str]) -> Events:
    try:
        lines = Path(path).read_text(encoding="ascii").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not a text file; an event file has the lines 'tick,channel'") from error
    header = lines[0] if lines else ""
    if [column.strip() for column in header.split(",")] != ["tick", "channel"]:
        raise ValueError(f"{path}: the first line is {header[:40]!r}; it must be the header 'tick,channel'")
    rows: list[tuple[int, int]] = []
    for number, line in enumerate(lines[1:], start=2):
        try:
            tick, channel = map(int, line.split(","))
        except ValueError as error:
            raise ValueError(
                f"{path}, line {number}: {line[:40]!r} is not two integers 'tick,channel'"
            ) from error
        rows.append((tick, channel))
    try:
        table = np.array(rows, np.int64).reshape(-1, 2)
    except OverflowError as error:
        raise ValueError(f"{path}: a number does not fit in 64 bits") from error
    return table[:, 0].copy(), table[:, 1].copy()


def _checked(times: npt.NDArray[np.generic], channels: npt.NDArray[np.generic], where: str) -> Events:
    if times.ndim != 1 or times.shape != channels.shape:
        raise ValueError(
            f"{where}: times have shape {times.shape} and channels {channels.shape}; both must be (n,)"
        )
    if times.size == 0:
        raise ValueError(f"{where}: there are no events")
    if times.dtype.kind not in "iu" or channels.dtype.kind not in "iu":
        raise ValueError(
            f"{where}: times are {times.dtype} and channels {channels.dtype}; both must be integers"
        )
    if times.dtype == np.uint64 and times.max() > np.uint64(2**63 - 1):
        raise ValueError(f"{where}: a tick is beyond 2^63 - 1, the largest that a file holds")
    ticks, indices = times.astype(np.int64), channels.astype(np.int64)
    if ticks.min() < 0:
        raise ValueError(f"{where}: event {int(ticks.argmin())} has the negative tick {ticks.min()}")
    if indices.min() < 0:
        raise ValueError(f"{where}: event {int(indices.argmin())} has the negative channel {indices.min()}")
    falls = np.flatnonzero(np.diff(ticks) < 0)
    if falls.size:
        i = int(falls[0])
        raise ValueError(
            f"{where}: ticks must not decrease, but event {i + 1} has tick {ticks[i + 1]} after {ticks[i]}; "
            "sort the events"
        )
    return ticks, indices
