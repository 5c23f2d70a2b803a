"""Numbers in a sentence."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise


def counted(count: int, noun: str, plural: str = "") -> str:
    """`1 row`, `2 rows`, `1,000 rows`; `plural` where it is not the noun and an s."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def number_text(value: float, apart: float = 0.0) -> str:
    """`250663`, `3.217`: down to its own third digit and that of `apart`, a difference that must be seen; in full where there is
    none."""
    value = float(value)
    if 0 < apart < math.inf:
        smallest = min(apart, abs(value) or apart)
        value = round(value, max(0, 2 - math.floor(math.log10(smallest))))
    return f"{value:.15g}"


def smallest_gap(numbers: Iterable[float]) -> float:
    """Between two of them that differ; 0 where none do."""
    ordered = sorted({float(number) for number in numbers if math.isfinite(number)})
    return min((higher - lower for lower, higher in pairwise(ordered)), default=0.0)


def duration(seconds: float) -> str:
    """`0.04 s`, `45 s`, `12 min`, `3.5 h`."""
    if seconds < 99.5:
        return f"{seconds:.2g} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:,.1f} h"
