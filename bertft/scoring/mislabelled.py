"""Rows whose labels are likely wrong: confident learning (Northcutt et al. 2021), from probabilities of a model that has not
learned from these rows.

A row is confidently of a class that it is predicted for at least as probably as the rows with that label are on average. Where
that is another class than its label, the label is in doubt: cleanlab's `filter_by="confident_learning"`. With several labels a
row, each is asked by itself whether it is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bertft.arrays import Array


@dataclass(frozen=True, slots=True)
class DoubtfulLabel:
    """Of one row, by positions."""

    position: int
    label: int | None
    """The one in doubt; None where one of several labels seems to be missing."""
    suggested: int | None
    """What the row confidently is; None where it should just do without one of several labels."""
    margin: float
    """Probability of what the row is labelled less that of what is suggested; the lower, the more doubtful."""


def doubtful_labels(gold: Sequence[int] | NDArray[np.int64], probabilities: ArrayLike) -> list[DoubtfulLabel]:
    """The most doubtful first. `gold` (N,) holds positions, or -1, which is left out; `probabilities` is (N, K)."""
    truth, scores = np.asarray(gold, dtype=np.int64), np.asarray(probabilities, dtype=np.float64)
    known = np.flatnonzero(truth >= 0)
    if not len(known):
        return []
    truth, scores, rows = truth[known], scores[known], np.arange(len(known))
    confident = np.where(scores >= _usual(truth, scores) - 1e-6, scores, -1.0)  # (N, K)
    suggested = confident.argmax(1)
    margins = scores[rows, truth] - scores[rows, suggested]
    doubted = np.flatnonzero((confident[rows, suggested] >= 0) & (margins < 0))
    order = doubted[np.argsort(margins[doubted], kind="stable")]
    return [DoubtfulLabel(int(known[i]), int(truth[i]), int(suggested[i]), float(margins[i])) for i in order]


def doubtful_sets(gold: ArrayLike, probabilities: ArrayLike) -> list[DoubtfulLabel]:
    """The same where rows have any number of labels: `gold` (N, K) is 0 or 1, `probabilities` (N, K)."""
    present, scores = np.asarray(gold) > 0, np.asarray(probabilities, dtype=np.float64)
    found = []
    for label in range(scores.shape[1]):
        both = np.stack([1 - scores[:, label], scores[:, label]], axis=1)
        for one in doubtful_labels(present[:, label].astype(np.int64), both):
            missing, spare = (label, None) if one.suggested else (None, label)
            found.append(DoubtfulLabel(one.position, spare, missing, one.margin))
    return sorted(found, key=lambda one: one.margin)


def _usual(truth: NDArray[np.int64], scores: Array) -> Array:
    """(K,) how probable a class is on average in the rows with that label; 2, which nothing reaches, where there are none."""
    rows = np.bincount(truth, minlength=scores.shape[1])
    own = scores[np.arange(len(truth)), truth]
    sums = np.bincount(truth, weights=own, minlength=scores.shape[1])
    usual: Array = np.divide(sums, rows, where=rows > 0, out=np.full(len(rows), 2.0))
    return usual
