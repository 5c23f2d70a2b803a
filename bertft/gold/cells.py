"""Cells that are to be texts."""

from __future__ import annotations

from bertft.reading.jsonlines import kind_of
from bertft.rows.labels import is_empty
from bertft.rows.row import Row


def no_text(what: str, column: str, row: Row) -> str:
    """Why a cell cannot be read as a text; '' where it can. Numbers can; what Python prints of a list is nobody's text."""
    cell = row.fields.get(column)
    if isinstance(cell, list | tuple | dict | bytes):
        return f"column '{column}' holds {kind_of(cell)}, no {what}"
    return f"no {what} in column '{column}'" if is_empty(cell) else ""
