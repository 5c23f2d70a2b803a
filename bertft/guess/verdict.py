"""What a user says of a label column, and what it turns out to ask for."""

from __future__ import annotations

from dataclasses import dataclass

from bertft.errors import DataError


class NothingToLearn(DataError):
    """All rows have the same label."""


@dataclass(frozen=True)
class AskedLabels:
    """What the user said; None and empty: nothing."""

    problem: str | None = None
    separator: str | None = None
    """Between the labels of one cell."""
    label_names: tuple[str, ...] = ()
    """What the places of vectors of 0 and 1 stand for."""


@dataclass(frozen=True)
class Verdict:
    """The problem, and one line saying why, with the flag that overrides it."""

    problem: str
    why: str
    separator: str | None = None
    label_names: tuple[str, ...] = ()
    """Of vectors of 0 and 1: what their places stand for."""
