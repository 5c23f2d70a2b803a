"""Groups of rows by length: each row once, one length in one group, about equal sizes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise

import pytest

from bertft.scoring import Scores
from bertft.scoring.by_length import FEWEST, GROUPS, score_by_length


def share_of_first(positions: Sequence[int]) -> Scores:
    """A score that says which rows it saw."""
    return Scores(main="accuracy", values={"accuracy": float(sum(positions))}, examples=len(positions))


@pytest.mark.parametrize("seed", range(30))
def test_every_row_is_in_one_group_and_no_length_in_two(seed: int) -> None:
    chance = random.Random(seed)
    rows = chance.choice([1, 19, 20, 39, 40, 60, 137, 1000])
    most = chance.choice([1, 3, 50, 5000])
    lengths = [chance.randint(1, most) for _ in range(rows)]
    groups = score_by_length(lengths, share_of_first)
    if not groups:
        return
    assert 2 <= len(groups) <= GROUPS
    assert sum(group.scores.examples for group in groups) == rows
    assert sum(group.scores.values["accuracy"] for group in groups) == sum(range(rows))
    assert all(left.longest < right.shortest for left, right in pairwise(groups))
    assert all(group.shortest <= group.longest for group in groups)
    assert all(group.scores.examples >= FEWEST for group in groups)
    for group in groups:
        inside = [place for place, length in enumerate(lengths) if group.shortest <= length <= group.longest]
        assert sum(inside) == group.scores.values["accuracy"]


def test_different_lengths_make_five_equal_groups() -> None:
    groups = score_by_length(list(range(1000, 0, -1)), share_of_first)
    assert [group.scores.examples for group in groups] == [200] * 5
    assert (groups[0].shortest, groups[-1].longest) == (1, 1000)


@pytest.mark.parametrize("lengths", [[], [7], [7] * 500, list(range(30))])
def test_one_group_says_nothing(lengths: list[int]) -> None:
    assert score_by_length(lengths, share_of_first) == []
