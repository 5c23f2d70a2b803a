"""What is wrong with tags and spans as the file has them, before they are put right for a model."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from bertft.checking.finding import Findings
from bertft.gold.words import WordReader
from bertft.reading import Table
from bertft.rows.row import Row
from bertft.tags import OUTSIDE, legal
from bertft.tags.rows import Marks
from bertft.tags.spans import CharSpan


def find_tag_faults(reader: WordReader, table: Table, findings: Findings) -> None:
    """`reader` has read the label cells of the table."""
    moves = _Moves(reader.found_scheme, [mark.tags or () for mark in reader.known_cells])
    for row, marks in zip(table, reader.cells or (), strict=True):
        if not isinstance(marks, Marks):
            continue
        if place := moves.first_illegal(marks.tags or ()):
            findings.add("illegal_tags", row.origin, place)
        if marks.spans:
            _look_at_spans(marks.spans, row, str(row.fields.get(reader.fields.text) or ""), findings)


class _Moves:
    """Which tag may follow which."""

    def __init__(self, scheme: str | None, tags: Sequence[Sequence[str]]) -> None:
        names = sorted({OUTSIDE}.union(*tags)) if scheme else []
        self.places = {name: place for place, name in enumerate(names)}
        self.first, self.next, self.last = legal(names, scheme)

    def first_illegal(self, tags: Sequence[str]) -> str:
        """The first pair that may not be, in words; '' where all may."""
        if not self.places or not tags:
            return ""
        places = [self.places[tag] for tag in tags]
        if not self.first[places[0]]:
            return f"{tags[0]} at the beginning"
        for number, (before, after) in enumerate(pairwise(places), 2):
            if not self.next[before][after]:
                return f"{tags[number - 1]} after {tags[number - 2]}, word {number}"
        return "" if self.last[places[-1]] else f"{tags[-1]} at the end"


def _look_at_spans(spans: Sequence[CharSpan], row: Row, text: str, findings: Findings) -> None:
    """Each fault once in a row."""
    covered = [(span.label, text[span.start : span.end]) for span in spans]
    if odd := next(((label, words) for label, words in covered if words != words.strip()), None):
        findings.add("span_with_spaces", row.origin, f"{odd[0]} {odd[1]!r}")
    ordered = sorted(spans, key=lambda span: (span.start, span.end))
    for one, other in pairwise(ordered):
        if other.start < one.end:
            words = (f"{span.label} {text[span.start : span.end]!r}" for span in (one, other))
            findings.add("crossing_spans", row.origin, " and ".join(words))
            return
