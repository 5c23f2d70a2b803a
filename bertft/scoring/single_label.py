"""Scores where each row has one label: accuracy, F1 and its family, Matthews, ROC AUC, confusion.

A gold label that the model does not know is -1: never right. It lowers accuracy, precision and Matthews; recall and
ROC AUC have no place for it and leave it out, which a note says. Macro means go over the labels that are gold or
predicted, as in scikit-learn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bertft.arrays import Array
from bertft.errors import InternalError
from bertft.kinds import SINGLE_LABEL
from bertft.kinds.metric_names import check_metric
from bertft.scoring.bootstrap import interval_by_counts, interval_by_rows
from bertft.scoring.confusion import Confusion, occurring
from bertft.scoring.counts import Counts, averaged, family, matthews, per_class
from bertft.scoring.ranks import Ranking, auc
from bertft.scoring.scores import Scores, one_decision


@dataclass(frozen=True)
class _Case:
    """Predictions beside gold, with how often which label was taken for which."""

    gold: NDArray[np.int64]
    probabilities: Array
    predicted: NDArray[np.int64]
    cells: NDArray[np.int64]
    """(C, 3): gold, which is K where it is unknown, predicted, and how many rows are so."""
    families: dict[str, dict[str, float]] = field(default_factory=dict)
    """What `family` has summed up so far."""

    @classmethod
    def of(cls, gold: ArrayLike, probabilities: ArrayLike, classes: int) -> _Case:
        truth, scores = np.asarray(gold, dtype=np.int64), np.asarray(probabilities, dtype=np.float64)
        scores = scores.reshape(len(truth), classes) if scores.size == 0 else scores
        if scores.shape != (len(truth), classes) or ((truth < -1) | (truth >= classes)).any():
            raise InternalError(f"gold {truth.shape} and probabilities {scores.shape} do not fit {classes} labels")
        predicted = scores.argmax(1) if len(truth) else np.zeros(0, dtype=np.int64)
        cells = occurring(np.where(truth < 0, classes, truth), predicted)
        return cls(truth, scores, predicted, cells)

    @property
    def classes(self) -> int:
        return int(self.probabilities.shape[1])

    @property
    def counts(self) -> Counts:
        right = self.gold[self.gold == self.predicted]
        sides = (right, self.gold[self.gold >= 0], self.predicted)
        return Counts(*(np.bincount(side, minlength=self.classes).astype(np.float64) for side in sides))

    @property
    def unknown(self) -> NDArray[np.int64]:
        """(K,) rows of unknown gold, by what was predicted."""
        return np.bincount(self.predicted[self.gold < 0], minlength=self.classes)

    def family(self, average: str) -> dict[str, float]:
        """Precision, recall and F1, of the second label where there is no average. For scikit-learn they are one sum."""
        import bertft.scoring.metrics as local

        if average not in self.families:
            present = [1] if not average else sorted({*self.gold.tolist(), *self.predicted.tolist()} - {-1})
            options = {"labels": present, "average": average or "macro"}
            self.families[average] = local.PrecisionRecallF1().measure(self.predicted, self.gold, **options)
        return self.families[average]

    def confusion(self, labels: Sequence[str]) -> Confusion:
        known = [(int(gold), int(given), int(rows)) for gold, given, rows in self.cells if gold < self.classes]
        return Confusion(list(labels), known, self.unknown.tolist())


def score_single_label(
    gold: Sequence[int] | NDArray[np.int64],
    probabilities: ArrayLike,
    labels: Sequence[str],
    *,
    main: str = "accuracy",
    metrics: Sequence[str] | None = None,
) -> Scores:
    """`gold` (N,) holds positions in `labels`, or -1; `probabilities` is (N, K). `values` holds exactly `metrics` and
    `main`; without `metrics`, all there are. With two labels the second is the positive one."""
    case = _Case.of(gold, probabilities, len(labels))
    main = check_metric(SINGLE_LABEL.name, main)
    wanted = [check_metric(SINGLE_LABEL.name, name) for name in metrics] if metrics is not None else _every(len(labels))
    gaps = _undefined(case)
    values = {name: _value(name, case) for name in dict.fromkeys([*wanted, main]) if name not in gaps}
    return Scores(
        main=main,
        values=values,
        examples=len(case.gold),
        interval=_interval(main, case) if main in values else None,
        per_class=per_class(list(labels), case.counts),
        confusion=case.confusion(labels),
        notes=_notes(case, labels, {name: why for name, why in gaps.items() if name in (*wanted, main)}),
    )


def _every(classes: int) -> list[str]:
    """All metrics that make sense for so many labels."""
    return [name for name in SINGLE_LABEL.metrics if classes == 2 or name not in SINGLE_LABEL.binary_metrics]


def _undefined(case: _Case) -> dict[str, str]:
    """Metric -> why it cannot be had."""
    classes = case.classes
    if not len(case.gold):
        return dict.fromkeys(SINGLE_LABEL.metrics, "there is no row")
    gaps = (
        {} if classes == 2 else dict.fromkeys(SINGLE_LABEL.binary_metrics, f"it is for two labels, here are {classes}")
    )
    missing = classes - len(np.unique(case.gold[case.gold >= 0]))
    if classes < 2 or missing:
        gaps["roc_auc"] = f"{missing} of {classes} labels do not occur in gold"
    if not np.isfinite(case.probabilities).all():
        gaps["roc_auc"] = "some probabilities are not finite numbers"
    return gaps


def _value(name: str, case: _Case) -> float:
    """One metric, by way of its `evaluate.Metric`."""
    import bertft.scoring.metrics as local

    if name == "accuracy":
        return float(local.Accuracy().measure(case.predicted, case.gold)["accuracy"])
    if name == "mcc":
        return float(matthews(case.counts, len(case.gold)))  # scikit-learn's makes a table of all labels by all
    if name == "roc_auc":
        known = case.gold >= 0
        scores = case.probabilities[known]
        if scores.shape[1] == 2:
            return float(local.RocAuc().measure(scores[:, 1], case.gold[known])["roc_auc"])
        one_hot = case.gold[known, None] == np.arange(scores.shape[1])
        return float(local.RocAuc("multilabel").measure(scores, one_hot)["roc_auc"])
    kind, _, average = name.partition("_")
    return case.family(average)[kind]


def from_counts(name: str, counts: Counts, rows: int) -> Array:
    """The same metrics from counts alone, one value per resample."""
    if name == "accuracy":
        return np.asarray(counts.right.sum(-1) / rows)
    if name == "mcc":
        return matthews(counts, rows)
    return (
        family(name, counts)[..., 1]
        if name in SINGLE_LABEL.binary_metrics
        else averaged(name, counts, only_present=True)
    )


def _interval(main: str, case: _Case) -> tuple[float, float] | None:
    """95 % bootstrap interval. All but ROC AUC need only the confusion table, so its cells are drawn, not the rows."""
    if main == "roc_auc":
        return auc_interval(case)
    rows, classes = len(case.gold), case.classes
    gold, predicted, counts = case.cells.T
    of_gold, of_predicted = one_hot(gold, classes), one_hot(predicted, classes)  # (cells, K)

    def statistic(draws: Array) -> Array:
        return from_counts(
            main, Counts(draws @ of_gold.multiply(of_predicted), draws @ of_gold, draws @ of_predicted), rows
        )

    return interval_by_counts(counts.astype(np.float64), statistic)


def one_hot(positions: NDArray[np.int64], width: int) -> Any:
    """A sparse (N, width) matrix with a one per row; none where the position lies beyond the width."""
    from scipy.sparse import csr_array

    rows = np.flatnonzero(positions < width)
    return csr_array((np.ones(len(rows)), (rows, positions[rows])), shape=(len(positions), width))


def auc_interval(case: _Case) -> tuple[float, float] | None:
    """Rows are drawn, each label's ranks follow from one sort."""
    known = case.gold >= 0
    gold, scores = case.gold[known], case.probabilities[known]
    picked = [1] if scores.shape[1] == 2 else range(scores.shape[1])
    sides = [(Ranking.of(scores[:, k]), gold == k) for k in picked]

    def statistic(weights: Array) -> Array:
        areas = [auc(weights, order, positive) for order, positive in sides]
        return np.asarray(np.mean(areas, axis=0))

    return interval_by_rows(len(gold), statistic, passes=len(sides))


def _notes(case: _Case, labels: Sequence[str], gaps: dict[str, str]) -> list[str]:
    """What a reader of the numbers must know."""
    said = [f"{name} is left out: {why}." for name, why in gaps.items()]
    unknown = int(case.unknown.sum())
    if unknown:
        said.append(
            f"{unknown:,} of {len(case.gold):,} rows have a label that the model does not know: "
            f"they count as wrong, and are left out of recall and roc_auc."
        )
    return said + one_decision(labels, case.predicted)
