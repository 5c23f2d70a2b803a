"""Which rows two runs answer differently, the most telling ones first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bertft.adapters import Adapter
from bertft.gold.example import WordExample
from bertft.jobs.judging.paired_rows import CommonRows
from bertft.report.compared import ChangedRow, Changes
from bertft.rows.row import Row
from bertft.rows.surrogates import shown

LONGEST_TEXT = 300
"""Characters of a row's text."""


def changes_of(one: CommonRows, other: CommonRows, *, examples: int) -> Changes:
    """Of all common rows; with so many examples of each kind."""
    is_number = one.adapter.card.solves.is_number
    kinds = _nearer(one, other) if is_number else _righted(one, other)
    ranked = {kind: sorted(places, key=places.__getitem__, reverse=True) for kind, places in kinds.items()}
    return Changes(
        counts={kind: len(places) for kind, places in kinds.items()},
        examples={
            kind: [_changed(one, other, place) for place in places[:examples]] for kind, places in ranked.items()
        },
        is_number=is_number,
    )


def _righted(one: CommonRows, other: CommonRows) -> dict[str, Mapping[int, float]]:
    """Places by kind, each with how sure the run was that is wrong."""
    found: dict[str, dict[int, float]] = {"fixed": {}, "broken": {}, "both_wrong": {}}
    for place, pair in enumerate(zip(one.right, other.right, strict=True)):
        if pair == (True, True):
            continue
        kind = {(False, True): "fixed", (True, False): "broken"}.get(pair, "both_wrong")
        wrong = other if kind == "broken" else one
        found[kind][place] = wrong.adapter.wrongness(wrong.predictions[place], wrong.targets[place])
    return dict(found)


def _nearer(one: CommonRows, other: CommonRows) -> dict[str, Mapping[int, float]]:
    """Places by kind, each with how much nearer one of the numbers is."""
    errors = [
        [side.adapter.wrongness(said, gold) for said, gold in zip(side.predictions, side.targets, strict=True)]
        for side in (one, other)
    ]
    gains = {place: mine - yours for place, (mine, yours) in enumerate(zip(*errors, strict=True))}
    closer = {place: gain for place, gain in gains.items() if gain > 0}
    return {"closer": closer, "farther": {place: -gain for place, gain in gains.items() if gain < 0}}


def _changed(one: CommonRows, other: CommonRows, place: int) -> ChangedRow:
    row, adapter = one.row(place), one.adapter
    words = words_of(adapter, row)
    said = (one.in_words[1][place], one.in_words[0][place], other.in_words[0][place])
    return ChangedRow(
        row=row.origin,
        text=" ".join(words)[:LONGEST_TEXT] if words else text_of(adapter, row),
        gold=adapter.shown_answer(said[0], words, said),
        one=adapter.shown_answer(said[1], words, said),
        other=other.adapter.shown_answer(said[2], words, said),
    )


def words_of(adapter: Adapter, row: Row) -> Sequence[str]:
    """Of a row of words; () of others."""
    read = next(iter(adapter.reader.predictable([row])))
    return read.words.texts if isinstance(read, WordExample) else ()


def text_of(adapter: Adapter, row: Row) -> str:
    """What the model reads of a row, in one line."""
    names = (*adapter.fields.texts, adapter.fields.text_pair)
    cells = [str(row.fields.get(name) or "") for name in names if name]
    return " | ".join(" ".join(shown(cell, LONGEST_TEXT).split()) for cell in cells)
