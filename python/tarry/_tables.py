"""Tables of numbers with units, for terminals and for documentation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

PREFIXES = (("", 1.0), ("m", 1e-3), ("u", 1e-6), ("n", 1e-9), ("p", 1e-12))


def amount(value: float, unit: str) -> str:
    """Three digits and a prefix: 8.4 uJ; without a unit the plain number."""
    if value == 0 or not unit:
        return f"{value:g} {unit}".rstrip()
    prefix, scale = next((p for p in PREFIXES if value >= 0.9995 * p[1]), PREFIXES[-1])
    scaled = value / scale
    return f"{scaled:.3g} {prefix}{unit}" if scaled < 999.5 else f"{scaled:.0f} {prefix}{unit}"


def amounts(interval: Mapping[str, float], unit: str) -> list[str]:
    """Nominal, low and high value."""
    return [amount(interval[key], unit) for key in ("nominal", "low", "high")]


def size(count: int) -> str:
    """A number of bytes."""
    return f"{count} B" if count < 10_000 else f"{count / 1024:.0f} KiB"


def aligned(rows: Sequence[Sequence[str]], right: set[int]) -> str:
    """Columns as wide as their widest cell; those named stand to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]

    def line(row: Sequence[str]) -> str:
        cells = enumerate(zip(row, widths, strict=True))
        return "  ".join(cell.rjust(width) if i in right else cell.ljust(width) for i, (cell, width) in cells)

    return "\n".join(line(row).rstrip() for row in rows)


def markdown(rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table whose first row is the header."""
    header, *body = rows
    lines = [header, ["---"] * len(header), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
