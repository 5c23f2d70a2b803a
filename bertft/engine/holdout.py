"""Rows of the training file that are held back for validation: which, and why they are more or fewer than was asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from bertft.wording import counted

MOST_HELD = 1.2
"""Of the share that was asked for, where whole groups are held back."""

NEAR = 0.25
"""Of the share that was asked for: so far off, or a single row, needs no explanation."""


def split(
    targets: Sequence[Any], share: float, seed: int, groups: Sequence[Hashable] = ()
) -> tuple[list[int], list[int]]:
    """Positions for training and validation, both in file order: a seeded share of all rows, of each class as nearly as whole
    rows can have it, and never a class's last row. Targets that are not classes are split as they come, and whole groups of
    them together."""
    count, random = len(targets), np.random.default_rng([seed, 0x5711])
    if len(set(groups)) > 1:
        return _split_groups(groups, share, random)
    strata = [random.permutation(members) for members in _strata(count, targets)]
    takes = _takes([len(members) for members in strata], share, random)
    held = sorted(int(place) for members, take in zip(strata, takes, strict=True) for place in members[:take])
    kept = set(held)
    return [position for position in range(count) if position not in kept], held


def _takes(sizes: Sequence[int], share: float, random: np.random.Generator) -> list[int]:
    """How many rows of each class are held back: the whole part of its share, and one more where the part that is left over is
    largest, until the share of all rows is reached. Ties are drawn by lot."""
    exact = np.asarray(sizes) * share
    takes = np.minimum(np.floor(exact).astype(int), np.asarray(sizes) - 1)
    lots = random.permutation(len(sizes))
    for place in lots[np.argsort(-(exact - takes)[lots], kind="stable")]:
        if takes.sum() < max(round(sum(sizes) * share), 1) and takes[place] < sizes[place] - 1:
            takes[place] += 1
    return [int(take) for take in takes]


def _split_groups(groups: Sequence[Hashable], share: float, random: np.random.Generator) -> tuple[list[int], list[int]]:
    """Whole groups that fit into the share are held back, at least the smallest; rows without a group stand for themselves."""
    members: dict[Hashable, list[int]] = {}
    for position, group in enumerate(groups):
        members.setdefault(("row", position) if group is None else group, []).append(position)
    held: set[int] = set()
    parts = list(members.values())
    for chosen in random.permutation(len(parts)).tolist():
        if len(held) + len(parts[chosen]) <= MOST_HELD * share * len(groups):
            held.update(parts[chosen])
    smallest = sorted(parts, key=len)[0]
    held = held or set(smallest)
    return [position for position in range(len(groups)) if position not in held], sorted(held)


def _strata(count: int, targets: Sequence[Any]) -> list[list[int]]:
    if not all(isinstance(target, int) for target in targets):
        return [list(range(count))]
    strata: dict[int, list[int]] = {}
    for position, target in enumerate(targets):
        strata.setdefault(target, []).append(position)
    return [strata[target] for target in sorted(strata)]


def why_none(targets: Sequence[Any]) -> str:
    """Why no row can be held back."""
    if len(targets) > 1 and len(_strata(len(targets), targets)) == len(targets):
        return f"each of {len(targets):,} classes has one row only, and the last row of a class is never held back"
    return "too few rows to hold some back for validation"


def why_not_the_share(held: int, targets: Sequence[Any], share: float, groups: Sequence[Hashable] = ()) -> str:
    """What is to be said where the share of all is missed by more than whole rows explain; '' where it is not."""
    wanted = share * len(targets)
    if abs(held - wanted) <= max(1, NEAR * wanted):
        return ""
    return f"{held / len(targets):.0%} are held back, not {share:.0%}, as {_reason(targets, groups)}"


def _reason(targets: Sequence[Any], groups: Sequence[Hashable]) -> str:
    sizes = [size for group, size in Counter(groups).items() if group is not None]
    if len(set(groups)) > 1:
        spread = f"{len(sizes):,} of them, with {min(sizes):,} to {max(sizes):,} rows each"
        return f"rows of one document or context stay together ({spread})"
    lonely = sum(len(members) == 1 for members in _strata(len(targets), targets))
    if not lonely:
        return "the last row of each class stays in training"
    return f"{counted(lonely, 'class has', 'classes have')} one row only, which stays in training"
