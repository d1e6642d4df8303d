"""Checkpoints: replaced as a whole, checked as a whole, and only for the settings they were written with."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

MAGIC = b"tarry-checkpoint-1\n"


def check_writable(path: Path) -> None:
    """Raise OSError unless ``save`` could write here: before the training, not after its first epoch."""
    if path.is_dir():
        raise IsADirectoryError(f"the checkpoint {path} is a folder; name a file in it")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise OSError(
            f"the checkpoint {path} cannot be written ({error.strerror}); name a file in a folder that can be"
        ) from error


def save(path: Path, settings: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    """Write the checkpoint so that whenever the process dies, either the old file or the new one is there."""
    buffer = io.BytesIO()
    torch.save({"settings": dict(settings), "state": dict(state)}, buffer)
    content = buffer.getvalue()
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(MAGIC + hashlib.sha256(content).digest() + content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def load(path: Path, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Read the state that ``save`` wrote with the same settings.

    Raises:
        ValueError: the file is damaged, something else, or of other settings.
    """
    data = path.read_bytes()
    head = len(MAGIC) + hashlib.sha256().digest_size
    if not data.startswith(MAGIC):
        raise ValueError(f"{path} is not a checkpoint of this version; name another file")
    if hashlib.sha256(data[head:]).digest() != data[len(MAGIC) : head]:
        raise ValueError(f"the checkpoint {path} is damaged; delete it to train from the start")
    content = torch.load(io.BytesIO(data[head:]), weights_only=True)
    written = content["settings"]
    for name in settings | written.keys():
        if written.get(name) != settings.get(name):
            raise ValueError(
                f"the checkpoint {path} was written with {name} = {written.get(name)!r}, "
                f"not {settings.get(name)!r}; use those settings, another file, or resume=False to start over"
            )
    state: dict[str, Any] = content["state"]
    return state
