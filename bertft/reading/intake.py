"""A path or standard input comes in; bytes go out, unzipped, with a first look at them.

A plain file can be read as often as needed. Standard input, pipes and `<(command)` can be read once: their first
bytes are looked at and put back in front of the rest."""

from __future__ import annotations

import difflib
import glob
import io
import os
import shutil
import sys
import tempfile
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from bertft.errors import DataError, InternalError
from bertft.reading.unzipped import ENDINGS, LONGEST_MAGIC, CompressedError, Unzipped, compression_of, unzipped

HEAD_BYTES = 1 << 16
LONGEST_LINE = 1 << 26
"""Bytes or characters. What is longer is no line, and would fill the memory."""


@dataclass(frozen=True)
class Intake:
    """Bytes to read, and what is known of them before reading."""

    name: str
    """What to call it in messages: the path as typed, or stdin."""
    suffixes: tuple[str, ...]
    """Lower-case name endings without that of a compression, as ('.csv',)."""
    head: bytes
    """The first 64 KiB or so, unzipped."""
    whole: bool
    """True if `head` is all there is."""
    rereadable: bool
    open: Callable[[], BinaryIO]
    """A fresh stream from the start; only once where not rereadable."""

    @property
    def suffix(self) -> str:
        return self.suffixes[-1] if self.suffixes else ""


def take_in(path: str) -> Intake:
    """Look at what the user typed; `-` is standard input."""
    if path == "-":
        return _take_stream("stdin", cast(BinaryIO, sys.stdin.buffer))
    _check_place(path)
    with reading_explained(path):
        if not os.path.isfile(path):
            return _take_stream(path, open(path, "rb"))
        opener = _file_opener(path)
        with opener() as stream:
            head = stream.read(HEAD_BYTES + 1)
    return Intake(path, _suffixes(path), head[:HEAD_BYTES], len(head) <= HEAD_BYTES, True, opener)


def spooled(intake: Intake) -> Intake:
    """The same bytes in a temporary file that goes with the intake, for formats read from both ends or twice."""
    if intake.rereadable and _is_plain(intake):
        return intake
    handle, copy = tempfile.mkstemp(prefix="bertft-")
    with reading_explained(intake.name), intake.open() as stream, os.fdopen(handle, "wb") as keep:
        shutil.copyfileobj(stream, keep, 1 << 20)
    kept = Intake(intake.name, intake.suffixes, intake.head, intake.whole, True, _file_opener(copy))
    weakref.finalize(kept, os.unlink, copy)
    return kept


@contextmanager
def reading_explained(name: str) -> Iterator[None]:
    """Turns what the system says about a file into one plain message."""
    try:
        yield
    except FileNotFoundError:
        raise DataError(f"{name}: no such file.") from None
    except PermissionError:
        raise DataError(f"{name}: no permission to read it. Change its mode (chmod u+r), or copy it.") from None
    except CompressedError as problem:
        raise DataError(f"{name}: {problem}") from None
    except OSError as error:
        raise DataError(f"{name}: cannot be read ({error.strerror or error}).") from None


def _check_place(path: str) -> None:
    if os.path.isdir(path):
        raise DataError(f"{path}: a folder, wanted a file.{_files_in(path)}")
    if not os.path.exists(path) and glob.has_magic(path) and (found := glob.glob(path)):
        raise DataError(
            f"{path}: a pattern that matches {len(found):,} files, but one file is read here at a time: {found[0]} …"
        )
    if not os.path.exists(path):
        raise DataError(f"{path}: no such file.{_close_names(path)}")


def _files_in(folder: str) -> str:
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if entry.is_file())[:5]
    except OSError:
        return ""
    return f" It holds {', '.join(names)}." if names else ""


def _close_names(path: str) -> str:
    folder = os.path.dirname(path)
    if folder and not os.path.isdir(folder):
        return f" The folder {folder} does not exist either."
    try:
        names = os.listdir(folder or ".")
    except OSError:
        return ""
    close = difflib.get_close_matches(os.path.basename(path), names, n=3, cutoff=0.6)
    return f" Did you mean {' or '.join(os.path.join(folder, name) for name in close)}?" if close else ""


def _suffixes(path: str) -> tuple[str, ...]:
    return tuple(suffix for suffix in map(str.lower, Path(path).suffixes) if suffix not in ENDINGS)


def _file_opener(path: str) -> Callable[[], BinaryIO]:
    with open(path, "rb") as stream:
        compression = compression_of(stream.read(LONGEST_MAGIC))
    if compression:
        return lambda: unzipped(open(path, "rb"), compression)
    return lambda: open(path, "rb")


def _is_plain(intake: Intake) -> bool:
    with intake.open() as stream:
        return not isinstance(stream, Unzipped)


def _take_stream(name: str, stream: BinaryIO) -> Intake:
    with reading_explained(name):
        start = stream.read(HEAD_BYTES)
        joined = _rejoin(start, stream)
        if compression := compression_of(start):
            joined = unzipped(joined, compression)
        head, whole = _read_head(joined)
    waiting = [_rejoin(head, joined)]

    def open_once() -> BinaryIO:
        if not waiting:
            raise InternalError(f"{name} can be read only once.")
        return waiting.pop()

    return Intake(name, _suffixes(name), head, whole, False, open_once)


def _read_head(stream: BinaryIO) -> tuple[bytes, bool]:
    """The first bytes, and at least one whole line of them."""
    head = stream.read(HEAD_BYTES)
    more = head
    while more and not any(end in head for end in b"\n\r") and len(head) < LONGEST_LINE:
        more = stream.read(len(head))
        head += more
    return head, len(head) < HEAD_BYTES or not more


def _rejoin(head: bytes, rest: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(_Rejoined(head, rest), HEAD_BYTES))


class _Rejoined(io.RawIOBase):
    """Bytes that were read already, then the rest of their stream."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head, self._rest = memoryview(head), rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast(bytearray, buffer))
        piece: bytes | memoryview = self._head[: len(view)]
        if len(piece):
            self._head = self._head[len(piece) :]
        else:
            piece = self._rest.read(len(view))
        view[: len(piece)] = piece
        return len(piece)
