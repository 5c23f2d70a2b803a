"""Scores of words to tags: the best legal sequence, and how sure each tag is.

With a CRF that is Viterbi and the forward-backward marginals. Without one, the likeliest tag of each word, unless that breaks
the scheme: then the likeliest sequence that keeps to it. Rows are computed together, the long ones apart from the short.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bertft.arrays import log_softmax
from bertft.tags.chain import Legal, forbidding, marginals, viterbi

_Scores = np.ndarray[Any, Any]

MOST_CELLS = 1 << 21
"""Rows * words * tags computed together."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What the network says of the words of a row, or of one of its windows."""

    words: _Scores
    """(W, K)"""
    crf: tuple[_Scores, _Scores, _Scores] | None
    """Scores of the first tag (K,), of a tag after a tag (K, K), and of the last tag (K,)."""


@dataclass(frozen=True, slots=True)
class Tagging:
    """The answer for a row."""

    tags: np.ndarray[Any, Any]
    """(W,) numbers of tags."""
    confidence: np.ndarray[Any, Any]
    """(W,) probability of each."""


def best_tags(rows: Sequence[Scored], legal: Legal) -> list[Tagging]:
    """One answer per row, in order."""
    found: list[Tagging | None] = [None if row.crf else _word_by_word(row.words, legal) for row in rows]
    open_rows = [position for position, tagging in enumerate(found) if tagging is None]
    for batch in _batches(open_rows, rows):
        for position, tagging in zip(batch, _together([rows[position] for position in batch], legal), strict=True):
            found[position] = tagging
    return [tagging for tagging in found if tagging is not None]


def _word_by_word(words: _Scores, legal: Legal) -> Tagging | None:
    """The likeliest tag of each word; None if they break the scheme."""
    start, moves, end = legal
    probabilities = np.exp(log_softmax(words.astype(np.float64), axis=1))
    tags = words.argmax(axis=1)
    follows = np.asarray(moves)[tags[:-1], tags[1:]].all()
    if not (start[tags[0]] and follows and end[tags[-1]]):
        return None
    return Tagging(tags, probabilities[np.arange(len(tags)), tags])


def _batches(positions: Sequence[int], rows: Sequence[Scored]) -> Iterator[list[int]]:
    """Rows of like length, the longest first."""
    batch: list[int] = []
    for position in sorted(positions, key=lambda position: -len(rows[position].words)):
        widest = rows[(batch or [position])[0]].words.size
        if batch and (len(batch) + 1) * widest > MOST_CELLS:
            yield batch
            batch = []
        batch.append(position)
    if batch:
        yield batch


def _together(rows: Sequence[Scored], legal: Legal) -> list[Tagging]:
    """Rows of one batch. Without a CRF there is nothing but what the scheme forbids, and a tag's probability is its word's."""
    crf = rows[0].crf
    words = [row.words if crf else log_softmax(row.words, axis=1) for row in rows]
    emissions, mask = _padded(words)
    scores = crf or forbidding(legal)
    paths = viterbi(emissions, mask, scores)  # (B, W)
    sure = marginals(emissions, mask, scores) if crf else np.exp(emissions)  # (B, W, K)
    chosen = np.take_along_axis(sure, paths.clip(min=0)[..., None], axis=2)[..., 0]  # (B, W)
    return [
        Tagging(path[: len(row.words)], some[: len(row.words)])
        for row, path, some in zip(rows, paths, chosen, strict=True)
    ]


def _padded(words: Sequence[_Scores]) -> tuple[_Scores, _Scores]:
    """(B, W, K) scores and (B, W) where there are words."""
    shape = (len(words), max(map(len, words)), words[0].shape[1])
    emissions, mask = np.zeros(shape, dtype=np.float32), np.zeros(shape[:2], dtype=np.bool_)
    for line, scores in enumerate(words):
        emissions[line, : len(scores)], mask[line, : len(scores)] = scores, True
    return emissions, mask
