"""Dots: predicted against gold numbers, and a reliability diagram, whose dots are bins of rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bertft.markup import Html, element
from bertft.plots.frame import HEIGHT, UNIT, Axis, Frame, rule, svg
from bertft.plots.lines import thinned

MOST_DOTS = 2_000
"""In a plot; of more points every so many-th is drawn."""


@dataclass(frozen=True)
class BinDot:
    """Rows of neighbouring probabilities: their mean, the share that was right, and an interval around it."""

    probability: float
    accuracy: float
    low: float
    high: float
    rows: int


def plot_dots(title: str, points: Sequence[tuple[float, float]], x: str, y: str) -> Html:
    """Points around the line on which both numbers are the same; both axes have the same range."""
    finite = [point for point in points if all(abs(value) < 1e150 for value in point)]
    values = [value for point in finite for value in point]
    frame = Frame(Axis.around(x, values), Axis.around(y, values))
    places = [frame.at(*point) for point in thinned(finite, MOST_DOTS)]
    dots = [element("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r="2.5", class_="dot s0 faint") for x, y in places]
    return svg(title, [*frame.drawn(), _ideal(frame), *dots], height=HEIGHT)


def plot_reliability(title: str, bins: Sequence[BinDot], *, x: str, y: str) -> Html:
    """Dots on the line mean what they say; below it the model is too sure. Larger dots have more rows."""
    frame = Frame(Axis(x, *UNIT), Axis(y, *UNIT))
    most = max((one.rows for one in bins), default=1)
    parts = [*frame.drawn(), _ideal(frame)]
    for one in bins:
        (across, down), radius = frame.at(one.probability, one.accuracy), 2.5 + 3.5 * math.sqrt(one.rows / most)
        parts.append(rule(across, frame.at(0, one.low)[1], across, frame.at(0, one.high)[1], class_="edge"))
        parts.append(element("circle", cx=f"{across:.1f}", cy=f"{down:.1f}", r=f"{radius:.1f}", class_="dot s0"))
    return svg(title, parts, height=HEIGHT)


def _ideal(frame: Frame) -> Html:
    low, high = max(frame.x.low, frame.y.low), min(frame.x.high, frame.y.high)
    return rule(*frame.at(low, low), *frame.at(high, high), class_="ideal")
