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
        self.raw, self.count = raw, count

    def __call__(self, cell: str) -> str:
        if self.raw or not _ARMED.match(cell) or _NUMBER.fullmatch(cell):
            return cell
        self.count += 1
        return f"'{cell}"

    def __str__(self) -> str:
        """What to say about it."""
        cells = (
            "1 cell that a spreadsheet would take for a formula was"
            if self.count == 1
            else (f"{self.count:,} cells that a spreadsheet would take for formulas were")
        )
        return f"{cells} given a leading '; --raw writes them as they are."
