"""One command on one file, inside this process; how it ended comes out. An exception that a user would see as a fault of
bertft is a fault here, with its traceback; so is a command that takes too long."""

from __future__ import annotations

import io
import os
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass

RIGHT, MESSAGE, FAULT = "right", "message", "fault"


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    kind: str
    """RIGHT: exit 0; MESSAGE: exit 2 with one plain message; FAULT: anything else."""
    said: str
    """What it said on stderr, or the traceback of a fault."""
    seconds: float


class TooLong(BaseException):
    """Beyond every `except Exception`."""


def tried(words: Sequence[object], *, limit: float) -> Outcome:
    """`bertft WORDS`, for at most `limit` seconds."""
    out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
    start = time.perf_counter()
    try:
        with redirect_stdout(out), redirect_stderr(err), _at_most(limit):
            code = _exit_code([*map(str, words)])
    except (Exception, TooLong):
        return Outcome(FAULT, traceback.format_exc(), time.perf_counter() - start)
    said = err.getvalue()
    return Outcome(_kind(code, said), said, time.perf_counter() - start)


def _exit_code(words: list[str]) -> int:
    from bertft import console
    from bertft.commands.main import main

    typed, sys.argv = sys.argv, ["bertft", *words]
    os.environ["BERTFT_DEBUG"] = "1"
    try:
        main()
    except SystemExit as leaving:
        return int(leaving.code or 0)
    finally:
        sys.argv = typed
        console.be_quiet(False)
    return 0


def _kind(code: int, said: str) -> str:
    errors = sum(line.startswith("Error: ") for line in said.splitlines())
    if "Traceback" in said or code not in (0, 2):
        return FAULT
    if code == 2 and (errors != 1 or not 20 < len(said) < 20_000):
        return FAULT
    return MESSAGE if code == 2 else RIGHT


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    def ring(number: int, frame: object) -> None:
        raise TooLong(f"longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
