"""What a model said of rows beside what is true of them, as plain arrays: what curves and diagrams are drawn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bertft.arrays import Array


@dataclass(frozen=True)
class OneLabel:
    """Each row has one of K labels."""

    labels: tuple[str, ...]
    gold: NDArray[np.int64]
    """(N,) positions; -1 where the model does not know the label."""
    probabilities: Array
    """(N, K)"""

    @property
    def right(self) -> NDArray[np.bool_]:
        """(N,) whether the most probable label is the gold one."""
        return np.asarray(self.probabilities.argmax(1) == self.gold)

    @property
    def best(self) -> Array:
        """(N,) the probability of the most probable label."""
        return np.asarray(self.probabilities.max(1))


@dataclass(frozen=True)
class LabelSets:
    """Each row has any number of K labels."""

    labels: tuple[str, ...]
    gold: NDArray[np.bool_]
    """(N, K)"""
    probabilities: Array
    """(N, K)"""
    thresholds: tuple[float, ...]
    """(K,) probability from which a label is given."""


@dataclass(frozen=True)
class Numbers:
    """Each row has a number."""

    gold: Array
    predicted: Array


Evidence = OneLabel | LabelSets | Numbers
