"""Cells that are to be texts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from bertft.reading.jsonlines import kind_of
from bertft.rows.labels import is_empty
from bertft.rows.row import Row


def no_text(what: str, column: str, row: Row) -> str:
    """Why a cell cannot be read as a text; '' where it can. Numbers can; what Python prints of a list is nobody's text."""
    cell = row.fields.get(column)
    if isinstance(cell, list | tuple | dict | bytes):
        return f"column '{column}' holds {kind_of(cell)}, no {what}"
    return f"no {what} in column '{column}'" if is_empty(cell) else ""


def no_text_in(what: str, columns: Sequence[str], row: Row) -> str:
    """The same for cells that are joined: some may be empty, not all."""
    if len(columns) == 1:
        return no_text(what, columns[0], row)
    filled = _filled(columns, row)
    if not filled:
        return f"no {what} in columns {', '.join(repr(column) for column in columns)}"
    return next(filter(None, (no_text(what, column, row) for column in filled)), "")


def joined_text(columns: Sequence[str], row: Row) -> str:
    """The texts of the columns, each on a line of its own; those that are empty leave none."""
    if len(columns) == 1:
        return str(row.fields[columns[0]])
    return "\n".join(str(row.fields[column]) for column in _filled(columns, row))


def starts_in_joined(columns: Sequence[str], row: Row) -> list[tuple[str, int]]:
    """The columns that `joined_text` holds, each with the place where it begins there."""
    if len(columns) == 1:
        return [(columns[0], 0)]
    filled = _filled(columns, row)
    lengths = [len(str(row.fields[column])) + 1 for column in filled]
    return list(zip(filled, accumulate(lengths, initial=0), strict=False))


def _filled(columns: Sequence[str], row: Row) -> list[str]:
    return [column for column in columns if not is_empty(row.fields.get(column))]
