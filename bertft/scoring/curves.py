"""Curves over all thresholds: precision against recall, ROC, accuracy against coverage. Rows with the same probability share a
threshold, so the order of the rows does not matter. Areas are those of scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bertft.arrays import Array


@dataclass(frozen=True)
class Curve:
    """Points from the highest threshold to the lowest, and the area under them."""

    x: Array
    y: Array
    area: float

    def points(self) -> list[tuple[float, float]]:
        return list(zip(self.x.tolist(), self.y.tolist(), strict=True))


def precision_recall(gold: ArrayLike, scores: ArrayLike) -> Curve | None:
    """Recall on x, precision on y, average precision as area; `gold` (N,) of 0 and 1. None where no row is positive, or a score
    is no number."""
    found = _ranked(gold, scores)
    if found is None or not found[0][-1]:
        return None
    right, given = found
    recall, precision = right / right[-1], right / given
    area = float(np.sum(np.diff(recall, prepend=0.0) * precision))
    return Curve(np.append(0.0, recall), np.append(precision[0], precision), area)


def roc(gold: ArrayLike, scores: ArrayLike) -> Curve | None:
    """False positive rate on x, recall on y. None where all rows are positive, or none is, or a score is no number."""
    found = _ranked(gold, scores)
    if found is None or found[0][-1] in (0, found[1][-1]):
        return None
    right, given = found
    wrong = given - right
    x, y = np.append(0.0, wrong / wrong[-1]), np.append(0.0, right / right[-1])
    return Curve(x, y, float(np.trapezoid(y, x)))


def accuracy_by_coverage(right: ArrayLike, scores: ArrayLike) -> Curve | None:
    """Share of the rows that are answered on x, accuracy of these on y, where those below a threshold are left without an answer;
    `right` (N,) of 0 and 1. The area has no name of its own: the mean accuracy over all coverages."""
    found = _ranked(right, scores)
    if found is None:
        return None
    hits, answered = found
    coverage, accuracy = answered / answered[-1], hits / answered
    return Curve(coverage, accuracy, float(np.sum(np.diff(coverage, prepend=0.0) * accuracy)))


def _ranked(gold: ArrayLike, scores: ArrayLike) -> tuple[Array, Array] | None:
    """Down to each different score: how many rows are positive, and how many there are. None without rows."""
    truth, given = np.asarray(gold, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    if not len(given) or not np.isfinite(given).all():
        return None
    order = np.argsort(-given, kind="stable")
    last = np.append(np.flatnonzero(np.diff(given[order])), len(given) - 1)
    return np.cumsum(truth[order])[last], last + 1.0
