"""What run.json says of a training that is done several times, with other seeds or on other folds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bertft.scoring.spread import Spread, spreads_of

JUDGED = "out-of-fold"
"""The scores of rows that were left out, where others have those of a test file."""


@dataclass(frozen=True)
class Member:
    """One of the runs."""

    name: str
    """Its folder, in that of the whole run."""
    rows: Mapping[str, int]
    """By split."""
    scores: Mapping[str, Mapping[str, float]]
    """By split and metric; what is undefined is missing."""
    steps: int
    best_step: int
    seconds: float
    """Of its training."""


@dataclass(frozen=True)
class Series:
    """All of them, in order."""

    by: str
    """`seeds` or `folds`."""
    main: str
    """The metric that chooses."""
    kept: str | None
    """The member whose model the run has; None: it has that of a run on all rows, which is no member."""
    members: tuple[Member, ...]
    spread: Mapping[str, Mapping[str, Spread]]
    """By split and metric."""
    pooled: Mapping[str, Any] | None = None
    """Of folds: the scores of all rows together, each by the model that has not seen it."""

    @classmethod
    def of(
        cls, by: str, main: str, kept: str | None, members: tuple[Member, ...], pooled: Mapping[str, Any] | None = None
    ) -> Series:
        splits = dict.fromkeys(split for member in members for split in member.scores)
        spread = {split: spreads_of([one.scores[split] for one in members if split in one.scores]) for split in splits}
        return cls(by, main, kept, members, spread, pooled)

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Series:
        """What run.json has."""
        members = tuple(Member(**member) for member in found["members"])
        return cls.of(found["by"], found["main"], found["kept"], members, found.get("pooled"))
