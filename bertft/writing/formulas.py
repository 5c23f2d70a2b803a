"""Text on its way into a CSV cell comes in; text that no spreadsheet takes for a formula goes out.

Excel and its like run a cell that begins with one of `= + - @`, a tab or a carriage return, as `=cmd|' /C calc'!A0` shows; a
leading apostrophe makes it text (OWASP, CSV injection). Numbers are left alone."""

from __future__ import annotations

import re

_ARMED = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?(\d[\d.,]*|[.,]\d+)([eE][+-]?\d+)?%?")


class Disarming:
    """Disarms cells, and counts them. `raw` leaves them as they are."""

    def __init__(self, *, raw: bool = False, count: int = 0) -> None:
        self.raw, self.count, self.has_places = raw, count, False

    def __call__(self, cell: str) -> str:
        if not self.changes(cell):
            return cell
        self.count += 1
        return f"'{cell}"

    def changes(self, cell: str) -> bool:
        """Whether the cell gets an apostrophe."""
        return not self.raw and _ARMED.match(cell) is not None and not _NUMBER.fullmatch(cell)

    def __str__(self) -> str:
        """What to say about it."""
        cells = (
            "1 cell that a spreadsheet would take for a formula was"
            if self.count == 1
            else (f"{self.count:,} cells that a spreadsheet would take for formulas were")
        )
        counted = ", which the places in them count" if self.has_places else ""
        return f"{cells} given a leading '{counted}; --raw writes them as they are."
