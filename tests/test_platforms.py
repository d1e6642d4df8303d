"""Platform profiles as Python sees them: SI units, sources, a user's own file, refusals, the tables."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tarry import _core
from tarry.platforms import finest_tick, platform, platforms, profile_table

ROOT = Path(__file__).parents[1]
RULES = {
    "loihi1": ["loihi"],
    "seneca": ["delta"],
    "brainscales2": ["event"],
    "cortex-m4": ["event", "delta", "shift", "loihi"],
}
NAMES = list(RULES)


def profile_file(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    """The profile of SENECA under another name, changed."""
    text = (ROOT / "firmware_sim/platforms/seneca.toml").read_text().replace('id = "seneca"', 'id = "mine"')
    for before, after in changes:
        assert before in text
        text = text.replace(before, after, 1)
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return path


def test_names() -> None:
    assert _core.platform_names() == NAMES
    assert list(platforms()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_number_has_unit_source_and_ordered_bounds(name: str) -> None:
    profile = platform(name)
    assert profile["rules"] == RULES[name]
    assert profile["grade"] in "ABCDE"
    for key, origin in profile["constants"].items():
        assert origin["unit"] in {"J", "s", "W", "B", "bit", "1"}, key
        value = origin["value"]
        if value is None:
            assert origin["note"], key
            continue
        assert 0 <= value["low"] <= value["nominal"] <= value["high"], key
        assert origin["known"] in {"simulation", "measurement", "datasheet", "derived", "vendor"}, key
        assert origin["checked"] in {"source", "secondary", "unchecked"}, key
        assert origin["source"], key
        assert all(source in profile["references"] for source in origin["source"]), key
    assert set(profile["limits"]) | set(profile["costs"]) == set(profile["constants"])
    assert all(factor >= 1 for factor in profile["model_form"].values())


def test_limits_for_the_compiler() -> None:
    loihi, seneca, brainscales = platform("loihi1"), platform("seneca"), platform("brainscales2")
    assert (loihi["limits"]["weight_bits"], loihi["limits"]["delay_longest"]) == (9, 62)
    assert loihi["neurons"] == 128 * 1024
    assert (seneca["neurons"], seneca["limits"]["delay_longest"]) == (None, None)
    assert (brainscales["neurons"], brainscales["limits"]["weight_bits"]) == (512, 7)
    assert platform("cortex-m4")["limits"]["memory"] == 640 * 1024


def test_finest_tick() -> None:
    assert finest_tick("loihi1", 31e-3) == pytest.approx(0.5e-3)
    assert [finest_tick(name, 31e-3) for name in ("seneca", "brainscales2", "cortex-m4")] == [0, 0, 0]
    for delay in (-1e-3, float("inf"), float("nan")):
        with pytest.raises(ValueError, match=r"longest_delay is .* s; it must be finite and at least 0"):
            finest_tick("loihi1", delay)


def test_costs_are_in_si_units() -> None:
    assert platform("loihi1")["costs"]["synaptic_event_energy"] == pytest.approx(
        {"low": 23.6e-12, "nominal": 23.6e-12, "high": 35.5e-12}, rel=1e-12
    )
    assert platform("loihi1")["costs"]["barrier_energy"] is None
    assert platform("brainscales2")["costs"]["chip_power"]["nominal"] == pytest.approx(0.175, rel=1e-12)


def test_a_profile_of_ones_own(tmp_path: Path) -> None:
    path = profile_file(
        tmp_path,
        ('source = ["tang2023"]\nnote = "Table 8, 16 bits"', 'source = ["me"]\nnote = "measured"'),
        ("[limits]", '[references.me]\ncitation = "A note of mine"\nlocator = "page 3"\n\n[limits]'),
    )
    profile = platform(path)
    assert profile["id"] == "mine"
    assert profile["references"]["me"] == {"citation": "A note of mine", "locator": "page 3"}


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("high = 1.4", "high = 1.3", ["costs.arithmetic_energy", "low <= nominal <= high"]),
        ('unit = "pJ"', 'unit = "eV"', ["costs.arithmetic_energy.unit", '"eV"', "J, mJ, uJ, nJ, pJ, fJ"]),
        ('source = ["tang2023"]', 'source = ["tang"]', ["source", '"tang"', "tang2023"]),
        ("low = 1.2", "lower = 1.2", ["unknown field `lower`", "`nominal`"]),
        ('rules = ["delta"]', 'rules = ["deltas"]', ["rules", '"deltas"', "event, loihi, delta, shift"]),
        ('rules = ["delta"]', 'rules = ["delta", "delta"]', ["rules", '"delta" is listed twice']),
        ("schema = 1", "schema = ", ["line 2"]),
    ],
)
def test_a_broken_profile_is_refused_with_file_key_and_remedy(
    tmp_path: Path, before: str, after: str, words: list[str]
) -> None:
    path = profile_file(tmp_path, (before, after))
    with pytest.raises(ValueError, match=re.escape(str(path))) as error:
        platform(path)
    for word in words:
        assert word in str(error.value)


def test_an_unknown_platform_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"no platform \"loihi3\".*loihi1, seneca, brainscales2, cortex-m4"):
        platform("loihi3")


def test_docs_show_the_tables_that_the_command_prints() -> None:
    command = [sys.executable, "-m", "tarry.platforms"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert printed == profile_table()
    text = (ROOT / "docs/platforms.md").read_text(encoding="utf-8")
    shown = text.split("<!-- python -m tarry.platforms -->")[1].split("<!-- end -->")[0].strip()
    assert shown == printed, "docs/platforms.md is not what `python -m tarry.platforms` prints"
