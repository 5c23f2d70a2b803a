"""The threshold for each label of a multi-label model that makes its F1 best on held-out rows. What rounding could turn round is
not counted as a gain: see rounding.py."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bertft.arrays import Array
from bertft.scoring.rounding import logit, nearly_constant, rounding_of


def tune_thresholds(gold: ArrayLike, probabilities: ArrayLike, *, least_positives: int = 10) -> Array:
    """Thresholds (K,) for gold and probabilities (N, K); a label is predicted at or above its threshold.

    They lie half-way between two neighbouring probabilities. A threshold is judged by the worst F1 that it has if rounding
    moves it up or down; of equally good ones the nearest to 0.5 is taken. Labels with fewer than `least_positives` positives
    share one threshold, as a few rows would only teach their own noise; it is 0.5 where all of them together have no more. Labels
    whose probabilities are the same within rounding keep 0.5."""
    truth, scores = np.asarray(gold, dtype=np.float64), np.asarray(probabilities, dtype=np.float64)
    thresholds = np.full(scores.shape[1], 0.5)
    if not len(truth):
        return thresholds
    constant, rare = nearly_constant(logit(scores)), truth.sum(0) < max(least_positives, 1)
    for label in np.flatnonzero(~constant & ~rare):
        thresholds[label] = best_threshold(truth[:, label], scores[:, label])
    shared = ~constant & rare
    if truth[:, shared].sum() >= max(least_positives, 1):
        thresholds[shared] = best_threshold(truth[:, shared].ravel(), scores[:, shared].ravel())
    return thresholds


def best_threshold(gold: Array, scores: Array) -> float:
    """Of one label, both (N,)."""
    order = np.argsort(-scores, kind="stable")  # best first
    cuts, allowed = between(scores[order])
    worth = np.where(allowed, worst_f1(gold[order], scores[order], cuts), -1.0)
    return float(cuts[np.where(worth == worth.max(), np.abs(cuts - 0.5), np.inf).argmin()])


def worst_f1(gold: Array, scores: Array, cuts: Array) -> Array:
    """(N,) of each cut: the lowest F1 of that cut and of those a rounding above and below it. Rows come best first."""
    right = np.concatenate([[0.0], np.cumsum(gold)])
    f1 = 2 * right / (np.arange(len(right)) + right[-1])  # of letting in the best 0, 1, … N rows
    rising, places = logit(scores)[::-1], logit(cuts)
    shifts = np.outer([-1, 0, 1], rounding_of(places))  # (3, N)
    let_in = len(scores) - np.searchsorted(rising, places + shifts)
    let_in[1] = np.arange(1, len(right))
    return np.asarray(f1[let_in].min(axis=0))


def between(scores: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Place i: the threshold that lets the best i + 1 rows in, and whether there is one (ties cannot be parted)."""
    below = np.append(scores[1:], 0.0)
    cuts = (scores + below) / 2
    cuts = np.where(cuts > below, cuts, scores)  # no number lies between two neighbouring floats
    allowed = scores > below
    allowed[-1] = True
    return cuts, allowed
