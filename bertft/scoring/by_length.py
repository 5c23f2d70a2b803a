"""Do long texts score worse? Rows are put into groups of about equal size by their length; what scores them is the caller's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bertft.scoring.scores import Scores

GROUPS = 5
FEWEST = 20
"""Rows of a group: fewer say nothing."""


@dataclass(frozen=True)
class LengthGroup:
    """Rows of like length."""

    shortest: int
    longest: int
    scores: Scores


def score_by_length(lengths: Sequence[int], score: Callable[[Sequence[int]], Scores]) -> list[LengthGroup]:
    """From the shortest on. Rows of one length are never parted, so groups may be fewer than five; none where that leaves fewer
    than two. `score` scores the rows at some positions."""
    groups = _groups(np.asarray(lengths, dtype=np.int64))
    if len(groups) < 2:
        return []
    return [LengthGroup(lengths[rows[0]], lengths[rows[-1]], score(sorted(rows))) for rows in groups]


def _groups(lengths: np.ndarray[tuple[int], np.dtype[np.int64]]) -> list[list[int]]:
    """Positions, by length. A group is closed when it has its share of what is left; a last one that is too small goes to
    the one before."""
    order = np.argsort(lengths, kind="stable")
    ends = np.flatnonzero(np.diff(lengths[order], append=np.iinfo(np.int64).max)) + 1  # after each length
    groups: list[list[int]] = []
    start = 0
    for end in ends.tolist():
        wanted = (len(order) - start) / max(GROUPS - len(groups), 1)
        if end - start >= max(wanted, FEWEST) or end == len(order):
            groups.append(order[start:end].tolist())
            start = end
    if len(groups) > 1 and len(groups[-1]) < FEWEST:
        last = groups.pop()
        groups[-1] += last
    return groups
