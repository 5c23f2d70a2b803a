"""Word pieces that are too many for one input, cut into windows that overlap; never inside a word.

A word is read from its first piece (as in the BERT paper) in the window that sees most around it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

_Ids = np.ndarray[Any, Any]


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
