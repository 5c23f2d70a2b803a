"""Pieces of JSON text come in; its values go out one at a time, so that a document of any length fits in memory."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from bertft.errors import DataError
from bertft.reading.jsonlines import decoder, not_too_deep, syntax_error

_WINDOW = 1 << 16
LONGEST_VALUE = 1 << 28
"""Characters. What is longer is most likely a text that never ends."""
_WANTED = "wanted a list of objects, of which one is read at a time"
_SPACE = re.compile(r"[ \t\r\n]*")
UNFINISHED_TAIL = 16
"""A word of JSON cut in two (-Infinity) is reported this far from the end at most."""


def end_of_space(text: str, start: int) -> int:
    found = _SPACE.match(text, start)
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
                not_too_deep(found, self._text[self._at : end])
            except (ValueError, RecursionError) as error:
                if not self._is_unfinished(error) or not self._more():
                    raise self._syntax_error(error) from None
                if len(self._text) > LONGEST_VALUE:
                    raise self._error(
                        f"a value of more than {LONGEST_VALUE >> 20} million characters", _WANTED
                    ) from None
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
        while size < max(_WINDOW, len(kept)) and (piece := next(self._pieces, "")):
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
        return DataError(f"{self._name}:{line}: not JSON: found {found}, {wanted}. Fix that line.")
