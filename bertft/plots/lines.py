"""Lines through points: learning curves, precision against recall, accuracy against coverage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bertft.markup import Html, element
from bertft.plots.frame import HEIGHT, LEGEND_LINE, STYLES, Axis, Frame, legend, rule, svg

MOST_POINTS = 300
"""Of a line; more cannot be seen."""


@dataclass(frozen=True)
class Line:
    """A series; `name` stands in the legend."""

    name: str
    points: Sequence[tuple[float, float]]
    has_dots: bool = False


def plot_lines(
    title: str,
    lines: Sequence[Line],
    x: Axis,
    y: Axis,
    *,
    ideal: tuple[tuple[float, float], tuple[float, float]] | None = None,
    mark: float | None = None,
) -> Html:
    """`ideal`: both ends of a line to compare with; `mark`: a value of x to point out. One line has no legend."""
    frame, names = Frame(x, y), [line.name for line in lines] if len(lines) > 1 else []
    parts = frame.drawn()
    if ideal:
        parts.append(rule(*frame.at(*ideal[0]), *frame.at(*ideal[1]), class_="ideal"))
    if mark is not None and x.low <= mark <= x.high:
        parts.append(rule(*frame.at(mark, y.low), *frame.at(mark, y.high), class_="ideal"))
    for number, line in enumerate(lines):
        parts += _drawn(frame, line, number % STYLES)
    return svg(title, [*parts, *legend(names)], height=HEIGHT + len(names) * LEGEND_LINE)


def thinned(points: Sequence[tuple[float, float]], most: int = MOST_POINTS) -> list[tuple[float, float]]:
    """At most so many, evenly over the list, the first and the last among them."""
    if len(points) <= most:
        return list(points)
    return [points[round(place * (len(points) - 1) / (most - 1))] for place in range(most)]


def _drawn(frame: Frame, line: Line, style: int) -> list[Html]:
    points = thinned(line.points)
    parts = [element("path", d=frame.path(points), class_=f"line s{style}")]
    if line.has_dots or len(points) == 1:
        places = [frame.at(*point) for point in points]
        parts += [element("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r="3", class_=f"dot s{style}") for x, y in places]
    return parts
