"""Word pieces that are too many for one input, cut into windows that overlap; never inside a word.

A word is read from its first piece (as in the BERT paper) in the window that sees most around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

_Ids = np.ndarray[Any, Any]

LARGEST_WORD = 0.25
"""Share of a window that the pieces of one word may fill; what goes beyond is left out."""
LONGEST_QUESTION = 0.5
"""Share of a window that a question may fill; what goes beyond is cut."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """The word pieces of one row."""

    ids: _Ids
    """(N,) int32."""
    first: _Ids
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


def largest_word(room: int) -> int:
    """Pieces that are read of one word at most, where a window has so much room."""
    return max(int(room * LARGEST_WORD), 1)


def cut_tokens(count: int, *, room: int, overlap: int) -> list[Window]:
    """Windows of a context of so many tokens, at most `room` of them in each."""
    tokens = Pieces(np.empty(0, dtype=np.int32), np.arange(count + 1))
    return cut_windows(tokens, room=room, overlap=min(overlap, room // 2))


def answer_tokens(offsets: _Ids, answer: tuple[int, int]) -> tuple[int, int]:
    """First and last token that an answer touches; the last before the first where it touches none. `offsets` (N, 2) and
    `answer` in characters."""
    first = int(np.searchsorted(offsets[:, 1], answer[0], side="right"))
    return first, int(np.searchsorted(offsets[:, 0], answer[1], side="left")) - 1


def shortest_of(answers: Sequence[tuple[int, int]]) -> int:
    """Tokens of the shortest answer; 0 where there is none. `answers`: first and last token of each."""
    return min((last - first + 1 for first, last in answers), default=0)


def holds_one(window: Window, answers: Sequence[tuple[int, int]]) -> bool:
    """Whether an answer can be given in the window: it begins at one of the window's own tokens and is whole in it."""
    return any(window.own_start <= first < window.own_end and last < window.end for first, last in answers)


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
