"""What needs no text: the frequency of each class or label, the mean of numbers. A tagger gives each word its most frequent tag,
and words that it has never seen O, or the most frequent tag where there is no O."""

from __future__ import annotations

import numpy as np

from bertft.classic.lesson import Array, Choice, Fit, Lesson
from bertft.classic.vocabulary import FIRST, UNKNOWN, WHOLE

_NEVER = 1e-9
"""Share of what was never seen: no row gets it, and its logarithm is a number."""


def fit_majority(lesson: Lesson, choice: Choice | None = None) -> Fit:
    """Nothing is chosen, so `choice` changes nothing."""
    if lesson.vocabulary.kinds == (WHOLE,):
        return _fit_words(lesson)
    vocabulary, numbers = lesson.vocabulary.closed((), np.zeros(0, dtype=np.int32))
    bias = base_rates(lesson.targets, lesson.link)
    return Fit(vocabulary, numbers, {"idf": np.zeros(0), "weight": np.zeros((0, len(bias))), "bias": bias})


def base_rates(targets: Array, link: str) -> Array:
    """(K,) outputs that give each class or label its share of the rows (N, K), or numbers their mean."""
    shares = targets.mean(axis=0)
    if link == "identity":
        return np.asarray(shares)
    if link == "softmax":
        return np.asarray(np.log(np.maximum(shares, _NEVER)))
    bounded = np.clip(shares, _NEVER, 1 - _NEVER)
    return np.asarray(np.log(bounded / (1 - bounded)))


def _fit_words(lesson: Lesson) -> Fit:
    vocabulary, numbers = lesson.vocabulary.closed([WHOLE], lesson.words)
    counts = np.zeros((len(vocabulary), lesson.targets.shape[1]))
    np.add.at(counts, numbers[lesson.words], lesson.targets)
    counts[:FIRST] = lesson.targets.sum(axis=0)
    if lesson.default is not None:
        counts[UNKNOWN] = np.eye(len(counts[0]))[lesson.default]
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return Fit(vocabulary, numbers, {"table": np.log(np.maximum(shares, _NEVER))})
