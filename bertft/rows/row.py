"""A row of a data file, with the place it came from. Every error about data names that place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One record as read: nothing is converted, only an empty cell is empty."""

    index: int
    """Position among the file's rows, from 0."""
    origin: str
    """File and line, as `train.csv:118`; for formats without lines, file and row, as `train.parquet#118`."""
    fields: Mapping[str, object]
    """Column -> value. CSV cells are str; JSON, Parquet and Arrow keep their own types; a missing cell is None or ''."""
