"""Scores where a row has any number of labels: F1 and its family, exact match, Hamming loss, ranking per label.

Macro means go over all labels; `f1_samples` of a row with neither gold nor predicted label is 0 (both as in
scikit-learn). ROC AUC and average precision are means over the labels that have positives and negatives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bertft.arrays import Array
from bertft.errors import InternalError
from bertft.kinds import MULTI_LABEL
from bertft.kinds.metric_names import check_metric
from bertft.scoring.bootstrap import interval_by_rows
from bertft.scoring.counts import Counts, averaged, per_class, ratio
from bertft.scoring.ranks import Ranking, auc, average_precision, quotient
from bertft.scoring.scores import Scores

RANKED = ("roc_auc", "average_precision")


@dataclass(frozen=True)
class _Case:
    """Gold and predicted, (N, K) of 0 and 1, with the probabilities behind them."""

    gold: NDArray[np.bool_]
    predicted: NDArray[np.bool_]
    probabilities: Array

    @property
    def counts(self) -> Counts:
        gold, predicted = self.gold.sum(0), self.predicted.sum(0)
        right = (self.gold & self.predicted).sum(0)
        return Counts(right.astype(np.float64), gold.astype(np.float64), predicted.astype(np.float64))

    @property
    def rankable(self) -> NDArray[np.bool_]:
        """Labels with a positive and a negative."""
        positives: NDArray[np.int64] = self.gold.sum(0)
        return (positives > 0) & (positives < len(self.gold))


def score_multi_label(
    gold: ArrayLike,
    probabilities: ArrayLike,
    labels: Sequence[str],
    *,
    thresholds: Sequence[float] | Array,
    main: str = "f1_micro",
    metrics: Sequence[str] | None = None,
) -> Scores:
    """`gold` (N, K) of 0 and 1, `probabilities` (N, K). A label is predicted at or above its threshold."""
    case = case_of(gold, probabilities, thresholds, len(labels))
    main = check_metric(MULTI_LABEL.name, main)
    wanted = MULTI_LABEL.metrics if metrics is None else [check_metric(MULTI_LABEL.name, name) for name in metrics]
    wanted = list(dict.fromkeys([*wanted, main]))
    gaps = _undefined(case)
    values = {name: _value(name, case) for name in wanted if name not in gaps}
    by_label = per_class(list(labels), case.counts)
    for label, threshold in zip(labels, thresholds, strict=True):
        by_label[label]["threshold"] = float(threshold)
    return Scores(
        main=main,
        values=values,
        examples=len(case.gold),
        interval=interval(main, case) if main in values else None,
        per_class=by_label,
        notes=[f"{name} is left out: {gaps[name]}." for name in wanted if name in gaps] + _notes(case, labels),
    )


def case_of(gold: ArrayLike, probabilities: ArrayLike, thresholds: Sequence[float] | Array, classes: int) -> _Case:
    truth = np.asarray(gold, dtype=np.int64).reshape(-1, classes)
    scores = np.asarray(probabilities, dtype=np.float64).reshape(-1, classes)
    cuts = np.asarray(thresholds, dtype=np.float64)
    if truth.shape != scores.shape or cuts.shape != (classes,) or ((truth != 0) & (truth != 1)).any():
        raise InternalError(f"gold {truth.shape}, probabilities {scores.shape}, thresholds {cuts.shape} do not fit")
    return _Case(truth.astype(bool), scores >= cuts, scores)


def _undefined(case: _Case) -> dict[str, str]:
    """Metric -> why it cannot be had."""
    if not len(case.gold):
        return dict.fromkeys(MULTI_LABEL.metrics, "there is no row")
    if not np.isfinite(case.probabilities).all():
        return dict.fromkeys(RANKED, "some probabilities are not finite numbers")
    return {} if case.rankable.any() else dict.fromkeys(RANKED, "no label has both positives and negatives")


def _value(name: str, case: _Case) -> float:
    """One metric, by way of its `evaluate.Metric`."""
    import bertft.scoring.metrics as local

    gold, predicted, rankable = case.gold, case.predicted, case.rankable
    if name == "subset_accuracy":
        return float(local.Accuracy("multilabel").measure(predicted, gold)["accuracy"])
    if name == "hamming_loss":
        return float(local.HammingLoss("multilabel").measure(predicted, gold)["hamming_loss"])
    if name in RANKED:
        ranked = {"roc_auc": local.RocAuc, "average_precision": local.AveragePrecision}[name]("multilabel")
        return float(ranked.measure(case.probabilities[:, rankable], gold[:, rankable])[name])
    kind, average = name.split("_")
    metric = {"f1": local.F1, "precision": local.Precision, "recall": local.Recall}[kind]("multilabel")
    return float(metric.measure(predicted, gold, average=average)[kind])


def interval(main: str, case: _Case) -> tuple[float, float] | None:
    """95 % bootstrap interval: rows are drawn, and each draw is a weight per row."""
    passes = case.gold.shape[1] if main in RANKED else 1
    return interval_by_rows(len(case.gold), multi_label_statistic(main, case), passes=passes)


def multi_label_statistic(main: str, case: _Case) -> Callable[[Array], Array]:
    """The same metrics from weights (R, N), one value per resample."""
    if main in RANKED:
        return ranking(main, case)
    if main in ("subset_accuracy", "hamming_loss", "f1_samples"):
        rows = per_row(main, case)
        return lambda weights: np.asarray(weights @ rows / len(rows))
    three = [case.gold & case.predicted, case.gold, case.predicted]
    if main.endswith("_micro"):  # one column of each is enough
        three = [side.sum(1, keepdims=True) for side in three]
    table = np.hstack(three).astype(np.float64)  # (N, 3K)
    return lambda w: averaged(main, Counts(*np.split(w @ table, 3, axis=1)), only_present=False)


def per_row(main: str, case: _Case) -> Array:
    """What each row adds to a metric that is a mean over rows."""
    if main == "f1_samples":
        right = (case.gold & case.predicted).sum(1).astype(np.float64)
        return ratio(2 * right, (case.gold.sum(1) + case.predicted.sum(1)).astype(np.float64))
    wrong = case.gold != case.predicted
    rows: Array = wrong.mean(1) if main == "hamming_loss" else 1.0 - wrong.any(1)
    return rows


def ranking(main: str, case: _Case) -> Callable[[Array], Array]:
    """Mean over the labels that a resample leaves with positives and negatives."""
    measure = auc if main == "roc_auc" else average_precision
    columns = np.flatnonzero(case.rankable)
    sides = [(Ranking.of(case.probabilities[:, k]), case.gold[:, k]) for k in columns]

    def mean_over_labels(weights: Array) -> Array:
        values = np.stack([measure(weights, order, positive) for order, positive in sides])
        defined = np.isfinite(values)
        return quotient(np.where(defined, values, 0).sum(0), defined.sum(0).astype(np.float64))

    return mean_over_labels


def _notes(case: _Case, labels: Sequence[str]) -> list[str]:
    """What a reader of the numbers must know."""
    said = []
    absent = [labels[k] for k in np.flatnonzero(~case.gold.any(axis=0)).tolist()]
    if absent and len(case.gold):
        named = ", ".join(absent[:5]) + (", …" if len(absent) > 5 else "")
        said.append(f"{len(absent)} of {len(labels)} labels have no positive row and pull macro means down: {named}.")
    if len(case.gold) and not case.predicted.any():
        said.append(f"No label was predicted for any of {len(case.gold):,} rows.")
    return said


def best_fixed_labels(gold: ArrayLike, main: str) -> NDArray[np.bool_]:
    """(K,) the labels that score best if every row gets the same ones, for gold (N, K): the most frequent, as many as F1 rewards;
    those of at least half of the rows for hamming loss and ranking; the most frequent set of labels for subset accuracy."""
    truth = np.asarray(gold, dtype=bool)
    rows, positives = len(truth), truth.sum(0).astype(np.float64)
    if main == "subset_accuracy":
        sets, frequency = np.unique(truth, axis=0, return_counts=True)
        return np.asarray(sets[frequency.argmax()])
    if main in ("hamming_loss", *RANKED):
        return np.asarray(positives >= rows / 2)
    average = main.rsplit("_", 1)[1].replace("samples", "micro")
    place = np.argsort(np.argsort(-positives, kind="stable"))
    given = np.arange(len(place) + 1)[:, None] > place  # (K + 1, K): the first 0, 1, ... K labels
    counts = Counts(
        given * positives, np.broadcast_to(positives, given.shape), np.multiply(given, rows, dtype=np.float64)
    )
    return np.asarray(given[averaged(f"f1_{average}", counts, only_present=False).argmax()])
