"""Ctrl-C, SIGTERM and a closed terminal. Mostly they end the command where it is; in training they are put off to the end of
the step, so that its work can be saved. A second Ctrl-C ends it at once: whatever is on the disk can be gone on with."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from bertft.errors import Stopped

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))

ONE_PRESS = 0.5
"""Seconds in which two signals count as one: a launcher passes on what the terminal sent already."""


@dataclass
class _Asked:
    deferred: bool = False
    signal_number: int = 0
    at: float = 0.0
    in_a_program: bool = False
    """Whose second Ctrl-C raises, as any program's does, instead of ending the process."""


_asked = _Asked()


@contextmanager
def caught_signals() -> Iterator[None]:
    """Inside, a signal raises Stopped. What was told to be ignored (`nohup`) stays ignored."""
    handlers = ((number, signal.getsignal(number)) for number in SIGNALS)
    before = {number: handler for number, handler in handlers if handler is not None}  # None: not Python's, so not ours
    _asked.signal_number = 0  # of a command that ran earlier in this process
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, _on_signal)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def deferred() -> Iterator[None]:
    """Inside, a signal is only remembered: `asked` tells, `check` raises it. What nobody asked about is raised at the end."""
    _asked.deferred, _asked.signal_number = True, 0
    try:
        yield
    finally:
        _asked.deferred = False
    check()


@contextmanager
def as_keyboard_interrupt() -> Iterator[None]:
    """For a program that calls us: inside, signals are caught as in a command; afterwards the program gets its own. In a thread
    that is not the main one nothing can be caught."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _asked.in_a_program = True
    try:
        with caught_signals():
            yield
    except Stopped as stop:
        if stop.signal_number == signal.SIGINT:
            raise KeyboardInterrupt(stop.hint) from None
        signal.raise_signal(stop.signal_number)  # by now the program's own handler, which may end it
        raise
    finally:
        _asked.in_a_program = False


def asked() -> int:
    """The number of the signal that waits; 0 if none does."""
    return _asked.signal_number


def check() -> None:
    """Raise the signal that waits."""
    if _asked.signal_number:
        number, _asked.signal_number = _asked.signal_number, 0
        raise Stopped(number)


def _on_signal(number: int, _frame: FrameType | None) -> None:
    if not _asked.deferred:
        raise Stopped(number)
    if not _asked.signal_number:
        _asked.signal_number, _asked.at = number, time.monotonic()
        _say(b"\nStopping after this step; Ctrl-C once more stops at once.\n")
    elif number == signal.SIGINT and time.monotonic() - _asked.at > ONE_PRESS:
        if _asked.in_a_program:
            raise KeyboardInterrupt
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)


def _say(words: bytes) -> None:
    """Straight to stderr: a handler may not enter a stream that it may have interrupted."""
    if os.environ.get("RANK", "0") == "0":
        os.write(2, words)
