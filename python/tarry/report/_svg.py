"""Figures as SVG that lives inside a page and takes on its colours, and as files."""

from __future__ import annotations

import io
import re
from os import PathLike

from matplotlib.figure import Figure

from tarry.plots import PALETTE, style


def inline_svg(figure: Figure, name: str) -> str:
    """Return a figure as an ``<svg>`` element for an HTML page.

    Every colour of the palette becomes a variable ``--plot-NAME`` of the page, so that dark pages can have their own;
    identifiers get ``name`` in front, so that several pictures can be in one page.
    """
    buffer = io.StringIO()
    with style():
        metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(
            buffer, format="svg", metadata=metadata, transparent=True, bbox_inches="tight", pad_inches=0.05
        )
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"\s*<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", svg)  # HTML knows what an <svg> is
    svg = svg.replace("xlink:href", "href")
    svg = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r'<svg([^>]*?)\swidth="[\d.]+pt"', r"<svg\1", svg, count=1)
    svg = re.sub(r'<svg([^>]*?)\sheight="[\d.]+pt"', r"<svg\1", svg, count=1)
    svg = re.sub(r"(?<=font: )(.*?)'DejaVu Sans'[^;\"]*", r"\1var(--plot-font)", svg)
    for use, colour in PALETTE.items():
        svg = svg.replace(colour, f"var(--plot-{use})")
    return svg.strip()


def save_png(figure: Figure, path: str | PathLike[str]) -> None:
    """Write a figure to a PNG file on white; OSError if it cannot be written."""
    with style():
        figure.savefig(
            path, format="png", dpi=160, metadata={"Software": None}, bbox_inches="tight", pad_inches=0.1
        )
