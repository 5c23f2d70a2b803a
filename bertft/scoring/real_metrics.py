"""The metrics of real numbers as `evaluate.Metric`s (see metrics.py)."""

from __future__ import annotations

from typing import Any

from scipy import stats
from sklearn import metrics as sums

from bertft.scoring.metrics import RealMetric


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
