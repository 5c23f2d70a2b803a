"""Zipped bytes come in; unzipped ones go out, watched: a few kilobytes may hold more zeros than there is memory or disk."""

from __future__ import annotations

import gzip
import io
from typing import BinaryIO, cast

MOST_SWELLING = 200
"""Text shrinks to a third or a tenth, tables of a few words to a fiftieth. gzip's own limit is 1,032."""
NOT_JUDGED_BELOW = 1 << 28
"""Bytes, unzipped: what fits into memory harms nobody."""
_PIECE = 1 << 16


class Bomb(OSError):
    """A gzip file that swells beyond reason."""


class Unzipped(io.BufferedReader):
    """What `unzipped` gives."""


def unzipped(stream: BinaryIO) -> BinaryIO:
    """Raises Bomb while it is read, and whatever gzip says of damage."""
    return cast(BinaryIO, Unzipped(_Watched(_Counted(stream)), _PIECE))


class _Counted(io.RawIOBase):
    """Counts the zipped bytes."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self.count = stream, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast(bytearray, buffer))
        piece = self._stream.read(len(view))
        view[: len(piece)] = piece
        self.count += len(piece)
        return len(piece)

    def close(self) -> None:
        self._stream.close()
        super().close()


class _Watched(io.RawIOBase):
    """Weighs the unzipped bytes against the zipped ones."""

    def __init__(self, zipped: _Counted) -> None:
        self._zipped, self._count = zipped, 0
        self._stream = gzip.GzipFile(fileobj=cast(BinaryIO, io.BufferedReader(zipped, _PIECE)))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        size = self._stream.readinto(cast(bytearray, buffer))
        self._count += size
        if self._count > max(NOT_JUDGED_BELOW, MOST_SWELLING * self._zipped.count):
            raise Bomb
        return size

    def close(self) -> None:
        self._stream.close()
        self._zipped.close()
        super().close()
