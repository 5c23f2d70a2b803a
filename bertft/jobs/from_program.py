"""What a call of a Python program is wrapped in, so that it leaves the program as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

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
