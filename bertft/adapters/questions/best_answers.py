"""Scores of starts and ends to answers: the likeliest spans that are legal, over all windows of a context.

Legal is a span that begins where the window may answer, ends at or after its begin, within `max_answer` tokens, and lies in
the context. All of them are looked at, not only those of the 20 best starts and ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bertft.adapters.questions.context_windows import ContextFeature
from bertft.arrays import logsumexp
from bertft.gold.answer import MOST_ANSWERS

Logits = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Ends:
    """What the network says of one window: scores of its context tokens, and of its first token, which means no answer."""

    start: Logits
    """(C,)"""
    end: Logits
    """(C,)"""
    null: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """An answer: where it stands in the context, in characters."""

    text: str
    start: int
    end: int
    probability: float


@dataclass(frozen=True, slots=True)
class Found:
    """The answers to one question, the best first."""

    answers: tuple[Candidate, ...]
    null_odds: float
    """Score of no answer less that of the best answer."""
    no_answer: float | None
    """Probability that there is none; None for a model that always answers."""


def best_answers(
    ends: Sequence[Ends], windows: Sequence[ContextFeature], *, max_answer: int, can_abstain: bool
) -> Found:
    """`ends` and `windows` are those of one row."""
    scores = [_legal_scores(said, window, max_answer) for said, window in zip(ends, windows, strict=True)]
    null = min(said.null for said in ends)
    total = logsumexp(np.concatenate([*(score.ravel() for score in scores), [null if can_abstain else -np.inf]]))
    best = sorted(
        (place for which, score in enumerate(scores) for place in _top(score, which)), key=lambda place: -place[0]
    )[:MOST_ANSWERS]
    answers = tuple(_candidate(windows[which], first, last, score - total) for score, which, first, last in best)
    odds = null - best[0][0] if best else np.inf
    return Found(answers, float(odds), float(np.exp(null - total)) if can_abstain else None)


def _legal_scores(said: Ends, window: ContextFeature, max_answer: int) -> Logits:
    """(max_answer, C): the score of the span from each token of the context to one so many tokens further on; -inf where
    that is not legal."""
    tokens = len(said.start)
    scores = np.full((min(max_answer, max(tokens, 1)), tokens), -np.inf)
    for length in range(len(scores)):
        scores[length, : tokens - length] = said.start[: tokens - length] + said.end[length:]
    scores[:, : window.own.start] = -np.inf
    scores[:, window.own.stop :] = -np.inf
    return scores


def _top(scores: Logits, which: int) -> list[tuple[float, int, int, int]]:
    """(score, window, first token, last token) of the best spans of a window."""
    flat = scores.ravel()
    some = np.argpartition(-flat, MOST_ANSWERS)[:MOST_ANSWERS] if len(flat) > MOST_ANSWERS else np.arange(len(flat))
    lengths, firsts = np.divmod(some, scores.shape[1] or 1)
    return [
        (float(flat[i]), which, int(first), int(first + length))
        for i, first, length in zip(some, firsts, lengths, strict=True)
        if np.isfinite(flat[i])
    ]


def _candidate(window: ContextFeature, first: int, last: int, log_probability: float) -> Candidate:
    """Some tokenizers count the space before a word as its own: it is no part of an answer."""
    start, end = int(window.offsets[first, 0]), int(window.offsets[last, 1])
    text = window.context[start:end]
    start += len(text) - len(text.lstrip())
    return Candidate(text.strip(), start, start + len(text.strip()), float(np.exp(log_probability)))
