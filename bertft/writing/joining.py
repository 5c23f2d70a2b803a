"""Parts of a file come in, with their notes; the whole file goes out, block by block in turn, whatever is in the blocks. Only
their ends need care: what stands before the first row and between two, and the start of a document in CoNLL columns.

Each byte is read once. Whether a part is the one that its note was written for shows at its end, before the whole is kept."""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, BinaryIO, cast

from bertft.errors import DataError
from bertft.reading.intake import reading_explained
from bertft.writing.shard_note import ShardNote
from bertft.writing.shard_part import BETWEEN, OPENINGS
from bertft.writing.target import Target, open_target

_PIECE = 1 << 20
_DOCUMENT = b"-DOCSTART-"
_GZIP = b"\x1f\x8b"


def join_parts(parts: Sequence[tuple[str, ShardNote]], output: str) -> int:
    """The parts of one file, all of them, in the order of their numbers. Rows of the whole."""
    with ExitStack() as opened:
        readers = [opened.enter_context(PartReader(path, note)) for path, note in parts]
        target = open_target(output)
        try:
            total = _joined(readers, target)
            target.keep()
        except BaseException as problem:
            target.abandon(problem)
            raise
    return total


def _joined(readers: Sequence[PartReader], target: Target) -> int:
    first = readers[0].note
    heads = [reader.head() for reader in readers]
    for reader, head in zip(readers, heads, strict=True):
        if head != heads[0] and reader.note.blocks:
            raise DataError(
                f"{reader.path}: begins with other columns than {readers[0].path}. Predict them again alike."
            )
    _write(target, heads[0])
    document: Any = None
    for block in range(-(-first.total // first.block)):
        reader = readers[block % first.count]
        document = reader.copy_block(target, is_first=block == 0, document=document)
        if (rows := min((block + 1) * first.block, first.total)) % first.window == 0:
            target.mark(rows, {})
    for reader, tail in [(reader, reader.tail()) for reader in readers]:
        if reader is readers[0]:
            _write(target, tail)
        reader.check_whole()
    return first.total


def _write(target: Target, content: bytes) -> None:
    """Nothing is no gzip member either."""
    if content:
        target.write(content)


class PartReader:
    """A part that is read once, from its beginning to its end."""

    def __init__(self, path: str, note: ShardNote) -> None:
        self.path, self.note = path, note
        self._next = 0

    def __enter__(self) -> PartReader:
        with self._reading():
            self._raw = _Hashed(open(self.path, "rb"))
            buffered = io.BufferedReader(self._raw, _PIECE)
            is_zipped = buffered.peek(len(_GZIP))[: len(_GZIP)] == _GZIP
            self._stream = cast(BinaryIO, gzip.GzipFile(fileobj=buffered) if is_zipped else buffered)
        return self

    def __exit__(self, *problem: object) -> None:
        self._raw.close()

    def head(self) -> bytes:
        return self._exactly(self.note.head)

    def copy_block(self, target: Target, *, is_first: bool, document: Any) -> Any:
        """The next one. `document`: that of the rows before it; that of its own last rows goes out."""
        left = self.note.blocks[self._next]
        if self.note.format in OPENINGS and self._next:
            left -= len(self._exactly(len(BETWEEN)))
        if self.note.format in OPENINGS and not is_first:
            target.write(BETWEEN)
        ends = self.note.documents[self._next] if self.note.documents else (None, None)
        if ends[0] is not None and ends[0] == document:
            left -= self._copy_to_second_document(target, left)
        while left > 0:
            piece = self._exactly(min(left, _PIECE))
            target.write(piece)
            left -= len(piece)
        self._next += 1
        return document if ends[1] is None else ends[1]

    def _copy_to_second_document(self, target: Target, left: int) -> int:
        """Up to the start of the first document, which was begun already. A row's own lines never look like one."""
        taken = 0
        while taken < left:
            line = self._line(left - taken)
            taken += len(line)
            if line.startswith(_DOCUMENT):
                return taken + len(self._line(left - taken))  # and the blank line below it
            target.write(line)
        return taken

    def tail(self) -> bytes:
        """What stands after the last row."""
        with self._reading():
            return self._stream.read(_PIECE)

    def check_whole(self) -> None:
        """DataError if it is not the file that the note was written for."""
        with self._reading():
            is_rest = bool(self._stream.read(1)) or bool(self._raw.read(1))
        if is_rest or self._raw.digest.hexdigest() != self.note.sha256:
            raise self._changed()

    def _exactly(self, count: int) -> bytes:
        with self._reading():
            found = self._stream.read(count)
        if len(found) < count:
            raise self._changed()
        return found

    def _line(self, most: int) -> bytes:
        with self._reading():
            found = self._stream.readline(most)
        if not found:
            raise self._changed()
        return found

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with reading_explained(self.path):
            try:
                yield
            except (EOFError, zlib.error, gzip.BadGzipFile):
                raise self._changed() from None

    def _changed(self) -> DataError:
        return DataError(
            f"{self.path}: not the file that its note was written for: it was changed, or copied in part. "
            f"Copy it again, or predict the part again."
        )


class _Hashed(io.RawIOBase):
    """A file whose bytes are hashed as they are read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._file.readinto(buffer)  # type: ignore[attr-defined]
        self.digest.update(memoryview(buffer)[:count])
        return int(count)

    def close(self) -> None:
        self._file.close()
        super().close()
