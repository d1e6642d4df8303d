"""The list of mutations fits the code: each finds its place, so ``make mutations`` can run."""

from __future__ import annotations

from mutations import MUTATIONS, ROOT


def test_every_mutation_finds_its_place() -> None:
    lost = [(file, old) for file, old, *_ in MUTATIONS if old not in (ROOT / file).read_text()]
    assert lost == []
