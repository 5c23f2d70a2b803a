"""The metrics of real numbers, and GLUE's bundle, as `evaluate.Metric`s (see metrics.py)."""

from __future__ import annotations

from typing import Any

import datasets
import numpy as np
from scipy import stats
from sklearn import metrics as sums

from bertft.scoring.metrics import F1, Accuracy, LocalMetric, MatthewsCorrelation, RealMetric


class Pearsonr(RealMetric):
    """Linear correlation."""

    def _compute(self, predictions: Any, references: Any, return_pvalue: bool = False) -> dict[str, Any]:
        found = stats.pearsonr(references, predictions)
        return {"pearsonr": float(found[0])} | ({"p-value": float(found[1])} if return_pvalue else {})


class Spearmanr(RealMetric):
    """Correlation of ranks; ties share their mean rank."""

    def _compute(self, predictions: Any, references: Any, return_pvalue: bool = False) -> dict[str, Any]:
        found = stats.spearmanr(references, predictions)
        return {"spearmanr": float(found[0])} | ({"spearmanr_pvalue": float(found[1])} if return_pvalue else {})


class Mse(RealMetric):
    """Mean squared error; its root with `squared=False`."""

    def _compute(self, predictions: Any, references: Any, squared: bool = True, **options: Any) -> dict[str, Any]:
        total = sums.mean_squared_error if squared else sums.root_mean_squared_error
        return {"mse": total(references, predictions, **options)}


class Mae(RealMetric):
    """Mean absolute error."""

    def _compute(self, predictions: Any, references: Any, **options: Any) -> dict[str, Any]:
        return {"mae": sums.mean_absolute_error(references, predictions, **options)}


class RSquared(RealMetric):
    """Share of the variance explained; not rounded, unlike evaluate's."""

    def _compute(self, predictions: Any, references: Any) -> dict[str, Any]:
        return {"r_squared": float(sums.r2_score(references, predictions))}


GLUE_ACCURACY = ("sst2", "mnli", "mnli_mismatched", "mnli_matched", "qnli", "rte", "wnli", "hans")


class GlueMetric(LocalMetric):
    """What GLUE reports for a task: accuracy, with f1 for mrpc and qqp; cola Matthews, stsb both correlations."""

    def __init__(self, config_name: str, **options: Any) -> None:
        if config_name not in (*GLUE_ACCURACY, "mrpc", "qqp", "cola", "stsb"):
            raise KeyError(f"'{config_name}' is no task of GLUE")
        if config_name == "stsb":
            self.predictions = self.references = datasets.Value("float64")
        super().__init__(config_name, **options)

    def _compute(self, predictions: Any, references: Any) -> dict[str, Any]:
        guessed, gold = np.asarray(predictions), np.asarray(references)
        if self.config_name == "cola":
            return MatthewsCorrelation().measure(guessed, gold)
        if self.config_name == "stsb":
            return {"pearson": Pearsonr().measure(guessed, gold)["pearsonr"]} | Spearmanr().measure(guessed, gold)
        scores = Accuracy().measure(guessed, gold)
        return scores | F1().measure(guessed, gold) if self.config_name in ("mrpc", "qqp") else scores
