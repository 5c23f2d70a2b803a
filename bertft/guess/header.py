"""Is the first line of a delimited file a row that was taken for column names? Such a row would be lost.

The line is believed where one of its names is a usual one, or was typed. Otherwise a name that is also a value of its column,
or is made like the values below it (a number above numbers), says that the line is data."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import bertft.guess.column_names as names
from bertft.errors import DataError
from bertft.guess.columns import MACHINE, MOST, share
from bertft.rows.labels import is_empty
from bertft.rows.surrogates import shown

_Values = Mapping[str, Sequence[object]]

USUAL = {
    *(*names.TEXT_WORDS, *names.LABEL, *names.SECOND_RATE_LABEL, *names.TOKENS, *names.TAGS),
    *(*names.ANSWERS, *names.ANSWER_TEXT, *names.ANSWER_START, "id", "idx", "index", "date", "name", "source", "split"),
}
MADE_UP = re.compile(r"column_\d+")
"""What a column without a name is called."""


def check_header(columns: _Values, named: Collection[str], *, file: str, line: int = 1) -> None:
    """DataError where the column names are most likely data. `named`: columns that the user or the card names."""
    wanted = {name.lower() for name in named}
    if any(name.lower() in wanted or _is_usual(name, columns[name]) for name in columns):
        return
    doubts = (reason for name in columns if (reason := why_data(name, columns[name])))
    if reason := next(doubts, ""):
        raise DataError(
            f"{file}:{line}: the first line looks like data, not like column names: {reason}. Pass --no-header if it is data. "
            f"If it names the columns, say so by naming one of them with --text or --label."
        )


def why_data(name: str, values: Sequence[object]) -> str:
    """Why a column's name seems to be one of its values, in words; '' where it does not."""
    filled = [str(value).strip() for value in values if not is_empty(value)]
    if not filled or MADE_UP.fullmatch(name):
        return ""
    if name in filled:
        return f"'{shown(name)}' is also a value of its column"
    for kind, pattern in MACHINE.items():
        if pattern.fullmatch(name) and share(pattern.fullmatch(value) is not None for value in filled[:500]) >= MOST:
            return f"'{shown(name)}' stands above a column of {kind}"
    return ""


def _is_usual(name: str, values: Sequence[object]) -> bool:
    """Whether it is called as columns are. A class called `question` is no name, a text that says no more than `text` may be."""
    words = names.parts(name)
    if " ".join(words) not in USUAL and not (words and {*words} <= USUAL):
        return False
    return Counter(str(value).strip() for value in values)[name] <= 1
