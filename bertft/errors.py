"""The tree of errors. A user's mistake is a UserError: one plain message, exit code 2, never a traceback.

BertftError
├── UserError             exit 2: the message says where, what was found, what was wanted, what to type
│   ├── UsageError        flags that are missing, contradict each other or have impossible values
│   ├── CardError         a task card that cannot be read or does not fit the file
│   ├── DataError         a data file, a row, a column, a label
│   ├── CheckpointError   a model or run folder that cannot be opened
│   └── OutputError       a place that cannot be written
└── InternalError         exit 1: our fault
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


class InternalError(BertftError):
    """A broken promise of our own."""
