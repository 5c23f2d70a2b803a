"""The Python function that puts the parts of a prediction together: gather."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from bertft.errors import UsageError
from bertft.jobs.from_program import called_from_program
from bertft.system.signals import as_keyboard_interrupt

if TYPE_CHECKING:
    from bertft.jobs.predicting.gather import Gathered


def gather(parts: Iterable[Any], *, output: Any, quiet: bool = True) -> Gathered:
    """One file of the parts that `predict(…, shard="3/16")` wrote, in any order, as `bertft gather` does."""
    from bertft.jobs.predicting.gather import gather as put_together
    from bertft.jobs.requests import GatherRequest

    if isinstance(parts, str | os.PathLike):
        raise UsageError(f"parts is {os.fspath(parts)!r}: a list of files is wanted.")
    with called_from_program(quiet), as_keyboard_interrupt():
        return put_together(GatherRequest(parts=[os.fspath(part) for part in parts], output=os.fspath(output)))
