"""Where words and entities begin, as marks of a text's tokens: the places of its words come in, and those of its tokens. So what
a word is does not depend on the tokenizer: WordPiece, byte-level BPE and SentencePiece get the same ones.

Their own `word_ids` are not taken: SentencePiece counts a full stop as a part of the word before it and a Chinese sentence as one
word, and a tokenizer without a pre-tokenizer, as mmBERT's, counts a whole text as one."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from bertft.masking.masked import Block, Units

WORD_START, ENTITY_START, ENTITY = 1, 2, 4
"""Bits: a token begins a word, begins an entity, is part of an entity."""

LEAST_CUT = 4
"""Tokens that are never parted, so that common words stay whole in short texts too."""

Places = NDArray[np.int64]
"""(N, 2) first character and last + 1."""
Marks = NDArray[np.uint8]


def marks_of(tokens: Places, words: Places, entities: Iterable[tuple[int, int]] = ()) -> Marks:
    """Of each token. Words stand in their order. Tokens that share a word are one word, as are words that share a token; white
    space belongs to the word after it. An entity is widened to whole words; of two that overlap the longer one stays."""
    first = np.searchsorted(words[:, 1], tokens[:, 0], side="right")  # (T,) the first word that a token touches
    last = np.searchsorted(words[:, 0], tokens[:, 1], side="left") - 1
    seen = np.flatnonzero(first <= last)  # the rest is white space
    reached = np.maximum.accumulate(np.concatenate(([-1], last[seen])))[:-1]
    after_seen = np.concatenate(([0], seen + 1))
    marks = np.zeros(len(tokens) + 1, dtype=np.uint8)
    marks[after_seen[:-1][first[seen] > reached]] = marks[after_seen[-1]] = WORD_START
    marks = marks[:-1]
    for start, end in sorted(entities, key=lambda place: (place[0] - place[1], place)):
        touched = seen[(tokens[seen, 0] < end) & (tokens[seen, 1] > start)]
        if len(touched):
            _mark_entity(marks, int(touched[0]), int(touched[-1]))
    return marks


def _mark_entity(marks: Marks, first: int, last: int) -> None:
    """From the word that holds the first token to the end of the one that holds the last."""
    begins = np.flatnonzero(marks & WORD_START)
    start = int(begins[np.searchsorted(begins, first, side="right") - 1])
    after = begins[begins > last]
    inside = marks[start : int(after[0]) if len(after) else len(marks)]  # a view
    if not (inside & ENTITY).any():
        inside |= ENTITY
        inside[0] |= ENTITY_START


def words_in(block: Block) -> Units:
    """(T,) the number of each token's word; -1 for special tokens. The rest of a word that a block begins with is one."""
    return numbered(block, _marks(block) & WORD_START > 0)


def entities_in(block: Block) -> tuple[Units, NDArray[np.int64]]:
    """(T,) the number of each token's entity, or of its word where it is part of none; and the numbers that are entities."""
    marks = _marks(block)
    inside = marks & ENTITY > 0
    starts = (marks & np.where(inside, ENTITY_START, WORD_START)) > 0
    starts[1:] |= inside[:-1] != inside[1:]
    numbers = numbered(block, starts)
    return numbers, np.unique(numbers[inside & ~block.special])


def numbered(block: Block, starts: NDArray[np.bool_]) -> Units:
    """(T,) the number of each token's unit, from where units start; a special token ends one."""
    starts = starts | np.concatenate(([True], block.special[:-1]))
    return np.where(block.special, -1, np.cumsum(starts & ~block.special) - 1)


def cut(units: Units, room: float) -> Units:
    """(T,) the same units, but one of more tokens than there is room for is parted into pieces, each a unit of its own: a link of
    60 tokens is not hidden whole where ten tokens are to be. Words of LEAST_CUT tokens stay whole in any room."""
    if not (count := int(units.max(initial=-1)) + 1):
        return units
    longest = max(int(room), LEAST_CUT)
    begins = np.searchsorted(np.maximum.accumulate(units), np.arange(count))  # (U,) the first token of each
    piece = (np.arange(len(units)) - begins[units]) // longest  # (T,)
    _, numbers = np.unique(units * len(units) + piece, return_inverse=True)
    return np.where(units < 0, -1, numbers - numbers[units >= 0].min())


def fitting(lengths: NDArray[np.int64], room: float, chance: np.random.Generator) -> int:
    """How many units, from the first on, make up so many tokens, on average exactly; at least one. What does not quite fit is
    taken with the chance that makes it so, and never left out for its length."""
    ends = np.cumsum(lengths)
    count = int(np.searchsorted(ends, room, side="right"))
    left = room - (ends[count - 1] if count else 0)
    if count < len(lengths) and chance.random() < left / lengths[count]:
        count += 1
    return max(count, 1)


def _marks(block: Block) -> Marks:
    assert block.marks is not None, "the corpus was written without marks"
    return block.marks
