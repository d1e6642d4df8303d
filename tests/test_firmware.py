"""Bare metal: the golden cases in QEMU with the bits of the host, and images that cannot panic (docs/reliability.md).

Skipped where the targets of the compiler or QEMU are missing, except in CI; ``make test`` installs them.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import tarry
from firmware_images import ROOT, TARGETS, Missing, build, compiler, panics, run, section_bytes, symbols
from golden_file import GOLDEN, Golden, Run, read, write

FILES = [path.relative_to(ROOT) for path in sorted(GOLDEN.glob("*.bin"))]


@pytest.fixture(autouse=True, scope="module")
def _tools() -> None:
    try:
        compiler()
    except Missing as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing))
        pytest.skip(str(missing))


@pytest.fixture(params=TARGETS)
def target(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _cases(file: Path | str = "networks.bin") -> list[Golden]:
    return list(read(GOLDEN / file))


def _written(folder: Path, cases: Sequence[Golden]) -> Path:
    write(folder / "cases.bin", cases)
    return folder / "cases.bin"


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_golden_cases_have_the_same_bits(target: str, file: Path) -> None:
    outcome = run(build(target, "golden"), file)
    cases = _cases(file.name)
    assert outcome.status == 0, [line for line in outcome.lines if not line.get("right", True)][:5]
    assert outcome.not_run() == [], "a golden case does not fit ARENA_BYTES of src/board/mod.rs"
    expected = [
        (number, place, f"{recording.digest:016x}", len(recording.outputs))
        for number, case in enumerate(cases)
        for place, recording in enumerate(case.recordings)
    ]
    printed = [
        (line["case"], line["recording"], line["digest"], line["outputs"]) for line in outcome.recordings()
    ]
    assert printed == expected
    (total,) = outcome.files()
    assert 100 < total["stack_bytes"] < 8192
    assert (total["cases"], total["recordings"], total["right"]) == (len(cases), len(expected), len(expected))


def test_the_image_notices_what_is_wrong(target: str, tmp_path: Path) -> None:
    """One bit of a digest, one spike too many, one too few, one a tick late, one program damaged."""
    good = next(case for case in _cases() if 2 < len(case.recordings[0].outputs) < 100)
    (recording,) = good.recordings
    (tick, channel), *others = recording.outputs
    wrong = [
        replace(recording, digest=recording.digest ^ 1),
        replace(recording, outputs=[*recording.outputs, (recording.until - 1, channel)]),
        replace(recording, outputs=others),
        replace(recording, outputs=[(tick + 1, channel), *others]),
    ]
    damaged = Golden(good.program[:-4] + b"xxxx", [recording])
    cases = [good, *(Golden(good.program, [run]) for run in wrong), damaged, good]
    outcome = run(build(target, "golden"), _written(tmp_path, cases))
    assert outcome.status == 1
    assert [line["right"] for line in outcome.recordings()] == [True, False, False, False, False, True]
    assert outcome.not_run() == [{"case": 5, "not_run": "refused"}]

    whole = _written(tmp_path, [good, good])
    whole.write_bytes(whole.read_bytes()[:-1])
    outcome = run(build(target, "golden"), whole)
    assert outcome.status == 1
    assert outcome.not_run() == [{"case": 1, "not_run": "truncated"}]
    assert run(build(target, "golden"), tmp_path / "absent.bin").status == 1


def test_a_case_too_large_is_named_and_the_others_run(target: str, tmp_path: Path) -> None:
    good = _cases()[0]
    too_long = Run(1, [(0, 0)] * 20_000, [], 0)
    cases = [Golden(bytes(200_000), [too_long]), good, Golden(good.program, [too_long]), good]
    outcome = run(build(target, "golden"), _written(tmp_path, cases))
    assert outcome.status == 0
    assert outcome.not_run() == [{"case": case, "not_run": "too large"} for case in (0, 2)]
    assert [line["case"] for line in outcome.recordings()] == [1, 3]


def test_counts_are_the_same_in_every_run(target: str) -> None:
    first, second = (run(build(target, "golden"), GOLDEN / "yin_yang.bin") for _ in range(2))
    assert first == second
    assert min(line["instructions"] for line in first.recordings()) > 1000


def test_the_engine_runs_from_memory(target: str, tmp_path: Path) -> None:
    """A program in memory before reset, spikes pushed at their ticks."""
    image = build(target, "engine")
    for case in [*_cases()[::40], *_cases("yin_yang.bin")]:
        recording = case.recordings[-1]
        assert run(image, image=_written(tmp_path, [Golden(case.program, [recording])])).status == 0
    golden = Golden(case.program, [replace(recording, digest=recording.digest ^ 1)])
    assert run(image, image=_written(tmp_path, [golden])).status == 1
    golden = Golden(case.program[:-4] + b"xxxx", [recording])
    assert run(image, image=_written(tmp_path, [golden])).status == 2


def test_ticks_beyond_32_bits(target: str, tmp_path: Path) -> None:
    """The same recordings 2^40 ticks later, from memory: a machine of 32 bits cuts no tick."""
    later = 1 << 40
    for case in _cases()[::40]:
        (recording,) = case.recordings
        inputs = [(tick + later, channel) for tick, channel in recording.inputs]
        outputs = [(tick + later, channel) for tick, channel in recording.outputs]
        processor = tarry.Processor(tarry.Program(case.program))
        times, channels = np.array(inputs, np.int64).T
        got = processor.run(times, channels, until=recording.until + later)
        assert list(zip(*(column.tolist() for column in got), strict=True)) == outputs
        golden = Golden(case.program, [Run(recording.until + later, inputs, outputs, processor.digest())])
        assert run(build(target, "engine"), image=_written(tmp_path, [golden])).status == 0


def test_no_code_panics(target: str) -> None:
    """Symbols of ``core::panicking`` are in no image, and would be seen if they were."""
    for image in ("engine", "golden"):
        assert panics(symbols(build(target, image))) == []
    found = panics(symbols(build(target, "engine", control=True)))
    assert any("core::panicking" in name for name in found)
    assert any("tarry_panicked" in name for name in found)


def test_no_heap_and_no_hidden_state(target: str) -> None:
    """No allocator is linked; besides the arena no byte of RAM has a name."""
    for image in ("engine", "golden"):
        elf = build(target, image)
        assert not [name for name in symbols(elf) if "alloc::" in name or "rust_alloc" in name]
        sections = section_bytes(elf)
        assert sections[".arena"] > 0
        assert sections.get(".data", 0) + sections.get(".bss", 0) == 0
