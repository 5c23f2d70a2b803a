"""One JSON document comes in: a list of objects, an object that holds such a list, or columns as lists; records go
out.

The list is read element by element through a window of text, so a file of any length fits in memory; only a file
of columns is held whole, since its last column may stand at its end."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from bertft.errors import DataError
from bertft.reading.body import Body, Place, Storage
from bertft.reading.intake import Intake, spooled
from bertft.reading.jsonlines import Fields, decoder, kind_of, open_json_lines, syntax_error
from bertft.reading.lines import head_text, text_pieces

WINDOW = 1 << 16
SPACE = re.compile(r"[ \t\r\n]*")
UNFINISHED_TAIL = 16
"""A word of JSON cut in two (-Infinity) is reported this far from the end at most."""
WANTED = 'wanted a list of objects, as [{"text": "...", "label": "..."}]'


def open_json(intake: Intake, encoding: str) -> Body:
    """Contents win over the name: JSON lines called .json are read as JSON lines."""
    if is_json_lines(intake, encoding):
        return open_json_lines(intake, encoding)
    intake = spooled(intake)
    document = partial(Document, intake.name, partial(text_pieces, intake, encoding))
    read, note = _find_rows(intake.name, document)
    columns: Fields = {}
    for _, found in read():
        columns.update(found)
    if not columns:
        raise DataError(f"{intake.name}: no row in it, {WANTED}.")
    numbered = partial(_filled, read, list(columns))
    return Body(list(columns), numbered, Place.ROW, Storage.JSON, encoding, notes=[note] if note else [])


def is_json_lines(intake: Intake, encoding: str) -> bool:
    """True if the first line is an object by itself and another follows."""
    text = head_text(intake, encoding).lstrip()
    first, _, rest = text.partition("\n")
    if not first.startswith("{") or not rest.strip():
        return False
    try:
        return type(json.loads(first)) is dict
    except (ValueError, RecursionError):
        return False


def end_of_space(text: str, start: int) -> int:
    found = SPACE.match(text, start)
    return found.end() if found else start


class Document:
    """A cursor over JSON text that never holds more than a window and the value at hand."""

    def __init__(self, name: str, pieces: Callable[[], Iterator[str]]) -> None:
        self._name, self._pieces = name, pieces()
        self._text, self._at, self._line, self._done = "", 0, 1, False
        self._decode = decoder().raw_decode

    def peek(self) -> str:
        """The next character that is not space; '' at the end."""
        while True:
            self._at = end_of_space(self._text, self._at)
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def take(self, wanted: str) -> str:
        """Steps over one of the characters in `wanted`."""
        found = self.peek()
        if not found or found not in wanted:
            raise self._error(f"{found or 'the end of the file'}", f"wanted {' or '.join(wanted)}")
        self._at += 1
        return found

    def value(self) -> Any:
        """The next value, whole."""
        self.peek()
        while True:
            try:
                found, end = self._decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                if not self._is_unfinished(error) or not self._more():
                    raise self._syntax_error(error) from None
                continue
            if end == len(self._text) and self._more():  # a number may go on
                continue
            self._at = end
            return found

    def items(self) -> Iterator[Any]:
        """The elements of the list that starts here."""
        self.take("[")
        if self.peek() == "]":
            self.take("]")
            return
        while True:
            yield self.value()
            if self.take(",]") == "]":
                return

    def entries(self) -> Iterator[str]:
        """The keys of the object that starts here; the caller takes each value before the next key."""
        self.take("{")
        if self.peek() == "}":
            self.take("}")
            return
        while True:
            key = self.value()
            self.take(":")
            yield str(key)
            if self.take(",}") == "}":
                return

    def end(self) -> None:
        if left := self.peek():
            raise self._error(f"{left} after the document's end", "wanted nothing more")

    def _more(self) -> bool:
        """Forgets what was read and doubles what is in sight: long values cost no more than twice their length."""
        self._line += self._text.count("\n", 0, self._at)
        kept = self._text[self._at :]
        pieces, size = [kept], 0
        while size < max(WINDOW, len(kept)) and (piece := next(self._pieces, "")):
            pieces.append(piece)
            size += len(piece)
        self._text, self._at = "".join(pieces), 0
        return size > 0

    def _is_unfinished(self, error: ValueError | RecursionError) -> bool:
        """True if more text may turn the error into a value."""
        if not isinstance(error, json.JSONDecodeError):
            return False
        return error.msg.startswith("Unterminated string") or error.pos >= len(self._text) - UNFINISHED_TAIL

    def _syntax_error(self, error: ValueError | RecursionError) -> DataError:
        position = error.pos if isinstance(error, json.JSONDecodeError) else self._at
        return syntax_error(self._name, self._line + self._text.count("\n", 0, position), error)

    def _error(self, found: str, wanted: str) -> DataError:
        line = self._line + self._text.count("\n", 0, self._at)
        return DataError(f"{self._name}:{line}: not JSON: found {found}, {wanted}. Mend that line.")


Rows = Callable[[], Iterator[tuple[int, Fields]]]


def _find_rows(name: str, document: Callable[[], Document]) -> tuple[Rows, str | None]:
    """How to get at the rows, and where they were found if that is worth saying."""
    first = document().peek()
    if first == "[":
        return partial(_list_rows, name, document, None), None
    if first != "{":
        found = first and document().value()
        raise DataError(f"{name}: {kind_of(found)}, {WANTED}.")
    lists, others = _survey(document())
    holders = [key for key, all_objects in lists.items() if all_objects]
    if len(holders) == 1:
        return partial(_list_rows, name, document, holders[0]), f"rows are under '{holders[0]}'"
    if holders:
        raise DataError(f"{name}: lists of objects under {', '.join(holders)}, wanted one. Put it into its own file.")
    if lists and not others:
        return partial(_column_rows, name, document), "rows are read across the columns' lists"
    return partial(_single_row, document), "the file is one object, one row"


def _survey(document: Document) -> tuple[dict[str, bool], list[str]]:
    """Keys that hold a list -> whether it holds objects only; and the other keys."""
    lists: dict[str, bool] = {}
    others: list[str] = []
    for key in document.entries():
        if document.peek() == "[":
            kinds = {type(item) for item in document.items()}
            lists[key] = kinds == {dict}
        else:
            document.value()
            others.append(key)
    document.end()
    return lists, others


def _list_rows(name: str, document: Callable[[], Document], holder: str | None) -> Iterator[tuple[int, Fields]]:
    cursor = document()
    if holder is None:
        yield from _objects(name, cursor)
        cursor.end()
        return
    for key in cursor.entries():
        if key == holder:
            yield from _objects(name, cursor)
        else:
            cursor.value()


def _objects(name: str, cursor: Document) -> Iterator[tuple[int, Fields]]:
    for number, item in enumerate(cursor.items(), 1):
        if type(item) is not dict:
            raise DataError(
                f'{name}#{number}: {kind_of(item)}, wanted an object, as {{"text": "...", "label": "..."}}.'
            )
        yield number, item


def _column_rows(name: str, document: Callable[[], Document]) -> Iterator[tuple[int, Fields]]:
    columns = document().value()
    lengths = {key: len(values) for key, values in columns.items()}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{key} {length}" for key, length in lengths.items())
        raise DataError(f"{name}: columns of different lengths ({shown}), wanted lists of one length.")
    for number, values in enumerate(zip(*columns.values(), strict=True), 1):
        yield number, dict(zip(columns, values, strict=True))


def _single_row(document: Callable[[], Document]) -> Iterator[tuple[int, Fields]]:
    yield 1, document().value()


def _filled(read: Rows, columns: list[str]) -> Iterator[tuple[int, Fields]]:
    empty: Fields = dict.fromkeys(columns)
    for number, found in read():
        yield number, empty | found
