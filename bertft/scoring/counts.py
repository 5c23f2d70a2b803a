"""Metrics that are functions of three counts per label: how often right, how often gold, how often predicted.

The leading axes are free, so that one call measures every resample of a bootstrap.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bertft.arrays import Array


@dataclass(frozen=True)
class Counts:
    """Per label, shape (..., K)."""

    right: Array
    gold: Array
    predicted: Array


def ratio(above: Array, below: Array) -> Array:
    """0 where there is nothing to divide by, as scikit-learn has it."""
    return np.divide(above, below, out=np.zeros(np.broadcast(above, below).shape), where=below > 0)


def family(name: str, counts: Counts) -> Array:
    """Precision, recall or f1 of each label, shape (..., K)."""
    if name == "precision":
        return ratio(counts.right, counts.predicted)
    if name == "recall":
        return ratio(counts.right, counts.gold)
    return ratio(2 * counts.right, counts.gold + counts.predicted)


def pooled(counts: Counts) -> Counts:
    """All labels as one."""
    return Counts(*(array.sum(-1, keepdims=True) for array in (counts.right, counts.gold, counts.predicted)))


def averaged(name: str, counts: Counts, *, only_present: bool) -> Array:
    """`f1_macro` and its like. `only_present` leaves labels that are neither gold nor predicted out of a macro mean."""
    kind, average = name.rsplit("_", 1)
    if average == "micro":
        return family(kind, pooled(counts))[..., 0]
    values = family(kind, counts)
    if average == "weighted":
        return ratio((values * counts.gold).sum(-1), counts.gold.sum(-1))
    present = (counts.gold + counts.predicted > 0) if only_present else np.ones_like(values, dtype=bool)
    return ratio((values * present).sum(-1), present.sum(-1).astype(np.float64))


def matthews(counts: Counts, rows: float) -> Array:
    """R_K of Gorodkin 2004; gold labels that the model does not know are one more class, never predicted."""
    unknown = rows - counts.gold.sum(-1)
    both = counts.right.sum(-1) * rows - (counts.gold * counts.predicted).sum(-1)
    spread_gold = rows**2 - (counts.gold**2).sum(-1) - unknown**2
    spread_predicted = rows**2 - (counts.predicted**2).sum(-1)
    return ratio(both, np.sqrt(spread_gold * spread_predicted))


def per_class(labels: list[str], counts: Counts) -> dict[str, dict[str, float]]:
    """A row of a report for each label."""
    columns = {name: family(name, counts) for name in ("precision", "recall", "f1")} | {"support": counts.gold}
    return {label: {name: float(column[k]) for name, column in columns.items()} for k, label in enumerate(labels)}
