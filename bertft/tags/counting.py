"""Spans that do not say which words they cover come in, of a whole file; the unit that their places count goes out, where it is
not the character. Judged by where words begin and end: places in bytes or UTF-16 units fall into the middle of words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice

from bertft.rows.offsets import other_units
from bertft.tags.spans import CharSpan
from bertft.tags.words import split_words

LOOKED_AT, FEWEST = 500, 3
"""Texts that are looked at, of those whose units differ; and spans that it takes to tell."""
MOST, LEAST = 0.95, 0.5
"""Share of the spans that must lie on words in the unit, and that may do so in characters."""


def unit_of_file(rows: Iterable[tuple[Sequence[CharSpan], str]]) -> str:
    """'' for characters, and where nothing tells."""
    fits, spans = Counter[str](), Counter[str]()
    for marked, text in islice(_telling(rows), LOOKED_AT):
        words = _Borders(text)
        for unit, characters in other_units(text):
            for span in marked:
                place = characters.get(span.start, -1), characters.get(span.end, -1)
                if place != (span.start, span.end):
                    spans[unit] += 1
                    fits[unit] += words.meet(place)
                    fits[f"not {unit}"] += words.meet((span.start, span.end))
    told = [unit for unit, count in spans.items() if count >= FEWEST and fits[unit] >= MOST * count]
    sure = [unit for unit in told if fits[f"not {unit}"] <= LEAST * spans[unit]]
    return max(sure, key=lambda unit: spans[unit], default="")


def _telling(rows: Iterable[tuple[Sequence[CharSpan], str]]) -> Iterable[tuple[Sequence[CharSpan], str]]:
    for spans, text in rows:
        if spans and not (text.isascii() and "\r" not in text) and all(span.covered is None for span in spans):
            yield spans, text


class _Borders:
    """Where the words of a text begin and end. In sets, as long texts have many words and many spans."""

    def __init__(self, text: str) -> None:
        words = split_words(text)
        self.starts, self.ends = frozenset(words.starts), frozenset(words.ends)

    def meet(self, place: tuple[int, int]) -> bool:
        return place[0] in self.starts and place[1] in self.ends
