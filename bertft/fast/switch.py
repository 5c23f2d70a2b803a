"""Whether anything here is used: a matter of the process, like the number of torch's threads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

VARIABLE = "BERTFT_FAST"
"""Environment variable that turns it off."""

_OFF = ("0", "false", "no", "off")

_asked: bool | None = None


def switch(on: bool | None) -> None:
    """Turn it on or off for this process. None: the environment decides."""
    global _asked
    _asked = on


def is_on() -> bool:
    """What was asked for, else what the environment says, else True."""
    return os.environ.get(VARIABLE, "").lower() not in _OFF if _asked is None else _asked


@contextmanager
def kept() -> Iterator[None]:
    """Inside, the switch may be turned; afterwards it is as before."""
    before = _asked
    try:
        yield
    finally:
        switch(before)
