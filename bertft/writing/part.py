"""A file that grows beside its target and can be gone on with. What is to be written comes in bytes; from time to time `mark`
makes sure that all so far is on the disk, and notes how far that is; at the end the file takes its target's place.

A file that stops short of its end stays if it was marked, with its note: `.out.csv.part` and `.out.csv.part.json`."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from bertft.errors import OutputError, UsageError, UserError
from bertft.system.files import flush_file, flush_folder, write_text
from bertft.system.signals import deferred
from bertft.writing.target import writing_explained

Identity = Callable[[], Mapping[str, str]]
"""What the rows come from and how they are answered: what must be the same to go on."""

LONGEST_NAME = 200
"""Bytes. File systems take 255, of which the endings of notes, locks and their drafts need some."""


def anchor(path: str) -> Path:
    """Where the file really lies, under a name that leaves room for endings: what grows beside the file is named by it."""
    target = Path(os.path.realpath(path))
    if len(os.fsencode(target.name)) <= LONGEST_NAME:
        return target
    return target.with_name(f"{target.name[:40]}-{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]}")


class Part:
    """A Target with a memory."""

    def __init__(self, path: str, identity: Identity, *, resume: bool) -> None:
        """`resume`: go on with what was marked; UsageError if it was made from something else."""
        self._path, self._target, self._identity = path, Path(os.path.realpath(path)), identity
        self._file_path = self._target.with_name(f".{anchor(path).name}.part")
        self._note_path = self._target.with_name(f".{anchor(path).name}.part.json")
        found = self._read_note()
        note = found if resume else {}
        if note:
            self._check_identity(note["identity"])
        self.rows: int = note.get("rows", 0)
        """So many are written already."""
        self.given_up: int = 0 if resume else found.get("rows", 0)
        """So many were, by a prediction that nobody wants to go on with."""
        self.state: dict[str, Any] = note.get("state", {})
        """What the writer wanted to be told again."""
        self._known: dict[str, str] = note.get("identity", {})
        self.written: int = note.get("written", note.get("bytes", 0))
        """Bytes so far, before they are zipped."""
        self.seal: Callable[[Path], None] | None = None
        """What is done with the whole file before it takes its target's place, such as to write a note beside it."""
        with writing_explained(path):
            if self._target.exists() and not os.access(self._target, os.W_OK):
                raise PermissionError
            if not note:
                self._note_path.unlink(missing_ok=True)  # first, or it would speak of the rows of another prediction
            self._file = self._file_path.open("r+b" if note else "wb")
            self._file.truncate(note.get("bytes", 0))
            self._file.seek(0, os.SEEK_END)
        self._member: BinaryIO | None = None
        self._zips = path.lower().endswith(".gz")

    def write(self, content: bytes) -> None:
        """Zipped, each stretch between two marks is a gzip member of its own: it can be cut at their borders."""
        with writing_explained(self._path):
            if self._zips and self._member is None:  # no name and no time in it: same rows, same bytes
                self._member = cast(BinaryIO, gzip.GzipFile(filename="", mode="wb", fileobj=self._file, mtime=0))
            (self._member or self._file).write(content)
            self.written += len(content)

    def overwrite(self, content: bytes) -> None:
        """The first bytes of the file, which is not zipped: a head that can be written only when all is known."""
        with writing_explained(self._path):
            self._file.seek(0)
            self._file.write(content)
            self._file.seek(0, os.SEEK_END)

    @property
    def identity(self) -> Mapping[str, str]:
        """What the rows come from and how they are answered."""
        self._known = self._known or dict(self._identity())
        return self._known

    def mark(self, rows: int, state: Mapping[str, Any]) -> None:
        """All that was written so far can be gone on with."""
        with writing_explained(self._path):
            self._flush()
            note = {"rows": rows, "bytes": self._file.tell(), "written": self.written, "state": dict(state)}
            write_text(self._note_path, json.dumps({**note, "identity": self.identity}))
            self.rows = rows

    def keep(self, convert: Callable[[Path, Path], None] | None = None) -> None:
        """`convert`: makes the file of what was written, which stays until it is made."""
        if not self._file.tell():
            self.write(b"")  # even of no rows a gzip file has its head
        with writing_explained(self._path):
            self._flush()
            self._file.close()
            whole = self._file_path
            if convert is not None:
                whole = self._file_path.with_suffix(".made")
                convert(self._file_path, whole)
                flush_file(whole)
            if self._target.exists():
                shutil.copymode(self._target, whole)
            with deferred():
                if self.seal is not None:
                    self.seal(whole)
                os.replace(whole, self._target)
                self._file_path.unlink(missing_ok=True)
                self.rows = 0
                flush_folder(self._target.parent)
                self._note_path.unlink(missing_ok=True)

    def abandon(self, problem: BaseException) -> None:
        """Stays after a stop or a full disk; goes after a mistake in the input, with which it could not go on."""
        for stream in (self._member, self._file):
            with suppress(OSError, ValueError, AttributeError):
                stream.close()  # type: ignore[union-attr]
        mistaken = isinstance(problem, UserError) and not isinstance(problem, OutputError)
        if mistaken or not self.rows:
            for path in (self._file_path, self._note_path, self._file_path.with_suffix(".made")):
                path.unlink(missing_ok=True)

    def _flush(self) -> None:
        if self._member is not None:
            self._member.close()
            self._member = None
        self._file.flush()
        os.fsync(self._file.fileno())

    def _read_note(self) -> dict[str, Any]:
        """Empty where there is nothing to resume."""
        try:
            note: dict[str, Any] = json.loads(self._note_path.read_text(encoding="utf-8"))
            whole = note["rows"] > 0 and 0 <= note["bytes"] <= self._file_path.stat().st_size
            return {**note, "state": dict(note["state"]), "identity": dict(note["identity"])} if whole else {}
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return {}

    def _check_identity(self, then: Mapping[str, str]) -> None:
        now = self._identity()
        changed = [name for name in now if then.get(name) != now[name]]
        if changed:
            raise UsageError(
                f"{self._path}: --resume continues the same file, but {', '.join(changed)} changed. "
                f"Leave out --resume to start over."
            )
