from __future__ import annotations

import gzip
import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tarry import data

PUBLISHED = Path(__file__).parents[2] / "shared/data/yin_yang/publication_data"

# Of the published samples as little-endian float64, and of the labels as little-endian int64.
SAMPLES_SHA256 = {
    "train": "f5a4054d56f2a058f8250fba7ff9720458e1625db7af78a295e45701745b2228",
    "validation": "5eac358bdf2122763dce3703a79f3005e56e46a4db25ec329a07333d0f7b8093",
    "test": "7bab3ed668ed4992679cff6339fe21bfe7d0c921ddc6187eaa3bc6ef34b888d7",
}
CLASS_COUNTS = {"train": [1681, 1702, 1617], "validation": [316, 336, 348], "test": [350, 316, 334]}


@pytest.mark.parametrize("name", SAMPLES_SHA256)
def test_yin_yang_is_the_published_set(name: str) -> None:
    split = getattr(data.yin_yang(1e-3), name)
    assert hashlib.sha256(split.points.astype("<f8").tobytes()).hexdigest() == SAMPLES_SHA256[name]
    assert split.labels.dtype == np.int64
    assert np.bincount(split.labels).tolist() == CLASS_COUNTS[name]


@pytest.mark.parametrize("name", SAMPLES_SHA256)
def test_yin_yang_equals_the_published_arrays(name: str) -> None:
    if not PUBLISHED.is_dir() and "CI" not in os.environ:
        pytest.skip(f"the published arrays are not at {PUBLISHED}")
    split = getattr(data.yin_yang(1e-3), name)
    assert np.array_equal(split.points, np.load(PUBLISHED / f"{name}_samples.npy"))
    assert np.array_equal(split.labels, np.load(PUBLISHED / f"{name}_labels.npy"))


def test_index_1_is_where_the_yin_criterion_holds() -> None:
    points = data.yin_yang(1.0)
    assert points.class_names == ("yin", "yang", "dot")
    x, y = points.train.points[:, 0], points.train.points[:, 1]
    # The upper half outside the right hump belongs to the yin criterion.
    upper = (y > 0.5) & (np.hypot(x - 0.75, y - 0.5) > 0.25) & (np.hypot(x - 0.25, y - 0.5) > 0.1)
    assert upper.any()
    assert (points.train.labels[upper] == 1).all()


def test_features_are_encoded_as_spike_times() -> None:
    points = data.yin_yang(2e-3, early=0.5, late=1.5)
    assert np.array_equal(points.test.times, (0.5 + 1.0 * points.test.points) * 2e-3)
    default = data.yin_yang(1e-3).test
    assert np.array_equal(default.times, (0.15 + (2.0 - 0.15) * default.points) * 1e-3)
    assert default.times.shape == (1000, 4)
    assert len(default) == 1000


def test_bias_is_a_fifth_channel() -> None:
    times = data.yin_yang(1e-3, bias=0.9).train.times
    assert times.shape == (5000, 5)
    assert np.array_equal(times[:, 4], np.full(5000, 0.9 * 1e-3))


def test_arrays_cannot_be_changed() -> None:
    split = data.yin_yang(1e-3).train
    for array in (split.points, split.times, split.labels):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tau_syn": 0.0}, "tau_syn is 0.0 s; it must be positive"),
        ({"tau_syn": float("nan")}, "tau_syn is nan s"),
        ({"tau_syn": 1e-3, "early": -1.0}, "early is -1.0"),
        ({"tau_syn": 1e-3, "early": 3.0}, "early is 3.0 and late 2.0 tau_syn"),
        ({"tau_syn": 1e-3, "bias": -0.1}, "bias is -0.1"),
        ({"tau_syn": 1e-3, "bias": float("inf")}, "bias is inf"),
    ],
)
def test_yin_yang_refuses(arguments: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        data.yin_yang(**arguments)


events = st.lists(st.tuples(st.integers(0, 2**62), st.integers(0, 2**31)), min_size=1, max_size=20)


@given(events=events, suffix=st.sampled_from([".npz", ".csv"]))
def test_events_survive_a_file(
    tmp_path_factory: pytest.TempPathFactory, events: list[tuple[int, int]], suffix: str
) -> None:
    times, channels = np.array(sorted(events), np.int64).T
    path = tmp_path_factory.mktemp("events") / f"spikes{suffix}"
    data.save_events(path, times, channels)
    loaded = data.load_events(path)
    assert all(array.dtype == np.int64 for array in loaded)
    assert np.array_equal(loaded, (times, channels))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "first line is ''; it must be the header 'tick,channel'"),
        ("time,channel\n1,2\n", "first line is 'time,channel'"),
        ("tick,channel\n", "there are no events"),
        ("tick,channel\n1,2,3\n", "line 2: '1,2,3' is not two integers"),
        ("tick,channel\n1,2\n1.5,2\n", "line 3: '1.5,2' is not two integers"),
        ("tick,channel\n1\n", "line 2: '1' is not two integers"),
        ("tick,channel\n-1,2\n", "event 0 has the negative tick -1"),
        ("tick,channel\n1,-2\n", "event 0 has the negative channel -2"),
        ("tick,channel\n5,0\n9,0\n7,0\n", "event 2 has tick 7 after 9"),
        ("tick,channel\n99999999999999999999,0\n", "does not fit in 64 bits"),
        ("tick,channel\n\xe9,0\n", "not a text file"),
    ],
)
def test_csv_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "spikes.csv"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ValueError, match=message) as caught:
        data.load_events(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"times": [1, 2]}, "does not hold the arrays 'times' and 'channels'"),
        ({"times": [1, 2], "channels": [0]}, r"shape \(2,\) and channels \(1,\)"),
        ({"times": [[1]], "channels": [[0]]}, r"both must be \(n,\)"),
        ({"times": [1.0], "channels": [0]}, "both must be integers"),
        ({"times": [2, 1], "channels": [0, 0]}, "event 1 has tick 1 after 2"),
        ({"times": np.array([2**63], np.uint64), "channels": [0]}, "beyond 2"),
        ({"times": np.array([], np.int64), "channels": np.array([], np.int64)}, "there are no events"),
    ],
)
def test_npz_is_refused(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    path = tmp_path / "spikes.npz"
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match=message):
        data.load_events(path)


def test_damaged_missing_and_misnamed_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "spikes.npz"
    data.save_events(path, [1, 2, 3], [0, 1, 0])
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(ValueError, match=r"spikes\.npz"):
        data.load_events(path)
    with pytest.raises(FileNotFoundError):
        data.load_events(tmp_path / "none.npz")
    with pytest.raises(ValueError, match=r"ends in '\.txt'"):
        data.load_events(tmp_path / "spikes.txt")
    with pytest.raises(ValueError, match="there are no events"):
        data.save_events(tmp_path / "empty.csv", [], [])
    assert not (tmp_path / "empty.csv").exists()


MNIST = Path(__file__).parents[2] / "shared/data/mnist"


def idx(path: Path, array: npt.NDArray[np.uint8]) -> None:
    header = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    path.write_bytes(gzip.compress(header + array.tobytes(), 1))


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files like those of MNIST, with three pixels that are not 0 in every image."""
    folder = tmp_path_factory.mktemp("mnist")
    for name, count in (("train", 60_000), ("t10k", 10_000)):
        images = np.zeros((count, 28, 28), np.uint8)
        images[:, 3, 4], images[:, 5, 6], images[:, 7, 8] = 255, 51, np.arange(count) % 7
        idx(folder / f"{name}-images-idx3-ubyte.gz", images)
        idx(folder / f"{name}-labels-idx1-ubyte.gz", (np.arange(count) % 10).astype(np.uint8))
    return folder


def test_mnist_is_split_and_encoded(digits: Path) -> None:
    sets = data.mnist(1e-3, digits)
    assert [len(split) for split in (sets.train, sets.validation, sets.test)] == [50_000, 10_000, 10_000]
    assert sets.validation.points[3, 7 * 28 + 8] == 50_003 % 7
    times = sets.train.times[7].reshape(28, 28)
    assert times[3, 4] == pytest.approx(0.15e-3)
    assert times[5, 6] == pytest.approx((0.15 + 1.85 * 0.8) * 1e-3)
    assert np.isinf(times).sum() == 28 * 28 - 2
    assert sets.train.labels[13] == 3
    lit = data.mnist(1e-3, digits, early=0.0, late=1.0, background=True).test
    assert lit.times[0, 0] == 1e-3
    assert lit.times[0, 3 * 28 + 4] == 0.0


def test_mnist_that_is_not_there_or_not_right_is_refused(digits: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="pass the path of a folder with the MNIST files"):
        data.mnist(1e-3, tmp_path)
    with pytest.raises(FileNotFoundError, match="does not exist; pass the path"):
        data.mnist(1e-3, digits, size=16)
    with pytest.raises(ValueError, match="late"):
        data.mnist(1e-3, digits, early=3.0)
    for name in ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"):
        (tmp_path / name).write_bytes((digits / name).read_bytes())
    idx(tmp_path / "t10k-images-idx3-ubyte.gz", np.zeros((10, 28, 28), np.uint8))
    with pytest.raises(ValueError, match="is not an idx file"):
        data.mnist(1e-3, tmp_path)
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(b"no gzip")
    with pytest.raises(ValueError, match="not a complete gzip file"):
        data.mnist(1e-3, tmp_path)
    np.savez(tmp_path / "mnist16x16_uint8.npz", train_x=np.zeros(3))
    with pytest.raises(ValueError, match="does not hold the arrays"):
        data.mnist(1e-3, tmp_path, size=16)


def test_mnist_is_the_real_one() -> None:
    if not MNIST.is_dir() and "CI" not in os.environ:
        pytest.skip(f"the files are not at {MNIST}")
    small = data.mnist(1e-3, MNIST, size=16)
    assert small.train.times.shape == (50_000, 256)
    test = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert np.bincount(small.test.labels).tolist() == test
