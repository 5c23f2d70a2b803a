"""Rows come in, examples and refusals go out: each cell of a row is read once, whatever is asked of the row later.

A label cell can be read alone, before the rest of its row. Some files need that: which labels there are, or which tag scheme is
meant, is known only when all label cells are read. They are then kept as they were read, until the rows follow.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from bertft.errors import DataError
from bertft.gold.example import NO_LABEL, Example, Read, Refusal
from bertft.gold.options import Options
from bertft.guess.column_names import ANSWER
from bertft.plan.card import Card
from bertft.rows.fields import Fields
from bertft.rows.labels import Labels
from bertft.rows.row import Row
from bertft.tags.spans import REFUSED

HEADER_AGAIN = "the column names once more"


def repeats_header(row: Row) -> bool:
    """Whether it is the line of column names in the middle of a file, as where files were put together. In a single column the
    name may as well be a text."""
    return len(row.fields) > 1 and all(value == name for name, value in row.fields.items())


def refused_by_annotator(row: Row, used: Collection[str]) -> str:
    """What an annotator said who did not accept the row as it stands; '' where that was not asked, or the column is `used` as an
    input or as the label: then only rows that were passed over say nothing."""
    answer = row.fields.get(ANSWER)
    if answer not in REFUSED or (ANSWER in used and not (answer == "ignore" and "_task_hash" in row.fields)):
        return ""
    return f"the annotator's answer '{answer}' (column '{ANSWER}')"


@dataclass(frozen=True)
class Reader(ABC):
    """How the rows of one file are read. One subclass per kind of gold value."""

    card: Card
    labels: Labels
    fields: Fields
    options: Options
    cells: Sequence[Any] | None = field(default=None, kw_only=True, repr=False)
    """What was read of each row's label cell, in order, where that came before the rows. A DataError is kept as well: it is
    raised when it is the row's turn."""

    @property
    def fault_advice(self) -> str:
        """What to do about faults."""
        return "Fix them."

    @abstractmethod
    def learn(self, rows: Iterable[Row], *, known_order: Sequence[str], scheme: str | None) -> Self:
        """The reader with the labels of the task, from its card or from the training rows. `known_order`: of a checkpoint's
        labels; `scheme`: the tag scheme that was asked for."""

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments of the reader beyond the usual four, from what bertft.json has as `stored`."""
        return {}

    @property
    def learned(self) -> dict[str, Any]:
        """What the training rows say of the task beside its labels, as `stored`."""
        return {}

    @property
    def learned_in_words(self) -> str:
        """What of this is worth saying; '' for nothing."""
        return ""

    @abstractmethod
    def inputs(self, row: Row, cell: Any) -> Read:
        """What a model reads of the row. `cell`: what was read of the label cell, None where it was not. DataError for a row
        that is made wrong."""

    @abstractmethod
    def label_cell(self, row: Row) -> Any:
        """What the label cell says, as far as that can be told without the rest of the row; None for an empty one. DataError
        for what cannot be read."""

    @abstractmethod
    def with_gold(self, example: Any, cell: Any) -> Example:
        """The example with what follows from its label cell."""

    def for_file(self, rows: Iterable[Row]) -> Self:
        """The reader with what a labelled file as a whole says about how it is written, such as its tag scheme."""
        return self

    def in_context(self, read: Iterator[Read]) -> Iterator[Read]:
        """The rows of a file, each with what it needs of its neighbours."""
        return read

    def predictable(self, rows: Iterable[Row]) -> Iterator[Read]:
        """The rows of a file to predict, without their labels. One that is made wrong is refused, and leaves the others alone."""
        return self.in_context(self._inputs_or_reason(row) for row in rows)

    def _inputs_or_reason(self, row: Row) -> Read:
        if repeats_header(row):
            return Refusal(row, HEADER_AGAIN)
        try:
            return self.inputs(row, None)
        except DataError as problem:
            return Refusal(row, str(problem).removeprefix(f"{row.origin}: "))

    def labelled(self, rows: Iterable[Row]) -> Iterator[Read]:
        """The rows of a labelled file with their gold values. DataError for one that is made wrong."""
        cells: deque[Any] = deque()
        for read in self.in_context(self._inputs_beside(rows, cells)):
            cell = cells.popleft()
            yield read if isinstance(read, Refusal) else self._labelled(read, cell)

    def checked(self, rows: Iterable[Row]) -> Iterator[Read]:
        """The rows of a labelled file with their gold values. One that is made wrong is refused, and leaves the others alone."""
        known = iter(self.cells) if self.cells is not None else None
        for row in rows:
            cell = next(known) if known is not None else self.cell_or_error(row)
            try:
                read = Refusal(row, reason) if (reason := self.left_out(row)) else self.inputs(row, cell)
                yield read if isinstance(read, Refusal) else self._labelled(read, cell)
            except DataError as problem:
                yield Refusal(row, str(problem).removeprefix(f"{row.origin}: "), wrong=True)

    def _inputs_beside(self, rows: Iterable[Row], cells: deque[Any]) -> Iterator[Read]:
        """What the label cells say is put into `cells`: a row's neighbours are read before its label is looked at."""
        known = self.cells
        pairs = zip(rows, known, strict=True) if known is not None else ((row, self.cell_or_error(row)) for row in rows)
        for row, cell in pairs:
            cells.append(cell)
            yield Refusal(row, reason) if (reason := self.left_out(row)) else self.inputs(row, cell)

    def _labelled(self, example: Example, cell: Any) -> Read:
        if isinstance(cell, DataError):
            raise cell
        return Refusal(example.row, NO_LABEL, example) if cell is None else self.with_gold(example, cell)

    def cell_or_error(self, row: Row) -> Any:
        """What the label cell says, or what is wrong with it."""
        if self.left_out(row):
            return None
        try:
            return self.label_cell(row)
        except DataError as problem:
            return problem

    def left_out(self, row: Row) -> str:
        """Why nothing can be learned from a row, whatever its cells say; '' of most rows."""
        if repeats_header(row):
            return HEADER_AGAIN
        return refused_by_annotator(row, (self.fields.text, self.fields.text_pair or "", *self.fields.label))

    def with_cells(self, rows: Iterable[Row]) -> Self:
        """The reader after all label cells of a file."""
        return replace(self, cells=[self.cell_or_error(row) for row in rows])

    @property
    def known_cells(self) -> Iterator[Any]:
        """What the label cells say that are neither empty nor wrong."""
        return (cell for cell in self.cells or () if cell is not None and not isinstance(cell, DataError))
