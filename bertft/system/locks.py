"""One writer per place at a time. The lock is the operating system's, so it is gone with its process, however that ended; a note
beside it says who holds it."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from bertft import console
from bertft.errors import OutputError
from bertft.system.files import write_text


@contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """Hold a run folder, which is made if it is not there, and goes again if nothing was put into it. OutputError while another
    process holds it."""
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise OutputError(f"{folder}: is a file; a folder is wanted. Choose another with -o.") from None
    except OSError as problem:
        raise _unwritable(folder, problem) from None
    try:
        with _held(folder / ".lock", folder, "is training into it. Wait for it, or choose another folder with -o."):
            yield
    finally:
        _remove_empty(made)


@contextmanager
def locked_file(path: Path) -> Iterator[None]:
    """Hold a file that is to be written, by a lock beside it."""
    doing = "is writing it. Wait for it, or choose another file with -o."
    with _held(path.with_name(f".{path.name}.lock"), path, doing):
        yield


@contextmanager
def _held(lock: Path, place: Path, doing: str) -> Iterator[None]:
    holder, system_lock = lock.with_name(f"{lock.name}.json"), FileLock(lock)
    try:
        system_lock.acquire(timeout=0)
    except Timeout:
        raise OutputError(f"{place}: {_who(holder)} {doing}") from None
    except OSError as problem:
        raise _unwritable(place, problem) from None
    try:
        if holder.exists():
            console.note(f"{place}: {_who(holder)} was interrupted; its lock is removed.")
        _sign(holder)
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.unlink(missing_ok=True)  # before the release: whoever comes next makes its own
        system_lock.release()


def _remove_empty(folders: Sequence[Path]) -> None:
    """Of these, the innermost first, those that hold nothing."""
    with suppress(OSError):
        for folder in folders:
            folder.rmdir()


def _sign(holder: Path) -> None:
    started = datetime.now().astimezone().isoformat(timespec="seconds")
    who = {"process": os.getpid(), "host": socket.gethostname(), "started": started}
    write_text(holder, json.dumps(who))


def _who(holder: Path) -> str:
    try:
        who = json.loads(holder.read_text(encoding="utf-8"))
        return f"process {int(who['process'])} on {who['host']} (started {who['started']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


def _unwritable(place: Path, problem: OSError) -> OutputError:
    return OutputError(f"{place}: cannot be written ({problem.strerror or problem}). Choose another with -o.")
