"""An Excel workbook (.xlsx) comes in; the rows of one sheet go out, each called by its row there. Read by openpyxl, an extra.

Dates become text, errors such as #N/A are empty, formulas are what Excel made of them when it saved the file."""

from __future__ import annotations

import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

from bertft.errors import BertftError, DataError
from bertft.reading.body import Body, CellStorage, Place
from bertft.reading.intake import Intake, reading_explained, spooled
from bertft.reading.options import ReadOptions
from bertft.reading.unzipped import MOST_SWELLING, NOT_JUDGED_BELOW
from bertft.rows.surrogates import shown

_WORKBOOK = "xl/workbook.xml"
_INSTEAD = "Save the sheet as CSV (UTF-8)"
Cells = tuple[object, ...]


def is_workbook(intake: Intake) -> bool:
    """Of a zip file. DataError for one that holds something else, or cannot be read."""
    with reading_explained(intake.name), intake.open() as stream:
        try:
            with zipfile.ZipFile(stream) as archive:
                parts = archive.infolist()
        except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            raise DataError(
                f"{intake.name}: an Excel or zip file that is damaged ({error}). {_INSTEAD}, or copy the file again."
            ) from None
    _check_size(intake.name, parts)
    names = [part.filename for part in parts]
    if _WORKBOOK in names:
        return True
    if "content.xml" in names:
        raise DataError(f"{intake.name}: an OpenDocument file. {_INSTEAD} or as .xlsx.")
    listed = ", ".join(shown(name) for name in names[:5]) + (" …" if len(names) > 5 else "")
    raise DataError(
        f"{intake.name}: a zip file with {listed or 'nothing'} in it. Unzip it first (unzip), and name a file."
    )


def open_sheet(intake: Intake, options: ReadOptions) -> Body:
    """Looks through the whole sheet first, as its widest row may be the last."""
    intake = spooled(intake)
    sheet = _chosen(intake, options.sheet)
    _refuse_unsaved_formulas(intake, sheet)
    look = _look_through(intake, sheet)
    if look.first is None:
        raise DataError(f"{intake.name}: the sheet '{sheet}' is empty, wanted a row of column names and rows below it.")
    if options.header:
        _refuse_title(f"{intake.name}:{look.first}", look)
    columns = _columns(intake.name, look, options)
    notes = [f"sheet '{sheet}' (--sheet)"] if options.sheet is None and look.others else []
    notes += [f"{look.errors:,} cells with an error, as {look.an_error}, are taken as empty"] if look.errors else []
    start = look.first + (1 if options.header else 0)
    read = partial(_read, intake, sheet, columns, start)
    return Body([name for name in columns if name], read, Place.LINE, CellStorage.JSON, notes=notes)


@dataclass
class _Look:
    """What a whole sheet has."""

    first: int | None = None
    """Its first row that is not empty."""
    head: Cells = ()
    """That row."""
    filled: frozenset[int] = frozenset()
    """Columns, from 0, in which something stands."""
    second: int = 0
    """How many columns the first row below it fills."""
    rows: int = 0
    """Rows below that are not empty."""
    cells: Counter[int] = field(default_factory=Counter)
    """Of each column, the cells that they fill."""
    worded: set[int] = field(default_factory=set)
    """Columns with a text below."""
    errors: int = 0
    an_error: str = ""
    others: bool = False


def _look_through(intake: Intake, sheet: str) -> _Look:
    look, filled = _Look(), set[int]()
    for number, row in _rows(intake, sheet):
        for place, cell in enumerate(row):
            if cell.data_type == "e":
                look.errors, look.an_error = look.errors + 1, look.an_error or str(cell.value)
            elif cell.value is not None:
                filled.add(place)
        if not any(value not in (None, "") for value in map(_value, row)):
            continue
        if look.first is None:
            look.first, look.head = number, tuple(map(_value, row))
        else:
            _count_row(look, row)
    look.filled = frozenset(filled)
    return look


def _count_row(look: _Look, row: Sequence[Any]) -> None:
    full = [place for place, cell in enumerate(row) if cell.value not in (None, "")]
    look.second = look.second or len(full)
    look.rows += 1
    look.cells.update(full)
    look.worded.update(place for place in full if isinstance(row[place].value, str))


def _refuse_title(place: str, look: _Look) -> None:
    """A line above the column names would be taken for them. Numbers at the left, without a name, are the index of a frame."""
    named = [column for column, value in enumerate(look.head) if value is not None and str(value).strip()]
    if not named:
        return
    bare = [column for column in look.cells if column not in named and (column > named[0] or column in look.worded)]
    unnamed = [column for column in bare if look.cells[column] > look.rows / 2]
    if unnamed or (bare and len(named) == 1 < look.second):
        raise DataError(
            f"{place}: '{shown(str(look.head[named[0]]))}' looks like a title, as this row fills {len(named)} of "
            f"{len(look.filled)} columns and the rows below fill more. Delete the rows above the column names, or name "
            f"every column, or pass --no-header if this row is data."
        )


def _columns(name: str, look: _Look, options: ReadOptions) -> list[str | None]:
    """A name for each column, None for one in which nothing stands."""
    head = look.head if options.header else ()
    cells = [
        str(head[place]).strip() if place < len(head) and head[place] is not None else "" for place in range(16_384)
    ]
    names = [
        (cells[place] or f"column_{place + 1}") if place in look.filled else None
        for place in range(max(look.filled) + 1)
    ]
    twice = [f"'{found}' ({count} times)" for found, count in Counter(filter(None, names)).items() if count > 1]
    if twice:
        raise DataError(
            f"{name}:{look.first}: column names must differ, found {', '.join(twice)}. "
            f"Rename them, or pass --no-header if this row is data."
        )
    return names


def _read(
    intake: Intake, sheet: str, columns: Sequence[str | None], start: int
) -> Iterator[tuple[int, dict[str, object]]]:
    for number, row in _rows(intake, sheet):
        values = [_value(cell) for cell in row[: len(columns)]]
        if number >= start and any(value not in (None, "") for value in values):
            values += [None] * (len(columns) - len(values))
            yield number, {name: value for name, value in zip(columns, values, strict=True) if name}


def _value(cell: Any) -> object:
    value = cell.value
    if cell.data_type == "e":
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, datetime) and value.time() == time():
        return str(value.date())
    if isinstance(value, date | time | timedelta):
        return str(value)
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)


def _chosen(intake: Intake, asked: str | None) -> str:
    """The sheet that was asked for, or the only one with something in it."""
    with _workbook(intake) as book:
        sheets = [str(sheet.title) for sheet in book.worksheets]
    if asked is not None:
        if asked not in sheets:
            raise DataError(
                f"{intake.name}: no sheet '{asked}' (there are: {', '.join(sheets)}). Name it with --sheet."
            )
        return asked
    filled = [
        sheet for sheet in sheets if any(cell.value is not None for _, row in _rows(intake, sheet) for cell in row)
    ]
    if len(filled) > 1:
        raise DataError(f"{intake.name}: several sheets ({', '.join(filled)}). Name one with --sheet.")
    return (filled or sheets or [""])[0]


def _rows(intake: Intake, sheet: str, *, formulas: bool = False) -> Iterator[tuple[int, tuple[Any, ...]]]:
    with _workbook(intake, formulas=formulas) as book:
        found = book[sheet]
        found.reset_dimensions()  # what the file says of its size may be wrong
        yield from enumerate(found.iter_rows(), 1)


def _refuse_unsaved_formulas(intake: Intake, sheet: str) -> None:
    """Programs write formulas without what comes out, which is empty to everybody but Excel."""
    with intake.open() as stream, zipfile.ZipFile(stream) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/")]
        if not any(b"<f>" in (content := archive.read(name)) or b"<f " in content for name in sheets):
            return
    both = zip(_rows(intake, sheet, formulas=True), _rows(intake, sheet), strict=True)
    for (_, written), (_, saved) in both:
        for cell, made in zip(written, saved, strict=True):
            if cell.data_type == "f" and made.value is None:
                raise DataError(
                    f"{intake.name}: {cell.coordinate} in sheet '{sheet}' is a formula without its value. "
                    f"Open the file in Excel and save it, or write values instead."
                )


@contextmanager
def _workbook(intake: Intake, *, formulas: bool = False) -> Iterator[Any]:
    try:
        import openpyxl
    except ImportError:
        raise DataError(
            f"{intake.name}: an Excel file, which needs a package: pip install 'bertft[excel]'. Or: {_INSTEAD}."
        ) from None
    with reading_explained(intake.name), intake.open() as stream, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            book = openpyxl.load_workbook(stream, read_only=True, data_only=not formulas)
            yield book
        except (BertftError, OSError):
            raise
        except Exception as error:  # KeyError, ValueError, ParseError …: whatever part is broken
            reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
            raise DataError(f"{intake.name}: a damaged Excel file ({reason}). {_INSTEAD}.") from None


def _check_size(name: str, parts: Sequence[zipfile.ZipInfo]) -> None:
    whole, packed = sum(part.file_size for part in parts), sum(part.compress_size for part in parts)
    if whole > max(NOT_JUDGED_BELOW, MOST_SWELLING * packed):
        raise DataError(
            f"{name}: an Excel or zip file that swells to more than {MOST_SWELLING} times its size. {_INSTEAD}."
        )
