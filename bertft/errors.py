"""The tree of errors. A user's mistake is a UserError: one plain message, exit code 2, never a traceback.

BertftError
├── UserError             exit 2: the message says where, what was found, what was wanted, what to type
│   ├── UsageError        flags that are missing, contradict each other or have impossible values
│   ├── CardError         a task card that cannot be read or does not fit the file
│   ├── DataError         a data file, a row, a column, a label
│   ├── CheckpointError   a model or run folder that cannot be opened
│   ├── OutputError       a place that cannot be written
│   ├── TrainingError     weights that came to nothing: a loss that is no number, a memory that is too small
│   └── TooLittleMemory   a graph that asks for more memory than is free
├── ServiceError          exit 2: a service elsewhere that fails in the middle; what is written stays, and can be gone on with
└── InternalError         exit 1: our fault

Stopped is no error: a signal asked for the end. Its exit code is 128 + the signal's number, as in a shell.
"""

from __future__ import annotations


class BertftError(Exception):
    """Anything that ends a command on purpose."""

    exit_code = 1


class UserError(BertftError):
    """The user can mend it; the message says how."""

    exit_code = 2


class UsageError(UserError):
    """Flags that are missing, contradict each other or have impossible values."""


class CardError(UserError):
    """A task card that cannot be read, or does not fit the file."""


class DataError(UserError):
    """A data file, a row, a column or a label that cannot be used."""


class CheckpointError(UserError):
    """A model or run folder that cannot be opened."""


class OutputError(UserError):
    """A place that cannot be written."""


class TrainingError(UserError):
    """A loss that is no number, or a memory too small for a single example."""


class TooLittleMemory(UserError):
    """A graph asks for more memory than is free."""


class ServiceError(BertftError):
    """A service that does not answer, or not as it did before. No mistake of the user: what is written already can be kept."""

    exit_code = 2


class InternalError(BertftError):
    """A broken promise of our own."""


class BertftWarning(UserWarning):
    """What a program that calls us should know, in place of a line on stderr."""


class Stopped(BaseException):
    """Ctrl-C, SIGTERM or a closed terminal. `hint` says how to go on. `at_once`: threads go on which the end of the process must
    not wait for."""

    def __init__(self, signal_number: int, hint: str = "", *, at_once: bool = False) -> None:
        super().__init__(hint)
        self.signal_number, self.hint, self.at_once = signal_number, hint, at_once

    @property
    def exit_code(self) -> int:
        return 128 + self.signal_number


def first_line(problem: Exception) -> str:
    """Of its message; its name where it has none."""
    return str(problem).splitlines()[0] if str(problem) else type(problem).__name__
