"""Rows of one text, or of a pair, with a label, some labels, or a number."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np

from bertft import console
from bertft.errors import DataError
from bertft.gold.cells import joined_text, no_text_in
from bertft.gold.example import Refusal, TextExample
from bertft.gold.reader import Reader
from bertft.rows.fields import Fields
from bertft.rows.label_cells import labels_of_cell, labels_of_row
from bertft.rows.labels import Labels, is_empty, labels_of_card, learn
from bertft.rows.row import Row
from bertft.rows.surrogates import shown

UNKNOWN = -1
"""Gold value of a row whose label the model does not know: wrong whatever it answers."""


class TextReader(Reader):
    """What text classification and regression share."""

    def learn(self, rows: Iterable[Row], *, known_order: Sequence[str], scheme: str | None) -> Self:
        """The card's labels in its order; without any, those of the training rows, sorted, or in the checkpoint's order."""
        if self.card.labels:
            return replace(self, labels=labels_of_card(self.card.labels, self.card.label_values))
        if names := self.fields.label_names or (self.fields.label if len(self.fields.label) > 1 else ()):
            return replace(self, labels=Labels(names))
        reader = self.with_cells(rows)
        return replace(reader, labels=learn_labels(reader, known_order))

    def names_in(self, cell: Any) -> Iterable[str]:
        """The labels in a label cell that was read."""
        raise NotImplementedError

    def position(self, name: str) -> tuple[int | None, tuple[str, ...]]:
        """Of a label, None for one that the model does not know; and what was made of its spelling, in words."""
        position = self.labels.position(name)
        if position is not None or (known := self.labels.like(name)) is None:
            return position, ()
        return self.labels.position(known), (f"label '{shown(name)}' taken for '{shown(known)}'",)

    def inputs(self, row: Row, cell: Any) -> TextExample | Refusal:
        parts = text_parts(self.fields)
        if reason := next(filter(None, (no_text_in("text", columns, row) for columns in parts)), ""):
            return Refusal(row, reason)
        return TextExample(row, tuple(joined_text(columns, row) for columns in parts))


def text_parts(fields: Fields) -> list[tuple[str, ...]]:
    """The columns of each text of an example."""
    return [fields.texts, *([(fields.text_pair,)] if fields.text_pair else [])]


def learn_labels(reader: TextReader, known_order: Sequence[str]) -> Labels:
    """Those in the label cells; DataError for too few, and for a cell that cannot be read."""
    labels = learn(_names(reader), known_order=known_order)
    if len(labels) < reader.card.solves.fewest_labels:
        found = f"only '{labels.names[0]}'" if labels.names else "none"
        raise DataError(
            f"Column '{reader.fields.label[0]}' holds fewer than two labels ({found}): there is nothing to tell apart."
        )
    for names in labels.nearly_alike:
        listed = " and ".join(repr(shown(name)) for name in names)
        console.warn(
            f"Column '{reader.fields.label[0]}': the labels {listed} differ only in case, spaces or Unicode form. "
            f"Write them alike if they are one."
        )
    return labels


def _names(reader: TextReader) -> Iterator[str]:
    for cell in reader.known_cells:
        yield from reader.names_in(cell)


class LabelReader(TextReader):
    """One label for each row."""

    def names_in(self, cell: str) -> Iterable[str]:
        return (cell,)

    def label_cell(self, row: Row) -> str | None:
        column = self.fields.label[0]
        names = labels_of_cell(row, column, None, self.fields.label_names)
        if not names:
            return None
        if len(names) > 1:
            raise DataError(
                f"{row.origin}: column '{column}' has {len(names)} labels ({shown(', '.join(names))}); each row here has one."
            )
        return sys.intern(names[0])

    def with_gold(self, example: TextExample, cell: str) -> TextExample:
        """The gold value is the label's position, or UNKNOWN."""
        position, remark = self.position(cell)
        if position is None:
            return replace(example, gold=UNKNOWN, unknown=(cell,))
        return replace(example, gold=position, remarks=remark)


class LabelsReader(TextReader):
    """Any number of labels for each row."""

    def names_in(self, cell: tuple[str, ...]) -> Iterable[str]:
        return cell

    def label_cell(self, row: Row) -> tuple[str, ...] | None:
        """With one column per label, the labels stand in the columns' order, whatever this file calls them."""
        names = self.labels.names if len(self.fields.label) > 1 else ()
        found = labels_of_row(row, self.fields.label, self.fields.separator, names, self.fields.label_names)
        return None if found is None else tuple(map(sys.intern, found))

    def with_gold(self, example: TextExample, cell: tuple[str, ...]) -> TextExample:
        """The gold value is (K + 1,) 0 and 1; the last says that the row has a label which the model does not know."""
        known, unknown, remarks = np.zeros(len(self.labels) + 1, dtype=np.int8), list[str](), tuple[str, ...]()
        for name in cell:
            position, remark = self.position(name)
            known[-1 if position is None else position] = 1
            unknown += [name] if position is None else []
            remarks += remark
        return replace(example, gold=known, unknown=tuple(unknown), remarks=remarks)


class NumberReader(TextReader):
    """A number for each row."""

    def learn(self, rows: Iterable[Row], *, known_order: Sequence[str], scheme: str | None) -> Self:
        return replace(self, labels=Labels(("score",)))

    def label_cell(self, row: Row) -> float | None:
        cell = row.fields.get(self.fields.label[0])
        if is_empty(cell):
            return None
        try:
            number = float(str(cell).strip())
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise DataError(
                f"{row.origin}: '{shown(cell)}' in column '{self.fields.label[0]}' is not a number, and the task is a regression."
            )
        return number

    def with_gold(self, example: TextExample, cell: float) -> TextExample:
        return replace(example, gold=cell)
