"""Rows to folds: held against scikit-learn's promises, by counting."""

from __future__ import annotations

from collections import Counter
from random import Random
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import StratifiedKFold

from bertft.engine.folds import folds_of, rare_classes, why_no_folds
from bertft.engine.parts import parts_of


@pytest.mark.parametrize("seed", range(5))
def test_classes_are_spread_as_evenly_as_scikit_learn_spreads_them(seed: int) -> None:
    chance = Random(seed)
    targets = chance.choices(range(4), weights=[60, 25, 10, 5], k=203)
    found = folds_of(targets, 5, seed)
    theirs = StratifiedKFold(5, shuffle=True, random_state=seed).split(np.zeros(203), targets)
    wanted = [Counter(targets[place] for place in test) for _, test in theirs]
    for kind in range(4):
        ours = sorted(sum(targets[place] == kind for place in np.flatnonzero(found == fold)) for fold in range(1, 6))
        assert ours == sorted(one[kind] for one in wanted)
    sizes = Counter(found.tolist())
    assert sorted(sizes) == [1, 2, 3, 4, 5]
    assert max(sizes.values()) - min(sizes.values()) <= 1


def test_whole_groups_go_into_one_fold_and_classes_stay_even() -> None:
    chance = Random(3)
    groups = [chance.choice([None, *range(30)]) for _ in range(400)]
    targets = [chance.randrange(2) for _ in groups]
    found = folds_of(targets, 4, 1, groups)
    for group in range(30):
        assert len({fold for fold, one in zip(found, groups, strict=True) if one == group}) <= 1
    for kind in range(2):
        counts = [sum(targets[place] == kind for place in np.flatnonzero(found == fold)) for fold in range(1, 5)]
        assert max(counts) - min(counts) <= 2, counts


def test_targets_that_are_no_classes_make_even_folds() -> None:
    sizes = Counter(folds_of([0.5] * 103, 10, 0).tolist())
    assert sorted(sizes.values()) == [10] * 7 + [11] * 3


def test_the_seed_decides() -> None:
    first, again, other = (folds_of([0] * 100, 5, seed).tolist() for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        ([None] * 5, ""),
        ([None] * 4, "4 rows cannot make 5 folds"),
        (
            ["a", "a", "b", "b", "c", None],
            "4 groups of rows that stay together, such as documents, cannot make 5 folds",
        ),
    ],
)
def test_too_few_rows_or_groups_are_refused_in_words(groups: list[str | None], words: str) -> None:
    assert why_no_folds(5, groups) == words


def test_classes_with_fewer_rows_than_folds_are_named() -> None:
    assert rare_classes([0, 0, 0, 1, 2, 2], 3, ["a", "b", "c"]) == ["b", "c"]
    assert rare_classes([0.5, 1.5], 3, ["score"]) == []


@pytest.mark.parametrize("validation", [None, "held.csv"])
def test_a_run_neither_learns_from_its_fold_nor_chooses_by_it(validation: str | None) -> None:
    """Each row is left out by one run; the other rows of the run are those that a run on them alone would part so."""
    targets, groups = [place % 3 for place in range(90)], [place // 2 if place < 30 else None for place in range(90)]
    left_out: list[int] = []
    for fold in range(1, 6):
        runs, data = SimpleNamespace(folds=5, fold=fold), SimpleNamespace(validation=validation, validation_share=0.1)
        plan: Any = SimpleNamespace(runs=runs, data=data, split_seed=3)
        parts = parts_of(plan, targets, groups)
        assert sorted([*parts.train, *parts.validation, *parts.left_out]) == list(range(90))
        assert bool(parts.validation) == (validation is None)
        assert not {*parts.left_out} & {*parts.train, *parts.validation}
        left_out += parts.left_out
    assert sorted(left_out) == list(range(90))
