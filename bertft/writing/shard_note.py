"""What a part of a prediction says of itself, in a file beside it: which rows of which input it holds, where its blocks of rows
end, and what made it. No row can pretend to be such a note, and one that does not fit the part's own bytes is refused.

The part itself stays an ordinary file of its format. Both have to be copied together."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bertft.errors import DataError
from bertft.rows.shard import Shard
from bertft.system.files import write_text

ENDING = ".shard.json"
VERSION = 1
MADE_OF = "the input"
"""Key of the input's sha256 in `made_of`."""
_LARGEST = 1 << 28
"""Bytes of a note."""


@dataclass(frozen=True, kw_only=True)
class ShardNote:
    """All that `gather` has to know of a part."""

    number: int
    count: int
    block: int
    """Rows that were dealt out at a time."""
    window: int
    """Rows after which a zipped file begins a new gzip member."""
    total: int
    """Rows of the whole input."""
    input: str
    """Its name, for messages."""
    format: str
    """One of those of Seams."""
    head: int
    """Bytes before the first row, unzipped, as are those of the blocks."""
    blocks: Sequence[int]
    """Bytes of each block of rows."""
    documents: Sequence[Sequence[Any]] = ()
    """Of CoNLL: with which document each block begins and ends."""
    chosen: Sequence[str] = ()
    """Of CoNLL: the columns that are written."""
    made_of: Mapping[str, str] = field(default_factory=dict)
    """What has to be the same in all parts: input, model, options, precision, version."""
    unanswered: int = 0
    size: int = 0
    """Bytes of the part, as it lies there."""
    sha256: str = ""

    @property
    def shard(self) -> Shard:
        return Shard(self.number, self.count, self.block)

    def write(self, path: str | Path) -> None:
        write_text(note_path(path), json.dumps({"version": VERSION, **asdict(self)}, ensure_ascii=True))


def note_path(part: str | Path) -> Path:
    """Of the note of a part."""
    return Path(f"{part}{ENDING}")


def read_note(part: str) -> ShardNote:
    """DataError where there is none, or what is there is none."""
    path = note_path(part)
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except FileNotFoundError:
        raise DataError(_missing(part)) from None
    except OSError as problem:
        raise DataError(f"{path}: cannot be read ({problem.strerror or problem}).") from None
    try:
        found = json.loads(content) if len(content) <= _LARGEST else None
        return _checked(found)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise DataError(
            f"{path}: not a note that this version of bertft writes for a part. "
            f"Copy it again with its part, or predict the part again."
        ) from None


def _missing(part: str) -> str:
    name, place = Path(part).name, Path(part).parent
    if (place / f".{name}.part.json").exists():
        return f"{part}: unfinished. Run its `bertft predict` again with --resume."
    if not Path(part).exists():
        return f"{part}: no such file."
    if name.endswith(ENDING):
        return f"{part} is a note: name the part that lies beside it ({name.removesuffix(ENDING)})."
    return f"{part}: {name}{ENDING} is not beside it. Copy both, or predict the part again with --shard."


def _checked(found: Any) -> ShardNote:
    """ValueError and its like for anything but a whole note."""
    if found.pop("version") != VERSION:
        raise ValueError
    note = ShardNote(**found)
    numbers = (note.number, note.count, note.block, note.window, note.total, note.head, note.size, note.unanswered)
    if not all(_is_count(one) for one in (*numbers, *note.blocks)):
        raise ValueError
    if not 1 <= note.number <= note.count or not note.block or note.window % note.block or not note.window:
        raise ValueError
    if len(note.blocks) != note.shard.blocks_of(note.total):
        raise ValueError
    if note.documents and len(note.documents) != len(note.blocks):
        raise ValueError
    texts = (note.input, note.format, note.sha256, *note.chosen, *note.made_of, *note.made_of.values())
    if not all(isinstance(one, str) for one in texts) or any(len(ends) != 2 for ends in note.documents):
        raise ValueError
    return note


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
