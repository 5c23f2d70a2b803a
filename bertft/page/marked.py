"""A text with marked places as HTML. Marks may overlap; each is told by its shade, its underline and, where it has one, its name,
so colour is never the only sign. Of a long text the parts around the marks are shown, and how much is left out between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bertft.markup import Html, Part, element, joined

WHOLE = 1500
"""Characters up to which a text is shown whole."""
AROUND = 200
"""Characters shown around a mark in a longer one."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a text: characters from 0, the end exclusive."""

    start: int
    end: int
    shade: str
    """A class of the stylesheet."""
    name: str = ""
    """Stands behind it."""
    weighty: bool = True
    """Whether a long text is shown around it."""


def passage(text: str, marks: Sequence[Mark], *, name: str = "") -> Html:
    """The text in a box, which begins with its name; its direction is its own."""
    kept = _kept(text, marks)
    parts: list[Part] = []
    done = 0
    for start, end in [*kept, (len(text), len(text))]:
        if start > done:
            parts.append(element("span", f"[… {start - done:,} characters …]", class_="gap"))
        parts += _segments(text, start, end, marks)
        done = end
    title = element("b", f"{name}: ", class_="remark") if name else None
    return element("div", title, element("bdi", *parts, dir="auto"), class_="passage")


def _kept(text: str, marks: Sequence[Mark]) -> list[tuple[int, int]]:
    """The parts that are shown, in order, apart from each other."""
    if len(text) <= WHOLE:
        return [(0, len(text))]
    wanted = sorted((mark.start - AROUND, mark.end + AROUND) for mark in marks if mark.weighty) or [(0, WHOLE)]
    kept: list[tuple[int, int]] = []
    for start, end in wanted:
        start, end = max(start, 0), min(end, len(text))
        if kept and start <= kept[-1][1]:
            kept[-1] = kept[-1][0], max(end, kept[-1][1])
        else:
            kept.append((start, end))
    return kept


def _segments(text: str, start: int, end: int, marks: Sequence[Mark]) -> Iterator[Part]:
    """The characters from `start` on, cut wherever a mark begins or ends. A mark's name stands where it ends."""
    inside = [mark for mark in marks if mark.start < end and start < mark.end]
    borders = {start, end} | {place for mark in inside for place in (mark.start, mark.end) if start < place < end}
    ordered = sorted(borders)
    for left, right in pairwise(ordered):
        over = [mark for mark in inside if mark.start < right and left < mark.end]
        yield _shaded(
            text[left:right], over, dict.fromkeys(mark.name for mark in over if mark.name and mark.end == right)
        )


def _shaded(text: str, over: Sequence[Mark], names: Iterable[str]) -> Part:
    if not over:
        return text
    shades = " ".join(dict.fromkeys(mark.shade for mark in over))
    return element("mark", text, *(element("small", name) for name in names), class_=shades)


def legend(*kinds: tuple[str, str]) -> Html:
    """(shade, what it means) each."""
    shown = [element("span", element("mark", meaning, class_=shade), " ") for shade, meaning in kinds]
    return element("p", *shown, class_="remark")


def cards(parts: Sequence[Sequence[Part]]) -> Html:
    """One after the other, each in a block of its own."""
    return joined(element("div", *part, class_="wrong") for part in parts)
