"""Memory that is kept instead of given back: a training step asks for the same hundreds of megabytes again and again, and each
time the system would have to clear them, page by page (glibc only). And what libraries make is looked through less often."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Parameters of glibc's mallopt."""

COLLECT_EVERY = 100_000
"""Objects that are made before Python looks for cycles among them, instead of 700 or 2,000. The libraries make millions that
all stay: looking through them again and again takes a sixth of the way to the first step."""
_SIZES = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"
SIZES_KEPT, SIZES_SERVED = "2048", "256"
"""Sizes of products for which oneDNN keeps its code, a quarter of a megabyte each: of a program that ends; of a service, which
meets new ones for hours."""
_chosen_here: set[str] = set()
"""Settings of the environment that no user made."""
_COLLECT_OFTEN = 700
"""The same for a program that answers for weeks: what a request leaves behind must not wait for thousands of others."""


def keep_memory() -> None:
    """Call before torch is imported: oneDNN reads its settings once. Blocks above 32 MB, the most that glibc takes here, still go
    back: they come seldom, and would leave holes."""
    gc.set_threshold(COLLECT_EVERY, *gc.get_threshold()[1:])
    if _SIZES not in os.environ:
        _keep_sizes(SIZES_KEPT)
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    mallopt(_MMAP_THRESHOLD, 1 << 25)
    mallopt(_TRIM_THRESHOLD, (1 << 31) - 1)


def keep_fewer_sizes() -> None:
    """For a service; before the first product. A number that a user set stays."""
    if _SIZES not in os.environ or _chosen_here:
        _keep_sizes(SIZES_SERVED)


def _keep_sizes(number: str) -> None:
    os.environ[_SIZES] = number
    _chosen_here.add(_SIZES)


@contextmanager
def collected_often() -> Iterator[None]:
    """Cycles that are made inside are found soon. What is there already is not looked through, which makes that cheap."""
    before = gc.get_threshold()
    gc.set_threshold(_COLLECT_OFTEN, *before[1:])
    _set_aside()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


def collect_all() -> None:
    """Whatever nobody uses any more, also of what is not looked through. It takes a moment, in which nothing else runs."""
    was_set_aside = gc.get_freeze_count() > 0
    gc.unfreeze()
    gc.collect()
    if was_set_aside:
        _set_aside()


def _set_aside() -> None:
    """The second look finds next to nothing, and so resets the count by which Python decides when to look through all."""
    gc.collect()
    gc.freeze()
    gc.collect()
