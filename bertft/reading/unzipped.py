"""Compressed bytes come in; plain ones go out, watched: a few kilobytes may hold more zeros than there is memory or disk."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

MOST_SWELLING = 200
"""Text shrinks to a third or a tenth, tables of a few words to a fiftieth. gzip's own limit is 1,032."""
NOT_JUDGED_BELOW = 1 << 28
"""Bytes, unpacked: what fits into memory harms nobody."""
LONGEST_MAGIC = 10
_PIECE = 1 << 16
_ZSTD_PIECE = 1 << 11
"""Compressed bytes; each four of them may be 128 KiB."""


class CompressedError(OSError):
    """A compressed file that cannot be read, or swells beyond reason; in words that follow its name."""


class Unzipped(io.BufferedReader):
    """What `unzipped` gives."""


@dataclass(frozen=True)
class Compression:
    """A way to compress a file."""

    name: str
    magic: re.Pattern[bytes]
    endings: tuple[str, ...]
    open: Callable[[BinaryIO], Any]
    undone_by: str
    """The command."""


def compression_of(head: bytes) -> Compression | None:
    """By the first bytes of a file; its name does not matter."""
    return next((one for one in COMPRESSIONS if one.magic.match(head)), None)


def unzipped(stream: BinaryIO, compression: Compression) -> BinaryIO:
    """Raises CompressedError while it is read."""
    return cast(BinaryIO, Unzipped(_Watched(_Counted(stream), compression), _PIECE))


def _open_zstd(stream: BinaryIO) -> Any:
    try:
        import zstandard
    except ImportError:
        raise CompressedError("compressed by zstd, which needs a package: pip install 'bertft[zstd]'.") from None
    return _ZstdFile(stream, zstandard.ZstdDecompressor())


class _ZstdFile:
    """Frame after frame. The library's own reader takes a file that breaks off for a whole one."""

    def __init__(self, stream: BinaryIO, decompressor: Any) -> None:
        self._stream, self._decompressor = stream, decompressor
        self._frame: Any = None
        self._waiting = b""

    def readinto(self, buffer: bytearray) -> int:
        while not self._waiting:
            piece = self._stream.read(_ZSTD_PIECE)
            if not piece:
                if self._frame is not None:
                    raise EOFError
                return 0
            self._waiting = self._decompressed(piece)
        count = min(len(buffer), len(self._waiting))
        buffer[:count], self._waiting = self._waiting[:count], self._waiting[count:]
        return count

    def _decompressed(self, piece: bytes) -> bytes:
        found = []
        while piece:
            self._frame = self._frame or self._decompressor.decompressobj()
            found.append(self._frame.decompress(piece))
            piece = self._frame.unused_data if self._frame.eof else b""
            if self._frame.eof:
                self._frame = None
        return b"".join(found)

    def close(self) -> None:
        self._stream.close()


COMPRESSIONS = (
    Compression(
        "gzip", re.compile(rb"\x1f\x8b"), (".gz", ".gzip"), lambda stream: gzip.GzipFile(fileobj=stream), "gzip -d"
    ),
    Compression("bzip2", re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"), (".bz2", ".bzip2"), bz2.BZ2File, "bzip2 -d"),
    Compression("xz", re.compile(rb"\xfd7zXZ\x00"), (".xz",), lzma.LZMAFile, "xz -d"),
    Compression("zstd", re.compile(rb"\x28\xb5\x2f\xfd"), (".zst", ".zstd"), _open_zstd, "zstd -d"),
)
ENDINGS = frozenset(ending for one in COMPRESSIONS for ending in one.endings)


class _Counted(io.RawIOBase):
    """Counts the compressed bytes."""

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
    """Weighs the plain bytes against the compressed ones."""

    def __init__(self, packed: _Counted, compression: Compression) -> None:
        self._packed, self._compression, self._count = packed, compression, 0
        self._stream = compression.open(cast(BinaryIO, io.BufferedReader(packed, _PIECE)))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        size = self._read(cast(bytearray, memoryview(cast(bytearray, buffer))))
        self._count += size
        if self._count > max(NOT_JUDGED_BELOW, MOST_SWELLING * self._packed.count):
            raise CompressedError(
                f"a {self._compression.name} file that swells to more than {MOST_SWELLING} times its size, which no text "
                f"does. If it is meant so, unzip it first ({self._compression.undone_by})."
            )
        return size

    def _read(self, buffer: bytearray) -> int:
        """Each library has errors of its own."""
        name = self._compression.name
        try:
            return int(self._stream.readinto(buffer))
        except EOFError:
            raise CompressedError(f"the {name} file breaks off before its end. Copy or download it again.") from None
        except (gzip.BadGzipFile, zlib.error, lzma.LZMAError) as error:
            raise self._damaged(error) from None
        except OSError as error:
            if error.errno is not None:
                raise
            raise self._damaged(error) from None
        except Exception as error:
            if type(error).__name__ != "ZstdError":
                raise
            raise self._damaged(error) from None

    def _damaged(self, error: Exception) -> CompressedError:
        return CompressedError(f"damaged {self._compression.name} file ({error}). Copy or download it again.")

    def close(self) -> None:
        self._stream.close()
        self._packed.close()
        super().close()
