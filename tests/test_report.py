"""The page stands on its own: well-formed, nothing from outside, colours that a dark page can change."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from tarry import plots, report
from tarry.data import Split
from tarry.demo import yin_yang_task
from tarry.demo.end_to_end import run_demo

VOID = {"meta", "link", "img", "br", "hr", "input", "path", "use", "rect", "circle", "line", "image"}
LOADS = {"src", "srcset", "data", "poster", "action"}


class Page(HTMLParser):
    """Tags in balance, identifiers once, references within the page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.loads: list[tuple[str, str]] = []
        self.tags: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        self._see(tag, attrs)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._see(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> at {self.getpos()} closes something else"

    def _see(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id" and value:
                self.ids.append(value)
            if name in LOADS or (name == "href" and not (value or "").startswith("#")):
                self.loads.append((tag, value or ""))
            self.references += re.findall(r"^#(.+)$", value or "") if name == "href" else []
            self.references += re.findall(r"url\(#([^)]+)\)", value or "")


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    out = tmp_path_factory.mktemp("report")
    task = yin_yang_task(epochs=3, recordings=5)
    whole = task.data.train
    train = Split(whole.points[:300], whole.times[:300], whole.labels[:300])
    run_demo(replace(task, data=replace(task.data, train=train)), out, progress=False, grid=21)
    return Path(out, "report.html").read_text("utf-8")


def test_page_is_well_formed(html: str) -> None:
    assert html.startswith("<!DOCTYPE html>")
    page = Page(html)
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert set(page.references) <= set(page.ids)
    assert page.tags.count("svg") == 6
    assert "script" not in page.tags


def test_page_needs_nothing_from_outside(html: str) -> None:
    assert Page(html).loads == []
    assert "@import" not in html
    assert not re.search(r"url\((?!#|&#34;#)", html)
    assert "http://" not in html
    assert "https://" not in html.replace("https://doi.org", "")


def test_pictures_take_the_colours_of_the_page(html: str) -> None:
    pictures = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    assert len(pictures) == 6
    for picture in pictures:
        assert not re.search("|".join(plots.PALETTE.values()), picture, re.IGNORECASE)
        assert set(re.findall(r"var\((--plot-[a-z]+)\)", picture)) <= set(
            re.findall(r"(--plot-[a-z]+):", html)
        )
        assert not re.search(r"#[0-9a-f]{6}\b", picture), "a colour that no palette names"
    assert "prefers-color-scheme: dark" in html
    assert "@media print" in html


def test_page_says_what_does_not_fit_and_is_not_known(html: str) -> None:
    assert "Not in the totals:" in html
    assert "it does not fit: its weights have 8 bits with their sign; BrainScaleS-2 holds 7" in html


def test_svg_is_the_same_every_time() -> None:
    def draw() -> str:
        with plots.style():
            drawn, (ax,) = plots.figure(1, 3, 2)
            plots.loss([0.3, 0.2], ax)
            return report.inline_svg(drawn, "loss")

    assert draw() == draw()
    assert "<metadata" not in draw()
    assert 'id="loss-' in draw()


def test_png(tmp_path: Path) -> None:
    with plots.style():
        drawn = Figure(figsize=(2, 1))
        drawn.subplots()
    report.save_png(drawn, tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(OSError, match="No such file"):
        report.save_png(drawn, tmp_path / "missing" / "picture.png")
