"""What a fit is given and what it gives: rows as counted n-grams and their gold values in, the weights of a network out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bertft.classic.features import TFIDF
from bertft.classic.vocabulary import Vocabulary

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Lesson:
    """The rows that are learned from."""

    texts: Sequence[Sequence[Array]]
    """For each row the numbers of its n-grams; two arrays for a pair, the words of a tagger's row."""
    targets: Array
    """(N, K) one-hot classes, 0 and 1 for each label, or numbers; for a tagger a row for each labelled word."""
    words: Array
    """(N,) numbers of a tagger's labelled words; else empty."""
    link: str
    """`softmax`, `sigmoid` or `identity`."""
    vocabulary: Vocabulary
    """Of all rows that were read."""
    default: int | None = None
    """For a tagger, the tag of words that were never seen; None: the most frequent one."""
    class_weights: Array | None = None
    """(K,) of the classes, or of each label where it is set; None: all alike."""
    seed: int = 0

    @property
    def is_pair(self) -> bool:
        return len(self.texts[0]) > 1


@dataclass(frozen=True)
class Choice:
    """What was chosen by trying; a second fit on more rows takes it as it is."""

    kinds: tuple[str, ...] = ()
    """Of n-grams."""
    parts: tuple[str, ...] = ()
    """Of a pair; a single text has one."""
    strength: float = 0.0
    """C of a logistic regression, 1 / alpha of a ridge."""
    said: str = ""
    """The choice in words; '' where there was none."""


@dataclass(frozen=True)
class Fit:
    """What a network is made of."""

    vocabulary: Vocabulary
    """Closed over the rows that were learned from."""
    numbers: Array
    """Number in the lesson's vocabulary -> number in that one."""
    weights: Mapping[str, Array]
    """By the names of the network's parameters."""
    choice: Choice = field(default_factory=Choice)
    weighting: str = TFIDF
    width: int | None = None
