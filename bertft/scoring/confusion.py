"""How often which label was taken for which. Only the cells that occur are kept: with thousands of labels a whole table would
fill gigabytes, and run.json with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_LABELS = 100
"""With more of them run.json has the largest cells of the table, not all of it."""

MOST_CELLS = 1000
"""Kinds of mistakes in run.json, where the table is not whole."""


@dataclass(frozen=True)
class Confusion:
    """Gold labels beside predicted ones."""

    labels: list[str]
    cells: list[tuple[int, int, int]]
    """Gold label, predicted label (positions) and rows, where there is a row; sorted by labels."""
    unknown: list[int]
    """Of each predicted label, the rows whose gold label the model does not know."""
    left_out: int = 0
    """Rows of mistakes that are not among the cells: of a table that was read from run.json."""

    @property
    def counts(self) -> list[list[int]]:
        """The whole table: rows are gold, columns are predicted."""
        table = np.zeros((len(self.labels), len(self.labels)), dtype=np.int64)
        for gold, predicted, rows in self.cells:
            table[gold, predicted] = rows
        return [list(map(int, line)) for line in table]

    @property
    def right(self) -> list[int]:
        """Of each label, its rows that were predicted right."""
        found = [0] * len(self.labels)
        for gold, predicted, rows in self.cells:
            if gold == predicted:
                found[gold] = rows
        return found

    @property
    def mistakes(self) -> list[tuple[str, str, int]]:
        """Gold label, predicted label and rows, the most frequent first."""
        wrong = [(self.labels[one], self.labels[other], rows) for one, other, rows in self.cells if one != other]
        return sorted(wrong, key=lambda mistake: (-mistake[2], mistake[:2]))

    def as_dict(self) -> dict[str, object]:
        """Ready for JSON: whole, or where labels are many what is right of each and the most frequent mistakes."""
        if len(self.labels) <= MOST_LABELS:
            return {"labels": self.labels, "counts": self.counts, "unknown": self.unknown}
        mistakes = self.mistakes
        left_out = self.left_out + sum(rows for _, _, rows in mistakes[MOST_CELLS:])
        shown = [{"gold": gold, "predicted": given, "rows": rows} for gold, given, rows in mistakes[:MOST_CELLS]]
        return {
            "labels": self.labels,
            "right": self.right,
            "mistakes": shown,
            "mistakes_left_out": left_out,
            "unknown": self.unknown,
        }

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Confusion:
        """What `as_dict` gave; of many labels, with the cells that it kept."""
        labels = list(found["labels"])
        if "counts" in found:
            cells = [
                (one, other, rows)
                for one, line in enumerate(found["counts"])
                for other, rows in enumerate(line)
                if rows
            ]
        else:
            place = {label: position for position, label in enumerate(labels)}
            cells = [(position, position, rows) for position, rows in enumerate(found["right"]) if rows]
            cells += [(place[one["gold"]], place[one["predicted"]], one["rows"]) for one in found["mistakes"]]
        return cls(labels, sorted(cells), list(found["unknown"]), found.get("mistakes_left_out", 0))


def occurring(gold: NDArray[np.int64], predicted: NDArray[np.int64]) -> NDArray[np.int64]:
    """(C, 3): each pair of gold and predicted label that a row has, in order, and how many rows have it."""
    width = int(predicted.max(initial=0)) + 1
    pairs, rows = np.unique(gold * width + predicted, return_counts=True)
    return np.stack([*np.divmod(pairs, width), rows], axis=1).astype(np.int64)
