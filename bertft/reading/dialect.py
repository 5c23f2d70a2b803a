"""Lines of a delimited file come in; how it delimits and quotes goes out. RFC 4180 unless the file contradicts it.

The delimiter is the one that cuts the first lines into the header's number of cells. Quoting is judged over the
whole file where it can be read twice: GLUE's own tab files hold unescaped quotes, database dumps escape with a
backslash, and both look like RFC 4180 for thousands of lines. Another way of quoting is taken only if every row
then fits the header."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice

from bertft.reading.records import BrokenQuoting, Dialect, is_blank, split_records

DELIMITERS = (",", "\t", ";", "|")
SAMPLE_ROWS = 100
DELIMITER_NAMES = {"\t": "tab", " ": "space"}


@dataclass
class Misfits:
    """What a dialect cannot make sense of."""

    ragged: list[tuple[int, int]] = field(default_factory=list)
    """(line, number of cells) of the first few rows with another width than the header."""
    count: int = 0
    broken: tuple[int, str] | None = None
    """The line and the reason where the quoting breaks down."""

    def __bool__(self) -> bool:
        return self.count > 0 or self.broken is not None


def find_delimiter(text: str, whole: bool, usual: str) -> tuple[str, float]:
    """The delimiter, and the share of the first rows that it cuts like the header. `usual` wins where nothing fits."""
    best, best_share, best_width = usual, 0.0, 1
    for delimiter in (usual, *(other for other in DELIMITERS if other != usual)):
        share, width = max(_fit(text, whole, Dialect(delimiter, quoting=quoting)) for quoting in (True, False))
        if width > 1 and (share, width) > (best_share, best_width):
            best, best_share, best_width = delimiter, share, width
    return best, best_share


def find_dialect(
    read_lines: Callable[[], Iterable[str]], delimiter: str, width_of: WidthRule
) -> tuple[Dialect, Misfits]:
    """The dialect that fits all lines, or RFC 4180 with what is wrong with it. `read_lines` starts anew each time."""
    plain = Dialect(delimiter)
    clues = _Clues(delimiter)
    misfits = _misfits(clues.watched(read_lines()), plain, width_of)
    rivals = clues.rivals(plain) if misfits else []
    if clues.spaced_quote and _has_quoted_after_spaces(read_lines, plain):
        rivals.insert(0, replace(plain, skip_spaces=True))
    for rival in rivals:
        if not _misfits(read_lines(), rival, width_of):
            return rival, Misfits()
    return plain, misfits


WidthRule = Callable[[list[str]], tuple[int, int]]
"""The first record's cells -> the fewest and the most cells a row may have."""


def fits(cells: list[str], fewest: int, most: int) -> bool:
    """Empty cells beyond the header's width do no harm; a line of blanks is no row."""
    return fewest <= len(cells) <= most or is_blank(cells) or (len(cells) > most and not any(cells[most:]))


class _Clues:
    """Notices, while lines pass, what speaks for another dialect than the plain one."""

    def __init__(self, delimiter: str) -> None:
        self._delimiter = delimiter
        self._spaced = re.compile(rf'(?:^|{re.escape(delimiter)}) +"')
        self.spaced_quote = self.backslash = self.quote = False

    def watched(self, lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            if '"' in line:
                self.quote = True
                if not self.spaced_quote and self._spaced.search(line):
                    self.spaced_quote = True
            if not self.backslash and "\\" in line:
                self.backslash = True
            yield line

    def rivals(self, plain: Dialect) -> list[Dialect]:
        """What to try, likeliest first."""
        rivals = [replace(plain, backslash=True)] if self.backslash else []
        return rivals + ([replace(plain, quoting=False)] if self.quote and plain.delimiter == "\t" else [])


def _has_quoted_after_spaces(read_lines: Callable[[], Iterable[str]], plain: Dialect) -> bool:
    """True if cells begin with spaces and a quote, and none do once spaces are skipped. Spaces inside quotes stay."""
    return _count_spaced(read_lines(), plain) > 0 and not _count_spaced(read_lines(), replace(plain, skip_spaces=True))


def _count_spaced(lines: Iterable[str], dialect: Dialect) -> int:
    count = 0
    with suppress(BrokenQuoting):
        for _, cells in split_records(lines, dialect):
            count += sum(cell.startswith(" ") and cell.lstrip(" ").startswith('"') for cell in cells)
    return count


def _misfits(lines: Iterable[str], dialect: Dialect, width_of: WidthRule) -> Misfits:
    found = Misfits()
    try:
        records = (record for record in split_records(lines, dialect))
        first = next((cells for _, cells in records if any(cell.strip() for cell in cells)), [])
        fewest, most = width_of(first)
        for line, cells in records:
            if len(cells) != most and not fits(cells, fewest, most):
                found.count += 1
                if len(found.ragged) < 5:
                    found.ragged.append((line, len(cells)))
    except BrokenQuoting as broken:
        found.broken = (broken.line, broken.reason)
    return found


def _fit(text: str, whole: bool, dialect: Dialect) -> tuple[float, int]:
    """Share of the first rows as wide as the first one, and that width."""
    if not dialect.quoting and dialect.delimiter != "\t":
        return 0.0, 1
    lines = re.split(r"(?<=\n)|(?<=\r)(?!\n)", text)
    widths: list[int] = []
    try:
        records = split_records(lines if whole else lines[:-1] or lines, dialect)
        wide = (len(cells) for _, cells in records if not is_blank(cells))
        widths.extend(islice(wide, SAMPLE_ROWS))
    except BrokenQuoting:
        if whole:
            return 0.0, max(widths[:1], default=1)
    return (widths.count(widths[0]) / len(widths), widths[0]) if widths else (0.0, 1)
