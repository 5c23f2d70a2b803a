"""A writer of records that also notes where each block of rows ends, so that `gather` can take blocks of several parts in turn
without reading what is in them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bertft.rows.shard import Shard
from bertft.writing.formulas import Disarming
from bertft.writing.part import Part
from bertft.writing.shard_note import ShardNote

OPENINGS = {"json": b"[\n", "squad": b"{\n"}
"""What stands before the first row, where the writer writes it with the row."""
BETWEEN = b",\n"
"""What stands between two rows of these."""


class ShardWriter:
    """Takes the records of a part, in place of the writer that it was given."""

    def __init__(
        self, writer: Any, part: Part, shard: Shard, *, path: str, format: str, input: str, window: int, own: str
    ) -> None:
        """`window`: rows after which the part is marked. It must hold whole blocks, or an interrupted part could not be gone on
        with. `own`: what of the part's identity the others do not share."""
        assert window % shard.block == 0
        noted = part.state.get("blocks", {})
        self._writer, self._part, self._shard, self._path = writer, part, shard, path
        self._own = own
        self._told: dict[str, Any] = {"format": format, "input": input, "window": window}
        self._head: int = noted.get("head", part.written)
        self._blocks: list[int] = list(noted.get("sizes", ()))
        self._documents: list[Any] = list(noted.get("documents", ()))
        self._chosen: list[str] = list(noted.get("chosen", ()))
        self._rows = part.rows
        self._begun = self._head + sum(self._blocks)

    @property
    def disarming(self) -> Disarming:
        found: Disarming = self._writer.disarming
        return found

    @property
    def told(self) -> list[str]:
        return list(getattr(self._writer, "told", ()))

    def skip(self, record: Mapping[str, object]) -> None:
        self._writer.skip(record)

    def write(self, record: Mapping[str, object]) -> None:
        if not self._rows:
            self._head += len(OPENINGS.get(self._told["format"], b""))
            self._begun = self._head
        self._writer.write(record)
        self._rows += 1
        if self._rows % self._shard.block == 0:
            self._end_block()

    def mark(self, **notes: Any) -> None:
        """At the end of a block."""
        sizes = {"head": self._head, "sizes": self._blocks, "documents": self._documents, "chosen": self._chosen}
        self._writer.mark(**notes, blocks=sizes)

    def finish(self, total: int, unanswered: int) -> None:
        """After the last record; `total`: rows of the whole input."""
        if self._rows % self._shard.block:
            self._end_block()
        self._told |= {"total": total, "unanswered": unanswered}
        self._part.seal = self._seal

    def _end_block(self) -> None:
        said = self._writer.end_block()
        self._blocks.append(self._part.written - self._begun)
        self._begun = self._part.written
        if said:
            self._documents.append(said["documents"])
            self._chosen = list(said["chosen"])

    def _seal(self, whole: Path) -> None:
        with whole.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        ShardNote(
            number=self._shard.number,
            count=self._shard.count,
            block=self._shard.block,
            head=self._head,
            blocks=self._blocks,
            documents=self._documents,
            chosen=self._chosen,
            made_of={name: value for name, value in self._part.identity.items() if name != self._own},
            size=whole.stat().st_size,
            sha256=digest,
            **self._told,
        ).write(self._path)
