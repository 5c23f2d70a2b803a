"""Several files of the same columns come in, one Table goes out, in which each row is still called by its own file.

A pattern in quotes ('parts/*.csv') stands for the files that it matches, in the order of their names."""

from __future__ import annotations

import glob
import os
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from bertft.errors import DataError
from bertft.reading.saved import is_saved, saved_files
from bertft.reading.table import Table
from bertft.rows.fields import shown_columns


def matching(path: str) -> list[str]:
    """The path itself, or the files that a pattern matches. DataError where it matches none."""
    if os.path.exists(path) or not glob.has_magic(path):
        return [path]
    found = sorted(name for name in glob.glob(path, recursive=True) if os.path.isfile(name))
    if not found:
        raise DataError(f"{path}: no file matches this pattern, nor is one called so.")
    return found


def files_of(path: str) -> list[str]:
    """The files with the content of a path, a pattern or a saved data set; nothing where nothing is there."""
    found = [path] if os.path.exists(path) else glob.glob(path, recursive=True) if glob.has_magic(path) else []
    return [
        file for one in sorted(found) for file in (saved_files(one) if is_saved(one) else [one]) if os.path.isfile(file)
    ]


def refuse_twice(paths: Sequence[str], what: str) -> None:
    """DataError for a file that is named twice, however it is spelled. `what`: it holds."""
    seen: dict[str, str] = {}
    for path in paths:
        real = os.path.realpath(path)
        if before := seen.get(real):
            also = "" if before == path else f", also as {before}"
            raise DataError(f"{path}: named twice{also}, so that its {what} would count twice. Name it once.")
        seen[real] = path


def is_among(path: str, others: Sequence[str]) -> bool:
    """Whether others name the same file, however it is spelled."""
    return os.path.realpath(path) in map(os.path.realpath, others)


class JoinedTable(Table):
    """Tables one after the other."""

    def __init__(self, dataset: Any, tables: Sequence[Table], name: str) -> None:
        first = tables[0]
        super().__init__(
            dataset, name, storage=first.storage, place=first.place, numbers=first._numbers, source=first.source
        )
        self._names = [table.name for table in tables]
        self._ends: list[int] = []
        for table in tables:
            self._ends.append(len(table) + (self._ends[-1] if self._ends else 0))

    def _origin(self, place: int, number: int | None) -> str:
        part = bisect_right(self._ends, place)
        before = self._ends[part - 1] if part else 0
        return f"{self._names[part]}{self.place.value}{place - before + 1 if number is None else number}"


def join_tables(tables: Sequence[Table]) -> Table:
    """DataError where their columns differ, or how they are stored."""
    if len(tables) == 1:
        return tables[0]
    first = tables[0]
    for table in tables[1:]:
        _check_alike(first, table)
    from datasets import concatenate_datasets

    order = first.dataset.column_names
    try:
        dataset = concatenate_datasets([table.dataset.select_columns(order) for table in tables])
    except (ValueError, TypeError) as error:  # pyarrow's errors are among them
        reason = str(error).splitlines()[0][:200]
        raise DataError(f"{first.name} and the files after it hold columns of different types ({reason}).") from None
    return JoinedTable(dataset, tables, f"{first.name} and {len(tables) - 1} more")


def _check_alike(first: Table, other: Table) -> None:
    lacks = [name for name in first.columns if name not in other.columns]
    adds = [name for name in other.columns if name not in first.columns]
    if lacks or adds:
        said = [f"lacks {shown_columns(lacks)}"] * bool(lacks) + [f"has {shown_columns(adds)} besides"] * bool(adds)
        raise DataError(
            f"{other.name}: its columns are not those of {first.name}: it {' and '.join(said)}. Give all files the same columns."
        )
    if (first.storage, first.place) != (other.storage, other.place):
        raise DataError(
            f"{other.name}: of another kind than {first.name}, so that cells may differ. Write all files in one format."
        )
