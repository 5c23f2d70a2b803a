"""Texts to n-grams: words and pairs of words, and runs of characters inside words. What comes out is what scikit-learn's
TfidfVectorizer makes with `analyzer="word"` and `"char_wb"`; a test compares them.

Han characters and kana count as words of their own, as they are written without spaces."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

_EAST = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
TOKEN = rf"(?u)[{_EAST}]|[^\W{_EAST}]+"
"""A word, as a regular expression."""

_WORD = re.compile(TOKEN)

WORDS, CHARACTERS = "words", "characters"
SIZES = {WORDS: (1, 2), CHARACTERS: (3, 5)}
"""Kind of n-gram -> the fewest and the most units."""


def word_grams(text: str) -> Iterator[str]:
    """Words, and neighbouring words with a space between."""
    words = _WORD.findall(text.lower())
    for size in range(SIZES[WORDS][0], SIZES[WORDS][1] + 1):
        yield from (" ".join(words[start : start + size]) for start in range(len(words) - size + 1))


def character_grams(text: str) -> Iterator[str]:
    """Runs of characters of each word with a space on both sides; a word shorter than a run counts once."""
    fewest, most = SIZES[CHARACTERS]
    for word in text.lower().split():
        padded = f" {word} "
        for size in range(fewest, most + 1):
            yield from (padded[start : start + size] for start in range(max(len(padded) - size, 0) + 1))
            if len(padded) <= size:
                break


GRAMS: dict[str, Callable[[str], Iterator[str]]] = {WORDS: word_grams, CHARACTERS: character_grams}


def grams_of(text: str, kinds: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Every n-gram of a text with its kind, as often as it occurs."""
    for kind in kinds:
        yield from ((kind, gram) for gram in GRAMS[kind](text))
