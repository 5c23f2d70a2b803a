"""Types of numpy arrays, whose shapes are said in words; and the functions from logits to probabilities that every answer needs.
scipy has the same ones, behind half a second of imports."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Positions = NDArray[np.int64]
Numbers = NDArray[np.floating[Any]]


def softmax(logits: ArrayLike, axis: int = -1) -> Numbers:
    """Probabilities, in the precision of the logits."""
    given = np.asarray(logits)
    raised = np.exp(given - given.max(axis=axis, keepdims=True))
    return np.asarray(raised / raised.sum(axis=axis, keepdims=True))


def log_softmax(logits: Numbers, axis: int = -1) -> Numbers:
    """Logarithms of probabilities."""
    lowered = logits - logits.max(axis=axis, keepdims=True)
    return np.asarray(lowered - np.log(np.exp(lowered).sum(axis=axis, keepdims=True)))


def logsumexp(numbers: Numbers) -> float:
    """Of all of them; -inf where all are."""
    highest = numbers.max()
    return float(highest + np.log(np.exp(numbers - highest).sum())) if np.isfinite(highest) else float(highest)


def sigmoid(logits: ArrayLike) -> Array:
    """Probability of each logit by itself."""
    with np.errstate(over="ignore"):  # of a logit below -709: 1 / inf
        return np.asarray(1 / (1 + np.exp(-np.asarray(logits, dtype=np.float64))))
