"""Whether probabilities mean what they say: of the answers given with 0.8, are 80 % right? Probabilities and what became of them
in; the bins of a reliability diagram and the calibration error out.

The calibration error is the expected calibration error of Guo et al. 2017 (arXiv 1706.04599) over bins that hold equally many
rows (Nixon et al. 2019, arXiv 1904.01685): bins of equal width would put nearly all rows of a good model into one. It is not
debiased: chance alone makes it larger than 0 on few rows, and `expected_by_chance` says how large."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bertft.arrays import Array, Positions

BINS = 15
"""At most; as in the source."""

FEWEST_IN_BIN = 20
"""Rows that a bin holds at least, on average; fewer rows make fewer bins."""

DRAWS, SEED = 200, 0


@dataclass(frozen=True)
class Bin:
    """Rows of neighbouring probabilities."""

    low: float
    """Lowest and highest probability in it."""
    high: float
    rows: int
    probability: float
    """Mean."""
    accuracy: float
    """Share of the rows that were right; of a label, of those that have it."""


@dataclass(frozen=True)
class Reliability:
    """Of some rows."""

    error: float
    """Mean distance of probability and accuracy over the bins, weighted by rows."""
    rows: int
    bins: tuple[Bin, ...]
    """From the lowest probability to the highest."""


def reliability(right: ArrayLike, probabilities: ArrayLike) -> Reliability | None:
    """`right` (N,): whether the answer was right, or the label was there; `probabilities` (N,): what was given for it. None where
    there is no row, or a probability is no number. The order of the rows does not matter."""
    truth, given = np.asarray(right, dtype=np.float64), np.asarray(probabilities, dtype=np.float64)
    if not len(given) or not np.isfinite(given).all():
        return None
    order = np.argsort(given, kind="stable")
    starts = bin_starts(given[order])
    sizes, said, came = (_sums(values[order], starts) for values in (np.ones(len(given)), given, truth))
    ends = np.append(starts[1:], len(given)) - 1
    bins = (
        Bin(float(given[order[start]]), float(given[order[end]]), int(rows), float(p / rows), float(hits / rows))
        for start, end, rows, p, hits in zip(starts, ends, sizes, said, came, strict=True)
    )
    return Reliability(float(np.abs(said - came).sum() / len(given)), len(given), tuple(bins))


def bin_starts(rising: Array) -> Positions:
    """Where each bin begins among probabilities in rising order (N,). Equal ones share a bin, which may make it larger."""
    count = max(1, min(BINS, len(rising) // FEWEST_IN_BIN))
    edges = np.round(np.linspace(0, len(rising), count, endpoint=False)).astype(int)
    return np.unique(np.searchsorted(rising, rising[edges], side="left"))


def expected_by_chance(probabilities: ArrayLike) -> float:
    """Mean calibration error of perfectly calibrated probabilities (N,): what is right is drawn from them. Always the same."""
    given = np.sort(np.asarray(probabilities, dtype=np.float64))
    starts, rng = bin_starts(given), np.random.default_rng(SEED)
    said = _sums(given, starts)
    errors = [np.abs(said - _sums((rng.random(len(given)) < given).astype(float), starts)).sum() for _ in range(DRAWS)]
    return float(np.mean(errors) / len(given))


def log_loss(given_to_truth: ArrayLike) -> float:
    """Mean of -log p for the probabilities p that were given to what came true; 0 without any. Unlike the calibration error it
    is a proper score: the true probabilities make it smallest, and it has no bins."""
    given = np.asarray(given_to_truth, dtype=np.float64)
    return float(-np.log(np.maximum(given, np.finfo(np.float64).tiny)).mean()) if given.size else 0.0


def mean_error(parts: Mapping[str, Reliability]) -> float | None:
    """Of several labels, which count the same; errors in opposite directions do not cancel. None without any."""
    return float(np.mean([part.error for part in parts.values()])) if parts else None


def _sums(values: Array, starts: Positions) -> Array:
    """Of each bin."""
    return np.asarray(np.add.reduceat(values, starts))
