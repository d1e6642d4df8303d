"""README and the pages of docs/ are run as tests: their Python blocks share one namespace per page."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser


@pytest.fixture(scope="module")
def empty_folder() -> Iterator[None]:
    """Pages write files; they do so in a folder that goes away."""
    before, folder = os.getcwd(), tempfile.mkdtemp()
    os.chdir(folder)
    yield
    os.chdir(before)
    shutil.rmtree(folder)


def _setup(namespace: dict[str, Any]) -> None:
    namespace["__name__"] = "__main__"


pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser()],
    patterns=["README.md", "docs/*.md"],
    setup=_setup,
    fixtures=["empty_folder"],
).pytest()
