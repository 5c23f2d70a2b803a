"""Scores of answers to questions, 0 to 1: SQuAD's exact match and F1, their parts, CMRC 2018's; and the threshold for no answer.

`has_answer_…` go over the rows that have an answer and `no_answer_accuracy` over the others; evaluate-v2.0.py calls them
HasAns_exact, HasAns_f1 and NoAns_exact, which is also NoAns_f1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bertft.arrays import Array
from bertft.errors import InternalError
from bertft.kinds import ANSWER_SPANS
from bertft.kinds.metric_names import check_metric
from bertft.scoring.answer_texts import cmrc_exact, cmrc_f1, squad_agreement
from bertft.scoring.bootstrap import interval_by_rows
from bertft.scoring.ranks import quotient
from bertft.scoring.scores import Scores

Golds = Sequence[Sequence[str]]

ROW_SCORES: dict[str, Callable[[str, Sequence[str]], float]] = {
    "f1": lambda predicted, gold: squad_agreement(predicted, gold)[1],
    "exact_match": lambda predicted, gold: squad_agreement(predicted, gold)[0],
    "cmrc_f1": cmrc_f1,
    "cmrc_exact_match": cmrc_exact,
}
"""Of one row; every metric is a mean of one of these."""
PARTS = {
    "has_answer_f1": ("f1", True),
    "has_answer_exact_match": ("exact_match", True),
    "no_answer_accuracy": ("exact_match", False),
}
"""Metric -> the mean of what, over the rows that have an answer or over those that have none."""


@dataclass(frozen=True)
class _Case:
    """Predictions beside gold."""

    predicted: Sequence[str]
    gold: Golds
    answered: NDArray[np.bool_]
    """(N,) whether gold has an answer."""

    @classmethod
    def of(cls, predicted: Sequence[str], gold: Golds) -> _Case:
        if len(predicted) != len(gold):
            raise InternalError(f"{len(predicted)} answers for {len(gold)} rows")
        return cls(predicted, gold, np.array([len(texts) > 0 for texts in gold], dtype=bool))

    def rows(self, name: str) -> tuple[Array, Array]:
        """(N,) what each row scores, and (N,) 1 for the rows that count."""
        base, answered = PARTS.get(name, (name, None))
        counted = np.ones(len(self.gold), dtype=bool) if answered is None else self.answered == answered
        return row_scores(base, self.predicted, self.gold), counted.astype(np.float64)


def scored_rows(name: str, predicted: Sequence[str], gold: Golds) -> tuple[Array, Array]:
    """(N,) what each row adds to a metric, and (N,) 1 for the rows that it is the mean of."""
    return _Case.of(predicted, gold).rows(name)


def row_scores(name: str, predicted: Sequence[str], gold: Golds) -> Array:
    score = ROW_SCORES[name]
    return np.array([score(text, texts) for text, texts in zip(predicted, gold, strict=True)], dtype=np.float64)


def score_answers(
    predicted: Sequence[str], gold: Golds, *, main: str = "f1", metrics: Sequence[str] | None = None
) -> Scores:
    """`predicted` "" is no answer; `gold` holds all right answers of each row, [] where there is none. `values` holds exactly
    `metrics` and `main`; without `metrics`, SQuAD's, with their parts where some rows have no answer."""
    case = _Case.of(predicted, gold)
    main = check_metric(ANSWER_SPANS.name, main)
    wanted = _every(case) if metrics is None else [check_metric(ANSWER_SPANS.name, name) for name in metrics]
    gaps = {name: why for name in dict.fromkeys([*wanted, main]) if (why := _undefined(name, case))}
    rows = {name: case.rows(name) for name in dict.fromkeys([*wanted, main]) if name not in gaps}
    return Scores(
        main=main,
        values={name: float(scores @ counted / counted.sum()) for name, (scores, counted) in rows.items()},
        examples=len(gold),
        interval=_interval(*rows[main]) if main in rows else None,
        notes=[*(f"{name} is left out: {why}." for name, why in gaps.items()), *_notes(case)],
    )


def _every(case: _Case) -> list[str]:
    """SQuAD's metrics; the parts only where there are both."""
    return ["f1", "exact_match", *(PARTS if case.answered.any() and not case.answered.all() else ())]


def _undefined(name: str, case: _Case) -> str:
    """Why a metric cannot be had; '' if it can."""
    if not len(case.gold):
        return "there is no row"
    answered = PARTS[name][1] if name in PARTS else None
    if answered is None or (case.answered == answered).any():
        return ""
    return "no row has an answer" if answered else "every row has an answer"


def _interval(scores: Array, counted: Array) -> tuple[float, float] | None:
    """95 % bootstrap interval: rows are drawn, and each draw is a weight per row."""
    return interval_by_rows(len(scores), lambda w: quotient(w @ (scores * counted), w @ counted))


def _notes(case: _Case) -> list[str]:
    """What a reader of the numbers must know."""
    rows, said = len(case.gold), list[str]()
    if none := int((~case.answered).sum()):
        said.append(f"{none:,} of {rows:,} rows have no answer.")
    if rows and not any(case.predicted):
        said.append(f"No answer was given to any of {rows:,} rows.")
    return said


def tune_null_threshold(
    answers: Sequence[str], null_odds: Sequence[float], gold: Golds, *, metric: str = "f1"
) -> tuple[float, float]:
    """The threshold that makes a metric best if no answer is given where `null_odds` (score of no answer less that of the
    answer) exceeds it, and the metric there: what the official find_best_thresh finds, over all thresholds there are.

    It lies half-way between two neighbouring odds, or 1 beyond the last of them; of equally good ones the nearest to 0 is
    taken, then the lower. Odds that are infinite or no number have no say in it."""
    odds = np.asarray(null_odds, dtype=np.float64)
    given, withheld = row_scores(metric, answers, gold), row_scores(metric, [""] * len(gold), gold)
    if not len(odds):
        return 0.0, float("nan")
    finite = np.flatnonzero(np.isfinite(odds))
    fixed = np.where(odds > 0, withheld, given)[~np.isfinite(odds)].sum()
    order = finite[np.argsort(odds[finite], kind="stable")]
    gains = np.concatenate([[0.0], np.cumsum(given[order] - withheld[order])])  # of giving the first i answers
    totals = (fixed + withheld[finite].sum() + gains) / len(odds)
    cuts, allowed = _cuts(odds[order])
    best = allowed & (totals >= totals[allowed].max() - 1e-9)  # sums in another order differ in the last digits
    chosen = int(np.flatnonzero(best)[np.abs(cuts[best]).argmin()])
    return float(cuts[chosen]), float(totals[chosen])


def _cuts(odds: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Odds in rising order to (n + 1) thresholds; the i-th gives the first i answers, if equal odds allow it."""
    if not len(odds):
        return np.zeros(1), np.ones(1, dtype=bool)
    lower, upper = odds[:-1], odds[1:]
    between = lower + (upper - lower) / 2
    between = np.where(between < upper, between, lower)  # no number lies between two neighbouring floats
    first, last = np.nextafter(odds[0], -np.inf), np.nextafter(odds[-1], np.inf)
    cuts = np.concatenate([[min(odds[0] - 1, first)], between, [max(odds[-1] + 1, last)]])
    return cuts, np.concatenate([[True], lower < upper, [True]])
