"""A score of several runs: its mean, and how far runs lie from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev


@dataclass(frozen=True)
class Spread:
    """Of the runs in which the score is defined."""

    mean: float
    deviation: float | None
    """Standard deviation of a sample (divided by one less than the runs); None of a single run."""
    runs: int


def spread_of(values: Sequence[float]) -> Spread:
    """Of one or more values."""
    return Spread(fmean(values), stdev(values) if len(values) > 1 else None, len(values))


def spreads_of(runs: Sequence[Mapping[str, float]]) -> dict[str, Spread]:
    """By name of the score. A run in which it is undefined lacks it, and is not counted."""
    names = dict.fromkeys(name for values in runs for name in values)
    return {name: spread_of([values[name] for values in runs if name in values]) for name in names}
