"""Memory that is kept instead of given back: a training step asks for the same hundreds of megabytes again and again, and each
time the system would have to clear them, page by page. For glibc; elsewhere nothing is done."""

from __future__ import annotations

import ctypes
import os
import sys

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
"""Parameters of glibc's mallopt."""
_LARGEST = 2**31 - 1


def keep_memory() -> None:
    """Call before torch is imported: it reads its settings once."""
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")  # torch: large tensors in huge pages
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "4096")  # each size of a product is prepared once
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    mallopt(_MMAP_MAX, 0)
    mallopt(_TRIM_THRESHOLD, _LARGEST)
