"""Bytes and an encoding come in; text goes out, in lines or pieces. Zero bytes and bytes outside the encoding are
errors.

Lines end at "\\n" only, so line numbers are those of grep, and U+2028 or a stray "\\r" stays inside its line. A
file whose lines end in "\\r" alone (old Mac) is split there."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from bertft.errors import DataError
from bertft.reading.encoding import bad_bytes_error, codec_for_reading
from bertft.reading.intake import LONGEST_LINE, Intake, reading_explained

_PIECE = 1 << 16


def text_lines(intake: Intake, encoding: str, *, old_mac: bool = False) -> Iterator[str]:
    """All lines of the file, each with its end, one at a time."""
    return _text(intake, encoding, newline="" if old_mac else "\n", cut=_lines)


def text_pieces(intake: Intake, encoding: str) -> Iterator[str]:
    """The whole text in pieces of 64 Ki characters, however long its lines are."""
    return _text(intake, encoding, newline="\n", cut=_pieces)


def head_text(intake: Intake, encoding: str) -> str:
    """The beginning of the file; a character cut in two at its end is left out."""
    text = intake.head.decode(codec_for_reading(encoding), "replace" if intake.whole else "ignore")
    return text.removeprefix("\ufeff")


def ends_lines_like_old_mac(text: str) -> bool:
    """The first line end outside quotes tells."""
    found = (match.group() for match in re.finditer(r'"[^"]*"|\r\n|\r|\n', text))
    return next((end for end in found if end[0] != '"'), "\n") == "\r"


def _text(
    intake: Intake, encoding: str, *, newline: str, cut: Callable[[io.TextIOWrapper], Iterable[str]]
) -> Iterator[str]:
    ends, open_text = 0, partial(io.TextIOWrapper, encoding=codec_for_reading(encoding), newline=newline)
    try:
        with reading_explained(intake.name), intake.open() as raw, open_text(raw) as text:
            for number, piece in enumerate(cut(text)):
                if "\0" in piece:
                    raise _zero_byte(intake, ends + 1 + piece.count("\n", 0, piece.index("\0")))
                ends = number + 1 if cut is _lines else ends + piece.count("\n")
                if len(piece) == LONGEST_LINE and cut is _lines:
                    raise endless(intake, ends)
                yield piece.removeprefix("\ufeff") if number == 0 else piece
    except UnicodeError as error:
        raise bad_bytes_error(intake, encoding, error, line=ends + 1) from None


def _lines(text: io.TextIOWrapper) -> Iterable[str]:
    return iter(partial(text.readline, LONGEST_LINE), "")


def _pieces(text: io.TextIOWrapper) -> Iterator[str]:
    while piece := text.read(_PIECE):
        yield piece


def endless(intake: Intake, line: int) -> DataError:
    return DataError(
        f"{intake.name}:{line}: a line of more than {LONGEST_LINE >> 20} million characters, wanted a line for each row. "
        f"Break it into lines; a list of JSON objects may stand on one line."
    )


def _zero_byte(intake: Intake, line: int) -> DataError:
    return DataError(
        f"{intake.name}:{line}: a zero byte, wanted text. The file is damaged, or in another encoding: "
        f"pass --encoding (utf-16-le, utf-16-be ...), or delete the zero bytes (tr -d '\\000')."
    )
