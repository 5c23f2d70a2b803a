"""What every file format gives: its columns, and a way to read its records lazily."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Place(Enum):
    """What a record's number means."""

    LINE = ":"
    """The physical line it starts on, from 1."""
    ROW = "#"
    """Its place among the rows, from 1, in formats without lines."""


class CellStorage(Enum):
    """How a value is kept in a table's Arrow column."""

    TEXT = "text"
    """CSV cells: as they are."""
    JSON = "json"
    """Any JSON value, types mixed from row to row: as JSON text."""
    NATIVE = "native"
    """Parquet and Arrow: with their own Arrow type."""


@dataclass(frozen=True)
class ArrowContent:
    """What Parquet and Arrow files hold already."""

    schema: Any
    """A pyarrow Schema."""
    batches: Callable[[], Iterator[Any]]
    """pyarrow record batches, from the start."""


@dataclass(frozen=True)
class Body:
    """A file that has been looked at, ready to be read."""

    columns: list[str]
    read: Callable[[], Iterator[tuple[int, Mapping[str, object]]]]
    """(line or row number from 1, column -> value), from the start."""
    place: Place
    storage: CellStorage = CellStorage.TEXT
    encoding: str | None = None
    delimiter: str | None = None
    notes: list[str] = field(default_factory=list)
    arrow: ArrowContent | None = None
    """For NATIVE storage."""
