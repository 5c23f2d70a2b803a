"""The threshold for each label of a multi-label model that makes its F1 best on held-out rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def tune_thresholds(gold: ArrayLike, probabilities: ArrayLike, *, least_positives: int = 10) -> Array:
    """Thresholds (K,) for gold and probabilities (N, K); a label is predicted at or above its threshold.

    They lie half-way between two neighbouring probabilities; of equally good ones the nearest to 0.5 is taken. Labels
    with fewer than `least_positives` positives keep 0.5: a few rows would only teach their own noise."""
    truth, scores = np.asarray(gold, dtype=np.float64), np.asarray(probabilities, dtype=np.float64)
    if not len(truth):
        return np.full(scores.shape[1], 0.5)
    order = np.argsort(-scores, axis=0, kind="stable")
    scores = np.take_along_axis(scores, order, axis=0)  # best first
    right = np.cumsum(np.take_along_axis(truth, order, axis=0), axis=0)
    cuts, allowed = between(scores)
    positives = truth.sum(0)
    f1 = np.where(allowed, 2 * right / (np.arange(1, len(truth) + 1)[:, None] + positives), -1.0)
    f1[:, positives == 0] = -1.0
    distance = np.where(f1 == f1.max(0), np.abs(cuts - 0.5), np.inf)
    best = np.take_along_axis(cuts, distance.argmin(0)[None], axis=0)[0]
    return np.where(positives < least_positives, 0.5, best)


def between(scores: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Row i: the threshold that lets the best i + 1 rows in, and whether there is one (ties cannot be parted)."""
    below = np.vstack([scores[1:], np.zeros((1, scores.shape[1]))])
    cuts = (scores + below) / 2
    cuts = np.where(cuts > below, cuts, scores)  # no number lies between two neighbouring floats
    allowed = scores > below
    allowed[-1] = True
    return cuts, allowed
