"""A CSV, TSV or other delimited file comes in; its columns and a lazy reader of its rows go out.

Cells are str, never converted: "NA", "null" and "None" are text, and only an empty cell is empty."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, islice

from bertft.errors import DataError
from bertft.reading.body import Body, Place
from bertft.reading.dialect import DELIMITER_NAMES, Misfits, find_delimiter, find_dialect, fits
from bertft.reading.intake import LONGEST_LINE, Intake
from bertft.reading.lines import endless, ends_lines_like_old_mac, head_text, text_lines
from bertft.reading.options import DELIMITER_BY_SUFFIX, ReadOptions
from bertft.reading.records import BrokenQuoting, Dialect, Record, is_blank, split_records

_Lines = Callable[[], Iterator[str]]
_EXCELS_LINE = re.compile(r'"?sep=(.)"?(?:\r\n|\r|\n)')
"""The first line by which Excel learns the delimiter: no column names."""


def open_delimited(intake: Intake, encoding: str, options: ReadOptions) -> Body:
    """Judges the file, and refuses it at once if a row is ragged or the quoting breaks (stdin: as its rows come)."""
    head = head_text(intake, encoding)
    if len(intake.head) >= LONGEST_LINE and not intake.whole and not any(end in head for end in "\n\r"):
        raise endless(intake, 1)
    old_mac = ends_lines_like_old_mac(head)
    said = _EXCELS_LINE.match(head)
    every_line: _Lines = partial(text_lines, intake, encoding, old_mac=old_mac)
    whole_file = partial(_without_excels_line, every_line) if said else every_line
    head = "\n" + head[said.end() :] if said else head
    lines = whole_file if intake.rereadable else partial(_head_lines, head, intake.whole)
    delimiter = options.delimiter or (said[1] if said else _find_delimiter(intake, head, options))
    dialect, misfits = find_dialect(lines, delimiter, partial(_width_range, header=options.header))
    if misfits and (intake.rereadable or intake.whole):
        raise _misfit_error(intake.name, lines, dialect, misfits, options)
    names, notes = _columns(intake.name, lines, dialect, options)
    return Body(
        columns=names,
        read=partial(_read, intake.name, whole_file, dialect, names, options),
        place=Place.LINE,
        encoding=encoding,
        delimiter=delimiter,
        notes=[*_delimiter_notes(intake, delimiter, options), *([dialect.note] if dialect.note else []), *notes],
    )


def _without_excels_line(lines: _Lines) -> Iterator[str]:
    """A blank line in its place, so that the others keep their numbers."""
    return chain(["\n"], islice(lines(), 1, None))


def _read(
    name: str, lines: _Lines, dialect: Dialect, names: list[str], options: ReadOptions
) -> Iterator[tuple[int, dict[str, object]]]:
    width, fewest = len(names), _fewest(names, options)
    try:
        records = split_records(lines(), dialect)
        first = _first_record(records, options)
        if not options.header and first is not None:
            records = chain([first], records)
        for line, cells in records:
            if len(cells) != width:
                if is_blank(cells) and width > 1:
                    continue
                if not fits(cells, fewest, width):
                    raise _ragged(name, [(line, len(cells))], 1, dialect, names)
                cells = (cells + [""] * width)[:width]
            yield line, dict(zip(names, cells, strict=True))
    except BrokenQuoting as broken:
        raise _broken(name, broken.line, broken.reason) from None


def _first_record(records: Iterator[Record], options: ReadOptions) -> Record | None:
    """Skips leading blank lines, and empty cells above the column names."""
    for line, cells in records:
        if any(cell.strip() for cell in cells) or (not options.header and not is_blank(cells)):
            return line, cells
    return None


def _head_lines(head: str, whole: bool) -> Iterator[str]:
    """Whole lines only: the last one may be cut."""
    lines = re.split(r"(?<=\n)|(?<=\r)(?!\n)", head)
    return iter(lines if whole else lines[:-1])


def _usual_delimiter(intake: Intake, options: ReadOptions) -> str:
    return "\t" if options.format == "tsv" else DELIMITER_BY_SUFFIX.get(intake.suffix, ",")


def _find_delimiter(intake: Intake, head: str, options: ReadOptions) -> str:
    usual = _usual_delimiter(intake, options)
    return usual if options.format == "tsv" else find_delimiter(head, intake.whole, usual)[0]


def _delimiter_notes(intake: Intake, delimiter: str, options: ReadOptions) -> list[str]:
    if options.delimiter or delimiter == _usual_delimiter(intake, options):
        return []
    return [f"delimiter {DELIMITER_NAMES.get(delimiter, repr(delimiter))} (--delimiter)"]


def _columns(name: str, lines: _Lines, dialect: Dialect, options: ReadOptions) -> tuple[list[str], list[str]]:
    """Column names from the first record, and what there is to say about them."""
    first = _first_record(split_records(lines(), dialect), options)
    if first is None:
        raise DataError(f"{name}: the file holds only blank lines, wanted a line of column names and rows below it.")
    line, cells = first
    if not options.header:
        return [f"column_{number}" for number in range(1, len(cells) + 1)], []
    names = [cell.strip() or f"column_{number}" for number, cell in enumerate(cells, 1)]
    twice = [f"'{found}' ({count} times)" for found, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            f"{name}:{line}: column names must differ, found {', '.join(twice)}. "
            f"Rename them, or pass --no-header if this line is data."
        )
    return names, _header_notes(cells)


def _header_notes(cells: list[str]) -> list[str]:
    notes = []
    unnamed = [f"column_{number}" for number, cell in enumerate(cells, 1) if not cell.strip()]
    if unnamed:
        notes.append(f"columns without a name are called {', '.join(unnamed)}")
    if any(cell != cell.strip() and cell.strip() for cell in cells):
        notes.append("spaces around column names are dropped")
    if any(re.fullmatch(r"[-+]?[\d.,]+", cell) or len(cell) > 60 for cell in cells):
        notes.append("the first line is taken as column names although it looks like data (--no-header)")
    return notes


def _width_range(cells: list[str], *, header: bool) -> tuple[int, int]:
    return _fewest(cells, ReadOptions(header=header)), len(cells)


def _fewest(names: list[str], options: ReadOptions) -> int:
    """Columns at the end that have no name may be missing from a row."""
    fewest = len(names)
    while options.header and fewest > 1 and names[fewest - 1].strip() in ("", f"column_{fewest}"):
        fewest -= 1
    return fewest


def _misfit_error(name: str, lines: _Lines, dialect: Dialect, misfits: Misfits, options: ReadOptions) -> DataError:
    if misfits.ragged:
        names = _columns(name, lines, dialect, options)[0]
        return _ragged(name, misfits.ragged, misfits.count, dialect, names)
    line, reason = misfits.broken or (1, "")
    return _broken(name, line, reason)


def _ragged(name: str, found: list[tuple[int, int]], count: int, dialect: Dialect, names: list[str]) -> DataError:
    line, cells = found[0]
    shown = ", ".join(map(_shorten, names[:6])) + (" ..." if len(names) > 6 else "")
    lines = ", ".join(str(line) for line, _ in found) + (" ..." if count > len(found) else "")
    others = f" {count} rows are like this (lines {lines})."
    delimiter = DELIMITER_NAMES.get(dialect.delimiter, repr(dialect.delimiter))
    return DataError(
        f"{name}:{line}: {cells} cell{'s' * (cells != 1)}, wanted {len(names)} ({shown}).{others if count > 1 else ''} "
        f"Put quotes around cells that hold the delimiter (here {delimiter}), or pass --delimiter if it is another."
    )


def _shorten(text: str) -> str:
    return text if len(text) <= 30 else text[:29] + "…"


def _broken(name: str, line: int, reason: str) -> DataError:
    return DataError(f'{name}:{line}: {reason}. Fix the quotes: "a cell with ""quotes"" in it".')
