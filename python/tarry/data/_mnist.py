"""Handwritten digits as first-spike times: the darker the stroke, the earlier the spike."""

from __future__ import annotations

import gzip
import struct
from os import PathLike
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from tarry.data._splits import Dataset, Split

Pixels = npt.NDArray[np.uint8]

FOLDER = "../shared/data/mnist"
FILES = {
    "train_x": "train-images-idx3-ubyte.gz",
    "train_y": "train-labels-idx1-ubyte.gz",
    "test_x": "t10k-images-idx3-ubyte.gz",
    "test_y": "t10k-labels-idx1-ubyte.gz",
}
SMALL_FILE = "mnist16x16_uint8.npz"
VALIDATION = 10_000


def mnist(
    tau_syn: float,
    path: str | PathLike[str] = FOLDER,
    *,
    size: Literal[28, 16] = 28,
    early: float = 0.15,
    late: float = 2.0,
    background: bool = False,
) -> Dataset:
    """Read MNIST, one spike per pixel: 50 000 training, 10 000 validation and 10 000 test samples.

    A pixel p of 0..255 spikes at ``(early + (late - early) (1 - p/255)) tau_syn``, the strokes early, as in Göltz
    et al. 2021 (arXiv 1912.11443); the last 10 000 training images are the validation set, as there. Pixels of the
    background, p = 0, are silent unless ``background`` is set.

    Args:
        tau_syn: synaptic time constant in seconds: the unit of ``early`` and ``late``.
        path: folder with the four files of the original distribution, ``*-ubyte.gz``, or for size 16 with
            ``mnist16x16_uint8.npz`` (arrays train_x, train_y, test_x, test_y; centre crop 24 x 24, resized).
        size: height and width of the images.
        early: spike time of the darkest stroke, in tau_syn.
        late: spike time of the background, in tau_syn.
        background: whether pixels of the background spike, at ``late``.

    Returns:
        The splits; ``points`` are the pixels, uint8, (n, size * size).

    Raises:
        FileNotFoundError: a file is not in the folder.
        ValueError: a time that is negative or not finite, ``late`` before ``early``, another size, or a file that
            does not hold what it should.
    """
    if not 0 < tau_syn < float("inf"):
        raise ValueError(f"tau_syn is {tau_syn} s; it must be positive and finite")
    if not 0 <= early <= late < float("inf"):
        raise ValueError(f"early is {early} and late {late} tau_syn; they must satisfy 0 <= early <= late")
    if size not in (28, 16):
        raise ValueError(f"size is {size}; it must be 28 or 16")
    arrays = _original(Path(path)) if size == 28 else _small(Path(path))
    time_of = (early + (late - early) * (1 - np.arange(256) / 255)) * tau_syn
    if not background:
        time_of[0] = np.inf

    def split(pixels: Pixels, labels: Pixels) -> Split:
        points = pixels.reshape(len(pixels), size * size)
        return Split(points, time_of[points], labels.astype(np.int64))

    images, digits = arrays["train_x"], arrays["train_y"]
    kept = len(images) - VALIDATION
    return Dataset(
        split(images[:kept], digits[:kept]),
        split(images[kept:], digits[kept:]),
        split(arrays["test_x"], arrays["test_y"]),
        tuple("0123456789"),
        tau_syn,
    )


def _original(folder: Path) -> dict[str, Pixels]:
    """Images (n, 28, 28) and labels (n,) of the idx files."""
    arrays = {}
    for key, name in FILES.items():
        shape = (60_000 if key.startswith("train") else 10_000,) + (28, 28) * key.endswith("x")
        header = struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape)  # 8: unsigned bytes
        content = _read(folder / name)
        if content[: len(header)] != header or len(content) != len(header) + np.prod(shape):
            raise ValueError(f"{folder / name} is not an idx file of unsigned bytes of shape {shape}")
        arrays[key] = np.frombuffer(content, np.uint8, offset=len(header)).reshape(shape)
    return _checked(arrays, folder)


def _read(path: Path) -> bytes:
    _find(path)
    try:
        return gzip.decompress(path.read_bytes())
    except (OSError, EOFError) as error:
        raise ValueError(f"{path} is not a complete gzip file ({error})") from error


def _small(folder: Path) -> dict[str, Pixels]:
    """Images (n, 16, 16) and labels (n,)."""
    path = folder / SMALL_FILE
    _find(path)
    arrays = {}
    try:
        with np.load(path, allow_pickle=False) as file:
            for key in FILES:
                arrays[key] = file[key]
    except Exception as error:
        raise ValueError(f"{path} does not hold the arrays {', '.join(FILES)} ({error})") from error
    for key, array in arrays.items():
        shape = (60_000 if key.startswith("train") else 10_000,) + (16, 16) * key.endswith("x")
        if array.shape != shape or array.dtype != np.uint8:
            raise ValueError(
                f"{path}: {key} is {array.dtype} of shape {array.shape}; it must be uint8 of {shape}"
            )
    return _checked(arrays, folder)


def _find(path: Path) -> None:
    if not path.exists():
        raise FileNotFoundError(
            f"{path} does not exist; pass the path of a folder with the MNIST files "
            f"({', '.join(FILES.values())}; {SMALL_FILE} for size 16)"
        )


def _checked(arrays: dict[str, Pixels], folder: Path) -> dict[str, Pixels]:
    for key in ("train_y", "test_y"):
        if arrays[key].max() > 9:
            raise ValueError(f"{folder}: a label is {arrays[key].max()}; labels must be 0..9")
    return arrays
