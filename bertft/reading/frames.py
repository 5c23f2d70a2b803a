"""What pandas writes with `DataFrame.to_json` comes in; rows go out. Its forms: `columns` (the default), `index` and `split`.
`records` and `table` are lists of objects, which jsondoc.py reads; `values` has no column names.

The index becomes a column, unless it only counts the rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import bertft.guess.column_names as names
from bertft.errors import DataError
from bertft.reading.jsoncursor import Document
from bertft.reading.jsonlines import RawFields, kind_of

Rows = Callable[[], Iterator[tuple[int, RawFields]]]
WAY_OUT = "Write it with to_json(orient='records', lines=True), as .jsonl."
VALUES = f"pandas writes such lists with orient='values', which leaves out the column names. {WAY_OUT}"
_NUMBER = re.compile(r"-?\d+")
_START = re.compile(
    r'\s*\{\s*(?:"schema"\s*:\s*\{\s*"fields"|"columns"\s*:\s*\[|"-?\d+"\s*:\s*\{|'
    r'"(?:[^"\\]|\\.)*"\s*:\s*\{\s*"-?\d+"\s*:)'
)
_USUAL = {*names.TEXT_WORDS, *names.LABEL, *names.SECOND_RATE_LABEL, *names.TOKENS, *names.TAGS, *names.ANSWERS}


def looks_like_frame(text: str) -> bool:
    """Whether a file that begins so may be one frame, whatever its name."""
    return _START.match(text) is not None


def find_frame(name: str, document: Callable[[], Document], lists: Mapping[str, bool]) -> tuple[Rows, str] | None:
    """How to get at the rows of an object; `lists`: its keys that hold lists. None for anything but a frame."""
    if {"columns", "data"} <= lists.keys() <= {"columns", "data", "index", "index_names", "column_names"}:
        return _split(name, document)
    if lists:
        return None
    shape = _shape(document())
    form = _form(name, shape) if shape else None
    if shape is None or form is None:
        return None
    inner = shape.inner or []
    if form == "columns":
        return partial(_by_columns, document, _index_name(inner, shape.outer)), _note(form)
    return partial(_by_index, document, _index_name(shape.outer, inner)), _note(form)


@dataclass
class _Shape:
    """The keys of an object of objects."""

    outer: list[str] = field(default_factory=list)
    inner: list[str] | None = None
    """Of the first object in it."""
    alike: bool = True
    """Whether all of them have the same keys."""


def _shape(document: Document) -> _Shape | None:
    """None where a value is no object."""
    shape = _Shape()
    for key in document.entries():
        if document.peek() != "{":
            return None
        keys = list(document.value())
        shape.inner = keys if shape.inner is None else shape.inner
        shape.alike = shape.alike and keys == shape.inner
        shape.outer.append(key)
    return shape if shape.inner else None


def _form(name: str, shape: _Shape) -> str | None:
    """`columns` or `index`; None for an object that is a row. DataError where both are as likely."""
    outer, inner = shape.outer, shape.inner or []
    rows_first, columns_first = _are_numbers(outer), _are_numbers(inner)
    if rows_first and not columns_first:
        return "index"
    if not shape.alike:
        return "index" if len(outer) > 1 and _is_usual(inner) and not _is_usual(outer) else None
    if columns_first and not rows_first and (_is_usual(outer) or len(outer) <= len(inner)):
        return "columns"
    if not columns_first and _is_usual(outer) != _is_usual(inner):
        return "columns" if _is_usual(outer) else "index"
    if len(outer) == 1 and not columns_first:
        return None
    raise DataError(
        f"{name}: an object of objects, of which neither the outer nor the inner keys are plainly column names. {WAY_OUT}"
    )


def _are_numbers(keys: Sequence[str]) -> bool:
    return all(_NUMBER.fullmatch(key) for key in keys)


def _is_usual(keys: Sequence[str]) -> bool:
    return any(" ".join(names.parts(key)) in _USUAL for key in keys[:1000])


def _note(form: str) -> str:
    return f"rows are read from pandas' to_json(orient='{form}')"


def _index_name(index: Sequence[object], columns: Sequence[str]) -> str | None:
    """A free name for the index, None where it only counts."""
    if all(str(key) == str(number) for number, key in enumerate(index)):
        return None
    name = "index"
    while name in columns:
        name = "_" + name
    return name


def _by_columns(document: Callable[[], Document], index: str | None) -> Iterator[tuple[int, RawFields]]:
    columns = document().value()
    for number, key in enumerate(next(iter(columns.values())), 1):
        row: RawFields = {column: values[key] for column, values in columns.items()}
        yield number, (row if index is None else {index: key, **row})


def _by_index(document: Callable[[], Document], index: str | None) -> Iterator[tuple[int, RawFields]]:
    cursor = document()
    for number, key in enumerate(cursor.entries(), 1):
        row = cursor.value()
        yield number, (row if index is None else {index: key, **row})


def _split(name: str, document: Callable[[], Document]) -> tuple[Rows, str] | None:
    """None where `data` does not hold lists."""
    head: dict[str, list[object]] = {}
    cursor = document()
    for key in cursor.entries():
        if key != "data":
            head[key] = cursor.value()
        elif any(type(item) is not list for item in cursor.items()):
            return None
    columns = head["columns"]
    if not all(isinstance(column, str) for column in columns) or len({*map(str, columns)}) < len(columns):
        raise DataError(f"{name}: the columns of a frame, of which some are no text or stand there twice. {WAY_OUT}")
    listed = [str(column) for column in columns]
    index = head.get("index", [])
    called = _index_name(index, listed)
    return partial(_split_rows, name, document, listed, index if called else None, called), _note("split")


def _split_rows(
    name: str, document: Callable[[], Document], columns: list[str], index: list[object] | None, called: str | None
) -> Iterator[tuple[int, RawFields]]:
    cursor = document()
    for key in cursor.entries():
        if key != "data":
            cursor.value()
            continue
        for number, values in enumerate(cursor.items(), 1):
            if len(values) != len(columns) or (index is not None and len(index) < number):
                raise DataError(f"{name}#{number}: {kind_of(values)} of {len(values)}, wanted {len(columns)} values.")
            row: RawFields = dict(zip(columns, values, strict=True))
            yield number, (row if index is None else {str(called): index[number - 1], **row})
