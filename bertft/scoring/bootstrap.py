"""How sure is a score? Draw the rows again with replacement, 1,000 times, and take the middle 95 % of what comes out.

A resample is never built row by row: it is a weight per row (how often it was drawn), or, where a metric needs only
the counts of a confusion matrix, one multinomial draw of those counts, which has the same distribution and costs
nothing. Percentile interval, Efron 1979; always the same seed, so the same predictions give the same interval.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bertft.arrays import Array

Statistic = Callable[[Array], Array]
"""Weights (R, N), or draws of counts (R, cells), to one value per resample (R,); NaN where undefined."""

RESAMPLES = 1_000
SEED = 0
FEWEST = 200
BLOCK = 200_000  # weights held at a time: they should stay in the processor's cache
BUDGET = 100_000_000  # rows times passes times resamples: about two seconds


def draw_rows(rows: int, resamples: int, rng: np.random.Generator) -> Array:
    """How often each row is drawn, (resamples, rows)."""
    draws = (np.bincount(rng.integers(0, rows, rows), minlength=rows) for _ in range(resamples))
    return np.stack(list(draws)).astype(np.float64)


def interval_by_rows(rows: int, statistic: Statistic, *, passes: int = 1) -> tuple[float, float] | None:
    """`passes` is how often the statistic goes over the rows: the number of labels, say. Many rows times many passes
    get fewer than 1,000 resamples; if it would be fewer than 200, there is no interval."""
    resamples = min(RESAMPLES, BUDGET // max(1, rows * passes))
    if rows < 2 or resamples < FEWEST:
        return None
    rng = np.random.default_rng(SEED)
    return percentiles([statistic(draw_rows(rows, size, rng)) for size in blocks(resamples, rows)])


def blocks(resamples: int, width: int) -> list[int]:
    """How many resamples to hold at a time."""
    most = max(1, BLOCK // width)
    return [min(most, resamples - done) for done in range(0, resamples, most)]


def interval_by_counts(cells: Array, statistic: Statistic) -> tuple[float, float] | None:
    """`cells` (C,) are the counts of the kinds of rows there are, none of them 0."""
    rng = np.random.default_rng(SEED)
    rows = int(cells.sum())
    if rows < 2:
        return None
    draws = (rng.multinomial(rows, cells / rows, size) for size in blocks(RESAMPLES, len(cells)))
    return percentiles([statistic(draw.astype(np.float64)) for draw in draws])


def percentiles(values_of_blocks: list[Array]) -> tuple[float, float] | None:
    """The middle 95 %; None where most resamples leave the metric undefined."""
    values = np.concatenate(values_of_blocks)
    defined = values[np.isfinite(values)]
    if len(defined) < len(values) / 2:
        return None
    low, high = np.percentile(defined, [2.5, 97.5])
    return float(low), float(high)
