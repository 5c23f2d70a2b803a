"""How a Python program calls: what a call is wrapped in, so that it leaves the program as it was, and the runs that it names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from bertft import console
from bertft.errors import UsageError

_TRAINING = Lock()


@contextmanager
def alone(verb: str) -> Iterator[None]:
    """UsageError while the program trains, in another thread or around this call: torch has one random state for all."""
    if not _TRAINING.acquire(blocking=False):
        raise UsageError(f"bertft.{verb}: this program trains already. Train in a process of its own.")
    try:
        yield
    finally:
        _TRAINING.release()


@contextmanager
def called_from_program(quiet: bool) -> Iterator[None]:
    """Notes only if it wants them; threads and bertft/fast are afterwards as before."""
    from bertft.engine.device import process_kept

    with console.in_a_program(quiet=quiet), process_kept():
        yield


def folder_of(run: Any) -> str:
    """Of a path or of what `train` returned."""
    found = getattr(run, "folder", run)
    if not isinstance(found, str | os.PathLike):
        raise UsageError(f"A {type(run).__name__}, wanted a run folder or what bertft.train returned.")
    return str(Path(found))
