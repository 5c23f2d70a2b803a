"""Runs on the same rows: how two of them differ, and on which rows. Takes what `judged.py` gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bertft.adapters import Adapter, Prediction
from bertft.errors import UsageError
from bertft.jobs.judging.judged import JudgedRows
from bertft.rows.row import Row
from bertft.scoring import Scores
from bertft.scoring.difference import Difference, difference
from bertft.scoring.paired import McNemar


@dataclass(frozen=True)
class CommonRows:
    """What one run says of the rows that all runs have answered."""

    judged: JudgedRows
    positions: Sequence[int]
    """Of these rows, in an order that all runs share."""

    @property
    def adapter(self) -> Adapter:
        return self.judged.adapter

    @cached_property
    def predictions(self) -> list[Prediction]:
        return [self.judged.predictions[position] for position in self.positions]

    @cached_property
    def targets(self) -> list[Any]:
        """The gold values."""
        return [self.judged.targets[position] for position in self.positions]

    @cached_property
    def in_words(self) -> tuple[list[Any], list[Any]]:
        """Predictions and gold values."""
        return self.adapter.in_words(self.predictions, self.targets)

    @cached_property
    def right(self) -> list[bool]:
        """Whether each row was predicted right."""
        return [self.adapter.is_right(said, gold) for said, gold in zip(*self.in_words, strict=True)]

    @cached_property
    def scores(self) -> Scores:
        return self.adapter.score(self.predictions, self.targets)

    def row(self, place: int) -> Row:
        """The row of the table, by its place among the common ones."""
        return self.judged.row(self.positions[place])

    @property
    def left_out(self) -> int:
        """Rows that this run answered and another did not."""
        return len(self.judged.targets) - len(self.positions)


def common_rows(judged: Sequence[JudgedRows]) -> list[CommonRows]:
    """The rows that all runs have answered, in the order of the first. UsageError where there is none, or where two runs read
    another gold value in one of them."""
    same_table = all(one.table is judged[0].table for one in judged)
    places = [_places(one, by_index=same_table) for one in judged]
    shared = [key for key in places[0] if all(key in others for others in places[1:])]
    if not shared:
        raise UsageError("The runs have no row in common. Name a labelled file with --data.")
    found = [CommonRows(one, [place[key] for key in shared]) for one, place in zip(judged, places, strict=True)]
    for other in found[1:]:
        _check_gold(found[0], other)
    return found


def _places(judged: JudgedRows, *, by_index: bool) -> dict[Hashable, int]:
    """What tells a row from others -> its position: its place in the table that all share, else where it stands in the file,
    what it says, and how often that came before in the same line."""
    if by_index:
        return {windows[0].row: position for position, windows in enumerate(judged.examples.windows)}
    found: dict[Hashable, int] = {}
    seen = Counter[tuple[str, int]]()
    for position in range(len(judged.targets)):
        row = judged.row(position)
        key = (row.origin, hash(repr(dict(row.fields))))
        found[(*key, seen[key])] = position
        seen[key] += 1
    return found


def _check_gold(one: CommonRows, other: CommonRows) -> None:
    """UsageError where a row has another gold value for one run than for the other."""
    sides, known = (one, other), set(one.adapter.labels.names) & set(other.adapter.labels.names)
    for place, golds in enumerate(zip(one.in_words[1], other.in_words[1], strict=True)):
        pairs = list(zip(sides, golds, strict=True))
        mine, yours = (side.adapter.common_form(gold, known) for side, gold in pairs)
        if mine != yours:
            said = " but ".join(
                f"{side.adapter.shown_answer(gold, ())!r} for {side.judged.run}" for side, gold in pairs
            )
            advice = "Name the column that holds for both with --data FILE --label COLUMN."
            raise UsageError(f"{one.row(place).origin}: the label is {said}. {advice}")


def difference_of(one: CommonRows, other: CommonRows) -> Difference:
    """Of the main metric, `other` less `one`, with its interval and the paired tests."""
    labels = tuple(dict.fromkeys([*one.adapter.scored_labels, *other.adapter.scored_labels]))
    own, both = one.adapter.own is not None, (one, other)
    defined = all(side.scores.main in side.scores.values for side in both)
    sums = (
        [] if own or not defined else [side.adapter.row_sums(side.predictions, side.targets, labels) for side in both]
    )
    paired = (sums[0], sums[1]) if sums and sums[0] and sums[1] else None
    tested = McNemar.of(np.asarray(one.right), np.asarray(other.right)) if one.adapter.one_label_a_row else None
    return difference(one.scores, other.scores, paired, mcnemar=tested, own=own)
