"""What rounding alone does to a model's answers. Rows whose logits differ by no more than this have the same answer: another
batch, device or library version may turn their order round."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bertft.arrays import Array

ROUNDING = 2.0**-6
"""Of a logit's size; a logit below 1 counts as 1. Neighbouring bf16 numbers lie up to 2^-7 of their size apart, and a logit is a
sum of numbers that were rounded as well, so it is twice that. At a probability of 0.5 it is 0.004."""

_LEAST = 1e-12
"""Probabilities closer to 0 or 1 count as this far from it."""


def rounding_of(logits: ArrayLike) -> Array:
    """How far apart logits of this size may lie and still be the same."""
    return np.asarray(ROUNDING * np.maximum(1.0, np.abs(logits)))


def logit(probabilities: ArrayLike) -> Array:
    """Of sigmoid probabilities, each by itself."""
    clipped = np.clip(np.asarray(probabilities, dtype=np.float64), _LEAST, 1 - _LEAST)
    return np.asarray(np.log(clipped) - np.log1p(-clipped))


def class_logits(probabilities: ArrayLike) -> Array:
    """Of softmax probabilities (N, K), as far as they are known: those whose mean over the classes is 0."""
    logs = np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), _LEAST))
    return np.asarray(logs - logs.mean(axis=1, keepdims=True))


def nearly_constant(logits: Array) -> NDArray[np.bool_]:
    """(K,) for logits (N, K): whether all rows have the same, within rounding."""
    spread = logits.max(axis=0) - logits.min(axis=0)
    return np.asarray(spread <= rounding_of(np.median(logits, axis=0)))
