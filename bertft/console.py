"""The only room that prints. Results go to stdout, talk goes to stderr; only the main process speaks.

Nothing that comes from a data file or a model may steer the terminal: control characters are shown, not sent.
rich wakes only when a table or a progress bar is drawn, so `--help` stays fast.
"""

from __future__ import annotations

import io
import json
import os
import re
import stat
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from bertft.errors import BertftWarning

if TYPE_CHECKING:
    from rich.console import Console

PLAIN_LINES = 20
"""Progress lines for one bar when stderr is not a terminal."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


RED, YELLOW, PLAIN = "\x1b[1;31m", "\x1b[1;33m", "\x1b[0m"


@dataclass
class _Voice:
    quiet: bool = False
    verbose: bool = False
    silent: bool = False  # not the main process: says nothing at all


_voice = _Voice()
_program: ContextVar[bool | None] = ContextVar("program", default=None)
"""Whether the Python program that calls us wants quiet; None in a command. Each thread has its own."""
_hushed: ContextVar[bool] = ContextVar("hushed", default=False)


def be_quiet(quiet: bool = True) -> None:
    """Keep results, warnings and errors; drop notes and progress."""
    _voice.quiet = quiet


def be_verbose(verbose: bool = True) -> None:
    """Also say what only those want to know who look after the machine."""
    _voice.verbose = verbose


def is_verbose() -> bool:
    return _voice.verbose


def use_any_stream() -> None:
    """Speak through streams that are closed or cannot show a character: what they lack is shown as `\\u0441`, not an error. For a
    command, at its start."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free, or a file of data would
    sys.stdout, sys.stderr = sys.stdout or open(1, "w", closefd=False), sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def is_file(stream: Any) -> bool:
    """Whether what is written to a stream lands in a file: not on a screen, nor in a pipe that may end on one."""
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):
        return False


def speak_only_if(main_process: bool) -> None:
    """Of several processes only the main one prints, errors excepted."""
    _voice.silent = not main_process


@contextmanager
def in_a_program(*, quiet: bool) -> Iterator[None]:
    """Inside, a Python program is spoken to: warnings are its own, and notes come only if it wants them."""
    before = _program.set(quiet)
    try:
        yield
    finally:
        _program.reset(before)


@contextmanager
def hushed() -> Iterator[None]:
    """Inside, neither notes nor warnings: what happens there was told before, when it was done first."""
    before = _hushed.set(True)
    try:
        yield
    finally:
        _hushed.reset(before)


def is_in_a_program() -> bool:
    """Whether a Python program calls us, not the command line."""
    return _program.get() is not None


def _is_quiet() -> bool:
    wanted = _program.get()
    return _hushed.get() or (_voice.quiet if wanted is None else wanted)


def plain(text: str) -> str:
    """The text with control and direction characters made visible: `\\x1b` is shown, not sent."""
    return _CONTROL.sub(lambda found: found.group().encode("unicode_escape").decode(), text)


def result(text: str) -> None:
    """A line of the answer, on stdout."""
    if not _voice.silent:
        print(plain(text), file=sys.stdout, flush=True)


def result_json(value: Mapping[str, Any]) -> None:
    """The answer as one JSON object, on stdout."""
    if not _voice.silent:
        print(json.dumps(value, ensure_ascii=False, allow_nan=False), file=sys.stdout, flush=True)


def note(text: str) -> None:
    """Talk: what was found, guessed or done."""
    if not (_voice.silent or _is_quiet()):
        _talk(text)


def warn(text: str) -> None:
    """Something the user should know even with --quiet."""
    if _voice.silent or _hushed.get():
        return
    if is_in_a_program():
        warnings.warn(plain(text), BertftWarning, stacklevel=2)
    else:
        _talk(text, lead="Warning: ", colour=YELLOW)


def can_ask() -> bool:
    """Whether a person sits there who can answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def agrees(question: str) -> bool:
    """Whether a person on the terminal says yes; anything else is no."""
    print(f"{plain(question)} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def error(text: str) -> None:
    """Why the command ends."""
    _talk(text, lead="Error: ", colour=RED)


def _talk(text: str, *, lead: str = "", colour: str = "") -> None:
    """On stderr. If nobody listens there any more (`2>&1 | head`), the work goes on all the same."""
    if lead and _has_colours():
        lead = f"{colour}{lead}{PLAIN}"
    try:
        print(f"{lead}{plain(text)}", file=sys.stderr, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def _has_colours() -> bool:
    """Of the terminal that talk goes to, if it is one; https://no-color.org."""
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, text_columns: int = 1) -> None:
    """A table of the answer, on stdout. The first `text_columns` columns are flush left, the others flush right."""
    if _voice.silent:
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for position, column in enumerate(columns):
        drawn.add_column(Text(_cell(column)), justify="left" if position < text_columns else "right", overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(_cell(cell)) for cell in row))
    terminal = _rich(stderr=False)
    if title:
        terminal.print(Text(plain(title), style="bold"))
    terminal.print(drawn)
    terminal.print()


def _cell(text: str) -> str:
    """On one line, or a label could make up rows of its own."""
    return plain(text).replace("\n", "\\n")


class Bar(Protocol):
    """A running progress bar."""

    def update(self, done: int, text: str) -> None:
        """`done` units so far, and what to show beside them."""


class _NoBar:
    def update(self, done: int, text: str) -> None:
        pass


class _Lines:
    """About PLAIN_LINES plain lines per bar, for pipes and logs."""

    def __init__(self, label: str, total: int) -> None:
        self.label, self.total, self.said = label, max(total, 1), 0

    def update(self, done: int, text: str) -> None:
        share = done * PLAIN_LINES // self.total
        if share > self.said:
            self.said = share
            note(f"{self.label} {done:,}/{self.total:,}  {text}")


class _RichBar:
    def __init__(self, progress: Any, task: Any) -> None:
        self.progress, self.task = progress, task

    def update(self, done: int, text: str) -> None:
        self.progress.update(self.task, completed=done, text=plain(text))


def draws() -> bool:
    """Whether talk is wanted, and goes to a terminal that can move its cursor."""
    wanted = not (_voice.silent or _is_quiet())
    return wanted and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


@contextmanager
def progress(label: str, total: int | None) -> Iterator[Bar]:
    """A bar with time left on a terminal; plain lines in a pipe; nothing with --quiet or without a label. `total` None:
    unknown."""
    if _voice.silent or _is_quiet() or not label:
        yield _NoBar()
    elif not draws():
        yield _Lines(label, total) if total else _NoBar()
    else:
        with _progress_of_rich() as drawn:
            yield _RichBar(drawn, drawn.add_task(label, total=total, text=""))


def _progress_of_rich() -> Any:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=16),
        MofNCompleteColumn(),
        TextColumn("{task.fields[text]}", markup=False),
        TimeRemainingColumn(compact=True),
    )
    return Progress(*columns, console=_rich(stderr=True), refresh_per_second=4)


def _rich(*, stderr: bool) -> Console:
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else 100
    return Console(file=stream, width=width, markup=False, highlight=False, soft_wrap=False)
