"""Lines and a dialect come in; records go out, each with the line it starts on."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LONGEST_CELL = 1 << 26

Record = tuple[int, list[str]]
"""The line a record starts on, and its cells."""


@dataclass(frozen=True)
class Dialect:
    """How cells are told apart."""

    delimiter: str = ","
    quoting: bool = True
    """False: a quote is a character like any other, and every line is a row."""
    backslash: bool = False
    """A backslash before a quote, a delimiter or a backslash takes away its meaning; elsewhere it is text."""
    skip_spaces: bool = False
    """Spaces after a delimiter are no part of the cell."""

    @property
    def note(self) -> str | None:
        if not self.quoting:
            return "quotes are text here: they do not pair up as CSV quoting"
        if self.backslash:
            return "backslash escapes are undone"
        return "spaces after the delimiter are dropped" if self.skip_spaces else None


class BrokenQuoting(Exception):
    """The quoting cannot be followed beyond this line."""

    def __init__(self, line: int, reason: str) -> None:
        self.line, self.reason = line, reason


def split_records(lines: Iterable[str], dialect: Dialect) -> Iterator[Record]:
    """Records with the line each starts on; a blank line is a record without cells."""
    if not dialect.quoting:
        for number, line in enumerate(lines, 1):
            bare = line.rstrip("\r\n")
            yield number, bare.split(dialect.delimiter) if bare else []
        return
    csv.field_size_limit(LONGEST_CELL)
    hidden: set[str] = set()
    lines = _stray_returns_hidden(lines, hidden)
    reader = csv.reader(
        _other_backslashes_doubled(lines, dialect.delimiter) if dialect.backslash else lines,
        delimiter=dialect.delimiter,
        escapechar="\\" if dialect.backslash else None,
        skipinitialspace=dialect.skip_spaces,
        strict=True,
    )
    start = 1
    try:
        for cells in reader:
            yield start, [cell.replace("\0", "\r") for cell in cells] if hidden else cells
            start = reader.line_num + 1
    except csv.Error as error:
        raise BrokenQuoting(start, _reason(str(error))) from None


def is_blank(cells: list[str]) -> bool:
    return not cells or (len(cells) == 1 and not cells[0].strip())


def _other_backslashes_doubled(lines: Iterable[str], delimiter: str) -> Iterator[str]:
    """The csv module drops every backslash; doubled ones before ordinary characters stay, as in C:\\new."""
    pattern = re.compile(rf'\\(["\\{re.escape(delimiter)}])|\\')
    for line in lines:
        yield pattern.sub(lambda m: m.group() if m.group(1) else "\\\\", line) if "\\" in line else line


def _stray_returns_hidden(lines: Iterable[str], hidden: set[str]) -> Iterator[str]:
    """The csv module takes a bare "\\r" for a line's end, but writes it without quotes. Zero bytes, refused before, hide it."""
    for line in lines:
        if "\r" in line:
            body = line.rstrip("\r\n")
            if "\r" in body:
                hidden.add("\r")
                line = body.replace("\r", "\0") + line[len(body) :]
        yield line


def _reason(message: str) -> str:
    if "unexpected end of data" in message:
        return "a quote opens a cell here and is never closed"
    if "expected after" in message:
        return "text after the closing quote of a cell (a quote inside a quoted cell must be doubled)"
    if "field larger" in message:
        return "a cell longer than 64 MiB, most likely a quote that is never closed"
    return message
