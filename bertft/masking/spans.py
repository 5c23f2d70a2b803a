"""Spans of several words (SpanBERT, arXiv 1907.10529): their lengths are geometric, 3 words on average and 10 at most, and all
tokens of a span share its fate. SpanBERT's own mean is 3.8, with a chance of 0.2 to stop after each word."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from bertft.masking.marks import cut, words_in
from bertft.masking.masked import Block, Units

LONGEST, MEAN = 10, 3.0
TOO_LONG = 0.75
"""Words that the last span of a block is longer than it should be, on average."""


def choose_spans(block: Block, share: float, chance: np.random.Generator) -> Units:
    """Spans that begin with any word, each a unit. They touch no other and no special token is inside. Whether one more is drawn
    does not depend on its length, so lengths stay geometric. Where none is, as in most texts of under 15 words, it is a word."""
    words = cut(words_in(block), share * (~block.special).sum() / MEAN)
    if not (count := int(words.max(initial=-1)) + 1):
        return words
    taken, parted = np.full(count, -1), _parted(words, count)
    number, left = 0, share * count - TOO_LONG
    while chance.random() < left / MEAN:
        start, end = _free_place(taken, parted, chance)
        if start == end:
            break
        taken[start:end], number, left = number, number + 1, left - (end - start)
    if not number:
        taken[chance.integers(count)] = 0
    return np.where(block.special, -1, taken[words])


@cache
def length_chances() -> NDArray[np.float64]:
    """Of spans of 1, 2, ... words. The chance to stop that gives the mean is found by bisection."""
    numbers, low, high = np.arange(1, LONGEST + 1), 0.0, 1.0
    for _ in range(60):
        stop = (low + high) / 2
        chances = (1 - stop) ** numbers / ((1 - stop) ** numbers).sum()
        low, high = (stop, high) if chances @ numbers > MEAN else (low, stop)
    return np.asarray(chances)


def _parted(words: Units, count: int) -> NDArray[np.int64]:
    """(W + 1,) how many of the words before each have a special token before them."""
    begins = np.searchsorted(np.maximum.accumulate(words), np.arange(count))
    return np.concatenate(([0], np.cumsum(words[begins - 1] < 0)))


def _free_place(taken: NDArray[np.int64], parted: NDArray[np.int64], chance: np.random.Generator) -> tuple[int, int]:
    """The first word of a span of random length and its last + 1; of a shorter one where there is no such place, and of an empty
    one where there is none at all."""
    busy = np.concatenate(([0], np.cumsum(taken >= 0)))
    longest = min(int(chance.choice(LONGEST, p=length_chances())) + 1, len(taken))
    for length in range(longest, 0, -1):
        starts = np.arange(len(taken) - length + 1)
        before, after = np.maximum(starts - 1, 0), np.minimum(starts + length + 1, len(taken))
        is_free = (busy[before] == busy[after]) & (parted[starts + 1] == parted[starts + length])
        if len(free := starts[is_free]):
            start = int(free[chance.integers(len(free))])
            return start, start + length
    return 0, 0
