"""Weighted rank statistics: what a resample of n rows does to ranks, without sorting again.

A resample is a weight per row (how often it was drawn). The rows are sorted once; with w the weight of a group of
ties and c the weight of all smaller groups, the mean rank of the group is c + (w + 1) / 2. Weights are (R, N).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bertft.arrays import Array


@dataclass(frozen=True)
class Ranking:
    """A column sorted once: which row stands where, and where each group of ties begins."""

    rows: NDArray[np.int64]
    starts: NDArray[np.int64]
    group: NDArray[np.int64]
    """Of each row, in the original order."""

    @classmethod
    def of(cls, values: Array) -> Ranking:
        rows = np.argsort(values, kind="stable")
        new = np.concatenate([[True], np.diff(values[rows]) != 0])
        group = np.empty(len(values), dtype=np.int64)
        group[rows] = np.cumsum(new) - 1
        return cls(rows, np.flatnonzero(new), group)

    def group_weights(self, weights: Array) -> Array:
        """(R, N) -> (R, groups), smallest values first."""
        ordered = np.take(weights, self.rows, axis=1)
        tied = len(self.starts) < len(self.rows)
        return np.add.reduceat(ordered, self.starts, axis=1) if tied else ordered


def mean_ranks(inside: Array) -> Array:
    """Weights of groups to their mean ranks, both (R, groups)."""
    ranks: Array = np.cumsum(inside, axis=1) - (inside - 1) / 2
    return ranks


def spearman(weights: Array, x: Ranking, y: Ranking) -> Array:
    """Correlation of the ranks that the rows have within each resample. NaN where either is constant."""
    of_x, of_y = x.group_weights(weights), y.group_weights(weights)
    middle = (weights.sum(1, keepdims=True) + 1) / 2  # ranks always have this mean
    x_ranks, y_ranks = mean_ranks(of_x) - middle, mean_ranks(of_y) - middle
    both = np.take(x_ranks, x.group, axis=1) * np.take(y_ranks, y.group, axis=1)
    return quotient(
        np.einsum("rn,rn->r", weights, both),
        np.sqrt(np.einsum("rg,rg,rg->r", of_x, x_ranks, x_ranks) * np.einsum("rg,rg,rg->r", of_y, y_ranks, y_ranks)),
    )


def pearson(weights: Array, x: Array, y: Array) -> Array:
    """Weighted correlation of x and y, both (N,). NaN where either is constant."""
    x, y = x - x.mean(), y - y.mean()  # keeps the squares small
    rows = weights.sum(1)
    of_x, of_y = weights @ x / rows, weights @ y / rows
    spread_x, spread_y = weights @ (x * x) / rows - of_x**2, weights @ (y * y) / rows - of_y**2
    return quotient(weights @ (x * y) / rows - of_x * of_y, np.sqrt(np.maximum(0, spread_x * spread_y)))


def auc(weights: Array, order: Ranking, positive: NDArray[np.bool_]) -> Array:
    """Mann and Whitney's U over all pairs: area under the ROC curve. NaN where a resample has one class only."""
    yes = order.group_weights(weights * positive)
    no = order.group_weights(weights * ~positive)
    won = np.einsum("rg,rg->r", yes, np.cumsum(no, axis=1) - no / 2)
    return quotient(won, yes.sum(1) * no.sum(1))


def average_precision(weights: Array, order: Ranking, positive: NDArray[np.bool_]) -> Array:
    """Sum over the ranks, best first, of precision times the gain in recall. NaN without a positive."""
    yes = order.group_weights(weights * positive)[:, ::-1]
    seen = np.cumsum(order.group_weights(weights)[:, ::-1], axis=1)
    precision = np.cumsum(yes, axis=1) / np.maximum(seen, 1)
    return quotient(np.einsum("rg,rg->r", yes, precision), yes.sum(1))


def quotient(above: Array, below: Array) -> Array:
    """NaN where there is nothing to divide by."""
    return np.asarray(np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0))
