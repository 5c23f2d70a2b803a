"""A matrix of counts as coloured cells: gold labels down, predicted ones across, what is right on the diagonal. Columns have the
numbers of the rows where names would not fit."""

from __future__ import annotations

from collections.abc import Sequence

from bertft.markup import Html, element
from bertft.plots.frame import label, svg

CELL, TOP, RIGHT, WIDEST_NAME = 30, 34, 8, 24
NARROW = 4
"""Characters of names that fit above a column."""
DARKEST = 0.55
"""Of a cell, so that the number in it can be read in both themes."""


def plot_matrix(title: str, names: Sequence[str], counts: Sequence[Sequence[int]]) -> Html:
    """`counts` has a line for each name; of its columns the first ones are the names in the same order, and one more may follow
    for all other labels. Colours are shares of a line."""
    are_short = all(len(name) <= NARROW for name in names)
    clipped = list(names) if are_short else [f"{_both_ends(name)} ({n})" for n, name in enumerate(names, 1)]
    left = 16 + 7 * max(map(len, clipped), default=1)
    columns = max(map(len, counts), default=0)
    numbers = [f"({number})" for number in range(1, len(names) + 1)]
    heads = (list(names) if are_short else numbers) + ["other"] * (columns - len(names))
    parts = [label(left + columns * CELL / 2, 12, "predicted", "middle", class_="axis")]
    parts += [label(left + (k + 0.5) * CELL, TOP - 8, head, "middle") for k, head in enumerate(heads)]
    for number, (name, line) in enumerate(zip(clipped, counts, strict=True)):
        y = TOP + number * CELL
        parts.append(label(left - 6, y + CELL / 2 + 4, name, "end"))
        parts += [
            part for k, count in enumerate(line) for part in _cell(left + k * CELL, y, count, sum(line), k == number)
        ]
    return svg(title, parts, width=left + columns * CELL + RIGHT, height=TOP + len(counts) * CELL + 6)


def _cell(x: float, y: float, count: int, rows: int, is_right: bool) -> list[Html]:
    """A square, and its count in it."""
    share = count / rows if rows else 0.0
    place = {"x": f"{x + 1:.0f}", "y": f"{y + 1:.0f}", "width": str(CELL - 2), "height": str(CELL - 2)}
    strength = f"{DARKEST * (0.08 + 0.92 * share):.3f}" if count else "0.03"
    square = element("rect", **place, rx="3", fill_opacity=strength, class_="hit" if is_right else "miss")
    if not count:
        return [square]
    return [square, label(x + CELL / 2, y + CELL / 2 + 4, _short(count), "middle", class_="count")]


def _both_ends(name: str) -> str:
    """Labels of a family begin alike, so the middle is what goes."""
    return name if len(name) <= WIDEST_NAME else f"{name[: WIDEST_NAME // 2]}…{name[1 - WIDEST_NAME // 2 :]}"


def _short(count: int) -> str:
    """That fits into a cell."""
    if count < 10_000:
        return str(count)
    return f"{count / 1000:.0f}k" if count < 999_500 else f"{count / 1e6:.0f}M"
