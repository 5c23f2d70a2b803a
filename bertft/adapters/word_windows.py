"""Rows of words to windows of word pieces, cut between words, so that every word is whole in some window.

A word is read from its first piece (as in the BERT paper) in the window that sees most around it. Words of which the
tokenizer leaves nothing, such as a soft hyphen, stand there as unknown, so that nothing after them shifts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bertft.surrogates import without_surrogates

Ids = np.ndarray[Any, Any]

LARGEST_WORD = 0.25
"""Share of a window that the pieces of one word may fill; what goes beyond is left out."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """The word pieces of one row."""

    ids: Ids
    """(N,) int32."""
    first: Ids
    """(W + 1,) where each word begins; the last is N."""

    @property
    def words(self) -> int:
        return len(self.first) - 1

    def size(self, start: int, end: int) -> int:
        """Pieces of the words from `start` to before `end`."""
        return int(self.first[end] - self.first[start])


@dataclass(frozen=True, slots=True)
class Window:
    """Words `start` to before `end` are read, `own_start` to before `own_end` are answered for."""

    start: int
    end: int
    own_start: int
    own_end: int


def pieces_of(rows: Sequence[Sequence[str]], tokenizer: Any, *, max_pieces: int) -> list[Pieces]:
    """The pieces of each row's words, without special tokens; a word has at most `max_pieces`, and at least one."""
    found = tokenizer(
        [[*map(without_surrogates, words)] for words in rows],
        is_split_into_words=True,
        add_special_tokens=False,
        return_attention_mask=False,
        return_token_type_ids=False,
        verbose=False,
    )
    return [
        _pieces(np.asarray(ids, dtype=np.int32), found.word_ids(row), len(rows[row]), _unknown(tokenizer), max_pieces)
        for row, ids in enumerate(found["input_ids"])
    ]


def _pieces(ids: Ids, word_ids: list[int | None], words: int, unknown: int, most: int) -> Pieces:
    word_of = np.asarray([word for word in word_ids if word is not None], dtype=np.int64)  # (N,)
    counts = np.bincount(word_of, minlength=words)  # (W,)
    if counts.min(initial=1) > 0 and counts.max(initial=0) <= most:
        return Pieces(ids, np.concatenate([[0], np.cumsum(counts)]))
    parts = np.split(ids, np.cumsum(counts)[:-1])
    parts = [part[:most] if len(part) else np.asarray([unknown], dtype=np.int32) for part in parts]
    return Pieces(np.concatenate(parts), np.concatenate([[0], np.cumsum([len(part) for part in parts])]))


def _unknown(tokenizer: Any) -> int:
    known = (tokenizer.unk_token_id, tokenizer.mask_token_id, tokenizer.sep_token_id, tokenizer.eos_token_id, 0)
    return int(next(number for number in known if number is not None))


def special_ids(tokenizer: Any) -> tuple[list[int], list[int]]:
    """What the tokenizer puts before and after a text."""
    whole, bare = tokenizer("a")["input_ids"], tokenizer("a", add_special_tokens=False)["input_ids"]
    start = next(i for i in range(len(whole)) if whole[i : i + len(bare)] == bare)
    return whole[:start], whole[start + len(bare) :]


def cut_windows(pieces: Pieces, *, room: int, overlap: int) -> list[Window]:
    """Windows of at most `room` pieces that share about `overlap` with their neighbours. Each word belongs to one of them."""
    spans, start = [], 0
    while True:
        end = _reach(pieces, start, room)
        spans.append((start, end))
        if end == pieces.words:
            break
        start = max(_back(pieces, end, overlap), start + 1)
    borders = [0, *(_border(pieces, spans[i], spans[i + 1]) for i in range(len(spans) - 1)), pieces.words]
    return [Window(*span, *borders[i : i + 2]) for i, span in enumerate(spans)]


def _reach(pieces: Pieces, start: int, room: int) -> int:
    """The last word end that fits into a window from `start`; at least one word does."""
    end = int(np.searchsorted(pieces.first, pieces.first[start] + room, side="right")) - 1
    return min(max(end, start + 1), pieces.words)


def _back(pieces: Pieces, end: int, overlap: int) -> int:
    """The first word from which at most `overlap` pieces lead to `end`."""
    return int(np.searchsorted(pieces.first, pieces.first[end] - overlap, side="left"))


def _border(pieces: Pieces, left: tuple[int, int], right: tuple[int, int]) -> int:
    """From which word on the right window sees more around a word than the left one."""
    middle = (pieces.first[right[0]] + pieces.first[left[1]]) / 2
    return min(max(int(np.searchsorted(pieces.first, middle, side="left")), right[0]), left[1])
