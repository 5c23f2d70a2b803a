"""What sections are built of: paragraphs, tables, figures, tiles, and parts that open on a click (without a script)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bertft.markup import Html, Part, element, joined


def paragraph(*parts: Part) -> Html:
    return element("p", *parts)


def remark(*parts: Part) -> Html:
    """A paragraph in small print."""
    return element("p", *parts, class_="remark")


def foreign(text: str, *, class_: str | None = None) -> Html:
    """Text from data: its direction is its own, and it is one piece."""
    return element("bdi", text, class_=class_)


def table(header: Sequence[str], rows: Sequence[Sequence[Part]], *, text_columns: int = 1, caption: str = "") -> Html:
    """The first `text_columns` columns hold words, the others numbers, which stand on the right. It scrolls by itself on a
    narrow screen."""
    kinds = [None if place < text_columns else "number" for place in range(len(header))]
    head = element(
        "tr", *(element("th", name, class_=kind, scope="col") for name, kind in zip(header, kinds, strict=True))
    )
    lines = [
        element("tr", *(element("td", cell, class_=kind) for cell, kind in zip(row, kinds, strict=True)))
        for row in rows
    ]
    title = element("caption", caption) if caption else None
    grid = element("table", title, element("thead", head), element("tbody", *lines))
    return element("div", grid, class_="wide", tabindex="0", role="region", aria_label=caption or "Table")


@dataclass(frozen=True)
class Plot:
    """A drawing with the name of its file, without ending, and what it shows."""

    name: str
    drawing: Html
    caption: str


def figure(plot: Plot) -> Html:
    """A plot with what it shows, in words."""
    return element("figure", element("div", plot.drawing, class_="wide"), element("figcaption", plot.caption))


def side_by_side(*parts: Part) -> Html:
    """Figures in a row where there is room, else one below the other."""
    return element("div", *parts, class_="beside")


def more(title: str, *parts: Part) -> Html:
    """What is shown on a click; on paper it is shown."""
    return element("details", element("summary", title), *parts)


def tiles(*tiles: tuple[str, str, str]) -> Html:
    """Name, value and a remark, each in a box."""
    shown = [
        element(
            "div", element("dt", name), element("dd", value), element("dd", remark, class_="remark") if remark else None
        )
        for name, value, remark in tiles
    ]
    return element("dl", *shown, class_="tiles")


def listed(parts: Sequence[Part]) -> Html:
    """A list of points."""
    return element("ul", *(element("li", part) for part in parts)) if parts else joined([])
