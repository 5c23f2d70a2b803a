"""Accuracy against coverage: what is gained in accuracy by leaving unsure rows without an answer (selective classification,
El-Yaniv & Wiener 2010)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bertft.arrays import Array

USUAL = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Thresholds that a table shows beside the one that was asked for."""


@dataclass(frozen=True)
class Coverage:
    """Of one threshold."""

    threshold: float
    rows: int
    """Whose best label reaches it."""
    coverage: float
    """Share of all rows."""
    accuracy: float | None
    """Of these rows; None where there are none."""
    probability: float | None
    """Mean of their best label; more than the accuracy where the model is too sure of itself."""


def coverage_at(
    gold: Sequence[int] | NDArray[np.int64], probabilities: ArrayLike, thresholds: Sequence[float]
) -> list[Coverage]:
    """`gold` (N,) holds positions, or -1, which is never right; `probabilities` is (N, K). A threshold is reached where the best
    probability is at or above it."""
    truth, scores = np.asarray(gold), np.asarray(probabilities, dtype=np.float64)
    right, best = scores.argmax(1) == truth, scores.max(1)
    return [_at(threshold, right, best) for threshold in sorted(set(thresholds))]


def _at(threshold: float, right: NDArray[np.bool_], best: Array) -> Coverage:
    answered = best >= threshold
    rows = int(answered.sum())
    accuracy, probability = (float(values[answered].mean()) if rows else None for values in (right, best))
    return Coverage(threshold, rows, rows / len(best), accuracy, probability)
