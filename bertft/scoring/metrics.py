"""The metrics as `evaluate.Metric`s, made here rather than by `evaluate.load`, which needs a network.

They carry the names, keywords and result keys of evaluate's own modules. `compute`, `add` and `add_batch` work as
usual and go through Arrow; `measure` is the same sum straight from arrays. scikit-learn and scipy do the sums.
"""

from __future__ import annotations

from typing import Any

import datasets
import evaluate
from sklearn import metrics as sums


class LocalMetric(evaluate.Metric):  # type: ignore[misc]  # evaluate has no types
    """A metric that keeps what it collects in memory: no folder, no lock, nothing another process could trip over."""

    predictions: Any = datasets.Value("int64")
    references: Any = datasets.Value("int64")
    scores_name = "predictions"

    def __init__(self, config_name: str | None = None, **options: Any) -> None:
        options.setdefault("keep_in_memory", options.get("num_process", 1) == 1)
        super().__init__(config_name, **options)

    def measure(self, predictions: Any, references: Any, **options: Any) -> dict[str, Any]:
        """`compute` without the way through Arrow, which takes a second for a million rows (this: 0.02)."""
        result: dict[str, Any] = self._compute(**{self.scores_name: predictions, "references": references}, **options)
        return result

    def _build_data_dir(self) -> str:
        return "" if self.keep_in_memory else str(super()._build_data_dir())  # the original makes a folder at once

    def _info(self) -> evaluate.MetricInfo:
        kinds = {self.scores_name: self.predictions, "references": self.references}
        if self.config_name in ("multilabel", "multiclass"):
            kinds = self._wider(kinds)
        return evaluate.MetricInfo(description=self.__doc__ or "", citation="", features=datasets.Features(kinds))

    def _wider(self, kinds: dict[str, Any]) -> dict[str, Any]:
        return {name: datasets.Sequence(kind) for name, kind in kinds.items()}


class RealMetric(LocalMetric):
    """A metric of real numbers."""

    predictions = datasets.Value("float64")
    references = datasets.Value("float64")


class Accuracy(LocalMetric):
    """Share of rows that are entirely right."""

    def _compute(self, predictions: Any, references: Any, **options: Any) -> dict[str, Any]:
        return {"accuracy": float(sums.accuracy_score(references, predictions, **options))}


class HammingLoss(LocalMetric):
    """Share of decisions that are wrong."""

    def _compute(self, predictions: Any, references: Any) -> dict[str, Any]:
        return {"hamming_loss": float(sums.hamming_loss(references, predictions))}


class F1(LocalMetric):
    """Harmonic mean of precision and recall."""

    def _compute(self, predictions: Any, references: Any, average: str | None = "binary", **options: Any) -> Any:
        options.setdefault("zero_division", 0)
        return {"f1": sums.f1_score(references, predictions, average=average, **options)}


class Precision(LocalMetric):
    """Share of what was found that is right."""

    def _compute(self, predictions: Any, references: Any, average: str | None = "binary", **options: Any) -> Any:
        options.setdefault("zero_division", 0)
        return {"precision": sums.precision_score(references, predictions, average=average, **options)}


class Recall(LocalMetric):
    """Share of what is right that was found."""

    def _compute(self, predictions: Any, references: Any, average: str | None = "binary", **options: Any) -> Any:
        options.setdefault("zero_division", 0)
        return {"recall": sums.recall_score(references, predictions, average=average, **options)}


class PrecisionRecallF1(LocalMetric):
    """The three above in one pass."""

    def _compute(self, predictions: Any, references: Any, **options: Any) -> dict[str, Any]:
        options.setdefault("zero_division", 0)
        *found, _ = sums.precision_recall_fscore_support(references, predictions, **options)
        return dict(zip(("precision", "recall", "f1"), map(float, found), strict=True))


class RocAuc(LocalMetric):
    """Chance that a positive is ranked above a negative."""

    predictions = datasets.Value("float64")
    scores_name = "prediction_scores"

    def _compute(self, prediction_scores: Any, references: Any, **options: Any) -> dict[str, Any]:
        return {"roc_auc": sums.roc_auc_score(references, prediction_scores, **options)}

    def _wider(self, kinds: dict[str, Any]) -> dict[str, Any]:
        wide = super()._wider(kinds)
        return wide if self.config_name == "multilabel" else wide | {"references": kinds["references"]}


class AveragePrecision(RocAuc):
    """Mean precision over the ranks of the positives."""

    def _compute(self, prediction_scores: Any, references: Any, **options: Any) -> dict[str, Any]:
        return {"average_precision": sums.average_precision_score(references, prediction_scores, **options)}
