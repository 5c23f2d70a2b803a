"""Records of tagged words go in; CoNLL columns come out: a word and its tags in each line, a blank line after each row.

Columns are parted by tabs, as a word may hold a space. First stand the words, then every list as long as they are, the
tags last and what was predicted behind them, as the scoring scripts of the shared tasks want it. All else is left out,
and so are rows without words, for which this format has no place."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from bertft.errors import OutputError
from bertft.tags.words import items_of_cell
from bertft.writing.values import to_cell

WORDS = ("tokens", "words")
_TAGS, _PREDICTED = "tags", "predicted_tags"
"""These come last, in this order; what was predicted may have a prefix."""
MISSING = "_"
HELD_ROWS = 100
"""So many rows tell which of the columns hold something for each word."""
BREAKS = re.compile(r"[\t\r\n]+")

_Record = Mapping[str, object]


class ConllSentences:
    """Takes records one at a time; the first of them wait until it is clear which columns to write."""

    def __init__(
        self, put: Callable[[str], None], columns: Sequence[str], state: Mapping[str, Any] = MappingProxyType({})
    ) -> None:
        """`state` is what `settle` gave, of a file that is gone on with."""
        if not _tag_columns(columns):
            raise OutputError(
                f"A CoNLL file holds words and tags, but there are no tags among {', '.join(columns)}. "
                f"Write another format (-o out.jsonl)."
            )
        self._put, self._columns = put, columns
        self._held: list[_Record] = []
        self._chosen: list[str] = list(state.get("chosen", []))
        self._count = int(state.get("count", 0))
        self._document: object = state.get("document")

    def write(self, record: _Record) -> None:
        if self._chosen:
            self._write_row(record)
            return
        self._held.append(record)
        if len(self._held) >= HELD_ROWS and _chosen([record], self._columns):
            self.close()

    def close(self) -> None:
        """Writes what waits."""
        self._chosen = self._chosen or _chosen(self._held, self._columns)
        for record in self._held if self._chosen else []:
            self._write_row(record)
        self._held = []

    def settle(self) -> dict[str, Any]:
        """Writes what waits; what has to be known to go on."""
        self.close()
        return {"chosen": self._chosen, "count": self._count, "document": self._document}

    def _write_row(self, record: _Record) -> None:
        self._count += 1
        words = _items(record, self._chosen[0])
        if words:
            cells = [[_cell(word) for word in words]]
            cells += [self._cells(record, name, len(words)) for name in self._chosen[1:]]
            lines = ["\t".join(line) for line in zip(*cells, strict=True)]
            self._put(self._document_start(record) + "\n".join(lines) + "\n\n")

    def _cells(self, record: _Record, name: str, count: int) -> list[str]:
        found = _items(record, name)
        if found and len(found) != count:
            raise OutputError(
                f"Row {self._count} has {count} words but {len(found)} values in '{name}', so CoNLL columns do not fit. "
                f"Write JSON lines instead (-o out.jsonl)."
            )
        return [_cell(value) or MISSING for value in found or [""] * count]

    def _document_start(self, record: _Record) -> str:
        """Where the column `document` says that another one begins."""
        document = record.get("document")
        if document in (None, self._document):
            return ""
        self._document = document
        return "\t".join(["-DOCSTART-", *["-X-"] * (len(self._chosen) - 2), "O"]) + "\n\n"


def _chosen(records: Sequence[_Record], columns: Sequence[str]) -> list[str]:
    """The column of words, those that hold something for each word wherever they hold anything, and the tags. None of
    them where no record has words."""
    tags = _tag_columns(columns)
    filled = [name for name in columns if any(_items(record, name) for record in records)]
    others = [name for name in filled if name not in tags]
    preferred = [*(name for name in WORDS if name in others), *others]
    words = next((name for name in preferred if _go_along(records, name, tags[-1])), None)
    if words is None:
        return []
    rest = [*others, *(name for name in tags[:-1] if name in filled)]
    along = [name for name in rest if name != words and _go_along(records, name, words)]
    return [words, *along, tags[-1]]


def _tag_columns(columns: Sequence[str]) -> list[str]:
    predicted = [name for name in columns if name.endswith(_PREDICTED)]
    return [*(name for name in columns if name == _TAGS), *predicted]


def _go_along(records: Sequence[_Record], one: str, other: str) -> bool:
    pairs = ((_items(record, one), _items(record, other)) for record in records)
    return all(len(left) == len(right) for left, right in pairs if left and right)


def _items(record: _Record, name: str) -> list[object]:
    """What a record has for each word; tags may also stand in one string."""
    cell = record.get(name)
    items = items_of_cell(cell)
    if items is None and _tag_columns([name]) and isinstance(cell, str):
        return [*cell.split()]
    return items or []


def _cell(value: object) -> str:
    return BREAKS.sub(" ", to_cell(value))
