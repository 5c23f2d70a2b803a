"""Rows that a program holds come in; a Table goes out, as if they had been read from a file. Lists of dicts, a dict of columns,
a pandas frame or a `datasets.Dataset`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from pathlib import PurePath
from typing import Any
from uuid import UUID

from bertft.errors import DataError
from bertft.reading.body import Body, CellStorage, Place
from bertft.reading.source import Source
from bertft.reading.table import Table, table_from, table_of

_WANTED = "a list of dicts, a dict of columns, a pandas DataFrame or a datasets.Dataset"
_AS_TEXT = (date, time, Decimal, PurePath, UUID)
"""Types that have one usual form as text."""


def table_of_rows(rows: Any, name: str) -> Table:
    """The rows, called `name#1`, `name#2` … in messages. DataError for anything that is not rows."""
    if is_frame(rows):
        return table_of(_dataset_of_frame(rows, name), name)
    if hasattr(rows, "select_columns"):
        return table_of(rows if isinstance(rows, Mapping) else _with_label_names(rows), name)
    if isinstance(rows, Mapping):
        rows = _rows_of_columns(rows, name)
    if isinstance(rows, str | bytes) or not isinstance(rows, Iterable):
        raise DataError(f"{name}: a {type(rows).__name__}, wanted {_WANTED}.")
    return _table_of_records([_record(row, f"{name}#{number}") for number, row in enumerate(rows, 1)], name)


def is_frame(rows: Any) -> bool:
    """Whether it is a pandas frame; pandas itself is not imported."""
    return hasattr(rows, "iloc") and hasattr(rows, "columns")


def _table_of_records(records: Sequence[Mapping[str, Any]], name: str) -> Table:
    return table_from(_source_of_records(records, name))


def source_of_rows(rows: Sequence[Mapping[str, Any]], name: str) -> Source:
    """A list of dicts, to be read once and in order: without the file that a table makes."""
    return _source_of_records([_record(row, f"{name}#{number}") for number, row in enumerate(rows, 1)], name)


def _source_of_records(records: Sequence[Mapping[str, Any]], name: str) -> Source:
    columns = list(dict.fromkeys(column for record in records for column in record))
    if not columns:
        raise DataError(f"{name}: no rows, wanted {_WANTED}.")
    whole = [{column: record.get(column) for column in columns} for record in records]
    body = Body(columns, lambda: enumerate(whole, 1), Place.ROW, CellStorage.JSON)
    return Source(name, "jsonl", body, rereadable=True, notes=[])


def _rows_of_columns(columns: Mapping[Any, Any], name: str) -> Iterator[dict[Any, Any]]:
    sized = {column: values for column, values in columns.items() if hasattr(values, "__len__")}
    lengths = {column: len(values) for column, values in sized.items() if not isinstance(values, str)}
    if len(lengths) < len(columns) or len(set(lengths.values())) > 1:
        raise DataError(f"{name}: a dict, wanted one list of the same length for each column.")
    return (dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True))


def _record(row: Any, origin: str) -> dict[str, Any]:
    if not isinstance(row, Mapping):
        raise DataError(f"{origin}: a {type(row).__name__}, wanted a dict of column names and values.")
    for column in row:
        if not isinstance(column, str):
            raise DataError(f"{origin}: the column name {column!r} is a {type(column).__name__}, wanted a string.")
    return {column: _plain(value, f"{origin}, column '{column}'") for column, value in row.items()}


def _plain(value: Any, where: str) -> Any:
    """As JSON would have it. NaN is no value."""
    if hasattr(value, "tolist") and hasattr(value, "dtype"):  # numpy's arrays and numbers
        value = value.tolist()
    if isinstance(value, float):
        return value if value == value else None
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, _AS_TEXT) and value != value:  # pandas' NaT is a date
        return None
    if isinstance(value, Mapping):
        return {str(key): _plain(item, where) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, where) for item in value]
    if isinstance(value, _AS_TEXT):
        return str(value)
    raise DataError(f"{where}: a {type(value).__name__}, wanted text, a number, a list or a dict.")


def _dataset_of_frame(frame: Any, name: str) -> Any:
    from datasets import Dataset

    if odd := [column for column in frame.columns if not isinstance(column, str)]:
        raise DataError(f"{name}: the column name {odd[0]!r} is a {type(odd[0]).__name__}, wanted a string.")
    if len(set(frame.columns)) < len(frame.columns):
        raise DataError(f"{name}: a frame with two columns of one name. Rename one.")
    categories = {column: object for column in frame.columns if str(frame[column].dtype) == "category"}
    try:
        return Dataset.from_pandas(frame.astype(categories), preserve_index=False)
    except (ValueError, TypeError) as problem:  # pyarrow's errors are among them
        reason = str(problem).splitlines()[0]
        raise DataError(f"{name}: a column holds values of several types ({reason}). Make them alike.") from None


def _with_label_names(dataset: Any) -> Any:
    """Integer classes that have names in the data set's features get them, also in lists, as tags have them; -1, which hidden
    test labels have, is no value."""
    from datasets import ClassLabel

    columns = dataset.column_names
    for column, kind in dataset.features.items():
        inner = getattr(kind, "feature", kind)
        if isinstance(inner, ClassLabel):
            values = [_named(code, inner) for code in dataset.with_format(None)[column]]
            dataset = dataset.remove_columns(column).add_column(column, values)
    return dataset.select_columns(columns)


def _named(code: Any, kind: Any) -> Any:
    if isinstance(code, list):
        return [_named(one, kind) for one in code]
    return None if code is None or code < 0 else kind.int2str(code)
