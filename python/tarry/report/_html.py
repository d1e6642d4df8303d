"""The page: a template, numbers as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jinja2
from markupsafe import Markup

from tarry._tables import amount, size


def render(report: Mapping[str, Any], pictures: Mapping[str, str]) -> str:
    """Return the page of a demonstration as one HTML file that needs nothing from anywhere.

    Args:
        report: what ``tarry.demo`` writes to ``report.json``.
        pictures: ``<svg>`` elements by name.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("tarry.report", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["percent"] = lambda fraction: f"{100 * fraction:.1f} %"
    environment.filters["amount"] = lambda value, unit: amount(value, unit).replace(" u", " µ")
    environment.filters["bytes"] = size
    environment.filters["whole"] = lambda number: f"{number:,.0f}"
    environment.filters["short"] = lambda number: f"{number:.4g}"
    return environment.get_template("template.html").render(
        report=report, pictures={name: Markup(svg) for name, svg in pictures.items()}
    )
