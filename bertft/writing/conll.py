"""Records of tagged words go in; CoNLL columns come out: a word and its tags in each line, a blank line after each row.

Columns are parted by tabs, as a word may hold a space. First stand the words, then every list as long as they are, the
tags last and what was predicted behind them, as the scoring scripts of the shared tasks want it. All else is left out, and so are
rows without words and rows that would be read as something else; what is left out is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from bertft.errors import OutputError
from bertft.reading.conll_lines import sentences
from bertft.rows.fields import shown_columns
from bertft.rows.labels import label_text
from bertft.tags import convert_tags
from bertft.tags.words import items_of_cell
from bertft.wording import counted
from bertft.writing.values import to_cell, to_json

WORDS = ("tokens", "words")
MISSING = "_"
HELD_ROWS = 100
"""So many rows tell which of the columns hold something for each word."""
LISTED_ROWS = 5
BREAKS = re.compile(r"[\t\r\n]+")

_Record = Mapping[str, object]


@dataclass(frozen=True)
class TagColumns:
    """Which columns hold tags. They come last, in this order."""

    gold: str | None = "tags"
    predicted: str | None = "predicted_tags"
    scheme: str | None = None
    """That of the predicted tags. Gold tags with marks that scoring scripts do not know are turned into it."""
    spellings: Mapping[str, str] = field(default_factory=dict)
    """What numbers among the gold tags stand for."""

    def among(self, columns: Sequence[str]) -> list[str]:
        return [name for name in (self.gold, self.predicted) if name is not None and name in columns]

    def items(self, record: _Record, name: str) -> list[object]:
        """What a record has for each word; tags may also stand in one string."""
        cell = record.get(name)
        items = items_of_cell(cell) or []
        if not items and isinstance(cell, str) and name in (self.gold, self.predicted):
            items = [*cell.split()]
        return self._as_scored(items) if name == self.gold else items

    def _as_scored(self, items: list[object]) -> list[object]:
        tags = [self.spellings.get(label_text(item), item) for item in items]
        marked = [tag for tag in tags if isinstance(tag, str) and tag[1:2] == "-"]
        if not self.scheme or not {tag[0] for tag in marked} & set("ESLUMW"):
            return tags
        letters = {"M": "I", "W": "S"}
        spelled = [f"{letters.get(tag[0], tag[0])}{tag[1:]}" if tag[1:2] == "-" else tag for tag in map(str, tags)]
        return [*convert_tags(spelled, self.scheme, self.scheme)]


class ConllSentences:
    """Takes records one at a time; the first of them wait until it is clear which columns to write."""

    def __init__(
        self,
        put: Callable[[str], None],
        columns: Sequence[str],
        state: Mapping[str, Any] = MappingProxyType({}),
        *,
        tags: TagColumns | None = None,
        kept: Collection[str] = (),
    ) -> None:
        """`state` is what `settle` gave, of a file that is gone on with. `kept`: the input's own columns."""
        self._tags, self._kept = tags or TagColumns(), kept
        if not self._tags.among(columns):
            raise OutputError(
                f"A CoNLL file holds words and tags, but there are no tags among {', '.join(columns)}. "
                f"Write another format (-o out.jsonl)."
            )
        self._put, self._columns = put, columns
        self._held: list[_Record] = []
        self._chosen: list[str] = list(state.get("chosen", []))
        self._count = int(state.get("count", 0))
        self._document: object = state.get("document")
        self._first_document: object = None
        self._misread: list[int] = list(state.get("misread", []))
        self._broken = int(state.get("broken", 0))
        self._wordless = int(state.get("wordless", 0))

    @property
    def told(self) -> list[str]:
        """What the file could not hold, in words."""
        lost = [name for name in self._columns if name in self._kept and name not in (*self._chosen, "document")]
        columns = f"without {shown_columns(lost)}: CoNLL columns hold a value for each word" if lost else ""
        hold = "holds" if self._broken == 1 else "hold"
        breaks = (
            f"{counted(self._broken, 'word')} {hold} tabs or line breaks, which became spaces" if self._broken else ""
        )
        return [told for told in (columns if self._chosen else "", self._told_misread(), breaks) if told]

    @property
    def left_out(self) -> int:
        """Rows without words, and those that would be read as something else."""
        return self._wordless + len(self._misread)

    def _told_misread(self) -> str:
        rows = ", ".join(map(str, self._misread[:LISTED_ROWS])) + (" ..." if len(self._misread) > LISTED_ROWS else "")
        return rows and (
            f"without {'row' if len(self._misread) == 1 else 'rows'} {rows}: a word like '-DOCSTART-' or '# text = x' would be "
            f"read as a document's start or a comment; JSON lines keep it (-o out.jsonl)"
        )

    def write(self, record: _Record) -> None:
        if self._chosen:
            self._write_row(record)
            return
        self._held.append(record)
        if len(self._held) >= HELD_ROWS and self._find([record]):
            self.close()

    def close(self) -> None:
        """Writes what waits."""
        self._chosen = self._chosen or self._find(self._held)
        for record in self._held if self._chosen else []:
            self._write_row(record)
        self._held = []

    def settle(self) -> dict[str, Any]:
        """Writes what waits; what has to be known to go on."""
        self.close()
        told = {"misread": self._misread, "broken": self._broken, "wordless": self._wordless}
        return {"chosen": self._chosen, "count": self._count, "document": self._document, **told}

    def end_block(self) -> dict[str, Any]:
        """Writes what waits. The next document is begun as if none came before; which ones these rows began and ended with."""
        self.close()
        ends = [to_json(self._first_document), to_json(self._document)]
        self._first_document = self._document = None
        return {"documents": ends, "chosen": self._chosen}

    def _write_row(self, record: _Record) -> None:
        self._count += 1
        words = self._tags.items(record, self._chosen[0])
        if not words:
            self._wordless += 1
            return
        cells = [[_cell(word) for word in words]]
        cells += [self._cells(record, name, len(words)) for name in self._chosen[1:]]
        lines = ["\t".join(line) for line in zip(*cells, strict=True)]
        if _is_read_otherwise(lines):
            self._misread.append(self._count)
            return
        self._broken += sum(isinstance(word, str) and BREAKS.search(word) is not None for word in words)
        self._put(self._document_start(record) + "\n".join(lines) + "\n\n")

    def _cells(self, record: _Record, name: str, count: int) -> list[str]:
        found = self._tags.items(record, name)
        if found and len(found) != count:
            raise OutputError(
                f"Row {self._count} has {count} words but {len(found)} values in '{name}', so CoNLL columns do not fit. "
                f"Write JSON lines instead (-o out.jsonl)."
            )
        return [_cell(value) or MISSING for value in found or [""] * count]

    def _document_start(self, record: _Record) -> str:
        """Where the column `document` says that another one begins. O in both columns of tags, so that no script counts it."""
        document = record.get("document")
        if document in (None, self._document):
            return ""
        self._document = document
        if self._first_document is None:
            self._first_document = document
        tags = self._tags.among(self._chosen)
        cells = ["O" if name in tags else "-X-" for name in self._chosen[1:]]
        return "\t".join(["-DOCSTART-", *cells]) + "\n\n"

    def _find(self, records: Sequence[_Record]) -> list[str]:
        """The column of words, those that hold something for each word wherever they hold anything, and the tags. None of
        them where no record has words."""
        tags = self._tags.among(self._columns)
        filled = [name for name in self._columns if any(self._tags.items(record, name) for record in records)]
        others = [name for name in filled if name not in tags]
        preferred = [*(name for name in WORDS if name in others), *others]
        words = next((name for name in preferred if self._go_along(records, name, tags[-1])), None)
        if words is None:
            return []
        rest = [*others, *(name for name in tags[:-1] if name in filled)]
        along = [name for name in rest if name != words and self._go_along(records, name, words)]
        return [words, *along, tags[-1]]

    def _go_along(self, records: Sequence[_Record], one: str, other: str) -> bool:
        pairs = ((self._tags.items(record, one), self._tags.items(record, other)) for record in records)
        return all(len(left) == len(right) for left, right in pairs if left and right)


def _is_read_otherwise(lines: Sequence[str]) -> bool:
    """Whether the lines of a sentence would not come back as its words."""
    if all(line[:1] not in ("-", "#") for line in lines):
        return False
    found = list(sentences(lines, "\t"))
    return len(found) != 1 or len(found[0].words) != len(lines)


def _cell(value: object) -> str:
    return BREAKS.sub(" ", to_cell(value))
