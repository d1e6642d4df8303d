"""Self-contained HTML reports, from numbers and pictures; needs the extra ``tarry[report]``."""

from tarry._optional import extra

with extra("report", needed_by="tarry.report"):
    from tarry.report._html import render as render
    from tarry.report._svg import inline_svg as inline_svg
    from tarry.report._svg import save_png as save_png

__all__ = ["inline_svg", "render", "save_png"]
