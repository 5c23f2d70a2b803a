"""Which rows of the training file a run learns from, which it holds back to choose its best epoch, and which it leaves out."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bertft.engine.folds import folds_of
from bertft.engine.holdout import split
from bertft.plan.plan import Plan
from bertft.plan.sections import HELD_BACK


@dataclass(frozen=True)
class Parts:
    """Positions among the usable rows, in the order of the file."""

    train: list[int]
    validation: list[int]
    """Empty where there is a file for it."""
    left_out: list[int]
    """The fold of the run; empty of a run without one."""


def parts_of(plan: Plan, targets: Sequence[Any], groups: Sequence[Hashable]) -> Parts:
    """As the plan says; the same whenever it is asked."""
    inside, left_out = list(range(len(targets))), []
    if plan.runs.folds and plan.runs.fold:
        folds = folds_of(targets, plan.runs.folds, plan.split_seed, groups)
        left_out = np.flatnonzero(folds == plan.runs.fold).tolist()
        inside = np.flatnonzero(folds != plan.runs.fold).tolist()
    if plan.data.validation is not None:
        return Parts(inside, [], left_out)
    known, together = [targets[place] for place in inside], [groups[place] for place in inside]
    kept, held = split(known, plan.data.validation_share or HELD_BACK, plan.split_seed, together)
    return Parts([inside[place] for place in kept], [inside[place] for place in held], left_out)
