"""Windows of words to features: what is read, which words are answered for, and which tags are learned there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bertft.adapters.adapter import Feature
from bertft.gold.example import IGNORED
from bertft.gold.windows import Pieces, Window, cut_windows
from bertft.tags.chain import Legal

_Ids = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class WordFeature(Feature):
    """A window of words."""

    first: _Ids
    """(W,) where the first piece stands of each word that this window answers for."""
    start: int
    """Which word of the row is the first of them."""

    @property
    def weight(self) -> int:
        return 1 if self.target is None else int((self.target != IGNORED).sum())


@dataclass(frozen=True, slots=True)
class WordFrame:
    """What the windows of one row share."""

    row: int
    before: Sequence[int]
    after: Sequence[int]
    """Special tokens around a window."""
    pieces: Pieces
    shift: int
    """Words that stand before the row's own: its neighbours' words."""

    def feature(self, window: Window, tags: _Ids | None) -> WordFeature:
        """`tags` are those of the words that the window answers for."""
        first = self.pieces.first
        begin, finish = int(first[window.start]), int(first[window.end])
        ids = np.concatenate([self.before, self.pieces.ids[begin:finish], self.after]).astype(np.int32)
        places = (first[window.own_start : window.own_end] - begin + len(self.before)).astype(np.int32)
        return WordFeature(self.row, ids, None, tags, False, places, window.own_start - self.shift)


def word_windows(pieces: Pieces, own: range, room: int, overlap: int) -> list[Window]:
    """Of the row's `own` words; if one window holds them, its neighbours fill what room is left, from both sides alike."""
    if pieces.size(own.start, own.stop) <= room:
        return [_among_neighbours(pieces, own, room)]
    base = int(pieces.first[own.start])
    alone = Pieces(pieces.ids, pieces.first[own.start : own.stop + 1] - base)
    found = cut_windows(alone, room=room, overlap=overlap)
    return [Window(*(place + own.start for place in (w.start, w.end, w.own_start, w.own_end))) for w in found]


def _among_neighbours(pieces: Pieces, own: range, room: int) -> Window:
    start, end = own.start, own.stop
    while start > 0 or end < pieces.words:
        to_left = start > 0 and (end == pieces.words or pieces.size(start, own.start) <= pieces.size(own.stop, end))
        wider = (start - 1, end) if to_left else (start, end + 1)
        if pieces.size(*wider) > room:
            break
        start, end = wider
    return Window(start, end, own.start, own.stop)


def _may(tag: int, allowed: Sequence[bool]) -> bool:
    return bool(tag == IGNORED or allowed[tag])


def part_of(tags: _Ids, window: Window, shift: int, legal: Legal) -> _Ids:
    """The tags that are learned in a window. Where its border parts an entity, what is left of it is not learned if it would
    be against the scheme: a CRF would learn from that. The border itself never depends on gold tags."""
    part = tags[window.own_start - shift : window.own_end - shift].copy()
    begin = next((i for i, tag in enumerate(part) if _may(tag, legal[0])), len(part))
    end = next((i for i in range(len(part), 0, -1) if _may(part[i - 1], legal[2])), 0)
    part[:begin] = IGNORED
    part[end:] = IGNORED
    return part
