"""Rows to folds: each row is left out once. Classes are spread evenly, and rows of one group stay together, as in holdout.py."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bertft.wording import counted

_OWN_CHANCE = 0xF01D
"""Apart from the rows that are held back with the same seed."""


def folds_of(targets: Sequence[Any], folds: int, seed: int, groups: Sequence[Hashable] = ()) -> NDArray[np.int64]:
    """(N,) the fold of each row, from 1. Whole groups go, the largest first, to the fold that has least of their classes, and
    among these to the smallest. A row without a group stands for itself; targets that are not classes count as one class."""
    classes = _classes(targets)
    random = np.random.default_rng([seed, _OWN_CHANCE])
    found, held = np.zeros(len(targets), dtype=np.int64), np.zeros((folds, classes.max(initial=0) + 1))
    for members in _parts(classes, groups, random):
        kinds = np.bincount(classes[members], minlength=held.shape[1])
        crowding = held @ (kinds / len(members)), held.sum(axis=1)
        fold = int(np.lexsort(crowding[::-1])[0])
        held[fold] += kinds
        found[members] = fold + 1
    return found


def _parts(classes: NDArray[np.int64], groups: Sequence[Hashable], random: np.random.Generator) -> list[list[int]]:
    """Rows that go together: the largest groups first; in an order drawn by lot, single rows class by class."""
    members: dict[Hashable, list[int]] = {}
    for position in range(len(classes)):
        group = groups[position] if groups else None
        members.setdefault(("row", position) if group is None else ("group", group), []).append(position)
    parts = list(members.values())
    lots = [parts[place] for place in random.permutation(len(parts))]
    return sorted(lots, key=lambda part: (-len(part), classes[part[0]] if len(part) == 1 else 0))


def _classes(targets: Sequence[Any]) -> NDArray[np.int64]:
    """(N,) numbers of classes, 0 for all where targets are none."""
    if not all(isinstance(target, int) for target in targets):
        return np.zeros(len(targets), dtype=np.int64)
    return np.unique(np.asarray(targets, dtype=np.int64), return_inverse=True)[1]


def why_no_folds(folds: int, groups: Sequence[Hashable]) -> str:
    """Why rows with these groups cannot make so many folds; '' where they can."""
    parts = len({group for group in groups if group is not None}) + sum(group is None for group in groups)
    if parts >= folds:
        return ""
    if parts == len(groups):
        return f"{counted(parts, 'row')} cannot make {folds} folds"
    found = counted(parts, "group of rows", "groups of rows")
    return f"{found} that stay together, such as documents, cannot make {folds} folds"


def rare_classes(targets: Sequence[Any], folds: int, names: Sequence[str]) -> list[str]:
    """Names of the classes with fewer rows than folds: some folds have none of them."""
    if not all(isinstance(target, int) for target in targets):
        return []
    return [names[target] for target, rows in sorted(Counter(targets).items()) if rows < folds and target >= 0]
