"""What a reader can expect of new rows, from rows that were judged: how many errors, and from which probability on so few that an
accuracy is reached. Only for rows that are right or wrong as a whole, and new ones like them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

NEW_ROWS = 1_000
LEVEL = 0.95

STEPS = 20
"""Thresholds that are looked at: each lets one twentieth more of the rows in."""


def expected_errors(errors: int, rows: int, *, of: int = NEW_ROWS, level: float = LEVEL) -> tuple[int, int]:
    """Between how many errors `of` new rows have, with that probability. From the beta-binomial distribution that follows from
    Jeffreys' prior (Brown, Cai & DasGupta 2001): what the judged rows leave open counts, and what chance does to the new ones."""
    from scipy.stats import betabinom  # heavy, and no answer needs it

    tail = (1 - level) / 2
    low, high = betabinom.ppf([tail, 1 - tail], of, errors + 0.5, rows - errors + 0.5)
    return int(low), int(high)


@dataclass(frozen=True)
class Reached:
    """Judged rows whose probability is at or above a threshold."""

    threshold: float
    rows: int
    right: int

    @property
    def sure_accuracy(self) -> float:
        """An accuracy that is surpassed with 95 % confidence, also by the best of all STEPS thresholds (Clopper & Pearson 1934,
        with Bonferroni's correction)."""
        from scipy.stats import beta  # heavy: see above

        return float(beta.ppf((1 - LEVEL) / STEPS, self.right, self.rows - self.right + 1)) if self.right else 0.0


def steps_of(right: ArrayLike, probabilities: ArrayLike) -> tuple[Reached, ...]:
    """Thresholds that let ever more rows in, the highest first. `right` and `probabilities` (N,). Each lies half-way between two
    neighbouring probabilities; the last lets all rows in. None where a probability is no number."""
    truth, given = np.asarray(right, dtype=bool), np.asarray(probabilities, dtype=np.float64)
    if not len(given) or not np.isfinite(given).all():
        return ()
    falling = np.argsort(-given, kind="stable")
    best, hits = given[falling], np.cumsum(truth[falling])
    found: dict[int, Reached] = {}
    for rows in np.unique(np.ceil(np.arange(1, STEPS + 1) * len(best) / STEPS).astype(int)):
        rows = int(np.searchsorted(-best, -best[rows - 1], side="right"))  # equal ones come together
        threshold = 0.0 if rows == len(best) else _between(float(best[rows]), float(best[rows - 1]))
        found[rows] = Reached(threshold, rows, int(hits[rows - 1]))
    return tuple(found.values())


def lowest_threshold(steps: Sequence[Reached], accuracy: float) -> Reached | None:
    """The step that lets most rows in and surely reaches the accuracy; None where none does."""
    return next((step for step in reversed(steps) if step.sure_accuracy >= accuracy), None)


def _between(low: float, high: float) -> float:
    """Rounded to six digits where that still parts the two."""
    middle = (low + high) / 2
    short = round(middle, 6)
    return short if low < short <= high else high
