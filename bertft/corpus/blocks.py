"""Documents of a token file come in; blocks go out: as many whole sentences of one document as a network reads at once.

No block holds text of two documents. A sentence that is too long for a block is cut, and goes on in the next one; nothing is
lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bertft.corpus.token_file import TokenFile

_AT_ONCE = 1 << 20
"""Documents that are packed together, so that no array of all is needed for a moment."""


@dataclass(frozen=True)
class Blocks:
    """Where blocks stand among the ids of a token file."""

    starts: NDArray[np.int64]
    """(B,)"""
    lengths: NDArray[np.int32]
    """(B,) in tokens, without special tokens."""

    def __len__(self) -> int:
        return len(self.starts)

    def place(self, number: int) -> slice:
        """Of a block among the ids."""
        start = int(self.starts[number])
        return slice(start, start + int(self.lengths[number]))


def pack(tokens: TokenFile, documents: NDArray[np.int64], room: int) -> Blocks:
    """The blocks of these documents, which come in ascending order, with at most `room` tokens each."""
    parts = [_pack(tokens, documents[start : start + _AT_ONCE], room) for start in range(0, len(documents), _AT_ONCE)]
    return Blocks(np.concatenate([part.starts for part in parts]), np.concatenate([part.lengths for part in parts]))


def _pack(tokens: TokenFile, documents: NDArray[np.int64], room: int) -> Blocks:
    """Most documents fit into one block; only those that do not are looked at one by one."""
    firsts = np.where(documents > 0, tokens.documents[documents - 1], 0)  # of their sentences
    starts = np.where(firsts > 0, tokens.sentences[firsts - 1], 0)
    sizes = tokens.sentences[tokens.documents[documents] - 1] - starts
    short = sizes <= room
    cuts = [_cuts(tokens, document, room) for document in documents[~short]]
    froms = np.concatenate([starts[short], *(cut[:-1] for cut in cuts)])
    lengths = np.concatenate([sizes[short], *(np.diff(cut) for cut in cuts)])
    order = np.argsort(froms, kind="stable")  # in the order of the documents again
    return Blocks(froms[order].astype(np.int64), lengths[order].astype(np.int32))


def _cuts(tokens: TokenFile, document: int, room: int) -> NDArray[np.int64]:
    """Where the blocks of a document begin and end among the ids."""
    return np.fromiter(_ends_of_blocks(tokens.sentences_of(document).tolist(), room), dtype=np.int64)


def _ends_of_blocks(places: list[int], room: int) -> Iterator[int]:
    """From where sentences begin and end to where blocks do; the beginning of the first comes first."""
    begun = before = places[0]
    yield begun
    for end in places[1:]:
        if end - begun > room and before > begun:  # the sentence does not fit in any more
            yield before
            begun = before
        while end - begun > room:  # nor into a block of its own
            begun += room
            yield begun
        before = end
    if before > begun:
        yield before


def hold_out(documents: int, share: float, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Documents to learn from, and a seeded share of all that is held back, at least one; both in their order."""
    order = np.random.default_rng([seed, 0x5711]).permutation(documents)
    held = min(max(round(share * documents), 1), documents - 1)
    return np.sort(order[held:]), np.sort(order[:held])
