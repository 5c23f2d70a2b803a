"""Entities that were found wrong or not at all, by kind of error, with their sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bertft.markup import Html, Part, element, joined
from bertft.page.blocks import foreign, more, paragraph, table
from bertft.page.marked import Mark, cards, legend, passage
from bertft.page.skeleton import Section

EXAMPLES = 5
"""Of each kind of error."""
KINDS = 15
"""Kinds with their types that are listed."""


@dataclass(frozen=True, slots=True)
class PlacedEntity:
    """Characters from 0, the end exclusive."""

    label: str
    start: int
    end: int


@dataclass(frozen=True)
class WrongEntity:
    """A wrong entity; of one that is shown, its sentence too."""

    kind: str
    gold: str | None
    """Its type; None: there is none."""
    predicted: str | None
    shown: WrongSentence | None = None


@dataclass(frozen=True)
class WrongSentence:
    """Where a wrong entity stands."""

    origin: str
    text: str
    gold: PlacedEntity | None
    predicted: PlacedEntity | None


def wrong_entities_section(errors: Sequence[WrongEntity], *, sentences: int) -> Section:
    """The most frequent kinds of error first, with examples."""
    if not errors:
        return Section("Wrong entities", joined([]))
    kinds = Counter(error.kind for error in errors).most_common()
    counted_once = "Each wrong entity counts once, together with the gold entity in its place."
    said = paragraph(f"{len(errors):,} in {sentences:,} sentences. {counted_once}")
    examples = [_examples(kind, count, [error for error in errors if error.kind == kind]) for kind, count in kinds]
    return Section(
        "Wrong entities", joined([said, _table(errors), legend(("gold", "gold"), ("said", "predicted")), *examples])
    )


def _table(errors: Sequence[WrongEntity]) -> Html:
    """Which types are taken for which, or missed."""
    counts = Counter((error.kind, error.gold or "none", error.predicted or "none") for error in errors)
    rows = [
        (kind, foreign(gold), foreign(found), f"{count:,}") for (kind, gold, found), count in counts.most_common(KINDS)
    ]
    left = len(counts) - len(rows)
    caption = "The most frequent errors" + (f"; {left:,} rarer combinations are left out" if left else "")
    return table(["error", "gold type", "predicted type", "entities"], rows, text_columns=3, caption=caption)


def _examples(kind: str, count: int, errors: Sequence[WrongEntity]) -> Html:
    shown = [error.shown for error in errors if error.shown]
    title = f"{kind.capitalize()}: {count:,}, of which {len(shown):,} shown"
    return more(title, cards([_sentence(one) for one in shown]))


def _sentence(one: WrongSentence) -> list[Part]:
    marks = [
        Mark(entity.start, entity.end, shade, f"{entity.label} ({who})")
        for entity, shade, who in ((one.gold, "gold", "gold"), (one.predicted, "said", "predicted"))
        if entity
    ]
    return [passage(one.text, marks), element("p", foreign(one.origin), class_="remark")]
