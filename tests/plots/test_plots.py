"""Plots are SVG that any parser reads, with every number at its place and every name as text."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertft.console import plain
from bertft.markup import Html
from bertft.plots.dots import MOST_DOTS, BinDot, plot_dots, plot_reliability
from bertft.plots.frame import Axis, Frame, drawing_file
from bertft.plots.lines import Line, plot_lines, thinned
from bertft.plots.matrix import plot_matrix

EVIL = '</text><script>a()</script> "><x onload=a()> \x1b \u202e \ud800 \uffff'
AXIS = Axis("share", 0.0, 1.0)


def parsed(drawing: Html) -> ElementTree.Element:
    """As a browser reads the file of a plot."""
    return ElementTree.fromstring(drawing_file(drawing).encode())


def tags(drawing: Html) -> set[str]:
    return {part.tag.rsplit("}", 1)[-1] for part in parsed(drawing).iter()}


DRAWINGS: list[Callable[[str], Html]] = [
    lambda name: plot_lines(
        name, [Line(name, [(0, 0), (1, 1)], has_dots=True), Line(name, [])], AXIS, Axis(name, 0, 1), mark=0.5
    ),
    lambda name: plot_dots(name, [(1.0, 2.0), (math.nan, 1.0), (math.inf, 2.0)], name, name),
    lambda name: plot_reliability(name, [BinDot(0.5, 0.4, 0.3, 0.6, 10)], x=name, y=name),
    lambda name: plot_matrix(name, [name, "b"], [[3, 1, 7], [0, 0, 0]]),
]


@pytest.mark.parametrize("draw", DRAWINGS)
def test_names_are_text_and_nothing_else(draw: Callable[[str], Html]) -> None:
    drawing = draw(EVIL)
    assert tags(drawing) <= {"svg", "style", "title", "text", "line", "path", "circle", "rect"}
    assert parsed(drawing).findtext("{*}title") == plain(EVIL).replace("\uffff", "\ufffd")
    assert not re.search(r"nan|inf\b", drawing.replace(EVIL, ""))


@given(st.lists(st.floats(), min_size=0, max_size=6))
def test_any_numbers_have_an_axis_with_ticks_in_it(values: list[float]) -> None:
    axis = Axis.around("x", values)
    assert axis.low < axis.high
    assert 1 <= len(axis.ticks) <= 12
    room = (axis.high - axis.low) * 1e-6
    assert all(axis.low - room <= tick <= axis.high + room for tick in axis.ticks)
    assert all(axis.low < value < axis.high for value in values if abs(value) < 1e150)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]), (-3, 5, [-2, 0, 2, 4]), (0, 18, list(range(0, 19, 2)))],
)
def test_ticks_are_round(low: float, high: float, ticks: list[float]) -> None:
    assert Axis("x", low, high).ticks == pytest.approx(ticks)


def test_a_line_goes_through_its_points_and_breaks_where_there_is_none() -> None:
    frame = Frame(AXIS, AXIS)
    (left, bottom), (right, top) = frame.at(0, 0), frame.at(1, 1)
    assert left < right
    assert top < bottom
    assert frame.path([(0, 0), (1, 1)]) == f"M{left:.1f} {bottom:.1f}L{right:.1f} {top:.1f}"
    assert frame.path([(0, 0), (0.5, math.nan), (1, 1)]) == f"M{left:.1f} {bottom:.1f}M{right:.1f} {top:.1f}"


def test_many_points_are_thinned_to_both_ends() -> None:
    points = [(float(n), float(n * n)) for n in range(100_000)]
    assert len(thinned(points, 50)) == 50
    assert (thinned(points, 50)[0], thinned(points, 50)[-1]) == (points[0], points[-1])
    assert plot_dots("many", points, "x", "y").count("<circle") == MOST_DOTS


def test_long_names_keep_both_ends() -> None:
    names = ["balance_not_updated_after_cheque", "balance_not_updated_after_transfer"]
    words = [part.text or "" for part in parsed(plot_matrix("m", names, [[1, 0], [0, 1]])).findall("{*}text")]
    assert any(word.endswith("ter_cheque (1)") for word in words)
    assert any(word.startswith("balance_not_") and word.endswith("r_transfer (2)") for word in words)


def test_the_cells_of_a_matrix_have_their_counts() -> None:
    drawing = plot_matrix("m", ["a", "b"], [[12, 0], [3, 12345]])
    assert [part.text for part in parsed(drawing).findall("{*}text") if part.get("class") == "count"] == [
        "12",
        "3",
        "12k",
    ]
    hits = [part.get("class") for part in parsed(drawing).findall("{*}rect")]
    assert hits == ["hit", "miss", "miss", "hit"]
