"""Scores of groups of rows: by length, and which classes are taken for which."""

from __future__ import annotations

from collections.abc import Sequence

from bertft.markup import joined
from bertft.page.blocks import foreign, paragraph, table
from bertft.page.skeleton import Section
from bertft.report.figures import interval_text, value_text
from bertft.scoring import Confusion
from bertft.scoring.by_length import LengthGroup

PAIRS = 15
"""Pairs of classes that are listed."""


def by_length_section(groups: Sequence[LengthGroup]) -> Section:
    """Nothing where there are fewer than two groups."""
    if len(groups) < 2:
        return Section("Score by length", joined([]))
    said = paragraph(
        "Length is in tokens that the model read, special tokens included. Where a text is read in windows, tokens that stand in "
        "two of them count twice."
    )
    header = ["tokens", "rows", groups[0].scores.main, "95 % interval"]
    return Section("Score by length", joined([said, table(header, list(map(_line, groups)))]))


def _line(group: LengthGroup) -> list[str]:
    scores = group.scores
    return [_lengths(group), f"{scores.examples:,}", value_text(scores, scores.main), interval_text(scores, "none")]


def _lengths(group: LengthGroup) -> str:
    return f"{group.shortest:,}" if group.shortest == group.longest else f"{group.shortest:,} to {group.longest:,}"


def confused_section(confusion: Confusion | None) -> Section:
    """The pairs of classes that are mixed up most, both ways together."""
    pairs = _pairs(confusion) if confusion else []
    if not confusion or not pairs or len(confusion.labels) < 3:
        return Section("Most confused pairs", joined([]))
    rows = [
        [foreign(one), foreign(other), f"{there:,}", f"{back:,}", f"{there + back:,}"]
        for one, other, there, back in pairs[:PAIRS]
    ]
    left = sum(there + back for _, _, there, back in pairs[PAIRS:])
    caption = f"{left:,} more mistakes, in {len(pairs) - PAIRS:,} rarer pairs, are left out" if left else ""
    header = ["one", "the other", "one taken for the other", "the other for the one", "rows"]
    return Section("Most confused pairs", table(header, rows, text_columns=2, caption=caption))


def _pairs(confusion: Confusion) -> list[tuple[str, str, int, int]]:
    """Two classes, and how often the first is taken for the second and the second for the first; the most frequent first."""
    counts: dict[tuple[str, str], list[int]] = {}
    for gold, predicted, rows in confusion.mistakes:
        turned = (predicted, gold) in counts
        counts.setdefault((predicted, gold) if turned else (gold, predicted), [0, 0])[turned] += rows
    pairs = [(*names, there, back) for names, (there, back) in counts.items()]
    return sorted(pairs, key=lambda pair: -(pair[2] + pair[3]))
