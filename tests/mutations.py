"""Break the code on purpose and see the tests fail: ``make mutations``.

Each mutation changes one place in a copy of the repository and runs the tests that must notice. Stops with an error if one
survives. Not part of the suite: every mutation of Rust compiles the core again. With arguments, only the mutations of files
whose path holds one of them: ``python tests/mutations.py clock history``.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
CORE = ["cargo", "test", "-q", "-p", "tarry-core", "--test", "golden"]
UNIT = ["cargo", "test", "-q", "-p", "tarry-core", "--lib"]
LAYOUTS, WINDOW, OVERLOAD, FUZZ, SNAPSHOT = (
    ["cargo", "test", "-q", "-p", "tarry-core", "--test", name]
    for name in ("layouts", "window", "overload", "fuzz", "snapshot")
)
#: Seconds after which tests that no longer end count as having noticed.
PATIENCE = 300
CLOCK = "rust/core/src/clock/"
PARITY = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "tests/test_parity.py"]
MUTATIONS = [
    # `>` for `>=`, at an arrival and at a predicted tick
    ("rust/core/src/lif.rs", ">= i64::from(neuron.threshold)", "> i64::from(neuron.threshold)", CORE),
    ("rust/core/src/prediction.rs", "if potential >= threshold", "if potential > threshold", CORE),
    # a delay off by one tick, in the engine and in the compiler
    ("rust/core/src/tick.rs", "u64::from(next.delay)", "u64::from(next.delay + 1)", CORE),
    (
        "python/tarry/compiler/layout.py",
        "delays=delay[starts],",
        "delays=delay[starts] + (delay[starts] == 7),",
        PARITY,
    ),
    # a table entry off by one, as read and as written
    ("rust/core/src/table.rs", "rounded(word(", "1 + rounded(word(", CORE),
    (
        "python/tarry/compiler/decay.py",
        "for x in low + high]",
        "for x in [low[0], low[1] + (1 << 170)] + low[2:] + high]",
        PARITY,
    ),
    # clocked rules: thresholds, wrapping, refractory periods, adaptation
    (CLOCK + "delta.rs", "value.wrapping_sub(threshold))", "value.wrapping_sub(threshold + 1))", UNIT),
    (CLOCK + "delta.rs", "size & 0x7FFF", "size & 0x3FFF", UNIT),
    (CLOCK + "delta.rs", "if place.len() > 1 { first } else { 0 }", "0", CORE),
    (CLOCK + "rules.rs", "membrane >= threshold +", "membrane > threshold +", UNIT),
    (CLOCK + "rules.rs", "membrane > threshold << 6", "membrane >= threshold << 6", UNIT),
    (CLOCK + "rules.rs", "if u > 1 << 23", "if u >= 1 << 23", UNIT),
    (CLOCK + "rules.rs", "u <= -(1 << 23)", "u < -(1 << 23)", UNIT),
    (CLOCK + "rules.rs", "(size >> (k & 63)).max(1)", "(size >> (k & 63))", UNIT),
    (
        CLOCK + "rules.rs",
        "state.wait = self.refractory as i32",
        "state.wait = self.refractory as i32 + 1",
        CORE,
    ),
    (CLOCK + "rules.rs", "raised.max(0)", "i64::from(p.increment)", CORE),
    (CLOCK + "rules.rs", "let lost = (1 << 15)", "let lost = (1 << 16)", UNIT),
    (CLOCK + "readout.rs", "(loss - 1) << 30", "loss << 30", UNIT),
    (CLOCK + "update.rs", "gain.wrapping_mul(state) >> 30", "gain.wrapping_mul(state) >> 29", UNIT),
    # delays: of a block, of a row, within the ring; the border between two batches
    (
        CLOCK + "hand_over.rs",
        "u64::from(block << projection.block_shift)",
        "u64::from(block + 1 << projection.block_shift)",
        CORE,
    ),
    (
        CLOCK + "hand_over.rs",
        "view.row(projection.first_row + level)",
        "view.row(projection.first_row + level) + 1",
        CORE,
    ),
    (
        CLOCK + "hand_over.rs",
        "view.row(projection.first_row + row)) & mask",
        "view.row(projection.first_row + row) + 1) & mask",
        CORE,
    ),
    (CLOCK + "hand_over.rs", "base: projection.row_of(tick)", "base: projection.row_of(tick + 1)", CORE),
    (CLOCK + "hand_over.rs", "if count == BATCH", "if count > BATCH", CORE),
    (CLOCK + "batch.rs", "if self.count == ROWS", "if self.count > ROWS", UNIT),
    (CLOCK + "batch.rs", "self.count += count;", "self.count += AT_ONCE;", LAYOUTS),
    (CLOCK + "batch.rs", "(count <= AT_ONCE,", "(count <= AT_ONCE + 1,", UNIT),
    (CLOCK + "batch.rs", "count.min(queue.places.saturating_sub(place))", "count", LAYOUTS),
    (CLOCK + "rows.rs", "BITS / 8 > rows.weights.len()", "BITS / 8 >= rows.weights.len()", UNIT),
    (CLOCK + "delta.rs", "states.len() - states.len() % 4", "states.len() - states.len() % 2", UNIT),
    (CLOCK + "rows.rs", "const MOST_ROWS: usize = 256", "const MOST_ROWS: usize = 257", UNIT),
    # sums: cleared once, guarded in their band, shifted as a whole
    (CLOCK + "update.rs", "*sum = A::default();", "", CORE),
    (CLOCK + "update.rs", "= core::mem::take(sum).into()", "= (*sum).into()", CORE),
    (CLOCK + "update.rs", "sum >> exponent.unsigned_abs()", "sum >> (exponent.unsigned_abs() + 1)", UNIT),
    (CLOCK + "update.rs", "if !projection.has_spilled(tick)", "if projection.has_spilled(tick)", LAYOUTS),
    ("rust/core/src/program/projection.rs", "last >= tick", "last > tick", UNIT),
    (CLOCK + "scatter.rs", "const BAND: i16 = 1 << 14", "const BAND: i16 = (1 << 14) + 2", UNIT),
    (CLOCK + "scatter.rs", "const BAND: i16 = 1 << 14", "const BAND: i16 = (1 << 14) - 2", UNIT),
    (CLOCK + "scatter.rs", "lane + rest.len() >= 4", "lane + rest.len() > 4", UNIT),
    (CLOCK + "hand_over.rs", "tick + u64::from(projection.block()) - 1", "tick", LAYOUTS),
    # what is forgotten too early or too late, and who sleeps
    (CLOCK + "queue.rs", "u64::from(self.depth)", "u64::from(self.depth.saturating_sub(1))", CORE),
    (CLOCK + "queue.rs", "self.kept.saturating_sub(behind)", "self.kept.saturating_sub(behind) + 1", WINDOW),
    (CLOCK + "queue.rs", "(tick + 1..self.next)", "(tick + 2..self.next)", CORE),
    (
        CLOCK + "mod.rs",
        "projection.reach = Some(tick + u64::from(projection.longest))",
        "projection.reach = Some(tick)",
        CORE,
    ),
    ("rust/core/src/program/projection.rs", "reach >= tick", "reach > tick", CORE),
    (CLOCK + "update.rs", "is_active = !clocked.is_unbiased", "is_active = false", CORE),
    (
        CLOCK + "mod.rs",
        "(!population.clocked.is_unbiased || is_read)",
        "!population.clocked.is_unbiased",
        CORE,
    ),
    # places of histories
    (
        "rust/core/src/tick.rs",
        "population.capacity.saturating_sub(taken)",
        "(population.capacity + 1).saturating_sub(taken)",
        OVERLOAD,
    ),
    (
        "rust/core/src/tick.rs",
        "before.saturating_sub(population.longest_hand_over().into())",
        "before.saturating_sub(population.longest_hand_over().into()) + 1",
        OVERLOAD,
    ),
    ("rust/core/src/history.rs", "self.len >= self.capacity", "self.len > self.capacity", OVERLOAD),
    ("rust/core/src/push.rs", "population.drops && !is_too_far", "population.drops", WINDOW),
    # what a hostile program or snapshot could do
    ("rust/core/src/program/check.rs", "pairs <= MOST_PAIRS", "pairs <= u64::MAX", FUZZ),
    ("rust/core/src/snapshot/check.rs", "entry.end <= self.tick.view.end_of_source(entry.run)", "true", FUZZ),
    ("rust/core/src/start.rs", "memory.wide_sources.fill(0);", "", SNAPSHOT),
]


def survives(folder: Path, file: str, old: str, new: str, command: list[str]) -> bool:
    """Whether the tests pass although the code is broken."""
    path = folder / file
    text = path.read_text()
    if old not in text:
        raise SystemExit(f"{file} does not hold {old!r} any more: mend the mutation")
    path.write_text(text.replace(old, new, 1))
    # Code that does not compile would fail every test.
    if command[0] == "cargo" and not tests_pass(folder, [*command, "--no-run"]):
        raise SystemExit(f"{file} does not compile with {new!r}: mend the mutation")
    passes = tests_pass(folder, command)
    path.write_text(text)
    return passes


def tests_pass(folder: Path, command: list[str]) -> bool:
    """Run tests on the copy."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(folder / "python"),
        "CARGO_TARGET_DIR": str(folder / "target"),
    }
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return process.wait(PATIENCE) == 0
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return False


def main() -> None:
    """Try all mutations, or those of some files."""
    words = sys.argv[1:]
    chosen = [m for m in MUTATIONS if not words or any(word in m[0] for word in words)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "tarry"
        shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns("target", ".venv", ".git", "build"))
        for command in {tuple(command): command for *_, command in chosen}.values():
            if not tests_pass(folder, command):
                raise SystemExit(f"{' '.join(command)} fails before anything was broken")
        survivors = 0
        for file, old, new, command in chosen:
            lives = survives(folder, file, old, new, command)
            survivors += lives
            print(f"{'SURVIVED' if lives else 'noticed'}: {file}: {old} -> {new}", flush=True)
    if survivors:
        raise SystemExit(f"{survivors} mutations were not noticed")


if __name__ == "__main__":
    main()
