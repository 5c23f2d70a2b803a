"""A path or standard output comes in; a place to write bytes into goes out.

A file is written beside its target and takes its place only when all went well, so a reader never meets half a file and
a failed run leaves the old one as it was. A full disk or a missing permission is an OutputError. A closed pipe on
standard output stays a BrokenPipeError: whoever ends the command decides that `| head` is no failure."""

from __future__ import annotations

import gzip
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

from bertft.console import plain
from bertft.errors import OutputError
from bertft.system.files import flush_folder


class Target(Protocol):
    """Bytes are written, then either kept or abandoned."""

    def write(self, content: bytes) -> None: ...
    def mark(self, rows: int, state: Mapping[str, Any]) -> None: ...
    def keep(self) -> None: ...
    def abandon(self, problem: BaseException) -> None: ...


def open_target(path: str | None) -> Target:
    """None and `-` are standard output."""
    if path is None or path == "-":
        return _Open("stdout", cast(BinaryIO, sys.stdout.buffer), ours=False)
    make_room(path)
    with writing_explained(path):
        if is_special(path):
            return _Open(path, open(path, "wb"), ours=True)
        return _Replacement(path)


def make_room(path: str) -> None:
    """The folder that the file is to lie in. OutputError if the path is a folder itself."""
    if os.path.isdir(path):
        raise OutputError(f"{path}: a folder, wanted a file to write. Name a file in it.")
    with writing_explained(path):
        os.makedirs(os.path.dirname(os.path.realpath(path)), exist_ok=True)


def check_place(path: Path, wanted: str = "a file") -> None:
    """OutputError for a folder, or a file in a folder that does not exist: before minutes are spent on what it would hold."""
    if path.is_dir() or not path.parent.is_dir():
        wrong = "a folder" if path.is_dir() else "its folder does not exist"
        raise OutputError(f"{path}: {wrong}. Name {wanted} with -o.")


def is_special(path: str | None) -> bool:
    """Standard output, a named pipe or a device, as /dev/null: it is written into, not replaced."""
    if path is None or path == "-":
        return True
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


class _Open:
    """Standard output, a named pipe or a device: nothing that could be replaced as a whole. A terminal gets to see what would
    steer it, a pipe gets all as it is."""

    def __init__(self, name: str, stream: BinaryIO, *, ours: bool) -> None:
        self._name, self._stream, self._ours = name, stream, ours
        self._shown = stream.isatty()

    def write(self, content: bytes) -> None:
        if self._shown:
            content = plain(content.decode("utf-8")).encode("utf-8")
        with writing_explained(self._name):
            self._stream.write(content)

    def mark(self, rows: int, state: Mapping[str, Any]) -> None:
        """Nothing here can be gone on with."""

    def keep(self) -> None:
        with writing_explained(self._name):
            self._stream.close() if self._ours else self._stream.flush()

    def abandon(self, problem: BaseException) -> None:
        if self._ours:
            with suppress(OSError):
                self._stream.close()


class _Replacement:
    """A file that grows beside the target and takes its place at the end."""

    def __init__(self, path: str) -> None:
        self._path, self._target = path, os.path.realpath(path)
        folder, name = os.path.split(self._target)
        if os.path.exists(self._target) and not os.access(self._target, os.W_OK):
            raise PermissionError
        self._beside = os.path.join(folder, f".{name[:100]}.{os.getpid()}.tmp")
        self._file = cast(BinaryIO, open(self._beside, "wb"))  # noqa: SIM115  closed by keep or abandon
        self._zips = path.lower().endswith(".gz")
        self._member: BinaryIO | None = None

    def write(self, content: bytes) -> None:
        with writing_explained(self._path):
            if self._zips and self._member is None:  # no name and no time in it: same rows, same bytes
                self._member = cast(BinaryIO, gzip.GzipFile(filename="", mode="wb", fileobj=self._file, mtime=0))
            (self._member or self._file).write(content)

    def mark(self, rows: int, state: Mapping[str, Any]) -> None:
        """Nothing here can be gone on with: see part.py. The bytes are the same as there: a gzip member ends."""
        with writing_explained(self._path):
            self._end_member()

    def _end_member(self) -> None:
        if self._member is not None:
            self._member.close()
            self._member = None

    def keep(self) -> None:
        if not self._file.tell():
            self.write(b"")  # even of no rows a gzip file has its head
        with writing_explained(self._path):
            self._end_member()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            if os.path.exists(self._target):
                shutil.copymode(self._target, self._beside)
            os.replace(self._beside, self._target)
            flush_folder(Path(self._target).parent)

    def abandon(self, problem: BaseException) -> None:
        for stream in (self._member, self._file):
            with suppress(OSError, ValueError):
                if stream is not None:
                    stream.close()
        with suppress(OSError):
            os.unlink(self._beside)


@contextmanager
def writing_explained(name: str) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except PermissionError:
        raise OutputError(f"{name}: no permission to write there. Choose another place with -o.") from None
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(f"{name}: cannot be written ({reason}). Choose another place with -o.") from None
