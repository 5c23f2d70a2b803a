"""The most confident errors on texts, with the words that mattered most; and labels that are likely wrong themselves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bertft.markup import Html, Part, element, joined
from bertft.page.blocks import foreign, paragraph, remark
from bertft.page.marked import Mark, cards, legend, passage
from bertft.page.skeleton import Section
from bertft.wording import counted

STRONGEST = 5
"""Words whose weights are given as numbers."""
FAINT = 0.2
"""Share of the strongest word's weight from which a word is marked."""


@dataclass(frozen=True, slots=True)
class WeighedWord:
    """A word in its text: characters from 0, the end exclusive."""

    start: int
    end: int
    weight: float | None
    """None: the network did not read it."""


@dataclass(frozen=True)
class Weighed:
    """Why a row was answered so."""

    words: Sequence[Sequence[WeighedWord]]
    """Of each text."""
    towards: str
    """What positive weights speak for."""
    found: float
    gained: float
    error: float
    steps: int


@dataclass(frozen=True)
class WrongText:
    """A row that was answered otherwise than it is labelled."""

    origin: str
    texts: Sequence[str]
    gold: str
    predicted: str
    sure: str
    """How sure, or how far off, in words."""
    weighed: Weighed | None


def wrong_texts_section(rows: Sequence[WrongText], *, wrong: int, judged: int, baseline: str) -> Section:
    """`rows` are the first of all `wrong` ones; `baseline` names the tokens that stand for no text."""
    if not rows:
        return Section("Most confident errors", joined([]))
    first = f"{counted(wrong, 'row')} of {judged:,} went wrong; "
    said = paragraph(f"{first}these are the {len(rows):,} in which the model was most sure, or furthest off.")
    how = [
        remark(
            "The words are weighed by integrated gradients: how much each adds to the model's score for what it said, beginning "
            f"from the same text made of {baseline} tokens. The weights should add up to the difference between the two scores; "
            "the completeness error says how far they do not."
        ),
        legend(("for4", "speaks for it"), ("against4", "speaks against it"), ("unread", "was cut off, not read")),
    ]
    weighed = any(row.weighed for row in rows)
    return Section(
        "Most confident errors", joined([said, *(how if weighed else []), cards([_card(row) for row in rows])])
    )


def _card(row: WrongText) -> list[Part]:
    head = element(
        "p",
        foreign(row.predicted),
        " instead of ",
        foreign(row.gold),
        f", {row.sure}. ",
        foreign(row.origin, class_="remark"),
    )
    marks = _marks(row.weighed) if row.weighed else [[] for _ in row.texts]
    return [head, *map(passage, row.texts, marks), _numbers(row) if row.weighed else None]


def _marks(weighed: Weighed) -> list[list[Mark]]:
    most = max((abs(word.weight or 0.0) for text in weighed.words for word in text), default=0.0)
    return [[mark for word in text if (mark := _mark(word, most))] for text in weighed.words]


def _mark(word: WeighedWord, most: float) -> Mark | None:
    if word.weight is None:
        return Mark(word.start, word.end, "unread", weighty=False)
    share = abs(word.weight) / most if most else 0.0
    if share < FAINT:
        return None
    level = math.ceil(4 * share)
    return Mark(word.start, word.end, f"{'for' if word.weight > 0 else 'against'}{level}", weighty=level > 2)


def _numbers(row: WrongText) -> Html:
    """The strongest words in figures, and whether the weights add up."""
    assert row.weighed is not None
    words = [
        (word.weight, row.texts[text][word.start : word.end])
        for text, words in enumerate(row.weighed.words)
        for word in words
        if word.weight is not None
    ]
    strongest = sorted(words, key=lambda one: -abs(one[0]))[:STRONGEST]
    shown = [joined([foreign(text), f" {weight:+.2f}"]) for weight, text in strongest]
    one = row.weighed
    sums = f"All words {one.found:+.3f} of {one.gained:+.3f}: completeness error {one.error:.1%}, {one.steps} steps."
    return element("p", "For ", foreign(one.towards), ": ", joined(shown, ", "), f". {sums}", class_="remark")


@dataclass(frozen=True)
class DoubtfulRow:
    """A row whose label is in doubt."""

    origin: str
    texts: Sequence[str]
    label: str
    """As it is, in words."""
    suggested: str
    """What to do about it, in words."""
    margin: float


DOUBTS = "Labels to check"


def doubtful_section(rows: Sequence[DoubtfulRow], *, found: int, judged: str, model: str) -> Section:
    """`rows` are the first of all that were `found` among those that were `judged`, by what `model` says."""
    if not rows:
        return Section(DOUBTS, joined([]))
    said = paragraph(
        f"{counted(found, 'label')} in {judged} may be wrong themselves. {model} is as sure of something else as it usually is "
        "of rows that are labelled so (confident learning). The most doubtful come first."
    )
    return Section(DOUBTS, joined([said, cards([_doubt(row) for row in rows])]))


def _doubt(row: DoubtfulRow) -> list[Part]:
    head = element(
        "p",
        "Labelled ",
        foreign(row.label),
        "; ",
        foreign(row.suggested),
        f" (by {-row.margin:.2f}). ",
        foreign(row.origin, class_="remark"),
    )
    return [head, *(passage(text, []) for text in row.texts)]
