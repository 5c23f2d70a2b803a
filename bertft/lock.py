"""One run per folder at a time. The lock is the operating system's, so it is gone with its process, however that ended; a note
beside it says who holds it."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from bertft import console
from bertft.durable import write_text
from bertft.errors import OutputError

LOCK, HOLDER = ".lock", ".lock.json"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder, which is made if it is not there. OutputError while another process does."""
    lock = FileLock(folder / LOCK)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except FileExistsError:
        raise OutputError(f"{folder}: is a file; a folder is wanted. Choose another with -o.") from None
    except Timeout:
        raise OutputError(
            f"{folder}: {_holder(folder)} is training into it. Wait for it, or choose another folder with -o."
        ) from None
    except OSError as problem:
        raise OutputError(
            f"{folder}: cannot be written ({problem.strerror or problem}). Choose another with -o."
        ) from None
    try:
        if (folder / HOLDER).exists():
            console.note(f"{folder}: {_holder(folder)} was cut off; its lock is void.")
        _sign(folder)
        yield
    finally:
        for name in (HOLDER, LOCK):  # before the release: whoever comes next makes its own
            (folder / name).unlink(missing_ok=True)
        lock.release()


def _sign(folder: Path) -> None:
    started = datetime.now().astimezone().isoformat(timespec="seconds")
    holder = {"process": os.getpid(), "host": socket.gethostname(), "started": started}
    write_text(folder / HOLDER, json.dumps(holder))


def _holder(folder: Path) -> str:
    try:
        holder = json.loads((folder / HOLDER).read_text(encoding="utf-8"))
        return f"process {int(holder['process'])} on {holder['host']} (started {holder['started']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
