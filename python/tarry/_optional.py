"""How a missing extra is reported: the base install needs numpy alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def extra(name: str, *, needed_by: str) -> Iterator[None]:
    """Turn the failed import of a package that an extra brings into one sentence that says how to get it."""
    try:
        yield
    except ModuleNotFoundError as error:
        # A missing module of our own is a defect of the installation, not a missing extra.
        package = (error.name or "").partition(".")[0]
        if package == "tarry":
            raise
        raise ImportError(
            f'{needed_by} needs {package}, which is not installed; get it with: pip install "tarry[{name}]"',
            name=error.name,
        ) from error
