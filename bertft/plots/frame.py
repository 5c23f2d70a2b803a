"""What all plots with two axes share: the scale from numbers to places, round ticks, grid, titles, legend. A plot is 440 wide, so
that a phone shows it nearly at its own size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bertft.markup import Html, Part, element
from bertft.plots.style import PLOT_STYLE
from bertft.rows.surrogates import shown

WIDTH, HEIGHT = 440, 260
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 10, 42
LEGEND_LINE = 17
STYLES = 6
"""Colours and dashes of series."""


_LARGEST, _SMALLEST = 1e150, 1e-150
"""Beyond them the differences of numbers are no numbers any more."""


@dataclass(frozen=True)
class Axis:
    """From `low` to `high`, with round ticks between."""

    title: str
    low: float
    high: float

    @classmethod
    def around(cls, title: str, values: Sequence[float]) -> Axis:
        """That holds all values that can be drawn."""
        finite = [value for value in values if abs(value) < _LARGEST] or [0.0, 1.0]
        low, high = min(finite), max(finite)
        size = max(abs(low), abs(high))
        room = (high - low) * 0.04 if high - low > size * 1e-9 + _SMALLEST else size * 0.1 if size > _SMALLEST else 1.0
        return cls(title, low - room, high + room)

    @property
    def ticks(self) -> list[float]:
        """Four to nine round numbers."""
        span = self.high - self.low
        size = 10.0 ** math.floor(math.log10(span / 4))
        step = size * max(factor for factor in (1, 2, 5) if size * factor <= span / 4 * (1 + 1e-9))
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [place * step for place in range(first, last + 1)]

    def share(self, value: float) -> float:
        """How far along the axis a value stands, 0 to 1."""
        return (value - self.low) / (self.high - self.low)


UNIT = (0.0, 1.0)


@dataclass(frozen=True)
class Frame:
    """Two axes and the places in them."""

    x: Axis
    y: Axis

    def at(self, x: float, y: float) -> tuple[float, float]:
        """In pixels."""
        right, down = self.x.share(x), 1 - self.y.share(y)
        return LEFT + right * (WIDTH - LEFT - RIGHT), TOP + down * (HEIGHT - TOP - BOTTOM)

    def path(self, points: Sequence[tuple[float, float]]) -> str:
        """Of a line through all points that are numbers; it is cut at the others."""
        steps, pen = [], "M"
        for x, y in points:
            if not (abs(x) < _LARGEST and abs(y) < _LARGEST):
                pen = "M"
                continue
            steps.append("{}{:.1f} {:.1f}".format(pen, *self.at(x, y)))
            pen = "L"
        return "".join(steps)

    def drawn(self) -> list[Html]:
        """Grid, ticks and titles."""
        left, bottom = self.at(self.x.low, self.y.low)
        right, top = self.at(self.x.high, self.y.high)
        parts = []
        for tick in self.x.ticks:
            x = self.at(tick, self.y.low)[0]
            parts += [rule(x, top, x, bottom), label(x, bottom + 15, tick_text(tick), "middle")]
        for tick in self.y.ticks:
            y = self.at(self.x.low, tick)[1]
            parts += [rule(left, y, right, y), label(left - 6, y + 4, tick_text(tick), "end")]
        middle = (top + bottom) / 2
        turn = f"translate(12 {middle:.0f}) rotate(-90)"
        turned = element("text", self.y.title, class_="axis", text_anchor="middle", transform=turn)
        return [*parts, turned, label((left + right) / 2, bottom + 34, self.x.title, "middle", class_="axis")]


def rule(x1: float, y1: float, x2: float, y2: float, class_: str = "rule") -> Html:
    """A straight line between two places."""
    return element("line", x1=_place(x1), y1=_place(y1), x2=_place(x2), y2=_place(y2), class_=class_)


def label(x: float, y: float, text: str, anchor: str = "start", class_: str = "tick") -> Html:
    """A text at a place."""
    return element("text", text, x=_place(x), y=_place(y), text_anchor=anchor, class_=class_)


def legend(names: Sequence[str]) -> list[Html]:
    """A line for each series below the plot, in its colour and dashes."""
    parts = []
    for number, name in enumerate(names):
        y = HEIGHT + 4 + number * LEGEND_LINE
        parts.append(rule(LEFT, y, LEFT + 30, y, class_=f"line s{number % STYLES}"))
        parts.append(label(LEFT + 38, y + 4, shown(name, 60), class_="name"))
    return parts


def svg(title: str, parts: Sequence[Part], *, height: float, width: float = WIDTH) -> Html:
    """The plot; `title` is for those who cannot see it."""
    size = {"viewBox": f"0 0 {width:.0f} {height:.0f}", "width": f"{width:.0f}", "height": f"{height:.0f}"}
    return element(
        "svg", element("title", title), *parts, class_="plot", role="img", xmlns="http://www.w3.org/2000/svg", **size
    )


def tick_text(value: float) -> str:
    """As short as it is exact."""
    return f"{round(value, 10):,.6g}" if abs(value) < 1e6 else f"{value:.3g}"


def _place(value: float) -> str:
    return f"{value:.1f}"


def drawing_file(drawing: Html) -> str:
    """The same plot as an SVG file, which brings its own colours."""
    opening, rest = drawing.split(">", 1)
    return f"{opening}><style>{PLOT_STYLE}</style>{rest}\n"
