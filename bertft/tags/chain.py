"""The best sequence of tags, and how probable each tag is, where a sequence is worth its words' scores and its moves from tag to
tag.

Words' scores ("emissions") come in as (B, W, K), each row's words on the left, with a mask (B, W) that is true on words. All is
computed in log space, in the precision of the emissions (fp32 or fp64), and brought back to a largest score of 0 at every word,
so that 20,000 words are as exact as 20. How such scores are learned stands in model/crf.py; answers need no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bertft.arrays import softmax

Legal = tuple[Sequence[bool], Sequence[Sequence[bool]], Sequence[bool]]
"""Which tags may come first (K,), which may follow which (K, K), which may come last (K,)."""

FORBIDDEN = -1e4
"""Score of a forbidden move. Finite, so that gradients are, too."""

_Array = np.ndarray[Any, Any]

ChainScores = tuple[_Array, _Array, _Array]
"""start (K,), moves (K, K) from row to column, end (K,)."""

CHAIN = ("start", "moves", "end")
"""Their names among a network's outputs."""


def forbidding(legal: Legal) -> ChainScores:
    """The scores of a CRF that has learned nothing: 0 for what is legal."""
    start, moves, end = (np.where(np.asarray(part, dtype=np.bool_), 0, FORBIDDEN).astype(np.float32) for part in legal)
    return start, moves, end


def chain_sizes(labels: int) -> dict[str, tuple[int, ...]]:
    """Name -> shape of the scores between so many labels."""
    return dict(zip(CHAIN, ((labels,), (labels, labels), (labels,)), strict=True))


def viterbi(emissions: _Array, mask: _Array, scores: ChainScores) -> _Array:
    """(B, W) the best sequence of tags, -1 where there is no word. Ties go to the lower tag id, from the last word on."""
    words, (start, moves, end) = _by_word(emissions, mask), scores
    lines, last = np.arange(len(mask)), _last(mask)
    state = start[:, None] + words[0]  # (K, B)
    final, origins = state, []
    for place, word in enumerate(words[1:], 1):
        best, origin = _best_origins(state, moves)
        state = best + word
        state -= state.max(axis=0)
        final = np.where(last == place, state, final)
        origins.append(origin)
    tag = (final + end[:, None]).argmax(axis=0)  # (B,)
    path = [tag]
    for place in range(len(origins), 0, -1):
        tag = np.where(place <= last, origins[place - 1][tag, lines], tag)
        path.append(tag)
    return np.where(mask, np.stack(path[::-1], axis=1), -1)


def _best_origins(state: _Array, moves: _Array) -> tuple[_Array, _Array]:
    """(K, B) what the best way to each tag is worth, and from which tag it comes."""
    best = state[0] + moves[0][:, None]
    origin = np.zeros(best.shape, dtype=np.intp)
    for tag in range(1, len(state)):
        worth = state[tag] + moves[tag][:, None]
        np.copyto(origin, tag, where=worth > best)
        np.maximum(best, worth, out=best)
    return best, origin


def marginals(emissions: _Array, mask: _Array, scores: ChainScores) -> _Array:
    """(B, W, K) probability of each tag at each word, all words of its row considered; 0 where there is no word."""
    start, moves, end = scores
    turned = _turned(mask)[..., None]
    before = _prefixes(_by_word(emissions, mask), start, moves)
    after = _prefixes(_by_word(np.take_along_axis(emissions, turned, axis=1), mask), end, moves.T)
    both = before + np.take_along_axis(after, turned, axis=1)  # each has its word's score
    return np.asarray(softmax(both - _without_padding(emissions, mask)) * mask[..., None])


def _prefixes(words: _Array, start: _Array, moves: _Array) -> _Array:
    """(W, K, B) -> (B, W, K) log-sum over all sequences that end in this tag at this word, up to a number for each word."""
    state = start[:, None] + words[0]
    states = [state]
    for word in words[1:]:
        worth = state[:, None, :] + moves[:, :, None]  # (K from, K to, B)
        highest = worth.max(axis=0)
        worth -= highest
        state = np.log(np.exp(worth, out=worth).sum(axis=0)) + highest + word
        state -= state.max(axis=0)
        states.append(state)
    return np.stack(states).transpose(2, 0, 1)


def _by_word(emissions: _Array, mask: _Array) -> _Array:
    """(B, W, K) -> (W, K, B): numpy is fastest where the rows stand side by side."""
    return np.ascontiguousarray(_without_padding(emissions, mask).transpose(1, 2, 0))


def _without_padding(emissions: _Array, mask: _Array) -> _Array:
    """0 beyond the last word."""
    return np.where(mask[..., None], emissions, emissions.dtype.type(0))


def _last(mask: _Array) -> _Array:
    """(B,) where each row's last word stands; 0 in a row without words."""
    return np.asarray((mask.sum(axis=1) - 1).clip(min=0))


def _turned(mask: _Array) -> _Array:
    """(B, W) where to find each row's words from the last to the first; beyond them anything."""
    return np.asarray((_last(mask)[:, None] - np.arange(mask.shape[1])).clip(min=0))
