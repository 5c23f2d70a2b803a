"""Memory that is kept instead of given back: a training step asks for the same hundreds of megabytes again and again, and each
time the system would have to clear them, page by page. For glibc; elsewhere nothing is done."""

from __future__ import annotations

import ctypes
import os
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Parameters of glibc's mallopt."""


def keep_memory() -> None:
    """Call before torch is imported: oneDNN reads its settings once. Blocks above 32 MB, the most that glibc takes here, still go
    back: they come seldom, and would leave holes."""
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "4096")  # each size of a product is prepared once
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    mallopt(_MMAP_THRESHOLD, 1 << 25)
    mallopt(_TRIM_THRESHOLD, (1 << 31) - 1)
